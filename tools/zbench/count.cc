// Runs each workload in a process of its own, for callgrind to count.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "tools/zbench/one.h"
#include "tools/zbench/workloads.h"

// What callgrind collects in, by this name (--toggle-collect).
extern "C" __attribute__((noinline)) void zbench_counted(void (*run)(uint64_t, size_t),
                                                         uint64_t count, size_t size) {
    run(count, size);
    __asm__ volatile("" : : : "memory");  // no tail call
}

namespace zbench {
namespace {

// A fresh heap for each; what comes first, of the allocator and of the linker,
// is not counted.
bool CountApart(const Comparison &comparison, const Workload &workload) {
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        workload.run(kCountedCalls, comparison.size);
        zbench_counted(workload.run, kCountedCalls, comparison.size);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) return false;
    printf("%s %zu %s %ld\n", comparison.op, comparison.size, workload.layer,
           static_cast<long>(pid));
    return true;
}

}  // namespace

int CountAll(const Filter &filter) {
    for (const Comparison &comparison : Comparisons()) {
        if (!comparison.counted || !filter.Matches(FullName(comparison.op, comparison.size)))
            continue;
        for (const Workload &workload : comparison.layers) {
            if (!CountApart(comparison, workload)) {
                fprintf(stderr, "%s/%zu/%s was ended\n", comparison.op, comparison.size,
                        workload.layer);
                return 1;
            }
        }
    }
    return 0;
}

}  // namespace zbench
