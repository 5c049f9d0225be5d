// What each layer may cost, from a table in a file.
#ifndef TOOLS_ZBENCH_BUDGETS_H_
#define TOOLS_ZBENCH_BUDGETS_H_

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tools/zbench/driver.h"

namespace zbench {

class Budgets {
  public:
    // Reads lines of ALLOCATOR LAYER INSTRUCTIONS, or of ALLOCATOR LAYER INSTRUCTIONS
    // OP/SIZE for an exception; '#' begins a comment.  What is wrong with them, in
    // one line, or "".
    std::string Read(const std::string &path);

    // Instructions over raw that a call may take; negative where no line says.
    // Without `what`, an OP/SIZE, those of calls that are no exception.
    double Of(const std::string &allocator, const std::string &layer,
              const std::string &what = "") const;

    // The lines, as ALLOCATOR LAYER [OP/SIZE], that are about none of `figures`.
    std::vector<std::string> AboutNoneOf(const std::vector<Figure> &figures) const;

  private:
    std::string ReadLine(const std::string &line);

    std::map<std::tuple<std::string, std::string, std::string>, double> most_;
};

}  // namespace zbench

#endif  // TOOLS_ZBENCH_BUDGETS_H_
