// A reference model of zmalloc: operations chosen one by one, by threads that hand
// blocks to each other.
//
// The model knows the size of each live block, what it counts for, and the id that its contents
// were made from.  Between rounds all threads have ended, and used memory must be the model's sum.
#ifndef ZMALLOC_TESTS_MODEL_MODEL_H_
#define ZMALLOC_TESTS_MODEL_MODEL_H_

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/blocks.h"
#include "zmalloc/defrag.h"
#include "zmalloc/zmalloc.h"

namespace zmalloc_test {
namespace model {

constexpr size_t kMostBlocks = 3000;

// Chooses what a thread does next.
class Choices {
  public:
    virtual ~Choices() = default;
    // From 0 to `limit` - 1.
    virtual size_t Below(size_t limit) = 0;
    // Whether there are more choices; after the end all are 0.
    virtual bool more() const { return true; }
};

struct Block {
    char *ptr;
    size_t size;    // that was asked for
    size_t filled;  // bytes that hold the pattern of `id`
    uint64_t id;
    size_t alignment;  // 0: sizes asked for may be given to zfree_with_size
};

// Blocks on their way to a thread.
class Mailbox {
  public:
    void Put(const Block &block) {
        std::lock_guard<std::mutex> lock(mutex_);
        blocks_.push_back(block);
    }
    bool Take(Block *block) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (blocks_.empty()) return false;
        *block = blocks_.front();
        blocks_.pop_front();
        return true;
    }
    size_t Counted() const {
        size_t sum = 0;
        for (const Block &block : blocks_) sum += zmalloc_size(block.ptr);
        return sum;
    }

  private:
    std::mutex mutex_;
    std::deque<Block> blocks_;
};

// Keeps the first error of any thread.
class Verdict {
  public:
    void Wrong(const std::string &what) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (what_.empty()) what_ = what;
        failed_ = true;
    }
    bool failed() const { return failed_; }
    const std::string &what() const { return what_; }

  private:
    std::mutex mutex_;
    std::atomic<bool> failed_{false};
    std::string what_;
};

// One thread's part of the model; it stays when its thread ends.
class Worker {
  public:
    Worker(size_t index, std::unique_ptr<Choices> choices, std::vector<Mailbox> *mailboxes,
           Verdict *verdict)
        : index_(index), choices_(std::move(choices)), mailboxes_(*mailboxes), verdict_(*verdict) {}

    void Run(size_t operations) {
        for (size_t i = 0; i < operations && choices_->more() && !verdict_.failed(); i++) {
            step_++;
            Step();
        }
    }
    // Checks the contents of its blocks, and returns the sum of what they count for.
    size_t Counted() {
        size_t sum = 0;
        for (const Block &block : blocks_) {
            Look(block, block.filled);
            sum += zmalloc_size(block.ptr);
        }
        return sum;
    }
    void FreeAll() {
        Block block;
        while (mailboxes_[index_].Take(&block)) blocks_.push_back(block);
        while (!blocks_.empty()) Free();
    }

  private:
    void Step() {
        Block block;
        if (step_ % 16 == 0 && mailboxes_[index_].Take(&block)) {
            Look(block, block.filled);
            blocks_.push_back(block);
        }
        const size_t choice = Below(100);
        if (blocks_.empty() || (choice < 40 && blocks_.size() < kMostBlocks)) {
            Allocate();
        } else if (choice < 60) {
            Resize();
        } else if (choice < 65) {
            mailboxes_[Below(mailboxes_.size())].Put(TakeAny());
        } else if (choice < 66) {
            FailToResize();
        } else if (choice < 67) {
            FailToAllocate();
        } else if (choice < 69) {
            Defragment();
        } else {
            Free();
        }
    }

    // Mostly small, now and then large.
    size_t RandomSize() {
        const size_t choice = Below(1000);
        if (choice < 800) return Below(256);
        if (choice < 980) return Below(4096);
        if (choice < 999) return Below(65536);
        return Below(kMiB * 3 / 2);
    }

    void Allocate() {
        Block block = {};
        block.size = RandomSize();
        const size_t untold = SIZE_MAX;
        const bool odd = step_ % 2 == 1;  // which function: Below() would change the corpus
        size_t usable = untold;
        bool zeroed = false;
        switch (Below(15)) {
            case 0:
            case 1:
            case 2:
                block.ptr = Char(zmalloc(block.size));
                break;
            case 3:
                block.ptr = Char(zcalloc(block.size)), zeroed = true;
                break;
            case 4:
                block.ptr =
                    Char(odd ? ztrymalloc_usable(block.size, &usable) : ztrymalloc(block.size));
                break;
            case 5:
                block.ptr = Char(zmalloc_usable(block.size, &usable));
                break;
            case 6:
                block.ptr = Char(odd ? zcalloc_usable(block.size, &usable)
                                     : ztrycalloc_usable(block.size, &usable));
                zeroed = true;
                break;
            case 7:
                block.ptr = Char(zcalloc_num(block.size, 1)), zeroed = true;
                break;
            case 8:
                block.ptr = Char(zrealloc(nullptr, block.size));
                break;
            case 9:
                block.alignment = size_t{1} << Below(13);
                block.ptr = Char(zmalloc_aligned(block.alignment, block.size));
                break;
            case 10:
                Duplicate(&block);
                break;
            case 11:
                block.alignment = 64;
                block.ptr = Char(zmalloc_cache_aligned(block.size));
                break;
            case 12:
                block.alignment = size_t{1} << Below(13);
                block.ptr = Char(ztrymalloc_aligned(block.alignment, block.size));
                break;
            case 13: {
                const int lg_align = static_cast<int>(Below(13));
                const int flags = ZMALLOC_FLAG_LG_ALIGN(lg_align) | ZMALLOC_FLAG_ZERO;
                block.alignment = size_t{1} << lg_align, zeroed = true;
                block.ptr = Char(odd ? ztrymalloc_with_flags(block.size, flags)
                                     : zmalloc_with_flags(block.size, flags));
                break;
            }
            case 14:
                block.ptr = Char(zmalloc_no_tcache(block.size));
                break;
        }
        Expect(block.ptr != nullptr, "an allocation");
        if (block.alignment != 0) Expect(Address(block) % block.alignment == 0, "the alignment");
        if (zeroed) Expect(AllZero(block.ptr, block.size), "zeros");
        if (usable != untold) Expect(usable == zmalloc_usable_size(block.ptr), "usable");
        Fill(&block);
        blocks_.push_back(block);
    }

    void Duplicate(Block *block) {
        std::string text(block->size, 's');
        block->ptr = zstrdup(text.c_str());
        Expect(text == block->ptr, "the copy");
        block->size++;
    }

    void Resize() {
        Block &block = blocks_[Below(blocks_.size())];
        const size_t size = RandomSize() + 1, had = zmalloc_usable_size(block.ptr);
        size_t usable = 0, old_usable = had;
        size_t alignment = 0;
        bool zeroed = false;
        void *resized = nullptr;
        switch (Below(5)) {
            case 0:
                resized = zrealloc(block.ptr, size);
                break;
            case 1:
                resized = ztryrealloc(block.ptr, size);
                break;
            case 2:
                resized = zrealloc_usable(block.ptr, size, &usable, &old_usable);
                break;
            case 3:
                resized = ztryrealloc_usable(block.ptr, size, &usable, &old_usable);
                break;
            case 4: {
                const int lg_align = static_cast<int>(Below(13));
                alignment = size_t{1} << lg_align, zeroed = true;
                resized = zrealloc_with_flags(block.ptr, size,
                                              ZMALLOC_FLAG_LG_ALIGN(lg_align) | ZMALLOC_FLAG_ZERO);
                break;
            }
        }
        Expect(resized != nullptr, "a resized block");
        Expect(old_usable == had, "old_usable");
        Expect(usable == 0 || usable == zmalloc_usable_size(resized), "usable");
        block.ptr = Char(resized);
        Look(block, std::min(block.filled, size));
        if (zeroed && size > had) Expect(AllZero(block.ptr + had, size - had), "zeros");
        if (alignment != 0) Expect(Address(block) % alignment == 0, "the alignment");
        block.size = size;
        block.alignment = alignment;
        Fill(&block);
    }

    void FailToResize() {
        Block &block = blocks_[Below(blocks_.size())];
        const size_t had = zmalloc_size(block.ptr);
        Expect(ztryrealloc(block.ptr, Opaque(SIZE_MAX / 2)) == nullptr, "a failure");
        Expect(zmalloc_size(block.ptr) == had, "the old size");
        Look(block, block.filled);
    }

    // Sizes that are too large, and invalid alignments.
    void FailToAllocate() {
        const size_t size = SIZE_MAX / 2 + Below(8192);
        const size_t alignment = (size_t{1} << (2 + Below(60))) + 1 + Below(3);
        Expect(ztrymalloc(Opaque(size)) == nullptr, "a failure");
        Expect(ztrycalloc(Opaque(size)) == nullptr, "a failure");
        Expect(ztrycalloc_num(Opaque(size), 2 + Below(1000)) == nullptr, "a failure");
        Expect(ztrymalloc_aligned(alignment, 8) == nullptr, "a failure");
    }

    void Defragment() {
        Block &block = blocks_[Below(blocks_.size())];
        const size_t had = zmalloc_size(block.ptr);
        void *moved = zmalloc_defrag(block.ptr);
        if (moved == nullptr) return;
        block.ptr = Char(moved);
        Expect(zmalloc_size(moved) == had, "the old size");
        Look(block, block.filled);
        if (block.alignment != 0) Expect(Address(block) % block.alignment == 0, "the alignment");
    }

    void Free() {
        Block block = TakeAny();
        Look(block, block.filled);
        const size_t had = zmalloc_usable_size(block.ptr);
        size_t usable = had;
        switch (Below(7)) {
            case 0:
            case 1:
                zfree(block.ptr);
                break;
            case 2:
                zfree_usable(block.ptr, &usable);
                break;
            case 3:
                zfree_with_size(block.ptr, had);
                break;
            case 4:
                zfree_with_size(block.ptr, block.alignment == 0 ? block.size : had);
                break;
            case 5:
                Expect(zrealloc(block.ptr, 0) == nullptr, "zrealloc to nothing");
                break;
            case 6:
                step_ % 2 == 1 ? zfree_with_flags(block.ptr, 0) : zfree_no_tcache(block.ptr);
                break;
        }
        Expect(usable == had, "usable");
    }

    Block TakeAny() {
        std::swap(blocks_[Below(blocks_.size())], blocks_.back());
        Block block = blocks_.back();
        blocks_.pop_back();
        return block;
    }

    // Fills all usable bytes, so that an overlap shows wherever it is.
    void Fill(Block *block) {
        block->id = Below(4096);
        block->filled = zmalloc_usable_size(block->ptr);
        Expect(block->filled >= block->size, "enough bytes");
        Pattern::Fill(block->ptr, block->filled, block->id);
    }
    void Look(const Block &block, size_t size) {
        Expect(Pattern::Holds(block.ptr, size, block.id), "the contents");
    }

    void Expect(bool ok, const char *what) {
        if (ok) return;
        std::ostringstream text;
        text << "step " << step_ << " of thread " << index_ << ": not " << what;
        verdict_.Wrong(text.str());
    }

    size_t Below(size_t limit) { return choices_->Below(limit); }

    static char *Char(void *ptr) { return static_cast<char *>(ptr); }
    static uintptr_t Address(const Block &block) { return reinterpret_cast<uintptr_t>(block.ptr); }

    const size_t index_;
    std::unique_ptr<Choices> choices_;
    std::vector<Mailbox> &mailboxes_;
    Verdict &verdict_;
    std::vector<Block> blocks_;
    uint64_t step_ = 0;
};

class Model {
  public:
    // Each has a thread.
    explicit Model(std::vector<std::unique_ptr<Choices>> choices) : mailboxes_(choices.size()) {
        for (size_t i = 0; i < choices.size(); i++) {
            workers_.emplace_back(i, std::move(choices[i]), &mailboxes_, &verdict_);
        }
    }
    // A single one works in the calling thread.
    void Round(size_t operations) {
        if (workers_.size() == 1) return workers_.front().Run(operations);
        std::vector<std::thread> threads;
        for (Worker &worker : workers_) {
            threads.emplace_back([&worker, operations] { worker.Run(operations); });
        }
        for (std::thread &thread : threads) thread.join();
    }
    size_t Counted() {
        size_t sum = 0;
        for (Worker &worker : workers_) sum += worker.Counted();
        for (const Mailbox &mailbox : mailboxes_) sum += mailbox.Counted();
        return sum;
    }
    void FreeAll() {
        for (Worker &worker : workers_) worker.FreeAll();
    }
    const Verdict &verdict() const { return verdict_; }

  private:
    Verdict verdict_;
    std::vector<Mailbox> mailboxes_;
    std::deque<Worker> workers_;
};

}  // namespace model
}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_MODEL_MODEL_H_
