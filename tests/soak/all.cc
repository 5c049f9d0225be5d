// Soaks one variant after another: each has a program of its own.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "tests/soak/options.h"
#include "tools/common/cli.h"

namespace zmalloc_test {
namespace {

const std::vector<std::string> kVariants = {SOAK_VARIANTS};

std::string Listed() {
    std::string all;
    for (const std::string &variant : kVariants) all += (all.empty() ? "" : " ") + variant;
    return all;
}

// The exit status, or 128 + the signal.
int RunToItsEnd(std::vector<std::string> command) {
    std::vector<char *> arguments;
    for (std::string &argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) return 127;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Whether all was well.
bool Soak(const char *argv0, const std::string &variant, const Options &options, uint64_t seconds) {
    char program[CLI_PATH_SIZE];
    if (!cli_find(argv0, ("tests/soak/soak_" + variant).c_str(), program)) {
        cli_error("soak", "soak_%s is not among the runfiles", variant.c_str());
        return false;
    }
    std::vector<std::string> command = {program, "--seconds=" + std::to_string(seconds),
                                        "--threads=" + std::to_string(options.threads)};
    if (options.rounds) command.push_back("--rounds=" + std::to_string(options.rounds));
    if (options.seed) command.push_back("--seed=" + std::to_string(options.seed));
    std::printf("%s for ", variant.c_str());
    if (options.rounds) {
        std::printf("%llu rounds\n", static_cast<unsigned long long>(options.rounds));
    } else {
        std::printf("%llu s\n", static_cast<unsigned long long>(seconds));
    }
    std::fflush(stdout);
    const int status = RunToItsEnd(command);
    if (status != 0) cli_error("soak", "%s ended with status %d", variant.c_str(), status);
    return status == 0;
}

int Run(int argc, char **argv) {
    Options options;
    const int status = ParseOptions(argc, argv, Listed().c_str(), &options);
    if (status >= 0) return status;
    std::vector<std::string> chosen = kVariants;
    if (!options.variant.empty()) chosen = {options.variant};
    const uint64_t each = (options.seconds + chosen.size() - 1) / chosen.size();
    bool ok = true;
    for (const std::string &variant : chosen) ok = Soak(argv[0], variant, options, each) && ok;
    return ok ? 0 : 1;
}

}  // namespace
}  // namespace zmalloc_test

int main(int argc, char **argv) { return zmalloc_test::Run(argc, argv); }
