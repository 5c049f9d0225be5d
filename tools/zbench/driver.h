// Shared by zbench and instructions: they start the measurements of each allocator, and print
// one table of them all.
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
    double against;  // value / raw's value, or value - raw's (zone: zmalloc's); see has_raw
    bool has_raw;    // whether this is another layer than raw, and raw was measured

    std::string OpAndSize() const { return op + "/" + std::to_string(size); }
};

// The names of the variants, from the build: "jemalloc", "tcmalloc", ...
const std::vector<std::string> &Allocators();

// Starts a binary of an allocator, whose name ends in `kind`, by `wrapper` if that is not empty,
// and gives the lines that it printed, split into words.  Returns 0; or prints a line that says
// why, and returns the exit status.
int Measure(const char *tool, const char *argv0, const std::string &allocator,
            const std::string &kind, const std::vector<std::string> &wrapper,
            const std::vector<std::string> &arguments,
            std::vector<std::vector<std::string>> *lines);

// Checks the pattern of --filter.  Returns 0; or prints a line that says what is wrong, and returns
// the exit status.
int CheckFilter(const char *tool, const std::string &pattern);

// A row for each layer of each measurement, a column for each allocator.  A size of
// 0 is left out.
void PrintTable(const char *head, const std::vector<Figure> &figures,
                const std::function<std::string(const Figure &)> &cell);

// An array with an object for each figure; `more` gives its further keys.
void PrintJson(const std::vector<Figure> &figures,
               const std::function<std::string(const Figure &)> &more);

// Whether the picture of instructions shows it: the instructions that each layer adds to a pair
// of malloc and free.
inline bool InPicture(const Figure &figure) {
    return figure.op == "pair" && figure.size == 64 && figure.layer != "malloc";
}

// Writes that picture, whole or not at all.  0, or -1 with errno set.
int WriteOverhead(const std::string &path, const std::vector<Figure> &figures);

// Formats like printf, into a string.
std::string Format(const char *format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace zbench

#endif  // TOOLS_ZBENCH_DRIVER_H_
