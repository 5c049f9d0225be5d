// Threads that hand blocks to each other, and more threads than a page has counters.
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <mutex>

#include "tests/api/allocators.h"
#include "tests/faults/scenarios.h"

namespace zmalloc_test {
namespace {

constexpr size_t kThreads = 4, kSlots = 16, kSteps = 60;

// Threads leave blocks here for others.
struct Exchange {
    std::mutex mutex;
    Block block;

    Block Swap(const Block &given) {
        std::lock_guard<std::mutex> lock(mutex);
        const Block taken = block;
        block = given;
        return taken;
    }
};

struct Worker {
    Checks *checks;
    Exchange *exchange;
    uint64_t seed;

    void Run() {
        Random random(seed);
        Block blocks[kSlots] = {};
        for (size_t step = 0; step < kSteps; step++) {
            Step(&random, &blocks[random.Below(kSlots)]);
        }
        for (Block &block : blocks) checks->Free(&block);
    }

    void Step(Random *random, Block *block) {
        const size_t size = 1 + random->Below(random->Below(4) == 0 ? 400000 : 600);
        if (block->at == nullptr) {
            const Allocator &allocator = Allocators()[random->Below(Allocators().size())];
            *block = checks->Allocate(allocator.name, size, allocator.tries, allocator.allocate);
        } else if (random->Below(2) == 0) {
            checks->Resize("ztryrealloc_usable", block, size, true, ztryrealloc_usable);
        } else {
            *block = exchange->Swap(*block);
        }
        if (random->Below(3) == 0) checks->Free(block);
    }
};

std::atomic<size_t> ready;
std::atomic<bool> started;

// When the OS's calls fail, every thread has allocated before that begins: jemalloc and tcmalloc
// end the program when a new thread finds no memory for its cache (docs/robustness.md).
template <typename T>
void *RunOne(void *worker) {
    if (!CallsFail()) zfree(ztrymalloc(1));
    ready++;
    while (!started) sched_yield();
    static_cast<T *>(worker)->Run();
    return nullptr;
}

template <typename T, size_t kCount>
void RunAll(Checks &checks, T (&workers)[kCount]) {
    pthread_t threads[kCount];
    size_t created = 0;
    ready = 0;
    started = false;
    if (CallsFail()) StartFaults();
    for (T &worker : workers) {
        if (pthread_create(&threads[created], nullptr, RunOne<T>, &worker) == 0) created++;
    }
    checks.Expect(created == kCount, "threads", "all of them created");
    while (ready != created) sched_yield();
    if (!CallsFail()) StartFaults();
    started = true;
    for (size_t i = 0; i < created; i++) pthread_join(threads[i], nullptr);
}

void Threads(Checks &checks) {
    static Worker workers[kThreads];
    static Exchange exchange;
    checks.NotAlone();
    exchange.block = {};
    for (size_t i = 0; i < kThreads; i++) workers[i] = {&checks, &exchange, i};
    RunAll(checks, workers);
    checks.Free(&exchange.block);
}

// More threads than a page has counters, all alive at once, each with a block.
struct Holder {
    Checks *checks;
    std::atomic<size_t> *holding;

    void Run() {
        Block block = checks->Allocate("zmalloc_usable", 100, false, zmalloc_usable);
        ++*holding;
        while (*holding != kMany) sched_yield();
        checks->Free(&block);
    }
    static constexpr size_t kMany = 70;
};

void ManyThreads(Checks &checks) {
    static Holder holders[Holder::kMany];
    std::atomic<size_t> holding{0};
    checks.NotAlone();
    for (Holder &holder : holders) holder = {&checks, &holding};
    RunAll(checks, holders);
}

}  // namespace

std::vector<Scenario> ThreadScenarios() {
    // The allocator may have all these blocks of one size in a cache.
    return {{"threads", Threads, true, true}, {"many_threads", ManyThreads, CallsFail(), true}};
}

}  // namespace zmalloc_test
