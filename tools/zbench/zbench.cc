// Times the raw allocator and zmalloc side by side, over every allocator.
#include <cstdio>
#include <cstdlib>

#include "tools/common/cli.h"
#include "tools/zbench/driver.h"

namespace zbench {
namespace {

const char kTool[] = "zbench";

const char kHelp[] =
    "Usage: zbench [options]\n"
    "Times zmalloc beside the allocator below it (raw), for every allocator: ns of CPU time a\n"
    "call, and the ratio to raw.  Google Benchmark runs the two in turns, in random order;\n"
    "figures are medians of the repetitions.\n"
    "\n"
    "      --filter=REGEX   measure only those ALLOCATOR/OP/SIZE that this extended regular\n"
    "                       expression finds, such as '^jemalloc/pair/'\n"
    "      --repetitions=N  1 to 1000 (default 7)\n"
    "      --min-time=MS    the least time of a repetition, 1 to 10000 (default 10)\n"
    "      --json           print an array of objects instead of the table\n"
    "  -h, --help           print this text\n"
    "\n"
    "  pair              allocate and free a block of SIZE bytes\n"
    "  free_with_size    the same with zfree_with_size; raw frees without the size\n"
    "  calloc            the same with calloc\n"
    "  batch             allocate 64 blocks of random sizes up to SIZE, free them in another\n"
    "                    order; per block\n"
    "  realloc_in_place  reallocate to a size that the block already has room for\n"
    "  realloc_grow      double a block of 16 bytes up to SIZE, then free it; in total\n"
    "  threads           pair with 64 bytes in SIZE threads at once\n"
    "  producer_consumer one thread allocates, another frees; per block\n"
    "  thread_churn      start a thread that allocates, frees and ends; in total\n"
    "  used_memory       zmalloc_used_memory() with SIZE live threads\n"
    "  used_memory_after the same after SIZE threads have ended\n"
    "\n"
    "Exit status: 0, or 2 for wrong arguments.\n";

struct Arguments {
    std::string filter;
    uint64_t repetitions = 7;
    uint64_t min_time = 10;
    bool json = false;
};

int Usage(const char *message, const char *about) { return cli_usage(kTool, message, about); }

int TakeOption(void *of, int option) {
    auto *arguments = static_cast<Arguments *>(of);
    if (option == 'f') {
        arguments->filter = optarg;
    } else if (option == 'r') {
        if (!cli_number(optarg, 1, 1000, &arguments->repetitions)) {
            return Usage("--repetitions takes a number from 1 to 1000, not ", optarg);
        }
    } else if (option == 'm') {
        if (!cli_number(optarg, 1, 10000, &arguments->min_time)) {
            return Usage("--min-time takes a number of ms from 1 to 10000, not ", optarg);
        }
    } else if (option == 'j') {
        arguments->json = true;
    }
    return -1;
}

// Returns -1 to go on, or the exit status.
int Parse(int argc, char **argv, Arguments *arguments) {
    static const struct option options[] = {
        {"filter", required_argument, nullptr, 'f'},
        {"repetitions", required_argument, nullptr, 'r'},
        {"min-time", required_argument, nullptr, 'm'},
        {"json", no_argument, nullptr, 'j'},
        {"help", no_argument, nullptr, 'h'},
        {nullptr, 0, nullptr, 0},
    };
    int status = cli_options(kTool, kHelp, argc, argv, ":h", options, TakeOption, arguments);
    if (status >= 0) return status;
    if (optind < argc) return Usage("unexpected argument ", argv[optind]);
    status = CheckFilter(kTool, arguments->filter);
    return status != 0 ? status : -1;
}

int TimeAllocator(const Arguments &arguments, const char *argv0, const std::string &allocator,
                  std::vector<Figure> *figures) {
    std::vector<std::vector<std::string>> lines;
    int status = Measure(kTool, argv0, allocator, "", {},
                         {"time", arguments.filter, std::to_string(arguments.repetitions),
                          Format("%.3f", static_cast<double>(arguments.min_time) / 1000)},
                         &lines);
    for (const std::vector<std::string> &words : lines) {
        if (words.size() != 5) continue;
        double ratio = strtod(words[4].c_str(), nullptr);
        figures->push_back({allocator, words[0], words[2], strtoul(words[1].c_str(), nullptr, 10),
                            strtod(words[3].c_str(), nullptr), ratio,
                            words[2] != "raw" && ratio > 0});
    }
    return status;
}

void Report(const Arguments &arguments, const std::vector<Figure> &figures) {
    if (arguments.json) {
        PrintJson(figures, [](const Figure &figure) {
            return Format("\"ns\": %.3f, \"ratio\": %s", figure.value,
                          figure.has_raw ? Format("%.4f", figure.against).c_str() : "null");
        });
        return;
    }
    PrintTable("ns of CPU time a call", figures, [](const Figure &figure) {
        if (!figure.has_raw) return Format("%.1f       ", figure.value);
        return Format("%.1f x%-5.2f", figure.value, figure.against);
    });
}

int Main(int argc, char **argv) {
    Arguments arguments;
    std::vector<Figure> figures;
    int status = Parse(argc, argv, &arguments);
    if (status >= 0) return status;
    for (const std::string &allocator : Allocators()) {
        status = TimeAllocator(arguments, argv[0], allocator, &figures);
        if (status != 0) return status;
    }
    if (figures.empty()) return Usage("nothing matches --filter ", arguments.filter.c_str());
    Report(arguments, figures);
    return cli_printed(kTool);
}

}  // namespace
}  // namespace zbench

int main(int argc, char **argv) { return zbench::Main(argc, argv); }
