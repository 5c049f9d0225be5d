#include <mutex>
#include <thread>

#include "tests/sanitizers/planted.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

std::mutex mutex;

template <typename Body>
void InTwoThreads(Body body) {
    std::thread one(body), other(body);
    one.join();
    other.join();
}

void RaceOnABlock(bool bug) {
    int *block = static_cast<int *>(zcalloc(sizeof *block));
    InTwoThreads([=] {
        std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
        if (!bug) lock.lock();
        ++*block;
    });
    zfree(block);
}

void RaceOnAGlobal(bool bug) {
    static int counter;
    InTwoThreads([=] {
        std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
        if (!bug) lock.lock();
        ++counter;
    });
    EXPECT_GE(counter, 1);
}

// Meanwhile blocks go from thread to thread through the allocator, which is no race.
void RaceAmongBlocks(bool bug) {
    static int *kept;
    kept = nullptr;
    std::thread([] {
        kept = static_cast<int *>(zmalloc(sizeof *kept));
        *kept = 1;
    }).join();
    InTwoThreads([=] {
        // This comes first: a thread that ends hands over its count, which could hide the race.
        if (bug) *kept = 2;
        for (int i = 0; i < 1000; i++) {
            int *block = static_cast<int *>(zmalloc(sizeof *block));
            *block = i;
            zfree(block);
        }
    });
    zfree(kept);
}

}  // namespace

std::vector<Planted> AllPlanted() {
    return {
        {"RaceOnABlock", RaceOnABlock, "data race"},
        {"RaceOnAGlobal", RaceOnAGlobal, "data race"},
        {"RaceAmongBlocks", RaceAmongBlocks, "data race"},
    };
}

}  // namespace zmalloc_test
