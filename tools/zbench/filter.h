// Which measurements were asked for.
#ifndef TOOLS_ZBENCH_FILTER_H_
#define TOOLS_ZBENCH_FILTER_H_

#include <regex.h>

#include <string>

namespace zbench {

// A POSIX extended regular expression, searched in ALLOCATOR/OP/SIZE.
class Filter {
  public:
    explicit Filter(const std::string &pattern) {
        error_ = regcomp(&regex_, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
    }
    ~Filter() {
        if (error_ == 0) regfree(&regex_);
    }
    Filter(const Filter &) = delete;
    Filter &operator=(const Filter &) = delete;

    // What is wrong with the pattern; "" when nothing is.
    std::string Error() const {
        char text[128];
        if (error_ == 0) return "";
        regerror(error_, &regex_, text, sizeof text);
        return text;
    }

    bool Matches(const std::string &name) const {
        return regexec(&regex_, name.c_str(), 0, nullptr, 0) == 0;
    }

  private:
    regex_t regex_;
    int error_;
};

}  // namespace zbench

#endif  // TOOLS_ZBENCH_FILTER_H_
