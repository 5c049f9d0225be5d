// Children of fork take call stacks, whatever other threads did at the fork.
#include <dlfcn.h>
#include <unwind.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "tests/support.h"
#include "zmalloc/guard/pool.h"

namespace {

std::mutex loaders;  // glibc before 2.35 has such a lock, and leaves it locked in children of fork
std::atomic<int> stacks{0};

}  // namespace

// Replaces the unwinder: holds that lock for long.
extern "C" _Unwind_Reason_Code _Unwind_Backtrace(_Unwind_Trace_Fn visit, void *walk) {
    static const auto unwind =
        reinterpret_cast<decltype(&_Unwind_Backtrace)>(dlsym(RTLD_NEXT, "_Unwind_Backtrace"));
    const std::lock_guard<std::mutex> hold(loaders);
    if (stacks++ > 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
    return unwind(visit, walk);
}

namespace zmalloc_test {
namespace {

TEST(Fork, ChildrenTakeStacks) {
    std::atomic<bool> enough{false};
    const auto go_on = [&enough] {
        while (!enough) zfree(zmalloc(100));
    };
    std::thread one(go_on), other(go_on);
    for (int i = 0; i < 50; i++) {
        EXPECT_TRUE(InChild([] {
            const int before = stacks;
            bool sampled = false;
            for (int n = 0; n < 300 && !sampled; n++) {
                void *block = zmalloc(10);
                sampled = zm_pool_has(block);
                zfree(block);
            }
            CHILD_CHECK(sampled);
            CHILD_CHECK(stacks > before);
            return true;
        }));
    }
    enough = true;
    one.join();
    other.join();
}

}  // namespace
}  // namespace zmalloc_test
