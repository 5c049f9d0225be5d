// Times workloads with Google Benchmark, the layers of each taking turns.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "tools/zbench/one.h"
#include "tools/zbench/threads.h"
#include "tools/zbench/workloads.h"

namespace zbench {
namespace {

constexpr int kBatch = 1024;

using Times = std::map<std::string, std::vector<double>>;

// Keeps the time of each repetition, by the name of the benchmark.  CPU time: of
// all threads, and none of what other programs take.
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

// Each repetition against the one of raw that ran at about the same time.
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
        // Time enough for each that they run side by side.
        benchmark::RegisterBenchmark(Name(comparison.op, comparison.argument, layer.layer).c_str(),
                                     layer.run, comparison.argument)
            ->Threads(comparison.threads)
            ->MeasureProcessCPUTime()
            ->MinTime(min_time * std::min(comparison.threads, 16));
    }
}

void SetUp(const std::string &repetitions, const std::string &min_time) {
    std::vector<std::string> options = {"zbench", "--benchmark_repetitions=" + repetitions,
                                        "--benchmark_min_time=" + min_time,
                                        "--benchmark_enable_random_interleaving=true"};
    std::vector<char *> argv;
    for (std::string &option : options) argv.push_back(option.data());
    int argc = static_cast<int>(argv.size());
    benchmark::Initialize(&argc, argv.data());
}

}  // namespace

void TimeAll(const Filter &filter, const std::string &repetitions, const std::string &min_time) {
    SetUp(repetitions, min_time);
    for (const Comparison &comparison : Comparisons()) {
        const size_t size = comparison.size;
        if (!comparison.timed || !filter.Matches(FullName(comparison.op, size))) continue;
        Register(comparison);
        Measure(comparison.op, size, comparison.layers);
    }
    for (const ThreadedComparison &comparison : ThreadedComparisons()) {
        const size_t argument = comparison.argument;
        if (!filter.Matches(FullName(comparison.op, argument))) continue;
        Register(comparison, std::strtod(min_time.c_str(), nullptr));
        Measure(comparison.op, argument, comparison.layers);
    }
}

}  // namespace zbench
