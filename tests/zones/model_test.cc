// Random calls over 16,384 zones, by threads that hand blocks to each other, against a full scan:
// the model adds up every live block of each zone.
#include <mutex>

#include "tests/zones/zones.h"

namespace zmalloc_test {
namespace {

constexpr size_t kZones = 16384;

struct Block {
    void *at;
    size_t zone;
};

// The blocks of all threads, a part for each.
class Heap {
  public:
    explicit Heap(size_t threads) : parts_(threads) {
        for (size_t i = 0; i < kZones; i++) zones_.push_back(zmalloc_zone_create("of the model"));
    }
    ~Heap() {
        for (Part &part : parts_) {
            for (const Block &block : part.blocks) zfree_in(zones_[block.zone], block.at);
        }
        for (zmalloc_zone_t *zone : zones_) EXPECT_EQ(zmalloc_zone_destroy(zone), 0);
    }
    Heap(const Heap &) = delete;

    // Each thread works on any part, and so on blocks of other threads.
    void Work(uint64_t seed, size_t calls) {
        Random random(seed);
        for (size_t i = 0; i < calls; i++) Step(&random, &parts_[random.Below(parts_.size())]);
    }

    // Compares each zone with the sum over its blocks.  No other thread works.
    void Compare() {
        std::vector<Zone::Figures> scanned(kZones);
        for (const Part &part : parts_) {
            for (const Block &block : part.blocks) {
                scanned[block.zone].first += zmalloc_size(block.at);
                scanned[block.zone].second++;
            }
        }
        size_t wrong = 0, used = 0;
        for (size_t i = 0; i < kZones; i++) {
            wrong += zmalloc_zone_bytes(zones_[i]) != scanned[i].first ||
                     zmalloc_zone_blocks(zones_[i]) != scanned[i].second;
            used += scanned[i].second != 0;
        }
        EXPECT_EQ(wrong, 0u);
        EXPECT_GT(used, kZones / 4);
    }

    // Destroys the zones that have no blocks, and creates as many.
    void Renew() {
        for (zmalloc_zone_t *&zone : zones_) {
            const bool is_empty = zmalloc_zone_blocks(zone) == 0;
            EXPECT_EQ(zmalloc_zone_destroy(zone) == 0, is_empty);
            if (is_empty) zone = nullptr;
        }
        for (zmalloc_zone_t *&zone : zones_) {
            if (zone == nullptr) zone = zmalloc_zone_create("renewed");
        }
    }

  private:
    struct Part {
        std::mutex mutex;
        std::vector<Block> blocks;
    };

    static size_t AnySize(Random *random) {
        return random->Below(random->Below(100) == 0 ? 100000 : 300);
    }

    void Step(Random *random, Part *part) {
        std::lock_guard<std::mutex> lock(part->mutex);
        const size_t choice = random->Below(10);
        if (part->blocks.empty() || choice < 5) {
            const size_t zone = random->Below(kZones);
            part->blocks.push_back({Allocate(random, zones_[zone]), zone});
            return;
        }
        std::swap(part->blocks[random->Below(part->blocks.size())], part->blocks.back());
        Block *block = &part->blocks.back();
        if (choice < 7) {
            block->at = zrealloc_in(zones_[block->zone], block->at, 1 + AnySize(random));
        } else if (choice < 8) {
            zmalloc_zone_remove(zones_[block->zone], block->at);
            block->zone = random->Below(kZones);
            zmalloc_zone_add(zones_[block->zone], block->at);
        } else {
            zfree_in(zones_[block->zone], block->at);
            part->blocks.pop_back();
        }
    }

    static void *Allocate(Random *random, zmalloc_zone_t *zone) {
        const size_t size = AnySize(random);
        switch (random->Below(4)) {
            case 0:
                return zcalloc_in(zone, size);
            case 1:
                return ztrymalloc_in(zone, size);
            default:
                return zmalloc_in(zone, size);
        }
    }

    std::vector<zmalloc_zone_t *> zones_;
    std::vector<Part> parts_;
};

TEST(ZoneModel, AgainstAFullScan) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(seed);
    const size_t before = zmalloc_used_memory(), kThreads = 4;
    const size_t calls = Emulated() || kSanitized || Variant().guarded ? 10000 : 40000;
    {
        Heap heap(kThreads);
        for (uint64_t round = 0; round < 4; round++) {
            std::vector<std::thread> threads;
            for (uint64_t i = 0; i < kThreads; i++) {
                threads.emplace_back([&, i] { heap.Work(seed + round * kThreads + i, calls); });
            }
            for (std::thread &thread : threads) thread.join();
            heap.Compare();
            heap.Renew();
        }
        EXPECT_GT(zmalloc_used_memory(), before);
    }
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
