// The model: every live block, what it counts for, and its contents.
#ifndef ZMALLOC_TESTS_SOAK_BLOCKS_H_
#define ZMALLOC_TESTS_SOAK_BLOCKS_H_

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support.h"

namespace zmalloc_test {

// Keeps the first error of any thread.
class Verdict {
  public:
    void Wrong(const std::string &what);
    bool failed() const { return failed_; }
    std::string what();

  private:
    std::mutex mutex_;
    std::atomic<bool> failed_{false};
    std::string what_;
};

struct Block {
    void *ptr = nullptr;
    size_t counted = 0;  // zmalloc_size() when it was allocated
    uint64_t id = 0;     // of its pattern
};

// Allocate, resize and free in ways chosen at random; each tells the verdict when the block is not
// as it should be.
Block AllocateAny(Random *random, size_t size, Verdict *verdict);
void ResizeAny(Random *random, size_t size, Block *block, Verdict *verdict);
void FreeAny(Random *random, const Block &block, Verdict *verdict);

// Checks that the block is still as it was left.
void Look(const Block &block, Verdict *verdict);

// Blocks that any thread may take.
class Pool {
  public:
    void Put(Random *random, const Block &block);
    bool Take(Random *random, Block *block);

    size_t bytes() const { return bytes_; }
    // The most bytes that it held at a time, since the start.
    size_t most_bytes() const { return most_bytes_; }

    // To be called while no other thread uses the pool.
    size_t Counted(Verdict *verdict) const;
    void FreeAll(Verdict *verdict);

  private:
    static constexpr size_t kShards = 16;
    struct Shard {
        std::mutex mutex;
        std::vector<Block> blocks;
    };
    Shard shards_[kShards];
    std::atomic<size_t> bytes_{0}, most_bytes_{0};
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SOAK_BLOCKS_H_
