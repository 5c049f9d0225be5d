// A child of fork that reads what its parent has, frees it, and ends.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/support.h"
#include "zmalloc/defrag.h"
#include "zmalloc/limit.h"

namespace zmalloc_test {
namespace {

// Whether the allocator writes into a block that is freed.
bool FreeWrites() { return Variant().allocator != "jemalloc" || Variant().guarded; }

// ---- Blocks, and what they count for ------------------------------------------------

struct Held {
    char *at;
    size_t size;
    uint64_t id;
};

void *Make(Random *random, size_t size) {
    switch (random->Below(8)) {
        case 0:
            return zcalloc(size);
        case 1:
            return zmalloc_aligned(size_t{16} << random->Below(8), size);
        case 2:
            return zmalloc_with_flags(size, ZMALLOC_FLAG_LG_ALIGN(6) | ZMALLOC_FLAG_ZERO);
        case 3:
            return zmalloc_no_tcache(size);
        default:
            return zmalloc(size);
    }
}

void *Resize(Random *random, void *at, size_t size) {
    switch (random->Below(4)) {
        case 0:
            return ztryrealloc(at, size);
        case 1:
            return zrealloc_usable(at, size, nullptr, nullptr);
        case 2:
            return zrealloc_with_flags(at, size, random->Below(2) ? ZMALLOC_FLAG_LG_ALIGN(5) : 0);
        default:
            return zrealloc(at, size);
    }
}

void Free(Random *random, void *at) {
    switch (random->Below(4)) {
        case 0:
            zfree_usable(at, nullptr);
            break;
        case 1:
            zfree_with_flags(at, 0);
            break;
        case 2:
            zrealloc(at, 0);
            break;
        default:
            zfree(at);
    }
}

// Blocks that are allocated, resized and freed at random.  The sizes and contents are known.
class Model {
  public:
    explicit Model(uint64_t seed, size_t slots = 2000)
        : random_(seed), others_(zmalloc_used_memory()), held_(slots) {}

    bool Step() {
        Held *held = &held_[random_.Below(held_.size())];
        if (held->at == nullptr) return Allocate(held);
        CHILD_CHECK(Pattern::Holds(held->at, held->size, held->id));
        return random_.Below(2) ? FreeOne(held) : ResizeOne(held);
    }
    bool IsExact() const {
        CHILD_CHECK(zmalloc_used_memory() == others_ + counted_);
        return true;
    }
    bool FreeAll() {
        for (Held &held : held_) CHILD_CHECK(held.at == nullptr || FreeOne(&held));
        return IsExact();
    }

  private:
    size_t Size() { return 1 + random_.Below(random_.Below(20) == 0 ? 300000 : 2000); }

    bool Allocate(Held *held) {
        const size_t size = Size();
        return Fill(held, Make(&random_, size), size);
    }
    bool FreeOne(Held *held) {
        counted_ -= zmalloc_size(held->at);
        Free(&random_, held->at);
        *held = {};
        return true;
    }
    bool ResizeOne(Held *held) {
        const size_t size = Size(), had = zmalloc_size(held->at);
        char *resized = static_cast<char *>(Resize(&random_, held->at, size));
        CHILD_CHECK(resized != nullptr);
        CHILD_CHECK(Pattern::Holds(resized, size < held->size ? size : held->size, held->id));
        counted_ -= had;
        return Fill(held, resized, size);
    }
    bool Fill(Held *held, void *at, size_t size) {
        CHILD_CHECK(at != nullptr);
        *held = {static_cast<char *>(at), size, random_.Next()};
        CHILD_CHECK(zmalloc_usable_size(at) >= size);
        counted_ += zmalloc_size(at);
        Pattern::Fill(at, size, held->id);
        return true;
    }

    Random random_;
    size_t others_, counted_ = 0;
    std::vector<Held> held_;
};

// Under a sanitizer or an emulator, or with the guard, all takes many times as long.
bool IsSlow() { return Variant().guarded || Emulated() || kSanitized; }

bool Work(Model *model) {
    const int steps = IsSlow() ? 3000 : 20000;
    for (int i = 0; i < steps; i++) {
        CHILD_CHECK(model->Step());
        if (i % 16 == 0) CHILD_CHECK(model->IsExact());
    }
    return model->IsExact();
}

TEST(ForkChild, UsedMemoryIsExact) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(seed);
    Model model(seed);
    ASSERT_TRUE(Work(&model));
    EXPECT_TRUE(InChild([&] {
        zmalloc_fork_child();
        CHILD_CHECK(model.IsExact());
        CHILD_CHECK(Work(&model));
        zmalloc_fork_child();  // does nothing
        CHILD_CHECK(Work(&model));
        zmalloc_purge();
        CHILD_CHECK(Work(&model));
        return model.FreeAll();
    }));
    ASSERT_TRUE(model.FreeAll());
}

TEST(ForkChild, AChildOfTheChildIsExact) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(seed);
    Model model(seed);
    ASSERT_TRUE(Work(&model));
    EXPECT_TRUE(InChild([&] {
        zmalloc_fork_child();
        CHILD_CHECK(Work(&model));
        for (bool calls : {false, true}) {
            CHILD_CHECK(InChild([&] {
                if (calls) zmalloc_fork_child();
                CHILD_CHECK(Work(&model));
                return model.FreeAll();
            }));
        }
        return model.FreeAll();
    }));
    ASSERT_TRUE(model.FreeAll());
}

// Threads of the child free the parent's blocks, and each other's.
TEST(ForkChild, ThreadsOfTheChild) {
    if (kThreadsOfChildrenHang) GTEST_SKIP() << "threads of the child hang";
    constexpr size_t kThreads = 4, kBlocks = 20000;
    const size_t before = zmalloc_used_memory();
    std::vector<void *> blocks(kBlocks);
    for (size_t i = 0; i < kBlocks; i++) blocks[i] = zmalloc(i % 700);
    EXPECT_TRUE(InChild([&] {
        zmalloc_fork_child();
        for (size_t round = 0; round < 3; round++) {
            std::vector<std::thread> threads;
            for (size_t t = 0; t < kThreads; t++) {
                threads.emplace_back([&, t] {
                    for (size_t i = (t + round) % kThreads; i < kBlocks; i += kThreads) {
                        zfree(blocks[i]);
                        blocks[i] = zrealloc(zmalloc(i % 300), i % 900 + 1);
                    }
                });
            }
            for (std::thread &thread : threads) thread.join();
            size_t sum = 0;
            for (void *block : blocks) sum += zmalloc_size(block);
            CHILD_CHECK(zmalloc_used_memory() == before + sum);
        }
        for (void *block : blocks) zfree(block);
        CHILD_CHECK(zmalloc_used_memory() == before);
        return true;
    }));
    for (void *block : blocks) zfree(block);
}

TEST(ForkChild, AHardLimitHolds) {
    std::vector<void *> blocks;
    for (int i = 0; i < 1000; i++) blocks.push_back(zmalloc(10000));
    EXPECT_TRUE(InChild([&] {
        zmalloc_fork_child();
        const size_t limit = zmalloc_used_memory() + kMiB;
        CHILD_CHECK(zmalloc_set_limit(0, limit, nullptr, nullptr) == 0);
        std::vector<void *> own;
        while (void *block = ztrymalloc(100)) own.push_back(block);
        CHILD_CHECK(zmalloc_used_memory() <= limit);
        CHILD_CHECK(own.size() > 1000);
        // At the limit, blocks may shrink but not grow, whoever made them.
        for (void **block : {&blocks[0], &own[0]}) {
            const size_t size = zmalloc_usable_size(*block);
            CHILD_CHECK(ztryrealloc(*block, 30000) == nullptr);
            *block = zrealloc(*block, size - size / 10);
            CHILD_CHECK(*block != nullptr);
            *block = zrealloc_with_flags(*block, size - size / 5, 0);
            CHILD_CHECK(*block != nullptr);
        }
        // What is freed makes room.
        for (int i = 100; i < 200; i++) zfree(blocks[static_cast<size_t>(i)]);
        void *block = ztrymalloc(500000);
        CHILD_CHECK(block != nullptr);
        CHILD_CHECK(zmalloc_used_memory() <= limit);
        return true;
    }));
    for (void *block : blocks) zfree(block);
}

// A block that shrinks takes nothing, whatever the flags ask for that it has.
TEST(ForkChild, BlocksShrinkAtTheLimitWithFlags) {
    void *blocks[] = {zmalloc_aligned(64, 100000), zmalloc(100000), zmalloc(100000)};
    const int flags[] = {ZMALLOC_FLAG_LG_ALIGN(6), ZMALLOC_FLAG_LG_ALIGN(3), ZMALLOC_FLAG_ZERO};
    for (void *block : blocks) Pattern::Fill(static_cast<char *>(block), 100000, 1);
    EXPECT_TRUE(InChild([&] {
        zmalloc_fork_child();
        zmalloc_set_oom_handler([](size_t) {});
        CHILD_CHECK(zmalloc_set_limit(0, zmalloc_used_memory(), nullptr, nullptr) == 0);
        for (size_t i = 0; i < 3; i++) {
            void *block = zrealloc_with_flags(blocks[i], 60000, flags[i]);
            CHILD_CHECK(block != nullptr || !FreeWrites());
            CHILD_CHECK(block == nullptr || Pattern::Holds(static_cast<char *>(block), 60000, 1));
        }
        return true;
    }));
    for (void *block : blocks) zfree(block);
}

TEST(ForkChild, NothingIsDefragmented) {
    constexpr size_t kBlocks = 20000;
    std::vector<void *> blocks(kBlocks);
    for (void *&block : blocks) block = zmalloc(200);
    for (size_t i = 0; i < kBlocks; i++) {
        if (i % 8 != 0) zfree(std::exchange(blocks[i], nullptr));
    }
    EXPECT_TRUE(InChild([&] {
        zmalloc_fork_child();
        // Of the child's own blocks, few are left either.
        std::vector<void *> own(kBlocks);
        for (void *&block : own) block = zmalloc(200);
        for (size_t i = 0; i < kBlocks; i++) {
            if (i % 8 != 0) zfree(std::exchange(own[i], nullptr));
        }
        bool should[kBlocks];
        for (const std::vector<void *> *all : {&blocks, &own}) {
            const int expected = zmalloc_defrag_supported() ? 0 : -1;
            CHILD_CHECK(zmalloc_should_defrag_batch(all->data(), kBlocks, should) == expected);
            for (void *block : *all) CHILD_CHECK(zmalloc_defrag(block) == nullptr);
        }
        return true;
    }));
    for (void *block : blocks) zfree(block);
}

// ---- Memory -----------------------------------------------------------------------------

bool OwnsItsMemory() { return !kSanitized && !Emulated() && zmalloc_get_private_dirty(-1) != 0; }

// Allocates and frees small blocks, of which a thousand live at a time.
bool AllocatesForLong() {
    std::vector<void *> blocks(1000);
    Random random(3);
    const int count = IsSlow() ? 50000 : 10000000;
    for (int i = 0; i < count; i++) {
        void *&block = blocks[static_cast<size_t>(i) % blocks.size()];
        zfree(block);
        block =
            random.Below(16) == 0 ? Make(&random, random.Below(1000)) : zmalloc(random.Below(1000));
        if (random.Below(16) == 0) block = zrealloc(block, random.Below(2000) + 1);
        if (i % 1000 == 0) zmalloc_fork_child();
    }
    for (void *block : blocks) zfree(block);
    return true;
}

TEST(ForkChild, ItsOwnBlocksAreReused) {
    std::vector<void *> blocks(20000);
    for (void *&block : blocks) block = zmalloc(300);
    EXPECT_TRUE(InChild([&] {
        zmalloc_fork_child();
        const size_t used = zmalloc_used_memory(), before = zmalloc_get_private_dirty(-1);
        CHILD_CHECK(AllocatesForLong());
        CHILD_CHECK(zmalloc_used_memory() == used);
        const size_t grown = zmalloc_get_private_dirty(-1) - before;
        std::printf("grew by %zu KiB\n", grown >> 10);
        std::fflush(stdout);
        // The guard keeps the last blocks that were freed.
        CHILD_CHECK(!OwnsItsMemory() || grown < (Variant().guarded ? 64 : 16) * kMiB);
        return true;
    }));
    for (void *block : blocks) zfree(block);
}

// No other call returns a block of this size.
TEST(ForkChild, ResizedBlocksAreReused) {
    for (bool flags : {false, true}) {
        EXPECT_TRUE(InChild([&] {
            zmalloc_fork_child();
            const size_t before = zmalloc_get_private_dirty(-1);
            for (int i = 0; i < (IsSlow() ? 10000 : 20000); i++) {
                void *block = zmalloc(10), *next = zmalloc(10);  // it has to move
                block = flags ? zrealloc_with_flags(block, 5000, 0) : zrealloc(block, 5000);
                zfree(std::memset(block, 1, 5000));
                zfree(next);
            }
            CHILD_CHECK(!OwnsItsMemory() || zmalloc_get_private_dirty(-1) - before < 32 * kMiB);
            return true;
        })) << flags;
    }
}

// Calls a function that must have no effect here: it would mean that what is freed is not used
// again.
template <typename Function>
bool DoesNothing(Function call) {
    std::vector<void *> blocks(100);
    const size_t before = zmalloc_get_private_dirty(-1);
    for (void *&block : blocks) block = std::memset(zmalloc(kMiB), 1, kMiB);
    call();
    for (void *block : blocks) zfree(block);
    for (void *&block : blocks) block = std::memset(zmalloc(kMiB), 1, kMiB);
    CHILD_CHECK(!OwnsItsMemory() || zmalloc_get_private_dirty(-1) < before + 150 * kMiB);
    for (void *block : blocks) zfree(block);
    return true;
}

TEST(ForkChild, DoesNothingWithoutAFork) { EXPECT_TRUE(DoesNothing(zmalloc_fork_child)); }

// A child of vfork() has the memory of its parent, which may be a child of fork: a daemon is one.
TEST(ForkChild, DoesNothingInAChildOfVfork) {
    EXPECT_TRUE(InChild([] {
        return DoesNothing([] {
            const pid_t pid = vfork();  // NOLINT: it is what is tested
            if (pid == 0) {
                zmalloc_fork_child();
                _exit(0);
            }
            waitpid(pid, nullptr, 0);
        });
    }));
}

// The bytes that a child copies which reads the values, and frees them in another order than that
// of their addresses.  Of each 16 one stays: else an allocator could give all memory back.
size_t Copied(const std::vector<char *> &values, size_t size, bool calls) {
    auto *copied = static_cast<size_t *>(
        mmap(nullptr, sizeof(size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    EXPECT_TRUE(InChild([&] {
        if (calls) zmalloc_fork_child();
        const size_t before = zmalloc_get_private_dirty(-1);
        for (size_t first = 0; first < 997; first++) {
            for (size_t i = first; i < values.size(); i += 997) {
                CHILD_CHECK(Pattern::Holds(values[i], size, i));
                if (i % 16 != 0) zfree(values[i]);
            }
        }
        *copied = zmalloc_get_private_dirty(-1) - before;
        return true;
    }));
    const size_t result = *copied;
    munmap(copied, sizeof(size_t));
    return result;
}

std::vector<char *> Values(size_t total, size_t size) {
    std::vector<char *> values(total / size);
    for (size_t i = 0; i < values.size(); i++) {
        values[i] = static_cast<char *>(zmalloc(size));
        Pattern::Fill(values[i], size, i);
    }
    return values;
}

TEST(ForkChild, AChildOfTheChildCopiesLess) {
    if (!OwnsItsMemory()) GTEST_SKIP() << "not all memory of the process is the program's";
    EXPECT_TRUE(InChild([] {
        zmalloc_fork_child();
        const std::vector<char *> values = Values(8 * kMiB, 500);
        const size_t with = Copied(values, 500, true);
        CHILD_CHECK(!FreeWrites() || with < kMiB / 2);
        return true;
    }));
}

TEST(ForkChild, CopiesLess) {
    const size_t total = (Variant().guarded ? 16 : 64) * kMiB;
    if (!OwnsItsMemory()) GTEST_SKIP() << "not all memory of the process is the program's";
    for (size_t size : {500, 2000}) {
        const std::vector<char *> values = Values(total, size);
        const size_t without = Copied(values, size, false), with = Copied(values, size, true);
        std::printf("values of %zu bytes, %zu MiB: copied %.1f MiB, with the call %.1f MiB\n", size,
                    total / kMiB, static_cast<double>(without) / kMiB,
                    static_cast<double>(with) / kMiB);
        const std::string name = std::to_string(size);
        RecordProperty("copied_" + name, std::to_string(without));
        RecordProperty("copied_with_" + name, std::to_string(with));
        EXPECT_LE(with, without + kMiB);
        if (FreeWrites()) {
            EXPECT_LT(with, total / 32);
            EXPECT_GT(without, total / 4);
        }
        for (char *value : values) zfree(value);
    }
}

}  // namespace
}  // namespace zmalloc_test
