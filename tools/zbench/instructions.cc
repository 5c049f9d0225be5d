// Counts the instructions that zmalloc adds to the allocator below it, under every allocator, and
// compares them with a budget.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/common/cli.h"
#include "tools/common/svg.h"
#include "tools/zbench/budgets.h"
#include "tools/zbench/driver.h"

namespace zbench {
namespace {

const char kTool[] = "instructions";
const char kBudgets[] = "tools/zbench/budgets.txt";

const char kHelp[] =
    "Usage: instructions [options]\n"
    "Counts instructions per call with valgrind's callgrind, for every allocator: those of the\n"
    "raw allocator, together with the loop that calls it, and what zmalloc adds; and what a zone\n"
    "(zmalloc/zone.h) adds to zmalloc.  The operations are those of `zbench --help`.  Each run "
    "gives the same counts.\n"
    "\n"
    "      --filter=REGEX  count only those ALLOCATOR/OP/SIZE that this extended regular\n"
    "                      expression finds, such as '^jemalloc/pair/'\n"
    "      --budgets=FILE  read the budgets from FILE instead of\n"
    "                      tools/zbench/budgets.txt\n"
    "      --svg=FILE      draw into FILE what each layer adds to a pair of 64 bytes\n"
    "      --json          print an array of objects instead of the table\n"
    "  -h, --help          print this text\n"
    "\n"
    "Exit status: 0; 1 when a figure exceeds its budget or, without --filter, when a figure\n"
    "has no budget or a budget no figure; 2 for wrong arguments, or when there is no valgrind.\n";

struct Arguments {
    std::string filter, budgets, svg;
    bool json = false, draws = false;
};

int Usage(const std::string &message, const char *about = "") {
    return cli_usage(kTool, message.c_str(), about);
}

// Makes the given path absolute.  When that fails, prints a line and returns false.
bool Resolve(const char *option, const char *given, std::string *path) {
    char resolved[CLI_PATH_SIZE];
    if (given[0] == '\0' || !cli_resolve(given, resolved)) {
        Usage(std::string(option) + " needs the name of a file");
        return false;
    }
    *path = resolved;
    return true;
}

int TakeOption(void *of, int option) {
    auto *arguments = static_cast<Arguments *>(of);
    if (option == 'f') {
        arguments->filter = optarg;
    } else if (option == 'b') {
        if (!Resolve("--budgets", optarg, &arguments->budgets)) return CLI_USAGE;
    } else if (option == 's') {
        arguments->draws = true;
        char path[CLI_PATH_SIZE];
        if (!svg_output(kTool, "--svg", optarg, path)) return CLI_USAGE;
        arguments->svg = path;
    } else if (option == 'j') {
        arguments->json = true;
    }
    return -1;
}

// Returns -1 to go on, or the exit status.
int Parse(int argc, char **argv, Arguments *arguments) {
    static const struct option options[] = {
        {"filter", required_argument, nullptr, 'f'}, {"budgets", required_argument, nullptr, 'b'},
        {"svg", required_argument, nullptr, 's'},    {"json", no_argument, nullptr, 'j'},
        {"help", no_argument, nullptr, 'h'},         {nullptr, 0, nullptr, 0},
    };
    int status = cli_options(kTool, kHelp, argc, argv, ":h", options, TakeOption, arguments);
    if (status >= 0) return status;
    if (optind < argc) return Usage("unexpected argument ", argv[optind]);
    status = CheckFilter(kTool, arguments->filter);
    return status != 0 ? status : -1;
}

// Checks the arguments before anything is counted.
int Prepare(const Arguments &arguments, const char *argv0, Budgets *budgets) {
    char shipped[CLI_PATH_SIZE];
    std::string path = arguments.budgets;
    if (path.empty()) {
        if (!cli_find(argv0, kBudgets, shipped))
            return Usage(kBudgets, " is not beside the program");
        path = shipped;
    }
    const std::string error = budgets->Read(path);
    return error.empty() ? 0 : Usage(error);
}

// A folder that is removed with this object.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        const char *base = getenv("TMPDIR");
        path_ = std::string(base != nullptr ? base : "/tmp") + "/instructions-XXXXXX";
        if (mkdtemp(path_.data()) == nullptr) path_.clear();
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder &) = delete;
    TemporaryFolder &operator=(const TemporaryFolder &) = delete;
    const std::string &Path() const { return path_; }

  private:
    std::string path_;
};

// The instructions that callgrind counted in a process; negative if none.
double ReadCount(const std::string &path) {
    static const std::string key = "summary: ";
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.rfind(key, 0) == 0) return strtod(line.c_str() + key.size(), nullptr);
    }
    return -1;
}

// Rounds to a tenth: the beginning and the end of the loop, which belong to no call, cost less.
double PerCall(double instructions, double calls) {
    return std::round(instructions / calls * 10) / 10;
}

// Adds a figure that was counted; raw, or zmalloc, comes before the layers over it.
bool AddFigure(const std::string &allocator, const std::vector<std::string> &words,
               const std::string &folder, std::vector<Figure> *figures) {
    if (words.size() != 5) return false;
    const double count = ReadCount(folder + "/" + words[3]);
    const double calls = strtod(words[4].c_str(), nullptr);
    if (count <= 0 || calls <= 0) return false;
    Figure figure = {allocator,
                     words[0],
                     words[2],
                     strtoul(words[1].c_str(), nullptr, 10),
                     PerCall(count, calls),
                     0,
                     false};
    for (const Figure &raw : *figures) {
        if (raw.allocator != allocator || raw.op != figure.op || raw.size != figure.size) continue;
        figure.has_raw = true;
        figure.against = figure.value - raw.value;
        break;
    }
    figures->push_back(figure);
    return true;
}

int CountAllocator(const Arguments &arguments, const char *argv0, const std::string &allocator,
                   const std::string &kind, std::vector<Figure> *figures) {
    TemporaryFolder folder;
    std::vector<std::vector<std::string>> lines;
    if (folder.Path().empty()) return Usage("cannot create a temporary folder: ", strerror(errno));
    int status = Measure(kTool, argv0, allocator, kind,
                         {"valgrind", "-q", "--tool=callgrind", "--toggle-collect=zbench_counted",
                          "--callgrind-out-file=" + folder.Path() + "/%p"},
                         {"count", arguments.filter}, &lines);
    if (status != 0) return status;
    for (const std::vector<std::string> &words : lines) {
        if (AddFigure(allocator, words, folder.Path(), figures)) continue;
        return Usage("callgrind counted nothing for " + allocator);
    }
    return 0;
}

double BudgetOf(const Budgets &budgets, const Figure &figure) {
    return budgets.Of(figure.allocator, figure.layer, figure.OpAndSize());
}

bool Exceeds(const Budgets &budgets, const Figure &figure) {
    const double most = BudgetOf(budgets, figure);
    return figure.has_raw && most >= 0 && figure.against > most + 0.01;
}

// The budgets of the layers that were measured, as rows below the figures.
std::vector<Figure> WithBudgets(std::vector<Figure> figures, const Budgets &budgets) {
    for (const char *layer : {"zmalloc", "inline", "zone", "malloc"}) {
        for (const std::string &allocator : Allocators()) {
            const double most = budgets.Of(allocator, layer);
            bool measured = std::any_of(figures.begin(), figures.end(), [&](const Figure &figure) {
                return figure.allocator == allocator && figure.layer == layer && figure.size != 0;
            });
            if (measured && most >= 0)
                figures.push_back({allocator, "budget", layer, 0, 0, most, true});
        }
    }
    return figures;
}

void PrintVerdict(const std::vector<Figure> &figures, const Budgets &budgets) {
    auto count = [&](auto which) { return std::count_if(figures.begin(), figures.end(), which); };
    const long exceed = count([&](const Figure &figure) { return Exceeds(budgets, figure); });
    const long all = count(
        [&](const Figure &figure) { return figure.has_raw && BudgetOf(budgets, figure) >= 0; });
    if (exceed == 0) {
        printf("\nall %ld figures that have a budget are within it\n", all);
    } else {
        printf("\n%ld of %ld figures that have a budget exceed it (!)\n", exceed, all);
    }
}

// When everything was counted, each figure must have a budget, and each budget a figure: otherwise
// a misspelt name would leave its figure without a limit.  Returns whether all is well.
bool Complete(const std::vector<Figure> &figures, const Budgets &budgets) {
    std::vector<std::string> gaps;
    for (const Figure &figure : figures) {
        if (!figure.has_raw || BudgetOf(budgets, figure) >= 0) continue;
        gaps.push_back("no budget for " + figure.allocator + " " + figure.layer + " " +
                       figure.OpAndSize());
    }
    for (const std::string &line : budgets.AboutNoneOf(figures)) {
        gaps.push_back("there is a budget for something not measured: " + line);
    }
    for (const std::string &gap : gaps) cli_error(kTool, "%s", gap.c_str());
    return gaps.empty();
}

void Report(const Arguments &arguments, const std::vector<Figure> &figures,
            const Budgets &budgets) {
    if (arguments.json) {
        PrintJson(figures, [&](const Figure &figure) {
            const double most = BudgetOf(budgets, figure);
            return Format(
                "\"instructions\": %.1f, \"over_%s\": %s, \"budget\": %s, \"exceeds\": %s",
                figure.value, figure.layer == "zone" ? "zmalloc" : "raw",
                figure.has_raw ? Format("%.1f", figure.against).c_str() : "null",
                figure.has_raw && most >= 0 ? Format("%.0f", most).c_str() : "null",
                Exceeds(budgets, figure) ? "true" : "false");
        });
        return;
    }
    PrintTable("instructions a call", WithBudgets(figures, budgets), [&](const Figure &figure) {
        if (!figure.has_raw) return Format("%.1f ", figure.value);
        return Format("%+.1f%c", figure.against, Exceeds(budgets, figure) ? '!' : ' ');
    });
    PrintVerdict(figures, budgets);
}

int Draw(const Arguments &arguments, const std::vector<Figure> &figures) {
    if (!arguments.draws) return 0;
    if (std::none_of(figures.begin(), figures.end(), InPicture)) {
        return Usage("--svg draws pair/64, but --filter leaves that out");
    }
    if (WriteOverhead(arguments.svg, figures) == 0) return 0;
    return Usage(arguments.svg + ": " + strerror(errno));
}

int Main(int argc, char **argv) {
    Arguments arguments;
    Budgets budgets;
    std::vector<Figure> figures;
    int status = Parse(argc, argv, &arguments);
    if (status >= 0) return status;
    status = Prepare(arguments, argv[0], &budgets);
    /* If memory were given back after a time, counts would depend on the clock. */
    setenv("JE_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1", 1);
    for (size_t i = 0; i < Allocators().size() && status == 0; i++) {
        // Layers over the raw allocator; then malloc by its name, in a binary where that is
        // zmalloc's.
        status = CountAllocator(arguments, argv[0], Allocators()[i], "", &figures);
        if (status == 0) {
            status = CountAllocator(arguments, argv[0], Allocators()[i], "_as_malloc", &figures);
        }
    }
    if (status != 0) return status;
    if (figures.empty()) return Usage("nothing matches --filter ", arguments.filter.c_str());
    Report(arguments, figures, budgets);
    status = cli_printed(kTool);
    if (status == 0) status = Draw(arguments, figures);
    if (status != 0) return status;
    if (arguments.filter.empty() && !Complete(figures, budgets)) return 1;
    return std::any_of(figures.begin(), figures.end(),
                       [&](const Figure &figure) { return Exceeds(budgets, figure); });
}

}  // namespace
}  // namespace zbench

int main(int argc, char **argv) { return zbench::Main(argc, argv); }
