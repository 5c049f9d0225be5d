// Chooses the measurements that were asked for.
#ifndef TOOLS_ZBENCH_FILTER_H_
#define TOOLS_ZBENCH_FILTER_H_

#include <regex.h>

#include <cstddef>
#include <string>

namespace zbench {

// The name in which a filter is searched.
inline std::string FullName(const std::string &allocator, const std::string &op, size_t size) {
    return allocator + "/" + op + "/" + std::to_string(size);
}

// A POSIX extended regular expression, searched in a full name.
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

    // The error in the pattern, or "".
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
