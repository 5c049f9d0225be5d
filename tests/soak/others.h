// The work beside the threads: defragmentation, reports, and giving memory back.
#ifndef ZMALLOC_TESTS_SOAK_OTHERS_H_
#define ZMALLOC_TESTS_SOAK_OTHERS_H_

#include <atomic>
#include <thread>

#include "tests/soak/blocks.h"
#include "zmalloc/defrag.h"

namespace zmalloc_test {

// A thread that allocates small blocks, frees most of them and defragments the rest,
// while it lives.
class Defragmenter {
  public:
    Defragmenter(uint64_t seed, std::vector<Block> *blocks, Verdict *verdict);
    ~Defragmenter();
    Defragmenter(const Defragmenter &) = delete;

    static inline std::atomic<size_t> passes, moved;  // so far

  private:
    void Churn(Random *random);
    void Defragment();

    std::vector<Block> &blocks_;
    Verdict &verdict_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

// A thread that reports, asks for figures and gives memory back, while it lives.
class Reporter {
  public:
    explicit Reporter(Verdict *verdict);
    ~Reporter();
    Reporter(const Reporter &) = delete;

    static inline std::atomic<size_t> reports;  // so far

  private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SOAK_OTHERS_H_
