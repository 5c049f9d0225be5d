#include "tools/zbench/driver.h"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <tuple>

#include "tools/common/cli.h"
#include "tools/common/run.h"
#include "tools/zbench/filter.h"

namespace zbench {
namespace {

std::vector<std::vector<std::string>> Words(const char *text) {
    std::vector<std::vector<std::string>> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words(line);
        lines.emplace_back();
        for (std::string word; words >> word;) lines.back().push_back(word);
    }
    return lines;
}

bool SameRow(const Figure &a, const Figure &b) {
    return std::tie(a.op, a.size, a.layer) == std::tie(b.op, b.size, b.layer);
}

// One of each row, in the order in which they were first measured.
std::vector<const Figure *> Rows(const std::vector<Figure> &figures) {
    std::vector<const Figure *> rows;
    for (const Figure &figure : figures) {
        bool known = std::any_of(rows.begin(), rows.end(),
                                 [&](const Figure *row) { return SameRow(*row, figure); });
        if (!known) rows.push_back(&figure);
    }
    return rows;
}

std::string CellOf(const std::vector<Figure> &figures, const Figure &row,
                   const std::string &allocator,
                   const std::function<std::string(const Figure &)> &cell) {
    for (const Figure &figure : figures) {
        if (figure.allocator == allocator && SameRow(figure, row)) return cell(figure);
    }
    return "-";
}

// The allocators for which something was measured.
std::vector<std::string> Columns(const std::vector<Figure> &figures) {
    std::vector<std::string> columns;
    for (const std::string &allocator : Allocators()) {
        bool measured = std::any_of(figures.begin(), figures.end(), [&](const Figure &figure) {
            return figure.allocator == allocator;
        });
        if (measured) columns.push_back(allocator);
    }
    return columns;
}

std::string RightAligned(const std::string &text, const std::string &column) {
    const size_t width = 2 + std::max<size_t>(column.size(), 11);
    return std::string(width - std::min(width - 1, text.size()), ' ') + text;
}

void PrintLine(const std::string &line) {
    printf("%.*s\n", static_cast<int>(line.find_last_not_of(' ') + 1), line.c_str());
}

}  // namespace

const std::vector<std::string> &Allocators() {
    static const std::vector<std::string> names = {ZBENCH_VARIANTS};
    return names;
}

int Measure(const char *tool, const char *argv0, const std::string &allocator,
            const std::string &kind, const std::vector<std::string> &wrapper,
            const std::vector<std::string> &arguments,
            std::vector<std::vector<std::string>> *lines) {
    const std::string file = "tools/zbench/zbench_" + allocator + kind;
    char program[CLI_PATH_SIZE];
    if (!cli_find(argv0, file.c_str(), program)) {
        cli_error(tool, "%s is neither among the runfiles nor beside the program", file.c_str());
        return CLI_USAGE;
    }
    std::vector<std::string> command = wrapper;
    command.push_back(program);
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::vector<char *> argv;
    for (std::string &word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    char *output = nullptr;
    int status = 0;
    const auto &all = Allocators();
    const long before = std::find(all.begin(), all.end(), allocator) - all.begin();
    cli_progress(tool, "measuring over %s, %ld of %zu", allocator.c_str(), before + 1, all.size());
    const int started = cli_run(argv.data(), nullptr, &output, &status);
    cli_progress(tool, nullptr);
    if (started != 0) {
        cli_error(tool, "%s: %s", argv[0], strerror(errno));
        return CLI_USAGE;
    }
    std::unique_ptr<char, decltype(&free)> owner(output, free);
    *lines = Words(output);
    if (status == 0) return 0;
    if (status == 127) {
        cli_error(tool, "%s: there is no such program", argv[0]);
    } else {
        cli_error(tool, "%s: exit status %d", program, status);
    }
    return CLI_USAGE;
}

int CheckFilter(const char *tool, const std::string &pattern) {
    const std::string error = Filter(pattern).Error();
    if (error.empty()) return 0;
    cli_error(tool, "--filter '%s' is not an extended regular expression: %s", pattern.c_str(),
              error.c_str());
    return CLI_USAGE;
}

void PrintTable(const char *head, const std::vector<Figure> &figures,
                const std::function<std::string(const Figure &)> &cell) {
    const std::vector<std::string> columns = Columns(figures);
    std::string line = Format("%-34s", head);
    for (const std::string &column : columns) line += RightAligned(column, column);
    PrintLine(line);
    const Figure *above = nullptr;
    for (const Figure *row : Rows(figures)) {
        bool same = above != nullptr && above->op == row->op && above->size == row->size;
        std::string name =
            row->size != 0 ? Format("%-17s %5zu", row->op.c_str(), row->size) : row->op;
        line = Format("%-23s %-10s", same ? "" : name.c_str(), row->layer.c_str());
        for (const std::string &column : columns) {
            line += RightAligned(CellOf(figures, *row, column, cell), column);
        }
        PrintLine(line);
        above = row;
    }
}

void PrintJson(const std::vector<Figure> &figures,
               const std::function<std::string(const Figure &)> &more) {
    const char *before = "[\n";
    for (const Figure &figure : figures) {
        printf("%s{\"allocator\": \"%s\", \"op\": \"%s\", \"size\": %zu, \"layer\": \"%s\", %s}",
               before, figure.allocator.c_str(), figure.op.c_str(), figure.size,
               figure.layer.c_str(), more(figure).c_str());
        before = ",\n";
    }
    printf("\n]\n");
}

std::string Format(const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return text;
}

}  // namespace zbench
