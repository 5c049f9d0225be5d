#include "tests/faults/sweep.h"

#include <signal.h>
#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>

#include "zmalloc/defrag.h"
#include "zmalloc/stats.h"

// jemalloc's, where it is linked.
extern "C" int je_mallctl(const char *name, void *old_value, size_t *old_size, void *new_value,
                          size_t new_size) __attribute__((weak));

namespace zmalloc_test {
namespace {

zm_failing_plan planned;

// The bytes that the allocator has handed out by its own count, where that is exact; else 0.
int64_t Live() {
    if (CallsFail()) return zm_failing_live();
    if (je_mallctl == nullptr) return 0;
    je_mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
    size_t allocated;
    zmalloc_get_allocator_info(1, &allocated, nullptr, nullptr, nullptr, nullptr, nullptr);
    return static_cast<int64_t>(allocated);
}

// Checks that everything works again once there is memory: each allocator takes these blocks from
// different places.  The largest is no larger than that needs, as this runs after every case.
void ExpectRecovered(Checks *checks) {
    if (je_mallctl != nullptr) {
        size_t allocated = 0;
        checks->Expect(zmalloc_get_allocator_info(1, &allocated, nullptr, nullptr, nullptr, nullptr,
                                                  nullptr) == 1,
                       "afterwards", "figures known");
        checks->Expect(zmalloc_purge() == 0, "afterwards", "memory given back");
        checks->Expect(zmalloc_defrag_supported(), "afterwards", "defragmentation possible");
    }
    for (size_t size : {size_t{1}, size_t{1000}, 3 * kMiB}) {
        Block block = checks->Allocate("ztrymalloc_usable", size, true, ztrymalloc_usable);
        checks->Expect(block.at != nullptr, "afterwards", "a block");
        checks->Free(&block);
    }
}

// The result of a child.
struct Result {
    zm_failing_counts counts;
    char wrong[256];
};

void Run(const Scenario &scenario, const zm_failing_plan &plan, Result *result) {
    const size_t used = zmalloc_used_memory();
    const int64_t live = Live();
    Checks checks;
    planned = plan;
    if (!scenario.threads) StartFaults();
    scenario.run(checks);
    result->counts = zm_failing_end();
    checks.Expect(zmalloc_used_memory() == used, scenario.name.c_str(), "used memory as before");
    checks.Expect((scenario.threads && !CallsFail()) || Live() == live, scenario.name.c_str(),
                  "free of leaks");
    ExpectRecovered(&checks);
    std::snprintf(result->wrong, sizeof result->wrong, "%s", checks.wrong());
}

// Each run starts from the same state of the allocator: otherwise the memory that the first run
// took from the OS would serve all others.
void RunInChild(const Scenario &scenario, const zm_failing_plan &plan, Result *result) {
    static Result *const shared = static_cast<Result *>(
        mmap(nullptr, sizeof(Result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    *shared = {};
    const testing::AssertionResult ended = InChild([&] {
        Run(scenario, plan, shared);
        return true;
    });
    *result = *shared;
    if (!ended) std::snprintf(result->wrong, sizeof result->wrong, "%s", ended.message());
}

std::string Describe(const zm_failing_plan &plan) {
    char text[160];
    std::snprintf(text, sizeof text,
                  " (nth %" PRIu64 ", from %" PRIu64 ", every %" PRIu64 ", least size %zu)",
                  plan.nth, plan.from, plan.every, plan.least_size);
    return text;
}

Tally TallyOf(const Result &result, const zm_failing_plan &plan) {
    Tally tally;
    tally.cases = 1;
    tally.injected = result.counts.injected;
    if (result.wrong[0] != '\0') tally.wrong = result.wrong + Describe(plan);
    return tally;
}

// Runs the plan for each n, until nothing fails.
Tally EachN(const Scenario &scenario, uint64_t zm_failing_plan::*which) {
    Tally tally;
    for (uint64_t n = 1; tally.wrong.empty(); n++) {
        zm_failing_plan plan = {};
        plan.*which = n;
        const Tally one = RunWith(scenario, plan);
        tally.Add(one);
        if (one.injected == 0) break;
    }
    return tally;
}

}  // namespace

bool CallsFail() { return Variant().name.find("_failing") != std::string_view::npos; }

void StartFaults() { zm_failing_begin(&planned); }

void Tally::Add(const Tally &other) {
    cases += other.cases;
    injected += other.injected;
    if (wrong.empty()) wrong = other.wrong;
}

Tally RunHere(const Scenario &scenario, const zm_failing_plan &plan) {
    Result result = {};
    Run(scenario, plan, &result);
    return TallyOf(result, plan);
}

Tally RunWith(const Scenario &scenario, const zm_failing_plan &plan) {
    if (CallsFail()) return RunHere(scenario, plan);
    Result result = {};
    RunInChild(scenario, plan, &result);
    return TallyOf(result, plan);
}

Tally Sweep(const Scenario &scenario) {
    Tally tally = EachN(scenario, &zm_failing_plan::nth);
    tally.Add(EachN(scenario, &zm_failing_plan::from));
    for (uint64_t every : {1, 2, 3, 5, 8, 13}) {
        zm_failing_plan plan = {};
        plan.every = every;
        if (tally.wrong.empty()) tally.Add(RunWith(scenario, plan));
    }
    for (size_t size : {size_t{1}, size_t{512}, size_t{20000}, kMiB}) {
        zm_failing_plan plan = {};
        plan.least_size = size;
        if (tally.wrong.empty()) tally.Add(RunWith(scenario, plan));
    }
    return tally;
}

}  // namespace zmalloc_test
