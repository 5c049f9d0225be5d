// Calls that do not allocate, and defragmentation, which allocates only if it can.
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "tests/api/allocators.h"
#include "tests/faults/scenarios.h"
#include "tests/sanitized.h"
#include "zmalloc/defrag.h"
#include "zmalloc/limit.h"
#include "zmalloc/pressure.h"
#include "zmalloc/profile.h"
#include "zmalloc/stats.h"
#include "zmalloc/zone.h"

namespace zmalloc_test {
namespace {

void Figures(Checks &checks) {
    checks.Other("figures", [&] {
        size_t figures[6];
        CALL(checks, zmalloc_get_allocator_info)
        (1, &figures[0], &figures[1], &figures[2], &figures[3], &figures[4], &figures[5]);
        CALL(checks, zmalloc_get_allocator_info_by_arena)
        (0, 1, &figures[0], &figures[1], &figures[2], &figures[3]);
        CALL(checks, zmalloc_get_frag_smallbins)();
        CALL(checks, zmalloc_get_frag_smallbins_by_arena)(0);
        CALL(checks, zmalloc_get_rss)();
        CALL(checks, zmalloc_get_smap_bytes_by_field)("Rss:", -1);
        CALL(checks, zmalloc_get_private_dirty)(-1);
        return 0;
    });
    const size_t used = CALL(checks, zmalloc_used_memory)();
    CALL(checks, zmalloc_peak_memory_reset)();
    checks.Expect(CALL(checks, zmalloc_peak_memory)() >= used, "zmalloc_peak_memory", "the peak");
    checks.Expect(CALL(checks, zmalloc_get_peak_memory)() >= used, "zmalloc_get_peak_memory",
                  "the peak");
    checks.Expect(CALL(checks, zmalloc_get_peak_memory_time)() <= time(nullptr),
                  "zmalloc_get_peak_memory_time", "its time");
    checks.Expect(
        CALL(checks, zmalloc_get_memory_size)() >= CALL(checks, zmalloc_get_memory_limit)(),
        "zmalloc_get_memory_limit", "a limit");
    long long parent = 0;
    checks.Expect(CALL(checks, get_proc_stat_ll)(4, &parent) == 0 || parent == getppid(),
                  "get_proc_stat_ll", "the parent");
    checks.Expect(*CALL(checks, zmalloc_allocator_name)() != '\0', "zmalloc_allocator_name",
                  "a name");
}

void Reports(Checks &checks) {
    zmalloc_stats_t info;
    checks.Expect(checks.Other("zmalloc_stats",
                               [&] {
                                   return CALL(checks, zmalloc_stats)(&info, sizeof info,
                                                                      ZMALLOC_ALL_ARENAS, 1);
                               }) == 0,
                  "zmalloc_stats", "told");
    checks.Expect(CALL(checks, zmalloc_stats_knows)(&info, ZMALLOC_STATS_USED) == 1,
                  "zmalloc_stats_knows", "used memory known");
    for (auto format : {ZMALLOC_REPORT_TEXT, ZMALLOC_REPORT_JSON, ZMALLOC_REPORT_OPENMETRICS}) {
        static char text[16384];
        const int length = checks.Other("zmalloc_report", [&] {
            return CALL(checks, zmalloc_report)(text, sizeof text, format);
        });
        checks.Expect(length > 0 && static_cast<size_t>(length) == std::strlen(text),
                      "zmalloc_report", "a whole report");
    }
}

// Each of these calls may fail; it then leaves all blocks as they are.
void GivingBack(Checks &checks) {
    Block kept = checks.Allocate("zmalloc_usable", 300000, false, zmalloc_usable);
    Block gone = checks.Allocate("zmalloc_usable", 3 * kMiB, false, zmalloc_usable);
    checks.Other("giving back", [&] {
        CALL(checks, zmadvise_dontneed)(gone.at);
        if (gone.at != nullptr) CALL(checks, zmadvise_dontneed_range)(gone.at, 100000);
        return 0;
    });
    gone.filled = 0;
    checks.Free(&gone);
    checks.Other("giving back", [&] {
        CALL(checks, zmalloc_purge)();
        CALL(checks, jemalloc_purge)();
        CALL(checks, zlibc_trim)();
        // ThreadSanitizer does not see jemalloc create its threads, and does not support that.
        if (kThreadSanitizer && !CallsFail()) return 0;
        CALL(checks, zmalloc_background_purge)(true);
        CALL(checks, zmalloc_background_purge)(false);
        CALL(checks, set_jemalloc_bg_thread)(0);
        return 0;
    });
    checks.Free(&kept);
}

// Each run is in a child of fork.  There may be no memory to remember the child's own blocks.
void ForkChild(Checks &checks) {
    // Where the allocator's calls are counted, a block that is not given to it is a leak.
    Block inherited = {};
    if (!CallsFail()) {
        inherited = checks.Allocate("zmalloc_usable", 3000, false, zmalloc_usable);
    }
    checks.Other("zmalloc_fork_child", [&] {
        CALL(checks, zmalloc_fork_child)();
        return 0;
    });
    Block own = checks.Allocate("ztrymalloc_usable", 500, true, ztrymalloc_usable);
    for (Block *block : {&inherited, &own}) {
        if (block->at == nullptr) continue;
        checks.Resize("ztryrealloc_usable", block, 1000, true, ztryrealloc_usable);
        checks.Resize("zrealloc_usable", block, 300000, false, zrealloc_usable);
        checks.Free(block);
    }
}

// The hard limit fails what would fit otherwise, and nothing else changes.
void Limits(Checks &checks) {
    static int calls;
    calls = 0;
    const size_t used = zmalloc_used_memory();
    checks.Other("zmalloc_set_limit", [&] {
        return CALL(checks, zmalloc_set_limit)(
            used + kMiB, used + 2 * kMiB, [](void *, bool, size_t) { calls++; }, nullptr);
    });
    size_t soft, hard;
    CALL(checks, zmalloc_get_limit)(&soft, &hard);
    checks.Expect(soft == used + kMiB && hard == used + 2 * kMiB, "zmalloc_get_limit", "both");
    Block small = checks.Allocate("ztrymalloc_usable", 3000, true, ztrymalloc_usable);
    Block some = checks.Allocate("ztrymalloc_usable", 1200000, true, ztrymalloc_usable);
    const int expected = some.at != nullptr;
    checks.Expect(calls == expected, "zmalloc_set_limit", "one call");
    Block large = checks.Allocate("zcalloc_usable", 3 * kMiB, false, zcalloc_usable);
    checks.Expect(large.at == nullptr, "zmalloc_set_limit", "a request above the limit");
    checks.Resize("zrealloc_usable", &small, 3 * kMiB, false, zrealloc_usable);
    checks.Resize("ztryrealloc_usable", &small, 50000, true, ztryrealloc_usable);
    checks.Free(&small);
    checks.Free(&some);
    checks.Expect(calls == 2 * expected, "zmalloc_set_limit", "a call each way");
    checks.Other("zmalloc_limit_from_cgroup", [&] {
        CALL(checks, zmalloc_limit_from_cgroup)(0, 100, nullptr, nullptr);
        return zmalloc_set_limit(0, 0, nullptr, nullptr);
    });
}

// What fails is not counted in the zone; what works is.
void Zones(Checks &checks) {
    zmalloc_zone_t *zone = checks.Other("zmalloc_zone_create",
                                        [&] { return CALL(checks, zmalloc_zone_create)("zone"); });
    checks.Expect(zone != nullptr || errno == ENOMEM, "zmalloc_zone_create", "a zone or ENOMEM");
    checks.Note("zmalloc_in");
    checks.Note("ztrymalloc_in");
    checks.Note("zcalloc_in");
    checks.Note("ztrycalloc_in");
    Block blocks[] = {
        checks.Allocate("zmalloc_in", 100, false,
                        [&](size_t n, size_t *u) { return Told(zmalloc_in(zone, n), u); }),
        checks.Allocate("ztrymalloc_in", 300000, true,
                        [&](size_t n, size_t *u) { return Told(ztrymalloc_in(zone, n), u); }),
        checks.Allocate("zcalloc_in", 5000, false,
                        [&](size_t n, size_t *u) { return Told(zcalloc_in(zone, n), u); }),
        checks.Allocate("ztrycalloc_in", 3 * kMiB, true,
                        [&](size_t n, size_t *u) { return Told(ztrycalloc_in(zone, n), u); }),
    };
    for (bool tries : {false, true}) {
        checks.Note(tries ? "ztryrealloc_in" : "zrealloc_in");
        checks.Resize(
            "zrealloc_in", &blocks[0], tries ? 70000 : 500000, tries,
            [&](void *ptr, size_t size, size_t *usable, size_t *old_usable) {
                *old_usable = zmalloc_usable_size(ptr);
                return Told(tries ? ztryrealloc_in(zone, ptr, size) : zrealloc_in(zone, ptr, size),
                            usable);
            });
    }
    size_t bytes = 0, count = 0;
    for (const Block &block : blocks) bytes += zmalloc_size(block.at), count += block.at != nullptr;
    if (zone != nullptr) {
        checks.Expect(CALL(checks, zmalloc_zone_bytes)(zone) == bytes, "zmalloc_in", "its bytes");
        checks.Expect(CALL(checks, zmalloc_zone_blocks)(zone) == count, "zmalloc_in", "its blocks");
    }
    CALL(checks, zmalloc_zone_remove)(zone, blocks[0].at);
    CALL(checks, zmalloc_zone_add)(zone, blocks[0].at);
    checks.Note("zfree_in");
    for (Block &block : blocks) {
        checks.Free("zfree_in", &block, [&](void *ptr, size_t *usable) {
            *usable = zmalloc_usable_size(ptr);
            zfree_in(zone, ptr);
        });
    }
    const int destroyed = CALL(checks, zmalloc_zone_destroy)(zone);
    checks.Expect((destroyed == 0) == (zone != nullptr), "zmalloc_zone_destroy", "destroyed");
}

// Samples fail as other blocks do.
void Profile(Checks &checks) {
    const char *before = CALL(checks, zmalloc_label)("faults");
    checks.Other("zmalloc_profile_start", [&] { return CALL(checks, zmalloc_profile_start)(1); });
    Block small = checks.Allocate("ztrymalloc_usable", 3000, true, ztrymalloc_usable);
    Block large = checks.Allocate("zmalloc_usable", 500000, false, zmalloc_usable);
    for (Block *block : {&small, &large}) {
        if (block->at == nullptr) continue;
        checks.Resize("ztryrealloc_usable", block, 400000, true, ztryrealloc_usable);
        checks.Resize("zrealloc_usable", block, 5000, false, zrealloc_usable);
    }
    checks.Expect(CALL(checks, zmalloc_profile_write)(-1) == -1, "zmalloc_profile_write",
                  "no file");
    checks.Expect(CALL(checks, zmalloc_profile_write_heap_v2)(-1) == -1,
                  "zmalloc_profile_write_heap_v2", "no file");
    CALL(checks, zmalloc_profile_write_collapsed)(-1); /* writes nothing if there is no sample */
    checks.Free(&small);
    checks.Free(&large);
    CALL(checks, zmalloc_profile_stop)();
    checks.Expect(CALL(checks, zmalloc_profile_rate)() == 0, "zmalloc_profile_rate", "stopped");
    CALL(checks, zmalloc_label)(before);
}

// There is no memory for the thread, or for what it does.
void Pressure(Checks &checks) {
    checks.NotAlone();
    /* If the other thread has taken the first arena, a jemalloc that is not ours crashes where it
     * gets no memory for a second one (docs/robustness.md). */
    zfree(zmalloc(1));
    StartFaults();
    zmalloc_pressure_t settings = {};
    settings.memory = 1;
    settings.interval_ms = 1;
    const bool started = CALL(checks, zmalloc_pressure_start)(&settings) == 0;
    Block block = checks.Allocate("ztrymalloc_usable", 300000, true, ztrymalloc_usable);
    usleep(started ? 5000 : 0);
    checks.Free(&block);
    CALL(checks, zmalloc_pressure_stop)();
}

// Blocks in sparse slabs: of every eight blocks one is left.
class Sparse {
  public:
    static constexpr size_t kBlocks = 600;

    explicit Sparse(Checks &checks) : checks_(checks) {
        for (size_t i = 0; i < kBlocks; i++) {
            blocks_[i] =
                checks.Allocate("ztrymalloc_usable", 100 + i % 400, true, ztrymalloc_usable);
        }
        for (size_t i = 0; i < kBlocks; i++) {
            if (i % 8 != 0) checks.Free(&blocks_[i]);
        }
    }
    ~Sparse() {
        for (Block &block : blocks_) checks_.Free(&block);
    }

    static void *Next(void *arg) {
        Sparse *self = static_cast<Sparse *>(arg);
        while (self->next_ < kBlocks) {
            void *at = self->blocks_[self->next_++].at;
            if (at != nullptr) return at;
        }
        self->next_ = 0;
        return nullptr;
    }
    static void Moved(void *arg, void *from, void *to) {
        Sparse *self = static_cast<Sparse *>(arg);
        self->Move(&self->blocks_[self->next_ - 1], from, to);
    }
    void Move(Block *block, void *from, void *to) {
        checks_.Expect(block->at == from, "zmalloc_defrag", "the block shown last");
        block->at = static_cast<char *>(to);
        checks_.Look("zmalloc_defrag", *block);
    }
    Block *blocks() { return blocks_; }

  private:
    Checks &checks_;
    Block blocks_[kBlocks];
    size_t next_ = 0;
};

void Defragmentation(Checks &checks) {
    Sparse sparse(checks);
    checks.Other("zmalloc_defrag_step", [&] {
        const zmalloc_defrag_cursor_t cursor = {Sparse::Next, Sparse::Moved, &sparse};
        const zmalloc_defrag_budget_t budget = {.blocks = 50, .microseconds = 0};
        zmalloc_defrag_stats_t stats = {};
        while (CALL(checks, zmalloc_defrag_step)(&cursor, &budget, &stats) == ZMALLOC_DEFRAG_MORE) {
            continue;
        }
        return 0;
    });
    CALL(checks, zmalloc_defrag_supported)();
    const void *at[Sparse::kBlocks];
    static bool should[Sparse::kBlocks];
    for (size_t i = 0; i < Sparse::kBlocks; i++) at[i] = sparse.blocks()[i].at;
    CALL(checks, zmalloc_should_defrag_batch)(at, Sparse::kBlocks, should);
    checks.Other("zmalloc_defrag", [&] {
        for (size_t i = 0; i < Sparse::kBlocks; i += 8) {
            Block *block = &sparse.blocks()[i];
            CALL(checks, zmalloc_should_defrag)(block->at);
            void *to = CALL(checks, zmalloc_defrag)(block->at);
            if (to != nullptr) sparse.Move(block, block->at, to);
        }
        return 0;
    });
}

}  // namespace

std::vector<Scenario> FigureScenarios() {
    return {
        {"figures", Figures, false},
        {"reports", Reports, false},
        {"giving_back", GivingBack},
        {"limits", Limits},
        {"fork_child", ForkChild},
        {"zones", Zones},
        {"profile", Profile},
        {"pressure", Pressure, false, true},
        {"defragmentation", Defragmentation},
    };
}

}  // namespace zmalloc_test
