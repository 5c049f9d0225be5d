#include "tests/soak/options.h"

#include "tools/common/cli.h"

namespace zmalloc_test {
namespace {

constexpr char kTool[] = "soak";

constexpr char kHelp[] =
    "Usage: soak [--minutes=N | --seconds=N | --rounds=N] [options]\n"
    "Threads that come and go, free each other's blocks and fork, timers whose handlers\n"
    "read used memory, reports and defragmentation, all at once; after each round used\n"
    "memory must be a model's, to the byte, and resident memory bounded.\n"
    "\n"
    "  --minutes=N   how long, over all variants together (1 to 10000; 2 without it)\n"
    "  --seconds=N   the same in seconds (1 to 600000)\n"
    "  --rounds=N    so many rounds, over each variant, however long they take\n"
    "  --threads=N   as many at a time come and go (1 to 2000; 100 without it)\n"
    "  --seed=N      repeats what a run did, if not in the same order between threads\n"
    "  --variant=V   only this variant of zmalloc\n"
    "  --help        this text\n"
    "\n"
    "The exit status is 0, 1 when something was wrong, or 2 for wrong arguments.\n";

enum { MINUTES = 1, SECONDS, ROUNDS, THREADS, SEED, VARIANT };

// An option that takes a number.
struct Number {
    const char *name;
    uint64_t least, most;
};

int Usage(const char *message, const std::string &about) {
    cli_error(kTool, "%s%s (see soak --help)", message, about.c_str());
    return CLI_USAGE;
}

// Whether the text was a valid number.
bool Take(int option, const char *text, Options *options) {
    uint64_t minutes = 0;
    bool ok = false;
    switch (option) {
        case MINUTES:
            ok = cli_number(text, 1, 10000, &minutes);
            options->seconds = minutes * 60;
            return ok;
        case SECONDS:
            return cli_number(text, 1, 600000, &options->seconds);
        case ROUNDS:
            return cli_number(text, 1, 1000000000, &options->rounds);
        case THREADS:
            return cli_number(text, 1, 2000, &options->threads);
        default:
            return cli_number(text, 1, UINT64_MAX, &options->seed);
    }
}

bool Lists(const std::string &variants, const std::string &variant) {
    return (" " + variants + " ").find(" " + variant + " ") != std::string::npos &&
           variant.find(' ') == std::string::npos && !variant.empty();
}

struct Taken {
    char **argv;
    const char *variants;
    Options *options;
};

int TakeOption(void *of, int option) {
    const auto *taken = static_cast<Taken *>(of);
    if (option == VARIANT) {
        taken->options->variant = optarg;
        if (Lists(taken->variants, optarg)) return -1;
        return Usage("--variant is one of ", std::string(taken->variants) + ", not " + optarg);
    }
    if (Take(option, optarg, taken->options)) return -1;
    return Usage("not a number that is allowed: ", taken->argv[optind - 1]);
}

}  // namespace

int ParseOptions(int argc, char **argv, const char *variants, Options *options) {
    static const struct option kOptions[] = {
        {"minutes", required_argument, nullptr, MINUTES},
        {"seconds", required_argument, nullptr, SECONDS},
        {"rounds", required_argument, nullptr, ROUNDS},
        {"threads", required_argument, nullptr, THREADS},
        {"seed", required_argument, nullptr, SEED},
        {"variant", required_argument, nullptr, VARIANT},
        {"help", no_argument, nullptr, 'h'},
        {nullptr, 0, nullptr, 0},
    };
    Taken taken = {argv, variants, options};
    const int status = cli_options(kTool, kHelp, argc, argv, ":h", kOptions, TakeOption, &taken);
    if (status >= 0) return status;
    if (optind < argc) return Usage("no such argument: ", argv[optind]);
    return -1;
}

}  // namespace zmalloc_test
