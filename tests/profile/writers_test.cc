// Writes made-up rows in each format, and reads them again.
#include "zmalloc/profile/writers.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/profile/proto.h"
#include "tests/profile/rows.h"
#include "zmalloc/os/os.h"

namespace profile_test {
namespace {

using Writer = bool (*)(int fd);
const Writer kWriters[] = {zm_profile_write_pprof, zm_profile_write_heap_v2,
                           zm_profile_write_collapsed};

class WritersTest : public testing::Test {
  protected:
    void SetUp() override {
        Rows().clear();
        SetRate(524288);
    }
};

std::string ReadAll(int fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) != 0;) {
        if (got > 0) text.append(buffer, static_cast<size_t>(got));
        if (got < 0 && errno != EINTR) break;
    }
    return text;
}

std::string Written(Writer writer) {
    char path[] = "/tmp/zmalloc_profile_XXXXXX";
    const int fd = mkstemp(path);
    EXPECT_GE(fd, 0);
    unlink(path);
    EXPECT_TRUE(writer(fd));
    lseek(fd, 0, SEEK_SET);
    const std::string text = ReadAll(fd);
    close(fd);
    return text;
}

Profile WrittenProfile() { return Decode(Unzip(Written(zm_profile_write_pprof))); }

std::vector<std::string> Lines(const std::string &text) {
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end == std::string::npos ? text.size() : end + 1;
    }
    return lines;
}

const void *At(uintptr_t address) { return reinterpret_cast<const void *>(address); }

std::vector<uint64_t> Addresses(const Profile &profile, const Sample &sample) {
    std::vector<uint64_t> addresses;
    for (uint64_t id : sample.locations) addresses.push_back(profile.locations.at(id).address);
    return addresses;
}

// ---- profile.proto -----------------------------------------------------------

TEST_F(WritersTest, PprofHasTheTypesThePeriodAndTheTime) {
    SetRate(65536);
    const Profile profile = WrittenProfile();
    const std::vector<std::pair<std::string, std::string>> types = {{"alloc_objects", "count"},
                                                                    {"alloc_space", "bytes"},
                                                                    {"inuse_objects", "count"},
                                                                    {"inuse_space", "bytes"},
                                                                    {"frag_space", "bytes"}};
    EXPECT_EQ(profile.types, types);
    EXPECT_EQ(profile.default_type, "inuse_space");
    EXPECT_EQ(profile.period_type, "space");
    EXPECT_EQ(profile.period_unit, "bytes");
    EXPECT_EQ(profile.period, 65536u);
    const uint64_t now = static_cast<uint64_t>(time(nullptr));
    EXPECT_LE(profile.time_nanos / 1000000000, now);
    EXPECT_GE(profile.time_nanos / 1000000000 + 600, now);
    EXPECT_TRUE(profile.samples.empty());
}

TEST_F(WritersTest, PprofHasStacksValuesAndLabels) {
    const char *cache = "cache", *sessions = "sessions; \"of\" \xff users\n";
    AddRow({At(0x1001), At(0x2001), At(0x3001)}, 10, 200, 64, 77).label = cache;
    AddRow({At(0x4001), At(0x3001)}, 0, 5, 1000);
    AddRow({At(0x1001), At(0x2001), At(0x3001)}, 3, 3, 64).label = sessions;
    AddRow({At(0x5001)}, 1, 1, 1).label = cache;
    const Profile profile = WrittenProfile();
    ASSERT_EQ(profile.samples.size(), 4u);
    EXPECT_EQ(profile.locations.size(), 5u);  // each address once
    const std::vector<uint64_t> first = {0x1000, 0x2000, 0x3000}, second = {0x4000, 0x3000};
    EXPECT_EQ(Addresses(profile, profile.samples[0]), first);
    EXPECT_EQ(Addresses(profile, profile.samples[1]), second);
    EXPECT_EQ(profile.samples[0].values, (std::vector<int64_t>{200, 12800, 10, 640, 77}));
    EXPECT_EQ(profile.samples[1].values, (std::vector<int64_t>{5, 5000, 0, 0, 0}));
    using Labels = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(profile.samples[0].labels, (Labels{{"label", cache}}));
    EXPECT_EQ(profile.samples[1].labels, Labels{});
    EXPECT_EQ(profile.samples[2].labels, (Labels{{"label", sessions}}));
    EXPECT_EQ(profile.samples[3].labels, (Labels{{"label", cache}}));
}

TEST_F(WritersTest, PprofNamesTheProgramOfAnAddress) {
    AddRow({CallIn(reinterpret_cast<const void *>(zm_profile_write_pprof)), At(0x11)}, 1, 1, 1);
    const Profile profile = WrittenProfile();
    const auto &ids = profile.samples.at(0).locations;
    const Location in = profile.locations.at(ids.at(0)), out = profile.locations.at(ids.at(1));
    EXPECT_EQ(out.mapping, 0u);
#ifdef __linux__
    const Mapping &mapping = profile.mappings.at(in.mapping);
    EXPECT_LE(mapping.start, in.address);
    EXPECT_LT(in.address, mapping.limit);
    char path[4096] = "";
    ASSERT_GT(readlink("/proc/self/exe", path, sizeof path - 1), 0);
    EXPECT_EQ(mapping.file, path);
    EXPECT_EQ(mapping.build_id.find_first_not_of("0123456789abcdef"), std::string::npos);
#endif
}

// Sizes of each length: every message is as long as it says.
TEST_F(WritersTest, PprofTakesAnyNumbers) {
    uint64_t number = 1;
    for (int i = 0; i < 64; i++, number <<= 1) {
        Row &row = AddRow({At(static_cast<uintptr_t>(number)), At(UINTPTR_MAX), At(0)}, 1, 1, 1);
        row.figures.live_bytes = number - 1;
        row.figures.waste_bytes = UINT64_MAX;
    }
    const Profile profile = WrittenProfile();
    ASSERT_EQ(profile.samples.size(), 64u);
    for (size_t i = 0; i < 64; i++) {
        EXPECT_EQ(profile.samples[i].values[3],
                  (int64_t{1} << (i < 63 ? i : 62)) - 1 + (i < 63 ? 0 : int64_t{1} << 62));
        EXPECT_EQ(profile.samples[i].values[4], INT64_MAX);
    }
}

// More than a buffer, and more addresses than the tables begin with.
TEST_F(WritersTest, PprofOfManyDeepStacks) {
    const size_t rows = 3000;
    for (size_t i = 0; i < rows; i++) {
        std::vector<const void *> frames;
        for (size_t depth = 0; depth < ZM_STACK_DEPTH; depth++) {
            frames.push_back(At(0x10001 + (i << (depth % 8)) * 16));
        }
        AddRow(frames, i + 1, i + 1, 8);
    }
    const Profile profile = WrittenProfile();
    ASSERT_EQ(profile.samples.size(), rows);
    std::set<uint64_t> different;
    for (const auto &location : profile.locations) different.insert(location.second.address);
    EXPECT_EQ(different.size(), profile.locations.size());
    for (size_t i = 0; i < rows; i++) {
        const auto addresses = Addresses(profile, profile.samples[i]);
        ASSERT_EQ(addresses.size(), static_cast<size_t>(ZM_STACK_DEPTH));
        for (size_t depth = 0; depth < ZM_STACK_DEPTH; depth++) {
            ASSERT_EQ(addresses[depth], 0x10000 + (i << (depth % 8)) * 16);
        }
        ASSERT_EQ(profile.samples[i].values[3], static_cast<int64_t>(8 * (i + 1)));
    }
}

// ---- heap_v2 -----------------------------------------------------------------

TEST_F(WritersTest, HeapV2HasEstimates) {
    AddRow({At(0x1001), At(0x2001)}, 250, 1000, 64);
    AddRow({At(0xabcdef)}, 0, 100, 16);
    AddRow({At(0x7777)}, 0, 0, 16);  // no sample: no line
    const auto lines = Lines(Written(zm_profile_write_heap_v2));
    ASSERT_GE(lines.size(), 5u);
    EXPECT_EQ(lines[0], "heap profile: 250: 16000 [1100: 65600] @ heap_v2/1");
    EXPECT_EQ(lines[1], "250: 16000 [1000: 64000] @ 0x1001 0x2001");
    EXPECT_EQ(lines[2], "0: 0 [100: 1600] @ 0xabcdef");
    EXPECT_EQ(lines[3], "");
    EXPECT_EQ(lines[4], "MAPPED_LIBRARIES:");
#ifdef __linux__
    ASSERT_GE(lines.size(), 6u);
    EXPECT_NE(lines[5].find(" r-xp "), std::string::npos);
#endif
}

// ---- Collapsed stacks ----------------------------------------------------------

TEST_F(WritersTest, CollapsedHasLiveBytesOfEachStack) {
    AddRow({At(0x11), At(0x21)}, 10, 10, 64);
    AddRow({At(0x31)}, 0, 5, 64);  // nothing is live: no line
    AddRow({}, 1, 1, 7);
    AddRow({At(0)}, 1, 1, 9);
    EXPECT_EQ(Written(zm_profile_write_collapsed), "0x20;0x10 640\nunknown 7\n0x0 9\n");
}

TEST_F(WritersTest, CollapsedNamesTheFileAndTheAddressInIt) {
    static uintptr_t bias;
    static std::string path;
    zm_os_modules(
        [](const zm_os_module *module, void *) {
            bias = module->bias;
            path = module->path;
            return false;  // the first one is this program
        },
        nullptr);
    if (path.empty()) GTEST_SKIP() << "the system does not tell";
    const void *frame = CallIn(reinterpret_cast<const void *>(zm_profile_write_pprof));
    AddRow({frame}, 1, 1, 1);
    char line[4096];
    std::snprintf(line, sizeof line, "%s+0x%" PRIxPTR " 1\n",
                  path.substr(path.rfind('/') + 1).c_str(),
                  reinterpret_cast<uintptr_t>(frame) - 1 - bias);
    EXPECT_EQ(Written(zm_profile_write_collapsed), line);
}

// ---- Files that cannot be written ------------------------------------------------

TEST_F(WritersTest, NoRowsAreAFileToo) {
    EXPECT_EQ(Lines(Written(zm_profile_write_heap_v2))[0], "heap profile: 0: 0 [0: 0] @ heap_v2/1");
    EXPECT_EQ(Written(zm_profile_write_collapsed), "");
    EXPECT_TRUE(WrittenProfile().samples.empty());
}

TEST_F(WritersTest, AFullDiskIsAnError) {
    const int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) GTEST_SKIP() << "no /dev/full";
    AddRow({At(0x11)}, 1, 1, 1);
    for (Writer writer : kWriters) {
        errno = 0;
        EXPECT_FALSE(writer(fd));
        EXPECT_EQ(errno, ENOSPC);
    }
    close(fd);
}

TEST_F(WritersTest, AClosedFileIsAnError) {
    AddRow({At(0x11)}, 1, 1, 1);
    for (Writer writer : kWriters) {
        for (int fd : {-1, 1000}) {
            errno = 0;
            EXPECT_FALSE(writer(fd));
            EXPECT_EQ(errno, EBADF);
        }
    }
}

TEST_F(WritersTest, AClosedPipeIsAnError) {
    signal(SIGPIPE, SIG_IGN);
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    close(fds[0]);
    for (size_t i = 0; i < 10000; i++) AddRow({At(0x11 + i)}, 1, 1, 1);
    for (Writer writer : kWriters) {
        errno = 0;
        EXPECT_FALSE(writer(fds[1]));
        EXPECT_EQ(errno, EPIPE);
    }
    close(fds[1]);
    signal(SIGPIPE, SIG_DFL);
}

// A pipe takes a part of each write(), and signals interrupt it.
TEST_F(WritersTest, AFullPipeAndSignalsLoseNothing) {
    struct sigaction action = {}, before = {};
    action.sa_handler = [](int) {};  // without SA_RESTART
    sigaction(SIGUSR1, &action, &before);
    for (size_t i = 0; i < 20000; i++) AddRow({At(0x11 + i), At(0x21 + i)}, i + 1, i + 1, 1);
    for (Writer writer : kWriters) {
        int fds[2];
        ASSERT_EQ(pipe(fds), 0);
        std::atomic<bool> ended{false}, ok{false};
        std::thread thread([&] {
            ok = writer(fds[1]);
            ended = true;
            close(fds[1]);
        });
        std::string text;
        char buffer[3000];
        // While the pipe is full, a signal comes when nothing of a buffer is written (EINTR), then,
        // after a read, when a part of it is.
        for (int i = 0; i < 50 && !ended; i++) {
            usleep(i == 0 ? 20000 : 300);
            if (!ended) pthread_kill(thread.native_handle(), SIGUSR1);
            usleep(300);
            const ssize_t got = read(fds[0], buffer, sizeof buffer);
            if (got > 0) text.append(buffer, static_cast<size_t>(got));
        }
        text += ReadAll(fds[0]);
        thread.join();
        close(fds[0]);
        EXPECT_TRUE(ok);
        if (writer == zm_profile_write_pprof) {
            EXPECT_EQ(Decode(Unzip(text)).samples.size(), 20000u);
        } else {
            EXPECT_EQ(text, Written(writer));
        }
    }
    sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace profile_test
