// A picture of what each layer adds to a pair of malloc and free.
#ifndef TOOLS_ZBENCH_OVERHEAD_H_
#define TOOLS_ZBENCH_OVERHEAD_H_

#include <string>
#include <vector>

#include "tools/zbench/driver.h"

namespace zbench {

// What is drawn: these of the figures.
inline bool InPicture(const Figure &figure) { return figure.op == "pair" && figure.size == 64; }

// Writes it, whole or not at all.  0, or -1 with errno set.
int WriteOverhead(const std::string &path, const std::vector<Figure> &figures);

}  // namespace zbench

#endif  // TOOLS_ZBENCH_OVERHEAD_H_
