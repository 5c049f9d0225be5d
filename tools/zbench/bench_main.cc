// The measurements over the one allocator that this binary is built with; zbench and
// instructions start it and read the lines that it prints.
//
//   bench_main count FILTER                      "OP SIZE LAYER PID CALLS": the process in
//                                                which callgrind counted so many calls
//   bench_main time FILTER REPETITIONS SECONDS   "OP SIZE LAYER NS RATIO": ns a call, and what
//                                                that is of the raw allocator's (0 where there
//                                                is none), medians of the repetitions
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tools/common/run.h"
#include "tools/zbench/filter.h"
#include "tools/zbench/workloads.h"
#include "zmalloc/build_info.h"

// callgrind counts inside this function, by its name (--toggle-collect).
extern "C" __attribute__((noinline)) void zbench_counted(void (*run)(uint64_t, size_t),
                                                         uint64_t count, size_t size) {
    run(count, size);
    __asm__ volatile("" : : : "memory");  // no tail call
}

namespace zbench {
namespace {

bool Matches(const Filter &filter, const std::string &op, size_t size) {
    return filter.Matches(FullName(ZMALLOC_BACKEND, op, size));
}

// ---- Counting, each workload in a process of its own ------------------------

// The calls that are counted; a multiple of a batch's.
constexpr uint64_t kCountedCalls = 6400;

// Each has a fresh heap; the start of the allocator and of the linker is not counted.
bool CountApart(const Comparison &comparison, const Workload &workload) {
    int status;
    fflush(stdout);
    pid_t pid = cli_fork();
    if (pid == 0) {
        workload.run(kCountedCalls, comparison.size);
        zbench_counted(workload.run, kCountedCalls, comparison.size);
        _exit(0);
    }
    if (pid < 0 || cli_wait(pid, &status) != 0 || status != 0) return false;
    printf("%s %zu %s %ld %llu\n", comparison.op, comparison.size, workload.layer,
           static_cast<long>(pid), static_cast<unsigned long long>(kCountedCalls));
    return true;
}

int CountAll(const Filter &filter) {
    for (const Comparison &comparison : Comparisons()) {
        if (!comparison.counted || !Matches(filter, comparison.op, comparison.size)) continue;
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

// ---- Timing with Google Benchmark, the layers of each taking turns ----------

constexpr int kBatch = 1024;

using Times = std::map<std::string, std::vector<double>>;

// Keeps the time of each repetition, by the name of the benchmark.  CPU time: of
// all threads, and of no other program.
class Collector : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context &) override { return true; }
    void ReportRuns(const std::vector<Run> &runs) override {
        for (const Run &run : runs) {
            if (run.run_type != Run::RT_Iteration) continue;
            times[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
        }
    }

    Times times;
};

double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    size_t middle = values.size() / 2;
    if (values.empty()) return 0;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Compares each repetition with the one of raw that ran at about the same time.
double Ratio(const std::vector<double> &times, const std::vector<double> &raw) {
    std::vector<double> ratios;
    for (size_t i = 0; i < times.size() && i < raw.size(); i++) ratios.push_back(times[i] / raw[i]);
    return Median(ratios);
}

// One comparison, its layers interleaved by Google Benchmark.
template <class Layers>
void Measure(const std::string &op, size_t size, const Layers &layers) {
    const std::string name = op + "/" + std::to_string(size) + "/";
    Collector collector;
    benchmark::RunSpecifiedBenchmarks(&collector, nullptr, "^" + name);
    for (const auto &layer : layers) {
        const std::vector<double> &times = collector.times[name + layer.layer];
        printf("%s %zu %s %.3f %.4f\n", op.c_str(), size, layer.layer, Median(times),
               Ratio(times, collector.times[name + "raw"]));
        fflush(stdout);
    }
}

std::string Name(const std::string &op, size_t size, const char *layer) {
    return op + "/" + std::to_string(size) + "/" + layer;
}

void Register(const Comparison &comparison) {
    const size_t size = comparison.size;
    for (const Workload &workload : comparison.layers) {
        auto run = workload.run;
        benchmark::RegisterBenchmark(Name(comparison.op, size, workload.layer).c_str(),
                                     [run, size](benchmark::State &state) {
                                         while (state.KeepRunningBatch(kBatch)) run(kBatch, size);
                                     });
    }
}

void Register(const ThreadedComparison &comparison, double min_time) {
    for (const ThreadedLayer &layer : comparison.layers) {
        // Each takes enough time that they run side by side.
        benchmark::RegisterBenchmark(Name(comparison.op, comparison.argument, layer.layer).c_str(),
                                     layer.run, comparison.argument)
            ->Threads(comparison.threads)
            ->MeasureProcessCPUTime()
            ->MinTime(min_time * std::min(comparison.threads, 16));
    }
}

void SetUp(const std::string &repetitions, const std::string &min_time) {
    std::vector<std::string> options = {"zbench", "--benchmark_repetitions=" + repetitions,
                                        "--benchmark_min_time=" + min_time + "s",
                                        "--benchmark_enable_random_interleaving=true"};
    std::vector<char *> argv;
    for (std::string &option : options) argv.push_back(option.data());
    int argc = static_cast<int>(argv.size());
    benchmark::Initialize(&argc, argv.data());
}

void TimeAll(const Filter &filter, const std::string &repetitions, const std::string &min_time) {
    SetUp(repetitions, min_time);
    for (const Comparison &comparison : Comparisons()) {
        const size_t size = comparison.size;
        if (!comparison.timed || !Matches(filter, comparison.op, size)) continue;
        Register(comparison);
        Measure(comparison.op, size, comparison.layers);
    }
    for (const ThreadedComparison &comparison : ThreadedComparisons()) {
        const size_t argument = comparison.argument;
        if (!Matches(filter, comparison.op, argument)) continue;
        Register(comparison, std::strtod(min_time.c_str(), nullptr));
        Measure(comparison.op, argument, comparison.layers);
    }
}

}  // namespace
}  // namespace zbench

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "count") == 0) {
        return zbench::CountAll(zbench::Filter(argv[2]));
    }
    if (argc == 5 && strcmp(argv[1], "time") == 0) {
        zbench::TimeAll(zbench::Filter(argv[2]), argv[3], argv[4]);
        return 0;
    }
    fputs("usage: count FILTER | time FILTER REPETITIONS SECONDS (see //tools/zbench)\n", stderr);
    return 2;
}
