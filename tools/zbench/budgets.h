// The budgets of the layers: instructions that each may cost, from a table in a file.
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
    // Reads lines of ALLOCATOR LAYER INSTRUCTIONS, or of ALLOCATOR LAYER INSTRUCTIONS OP/SIZE for
    // an exception; '#' begins a comment.  Returns one line that says what is wrong with them, or
    // "".
    std::string Read(const std::string &path);

    // The instructions over raw that a call may take; negative where no line says.  Without `what`,
    // an OP/SIZE, the budget of calls that are no exception.
    double Of(const std::string &allocator, const std::string &layer,
              const std::string &what = "") const;

    // The lines, as ALLOCATOR LAYER [OP/SIZE], that match none of `figures`.
    std::vector<std::string> AboutNoneOf(const std::vector<Figure> &figures) const;

  private:
    std::string ReadLine(const std::string &line);

    std::map<std::tuple<std::string, std::string, std::string>, double> most_;
};

}  // namespace zbench

#endif  // TOOLS_ZBENCH_BUDGETS_H_
