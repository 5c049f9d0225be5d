// Settings of users: numbers, arguments and budgets of the tools, the environment that they read,
// and the sizes that callers give when they ask for figures.
#include <fcntl.h>
#include <getopt.h>

#include <cctype>
#include <climits>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/fuzz/file.h"
#include "tools/common/cli.h"
#include "tools/zbench/budgets.h"
#include "zmalloc/guard/rate.h"
#include "zmalloc/limit_setting.h"
#include "zmalloc/stats.h"

// tools/zreplay/zreplay.c
extern "C" int zreplay_main(int argc, char **argv);

namespace zmalloc_test {
namespace {

bool IsOneLine(const std::string &text) {
    return !text.empty() && text.find('\n') == text.size() - 1;
}

void Numbers(Input *input) {
    const uint64_t min = input->Below(SIZE_MAX), max = input->Below(SIZE_MAX);
    const std::string text = input->Rest().c_str();
    bool expected = !text.empty();
    unsigned __int128 number = 0;
    for (char c : text) {
        expected = expected && c >= '0' && c <= '9';
        number = number > UINT64_MAX ? number : number * 10 + static_cast<unsigned>(c - '0');
    }
    expected = expected && number >= min && number <= max;
    uint64_t told = 0;
    FUZZ_CHECK(cli_number(text.c_str(), min, max, &told) == expected);
    FUZZ_CHECK(!expected || told == static_cast<uint64_t>(number));
}

void SampleRate(const std::string &text) {
    uint64_t expected = 0;
    if (text.rfind("1/", 0) != 0 || !cli_number(text.c_str() + 2, 1, INT_MAX, &expected)) {
        expected = 0;
    }
    FUZZ_CHECK(zm_rate_parse(text.c_str()) == expected);
}

void MemoryLimit(const std::string &text) {
    zm_limit_setting setting;
    const bool good = zm_limit_parse(text.c_str(), &setting);
    FUZZ_CHECK(!good || (setting.bytes != 0) != (setting.percent != 0));
    FUZZ_CHECK(setting.percent <= 100 && setting.bytes <= PTRDIFF_MAX);
}

// Keeps what is written there, while it lives.
class Captured {
  public:
    explicit Captured(int fd) : fd_(fd), saved_(dup(fd)) {
        std::fflush(nullptr);
        FUZZ_CHECK(saved_ >= 0 && dup2(file_.fd(), fd_) == fd_);
    }
    ~Captured() { Release(); }
    std::string Release() {
        if (saved_ >= 0) {
            std::fflush(nullptr);
            FUZZ_CHECK(dup2(saved_, fd_) == fd_);
            close(saved_);
        }
        saved_ = -1;
        return file_.Contents();
    }

  private:
    File file_;
    int fd_, saved_;
};

// Splits the text at NULs.
std::vector<std::string> Words(const std::string &text) {
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size(); at += words.back().size() + 1) {
        words.push_back(text.c_str() + at);
    }
    return words;
}

// Runs zreplay with a trace that does not exist: it must print its help, or one line.
void Arguments(Input *input) {
    static const char *const kOptions[] = {"--rounds=", "--touch=", "--json", "--timeline",
                                           "-q",        "--raw",    "--help", "--",
                                           "--prefix=", "--stat"};
    std::vector<std::string> words = {"zreplay", "--prefix=zreplay"};
    for (const std::string &word : Words(input->Rest())) {
        const size_t which = static_cast<unsigned char>(word.empty() ? 255 : word[0]);
        words.push_back(which < 11 && which > 0 ? kOptions[which - 1] + word.substr(1) : word);
    }
    words.insert(words.end(), {"--", "/nonexistent/trace"});
    std::vector<char *> argv;
    for (std::string &word : words) argv.push_back(&word[0]);
    argv.push_back(nullptr);
    Captured out(STDOUT_FILENO), err(STDERR_FILENO);
    optind = 0;  // starts getopt anew
    const int status = zreplay_main(static_cast<int>(words.size()), argv.data());
    const std::string said = err.Release(), told = out.Release();
    FUZZ_CHECK(status == 0 || status == CLI_USAGE);
    FUZZ_CHECK(status == 0 ? said.empty() && !told.empty() : IsOneLine(said) && told.empty());
}

void Budgets(Input *input) {
    File file(input->Rest());
    zbench::Budgets budgets;
    const std::string error = budgets.Read(file.path());
    FUZZ_CHECK(error.find('\n') == std::string::npos);
    for (const char *allocator : {"jemalloc", "libc"}) {
        const double most = budgets.Of(allocator, "zmalloc", "pair/64");
        FUZZ_CHECK(most <= 100000);
    }
}

void Environment(Input *input) {
    const std::string folder = input->Bytes(input->Below(8192)), path = input->Rest();
    SampleRate(folder.c_str());
    MemoryLimit(folder);
    MemoryLimit(path);
    SampleRate(std::string("1/") + path.c_str());
    char found[CLI_PATH_SIZE];
    setenv("BUILD_WORKING_DIRECTORY", folder.c_str(), 1);
    setenv("RUNFILES_DIR", folder.c_str(), 1);
    if (cli_resolve(path.c_str(), found)) FUZZ_CHECK(found[0] == '/');
    if (cli_find(path.c_str(), "no/such.file", found)) FUZZ_CHECK(std::strlen(found) > 0);
    unsetenv("BUILD_WORKING_DIRECTORY");
    unsetenv("RUNFILES_DIR");
}

// The caller's struct may be of another version, and the caller's buffer of any size.
void Figures(Input *input) {
    const size_t size = input->Below(512), length = input->Below(4096);
    const int format = static_cast<int>(input->Below(5)) - 1;
    std::unique_ptr<char[]> info(new char[size + 1]), text(new char[length + 1]);
    info[size] = text[length] = 'x';
    const unsigned arena =
        input->Below(2) == 0 ? ZMALLOC_ALL_ARENAS : static_cast<unsigned>(input->Below(UINT32_MAX));
    zmalloc_stats(reinterpret_cast<zmalloc_stats_t *>(info.get()), size, arena,
                  static_cast<int>(input->Below(2)));
    const int whole =
        zmalloc_report(text.get(), length, static_cast<enum zmalloc_report_format>(format));
    FUZZ_CHECK(info[size] == 'x' && text[length] == 'x');
    FUZZ_CHECK((whole >= 0) == (format >= 0 && format <= 2));
    if (whole < 0 || length == 0) return;
    FUZZ_CHECK(std::strlen(text.get()) == std::min(static_cast<size_t>(whole), length - 1));
}

void (*const kSettings[])(Input *) = {Numbers, Arguments, Budgets, Environment, Figures};

}  // namespace
}  // namespace zmalloc_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using zmalloc_test::kSettings;
    zmalloc_test::Input input(data, size);
    kSettings[input.Below(sizeof kSettings / sizeof kSettings[0])](&input);
    return 0;
}
