// Gives cut, changed and random files to the reader of profiles.
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/profile/proto.h"
#include "tests/profile/rows.h"
#include "tools/zheap/profile.h"
#include "zmalloc/profile/writers.h"

namespace {

// Reads a file, and looks at all that was read.  Returns whether it is a profile.
bool Read(const std::string &file) {
    profile read;
    // A block of this size: a sanitizer sees what is read beside it.
    std::vector<uint8_t> bytes(file.begin(), file.end());
    bytes.shrink_to_fit();
    const char *wrong = profile_read(bytes.data(), bytes.size(), &read);
    if (wrong == nullptr) {
        for (size_t i = 0; i < read.sample_count; i++) {
            for (size_t d = 0; d < read.samples[i].depth; d++) {
                EXPECT_LT(read.samples[i].locations[d], read.location_count);
            }
            for (int64_t figure : read.samples[i].figures) EXPECT_GE(figure, 0);
        }
    } else {
        EXPECT_EQ(std::string(wrong).find('\n'), std::string::npos);
    }
    profile_free(&read);
    return wrong == nullptr;
}

const void *At(uintptr_t address) { return reinterpret_cast<const void *>(address); }

// A profile in gzip.
std::string Written() {
    using profile_test::AddRow;
    profile_test::Rows().clear();
    AddRow({At(0x11), At(0x123456789), At(0x31)}, 10, 1000, 64, 77).label = "a label";
    AddRow({At(0x21), At(0x31)}, 1 << 20, 1 << 21, 1 << 20).label = "another";
    AddRow({At(reinterpret_cast<uintptr_t>(&Read))}, 1, 2, 3, 4);
    std::FILE *file = std::tmpfile();
    EXPECT_TRUE(zm_profile_write_pprof(fileno(file)));
    EXPECT_EQ(std::fseek(file, 0, SEEK_SET), 0);
    std::string bytes;
    for (int byte; (byte = std::fgetc(file)) != EOF;) bytes.push_back(static_cast<char>(byte));
    std::fclose(file);
    return bytes;
}

TEST(HostileTest, CutFiles) {
    const std::string packed = Written(), raw = profile_test::Unzip(packed);
    EXPECT_TRUE(Read(packed));
    EXPECT_TRUE(Read(raw));
    for (size_t size = 0; size < packed.size(); size++) {
        EXPECT_FALSE(Read(packed.substr(0, size))) << size;
    }
    // Some ends are between two fields, and what is before them may be a profile.
    for (size_t size = 0; size < raw.size(); size++) Read(raw.substr(0, size));
}

TEST(HostileTest, ChangedBytes) {
    std::mt19937 random(25);
    const std::string packed = Written(), raw = profile_test::Unzip(packed);
    for (const std::string &good : {packed, raw}) {
        for (int i = 0; i < 20000; i++) {
            std::string file = good;
            for (unsigned change = 0; change <= random() % 4; change++) {
                file[random() % file.size()] = static_cast<char>(random());
            }
            Read(file);
        }
    }
}

// Pieces of a profile in any order, so that fields are whole but do not belong together.
TEST(HostileTest, MixedPieces) {
    std::mt19937 random(26);
    const std::string raw = profile_test::Unzip(Written());
    for (int i = 0; i < 20000; i++) {
        std::string file;
        for (int piece = 0; piece < 6; piece++) {
            file += raw.substr(random() % raw.size(), random() % 200);
        }
        Read(random() % 2 ? file : raw + file);
    }
}

TEST(HostileTest, RandomBytes) {
    std::mt19937 random(27);
    for (int i = 0; i < 50000; i++) {
        std::string file(random() % 64, '\0');
        // Small numbers are fields and sizes more often.
        for (char &byte : file) byte = static_cast<char>(random() % (i % 2 ? 256 : 40));
        Read(file);
    }
}

TEST(HostileTest, LargeSizesAndNumbers) {
    const std::string all_ones(10, '\xff');
    for (char field : {'\x0a', '\x12', '\x1a', '\x22', '\x32', '\x48', '\x60'}) {
        EXPECT_FALSE(Read(std::string(1, field) + all_ones));
        EXPECT_FALSE(Read(std::string(1, field) + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    }
}

}  // namespace
