#include "tools/zbench/budgets.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tools/common/cli.h"

namespace zbench {
namespace {

bool IsOpAndSize(const std::string &what) {
    const size_t slash = what.find('/');
    uint64_t size;
    return slash != std::string::npos && slash != 0 &&
           cli_number(what.c_str() + slash + 1, 1, UINT32_MAX, &size);
}

}  // namespace

std::string Budgets::ReadLine(const std::string &line) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string allocator, layer, number, what, more;
    uint64_t most;
    if (!(words >> allocator)) return "";
    if (!(words >> layer >> number) || (words >> what && words >> more)) {
        return "not ALLOCATOR LAYER INSTRUCTIONS [OP/SIZE]";
    }
    const auto &known = Allocators();
    if (std::find(known.begin(), known.end(), allocator) == known.end()) {
        return "there is no allocator " + allocator;
    }
    if (layer != "zmalloc" && layer != "inline" && layer != "zone" && layer != "malloc") {
        return "the layer is zmalloc, inline, zone or malloc, not " + layer;
    }
    if (!cli_number(number.c_str(), 0, 100000, &most)) {
        return "INSTRUCTIONS is a number from 0 to 100000, not " + number;
    }
    if (!what.empty() && !IsOpAndSize(what)) return "an exception is OP/SIZE, not " + what;
    bool is_new = most_.emplace(std::make_tuple(allocator, layer, what), most).second;
    return is_new ? "" : "a second line for " + allocator + " " + layer + " " + what;
}

std::string Budgets::Read(const std::string &path) {
    std::ifstream file(path);
    if (!file) return path + ": " + strerror(errno);
    int number = 1;
    for (std::string line; std::getline(file, line); number++) {
        const std::string error = ReadLine(line);
        if (!error.empty()) return path + ", line " + std::to_string(number) + ": " + error;
    }
    if (!file.eof()) return path + ": cannot be read";
    return most_.empty() ? path + ": has no budget" : "";
}

double Budgets::Of(const std::string &allocator, const std::string &layer,
                   const std::string &what) const {
    auto found = most_.find({allocator, layer, what});
    if (found == most_.end()) found = most_.find({allocator, layer, ""});
    return found != most_.end() ? found->second : -1;
}

std::vector<std::string> Budgets::AboutNoneOf(const std::vector<Figure> &figures) const {
    std::vector<std::string> lines;
    for (const auto &line : most_) {
        // References by name: until C++20 a lambda captures no structured bindings.
        const std::string &allocator = std::get<0>(line.first), &layer = std::get<1>(line.first),
                          &what = std::get<2>(line.first);
        const bool any = std::any_of(figures.begin(), figures.end(), [&](const Figure &figure) {
            return figure.has_raw && figure.allocator == allocator && figure.layer == layer &&
                   (what.empty() || what == figure.OpAndSize());
        });
        if (!any) lines.push_back(allocator + " " + layer + (what.empty() ? "" : " ") + what);
    }
    return lines;
}

}  // namespace zbench
