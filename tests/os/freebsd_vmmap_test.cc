// Made-up records, packed as sysctl KERN_PROC_VMMAP packs them.
#include "zmalloc/os/freebsd_vmmap.h"

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

constexpr size_t kPage = 4096;
constexpr int32_t kVnode = 2;

// The rest of struct kinfo_vmentry up to its path.
constexpr size_t kFixed = 136;

struct Records {
    std::string bytes;

    Records &Add(zm_freebsd_vmmap record, const std::string &path = "") {
        const size_t size = (kFixed + path.size() + 1 + 7) / 8 * 8;
        record.structsize = static_cast<int32_t>(size);
        std::string text(size, '\0');
        std::memcpy(&text[0], &record, sizeof record);
        std::memcpy(&text[kFixed], path.data(), path.size());
        bytes += text;
        return *this;
    }

    size_t Sum(const char *field) const {
        // Copies the bytes, so that tools see any access beyond the end.
        const std::vector<char> copy(bytes.begin(), bytes.end());
        return zm_freebsd_vmmap_sum(copy.data(), copy.size(), field, kPage);
    }
};

zm_freebsd_vmmap Record(int32_t type, int32_t resident, int32_t own, int32_t flags = 0) {
    zm_freebsd_vmmap record{};
    record.type = type;
    record.start = 16 * kPage;
    record.end = 116 * kPage;
    record.flags = flags;
    record.resident = resident;
    record.private_resident = own;
    return record;
}

TEST(FreebsdVmmap, LayoutIsTheKernels) {
    EXPECT_EQ(offsetof(zm_freebsd_vmmap, structsize), 0u);
    EXPECT_EQ(offsetof(zm_freebsd_vmmap, type), 4u);
    EXPECT_EQ(offsetof(zm_freebsd_vmmap, start), 8u);
    EXPECT_EQ(offsetof(zm_freebsd_vmmap, end), 16u);
    EXPECT_EQ(offsetof(zm_freebsd_vmmap, flags), 44u);
    EXPECT_EQ(offsetof(zm_freebsd_vmmap, resident), 48u);
    EXPECT_EQ(offsetof(zm_freebsd_vmmap, private_resident), 52u);
}

TEST(FreebsdVmmap, NoRecords) { EXPECT_EQ(Records().Sum("Rss:"), 0u); }

TEST(FreebsdVmmap, SumsRecordsOfAnySize) {
    Records records;
    size_t pages = 0;
    for (int i = 0; i < 500; i++) {
        records.Add(Record(kVnode, i, 0), std::string(i * 7 % 1023, 'p'));
        pages += i;
    }
    EXPECT_EQ(records.Sum("Rss:"), pages * kPage);
    EXPECT_EQ(records.Sum("Size:"), 500 * 100 * kPage);
}

TEST(FreebsdVmmap, AnonymousPagesAreDirty) {
    for (int32_t type : {ZM_FREEBSD_TYPE_DEFAULT, ZM_FREEBSD_TYPE_SWAP}) {
        const Records records = Records().Add(Record(type, 10, 7));
        EXPECT_EQ(records.Sum("Rss:"), 10 * kPage);
        EXPECT_EQ(records.Sum("Private_Dirty:"), 7 * kPage);
        EXPECT_EQ(records.Sum("Shared_Dirty:"), 3 * kPage);
        EXPECT_EQ(records.Sum("Shared_Clean:"), 0u);
    }
}

// All pages of a file's object count as "private", whoever reads it.
TEST(FreebsdVmmap, PagesOfFilesAreCleanAndShared) {
    const Records records = Records().Add(Record(kVnode, 10, 500), "/bin/sh");
    EXPECT_EQ(records.Sum("Rss:"), 10 * kPage);
    EXPECT_EQ(records.Sum("Shared_Clean:"), 10 * kPage);
    EXPECT_EQ(records.Sum("Private_Dirty:"), 0u);
}

// Two mappings of one object each report all of its pages.
TEST(FreebsdVmmap, NoMoreIsPrivateThanIsResident) {
    const Records records = Records().Add(Record(ZM_FREEBSD_TYPE_SWAP, 10, 500));
    EXPECT_EQ(records.Sum("Private_Dirty:"), 10 * kPage);
    EXPECT_EQ(records.Sum("Rss:"), 10 * kPage);
}

TEST(FreebsdVmmap, AfterForkAllIsShared) {
    const Records records =
        Records().Add(Record(ZM_FREEBSD_TYPE_SWAP, 10, 10, ZM_FREEBSD_FLAG_NEEDS_COPY | 1));
    EXPECT_EQ(records.Sum("Private_Dirty:"), 0u);
    EXPECT_EQ(records.Sum("Shared_Dirty:"), 10 * kPage);
}

TEST(FreebsdVmmap, WhatMakesNoSenseIsNothing) {
    zm_freebsd_vmmap record = Record(ZM_FREEBSD_TYPE_SWAP, -5, -7);
    record.end = record.start - 1;
    const Records records = Records().Add(record).Add(Record(ZM_FREEBSD_TYPE_SWAP, 3, -1));
    EXPECT_EQ(records.Sum("Rss:"), 3 * kPage);
    EXPECT_EQ(records.Sum("Private_Dirty:"), 0u);
    EXPECT_EQ(records.Sum("Size:"), 100 * kPage);
}

TEST(FreebsdVmmap, EndsWhereARecordDoes) {
    const Records whole = Records().Add(Record(kVnode, 1, 0)).Add(Record(kVnode, 2, 0), "/x");
    for (size_t length = 0; length < whole.bytes.size(); length++) {
        const Records cut{whole.bytes.substr(0, length)};
        EXPECT_EQ(cut.Sum("Rss:"), length < 144 ? 0 : kPage) << length;
    }
    EXPECT_EQ(whole.Sum("Rss:"), 3 * kPage);
}

TEST(FreebsdVmmap, SizesThatLeadAstrayEndTheSum) {
    for (int32_t size : {0, -1, INT32_MIN, 1, static_cast<int32_t>(sizeof(zm_freebsd_vmmap)) - 1,
                         INT32_MAX, 289}) {
        Records records;
        records.Add(Record(kVnode, 1, 0)).Add(Record(kVnode, 2, 0));
        std::memcpy(&records.bytes[144], &size, sizeof size);
        EXPECT_EQ(records.Sum("Rss:"), kPage) << size;
    }
}

TEST(FreebsdVmmap, NoiseEnds) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; round++) {
        Records records;
        records.bytes.resize(random() % 1000);
        for (char &byte : records.bytes) byte = static_cast<char>(random());
        for (size_t i = 0; i + 4 <= records.bytes.size(); i += 4) {
            if (random() % 4 != 0) continue;
            const int32_t size = static_cast<int32_t>(random() % 200);
            std::memcpy(&records.bytes[i], &size, sizeof size);
        }
        for (const char *field : {"Rss:", "Size:", "Private_Dirty:"}) (void)records.Sum(field);
    }
}

}  // namespace
