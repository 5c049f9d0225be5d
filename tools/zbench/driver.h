// What zbench and instructions share: starting the measurements of each
// allocator, and one table of them all.
#ifndef TOOLS_ZBENCH_DRIVER_H_
#define TOOLS_ZBENCH_DRIVER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace zbench {

// A figure of one layer over one allocator.
struct Figure {
    std::string allocator, op, layer;
    size_t size;
    double value;    // ns or instructions a call
    double against;  // that as a ratio to raw's, or less raw's; see has_raw
    bool has_raw;    // whether this is another layer than raw, and raw was measured

    std::string OpAndSize() const { return op + "/" + std::to_string(size); }
};

// The names of the variants, from the build: "jemalloc", "tcmalloc", ...
const std::vector<std::string> &Allocators();

// Starts the binary of an allocator, by `wrapper` if that is not empty, and gives
// the lines that it printed, in words.  0, or the exit status to end with, after
// a line that says why.
int Measure(const char *tool, const char *argv0, const std::string &allocator,
            const std::vector<std::string> &wrapper, const std::vector<std::string> &arguments,
            std::vector<std::vector<std::string>> *lines);

// 0, or the exit status to end with after a line that says what is wrong with the
// pattern that --filter got.
int CheckFilter(const char *tool, const std::string &pattern);

// A row for each layer of each measurement, a column for each allocator.  A size of
// 0 is left out.
void PrintTable(const char *head, const std::vector<Figure> &figures,
                const std::function<std::string(const Figure &)> &cell);

// An array with an object for each figure; `more` gives its further keys.
void PrintJson(const std::vector<Figure> &figures,
               const std::function<std::string(const Figure &)> &more);

// As printf.
std::string Format(const char *format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace zbench

#endif  // TOOLS_ZBENCH_DRIVER_H_
