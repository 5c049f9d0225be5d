#include "tests/soak/threads.h"

#include <pthread.h>

#include <thread>

#include "tests/sanitized.h"

namespace zmalloc_test {
namespace {

constexpr size_t kLives = 4, kMostSteps = 400;
constexpr size_t kMostBytes = 32 * kMiB;  // in the pool; above, more is freed

// Mostly small, now and then large.
size_t AnySize(Random *random) {
    const size_t choice = random->Below(1000);
    if (choice < 850) return random->Below(300) + 1;
    if (choice < 990) return random->Below(8000) + 1;
    return random->Below(choice < 999 ? 100000 : kMiB) + 1;
}

// Each thread frees its last block when it has nearly ended: in the second round of destructors,
// after the one that gave back its counter.  Under ThreadSanitizer it does so in the first round.
// jemalloc, used after its own destructor, has that run in two more rounds.  After a use in the
// second round these would be the third and the fourth; but at the beginning of the fourth,
// ThreadSanitizer gives up the thread, and code that runs then crashes.
void FreeAtTheEnd(void *last);

pthread_key_t LastBlock() {
    static const pthread_key_t key = [] {
        pthread_key_t created;
        pthread_key_create(&created, FreeAtTheEnd);
        return created;
    }();
    return key;
}

struct Last {
    void *ptr;
    pid_t process;
    bool second_round;
};

void FreeAtTheEnd(void *value) {
    Last *last = static_cast<Last *>(value);
    // A thread of the parent was ending at the fork: glibc hands its values to a new thread of the
    // child.
    if (last->process != getpid()) return;
    if (!last->second_round && !kThreadSanitizer) {
        last->second_round = true;
        pthread_setspecific(LastBlock(), last);
        return;
    }
    zfree(zrealloc(last->ptr, 3000));
    delete last;
}

void Step(Random *random, Pool *pool, Verdict *verdict) {
    Block block;
    const size_t choice = random->Below(100);
    if (choice < (pool->bytes() < kMostBytes ? 45u : 25u)) {
        pool->Put(random, AllocateAny(random, AnySize(random), verdict));
    } else if (pool->Take(random, &block)) {
        if (choice < 60) {
            ResizeAny(random, AnySize(random), &block, verdict);
            pool->Put(random, block);
        } else {
            FreeAny(random, block, verdict);
        }
    }
}

void Live(uint64_t seed, Pool *pool, Verdict *verdict) {
    Random random(seed);
    if (random.Below(3) == 0) {
        pthread_setspecific(LastBlock(), new Last{zmalloc(AnySize(&random)), getpid(), false});
    }
    const size_t steps = random.Below(kMostSteps);
    for (size_t i = 0; i < steps && !verdict->failed(); i++) Step(&random, pool, verdict);
}

}  // namespace

size_t RunThreads(uint64_t seed, size_t seats, Pool *pool, Verdict *verdict) {
    (void)LastBlock();  // created here, where helgrind can see it
    std::vector<std::thread> threads;
    for (size_t seat = 0; seat < seats; seat++) {
        threads.emplace_back([=] {
            for (size_t life = 0; life < kLives; life++) {
                std::thread(Live, seed + seat * kLives + life, pool, verdict).join();
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    return seats * (kLives + 1);
}

}  // namespace zmalloc_test
