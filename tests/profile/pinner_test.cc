// A planted pinner: a cache that keeps one block in each slab wastes the most memory.
#include <fcntl.h>

#include <thread>

#include "tests/profile/sites.h"
#include "zmalloc/profile/region.h"

// As in zmalloc/allocator/backend.h, which this file cannot include: it differs between variants.
extern "C" {
struct zm_slab {
    size_t blocks, free_bytes;
};
bool zm_backend_slab_of(const void *ptr, struct zm_slab *slab);
}

namespace zmalloc_test {
namespace {

constexpr size_t kRate = 2 << 10;

// Whether the allocator tells how its slabs are used.
bool TellsSlabs() { return !kSanitized && Variant().knows_slabs; }

bool IsSample(const void *block) { return zm_region_has(block); }

// How many blocks of this size a slab has.
size_t BlocksOfASlab(size_t size) {
    void *block = zmalloc(size);
    std::vector<void *> samples;
    while (IsSample(block)) {
        samples.push_back(block);
        block = zmalloc(size);
    }
    struct zm_slab slab = {};
    EXPECT_TRUE(zm_backend_slab_of(block, &slab));
    const size_t count = slab.blocks + slab.free_bytes / zmalloc_usable_size(block);
    zfree(block);
    for (void *sample : samples) zfree(sample);
    return count;
}

// A part of a program: its blocks of one size, of which it keeps one of so many.
class Kind {
  public:
    Kind(const char *name, size_t size, size_t kept, size_t one_of)
        : name_(name), size_(size), kept_(kept), one_of_(one_of) {}

    // In a thread of its own: when it ends, its cache is empty.
    void Allocate() {
        std::thread([this] {
            const Label label(name_);
            std::vector<void *> all;
            for (size_t i = 0; i < kept_ * one_of_; i++) all.push_back(zmalloc(size_));
            for (size_t i = 0; i < all.size(); i++) {
                if (i % one_of_ == 0) {
                    blocks_.push_back(all[i]);
                } else {
                    zfree(all[i]);
                }
            }
        }).join();
    }

    // Free bytes of the slabs of all blocks, divided among the blocks of each slab.  The slab of a
    // sample cannot be asked for; samples are chosen at random, so the others stand for them.
    double Scan() const {
        double sum = 0;
        size_t scanned = 0;
        for (void *block : blocks_) {
            struct zm_slab slab;
            if (IsSample(block)) continue;
            scanned++;
            if (!zm_backend_slab_of(block, &slab)) continue;
            sum += static_cast<double>(slab.free_bytes) / static_cast<double>(slab.blocks);
        }
        return scanned == 0
                   ? 0
                   : sum * static_cast<double>(blocks_.size()) / static_cast<double>(scanned);
    }

    void Free() {
        for (void *block : blocks_) zfree(block);
        blocks_.clear();
    }
    const char *name() const { return name_; }
    double Estimate() const { return static_cast<double>(FindLabel(name_).waste); }

  private:
    const char *name_;
    size_t size_, kept_, one_of_;
    std::vector<void *> blocks_;
};

void FindWaste() {
    const int fd = open("/dev/null", O_WRONLY);
    EXPECT_EQ(zmalloc_profile_write_collapsed(fd), 0);
    close(fd);
}

TEST(Pinner, WastesMost) {
    if (!TellsSlabs()) GTEST_SKIP() << "this allocator does not tell how its slabs are used";
    Kind kinds[] = {
        {"pinner", 512, 1500, BlocksOfASlab(512)},
        {"dense", 256, 40000, 1},
        {"every second", 100, 5000, 2},
        {"tiny", 16, 50000, 1},
        {"large", 300000, 30, 1},
        {"short-lived", 1000, 1, 5000},
    };
    ASSERT_EQ(zmalloc_profile_start(kRate), 0);
    for (Kind &kind : kinds) kind.Allocate();
    FindWaste();

    const double pinned = kinds[0].Estimate();
    double scanned = 0, estimated = 0;
    for (const Kind &kind : kinds) {
        SCOPED_TRACE(kind.name());
        const double scan = kind.Scan(), estimate = kind.Estimate();
        RecordProperty(kind.name(), std::to_string(estimate) + " of " + std::to_string(scan));
        scanned += scan;
        estimated += estimate;
        if (&kind != &kinds[0]) {
            EXPECT_GT(pinned, 3 * estimate);
        }
    }
    // Of 1,500 blocks 22 % are samples: a standard error of 5 %.
    EXPECT_NEAR(estimated, scanned, 0.25 * scanned);
    EXPECT_NEAR(pinned, kinds[0].Scan(), 0.25 * scanned);

    for (Kind &kind : kinds) kind.Free();
    FindWaste();
    for (const Kind &kind : kinds) EXPECT_EQ(kind.Estimate(), 0) << kind.name();
    zmalloc_profile_stop();
}

// What the whole profile says is what the labels say.
TEST(Pinner, TheRowWithMostWasteIsTheCaches) {
    if (!TellsSlabs()) GTEST_SKIP() << "this allocator does not tell how its slabs are used";
    ASSERT_EQ(zmalloc_profile_start(kRate), 0);
    Kind pinner("pinner of a row", 512, 1500, BlocksOfASlab(512));
    Kind dense("dense rows", 256, 40000, 1);
    pinner.Allocate();
    dense.Allocate();
    FindWaste();
    struct zm_profile_row most = {};
    for (size_t i = 0; i < zm_profile_rows(); i++) {
        struct zm_profile_row row;
        zm_profile_row(i, &row);
        if (row.waste_bytes > most.waste_bytes) most = row;
    }
    ASSERT_NE(most.label, nullptr);
    EXPECT_STREQ(most.label, "pinner of a row");
    pinner.Free();
    dense.Free();
    zmalloc_profile_stop();
}

}  // namespace
}  // namespace zmalloc_test
