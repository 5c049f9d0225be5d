// Every way to free every kind of block.
#include "tests/api/allocators.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

struct Freer {
    const char *name;
    // Frees a block for which `size` bytes were asked.
    void (*free)(void *ptr, size_t size);
};

const Freer kFreers[] = {
    {"zfree", [](void *ptr, size_t) { zfree(ptr); }},
    {"zfree_usable",
     [](void *ptr, size_t) {
         size_t expected = zmalloc_usable_size(ptr), usable = 77;
         zfree_usable(ptr, &usable);
         EXPECT_EQ(usable, expected);
     }},
    {"zfree_usable_null", [](void *ptr, size_t) { zfree_usable(ptr, nullptr); }},
    {"zfree_with_usable_size",
     [](void *ptr, size_t) { zfree_with_size(ptr, zmalloc_usable_size(ptr)); }},
    {"zfree_with_flags", [](void *ptr, size_t) { zfree_with_flags(ptr, 0); }},
    {"zfree_no_tcache", [](void *ptr, size_t) { zfree_no_tcache(ptr); }},
    {"zrealloc_0", [](void *ptr, size_t) { EXPECT_EQ(zrealloc(ptr, 0), nullptr); }},
    {"zfree_with_size", [](void *ptr, size_t size) { zfree_with_size(ptr, size); }},
};

// From 256 KiB on at the latest, each allocator takes its path for large blocks.  musl maps each of
// them anew; where page faults are slow, larger blocks took a minute.
constexpr size_t kLargest = kMiB / 4;

TEST(Free, EveryWayFreesEveryBlock) {
    const size_t before = zmalloc_used_memory();
    for (const Allocator &allocator : Allocators()) {
        for (const Freer &freer : kFreers) {
            // zfree_with_size may be given the size asked for only where no alignment was asked
            // for.
            bool sized = std::string(freer.name) == "zfree_with_size";
            if (sized && allocator.alignment > 1) continue;
            for (size_t size : InterestingSizes(kLargest)) {
                size_t usable;
                void *block = allocator.allocate(size, &usable);
                Pattern::Fill(block, usable, size);
                freer.free(block, size);
                ASSERT_EQ(zmalloc_used_memory(), before)
                    << allocator.name << "(" << size << "), " << freer.name;
            }
        }
    }
}

// A block that was resized is freed with its new size, whatever its size was before.
TEST(Free, WithSizeAfterRealloc) {
    const size_t before = zmalloc_used_memory();
    Random random(11);
    void *block = nullptr;
    for (int i = 0; i < 20000; i++) {
        size_t size = 1 + random.Below(random.Below(8) == 0 ? 200000 : 500);
        block = zrealloc(block, size);
        if (random.Below(4) == 0) {
            zfree_with_size(block, random.Below(2) == 0 ? size : zmalloc_usable_size(block));
            block = nullptr;
            ASSERT_EQ(zmalloc_used_memory(), before) << size;
        }
    }
    zfree(block);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Free, NullIsIgnored) {
    const size_t before = zmalloc_used_memory();
    size_t usable = 77;
    zfree(nullptr);
    zfree_usable(nullptr, &usable);
    EXPECT_EQ(usable, 0u);
    zfree_usable(nullptr, nullptr);
    zfree_with_size(nullptr, 0);
    zfree_with_size(nullptr, 10);
    zfree_with_flags(nullptr, 0);
    zfree_no_tcache(nullptr);
    zlibc_free(nullptr);
    zmadvise_dontneed(nullptr);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

TEST(Free, LibcBlocksAreNotCounted) {
    const size_t before = zmalloc_used_memory();
    void *block = std::malloc(1000);
    std::memset(block, 1, 1000);
    zlibc_free(block);
    EXPECT_EQ(zmalloc_used_memory(), before);
}

}  // namespace
}  // namespace zmalloc_test
