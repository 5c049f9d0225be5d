#include "tests/sanitizers/planted.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

void HeapOverflow(bool bug) {
    char *block = static_cast<char *>(zmalloc(100));
    block[Opaque(zmalloc_usable_size(block) - (bug ? 0 : 1))] = 1;
    zfree(block);
}

void UseAfterFree(bool bug) {
    volatile char *block = static_cast<char *>(zcalloc(100));
    if (bug) zfree(const_cast<char *>(block));
    EXPECT_GE(block[50], 0);
    if (!bug) zfree(const_cast<char *>(block));
}

// Uses the old block after a zrealloc() that moved it.
void UseAfterRealloc(bool bug) {
    volatile char *block = static_cast<char *>(zcalloc(100));
    volatile char *moved = static_cast<char *>(zrealloc(const_cast<char *>(block), 100000));
    EXPECT_GE((bug ? block : moved)[50], 0);
    zfree(const_cast<char *>(moved));
}

void Leak(bool bug) {
    void *volatile block = zmalloc(100);
    if (!bug) zfree(block);
    block = nullptr;
}

void StackOverflow(bool bug) {
    volatile char local[100] = "";
    local[Opaque(bug ? 100 : 99)] = 1;
}

char global[100];
void GlobalOverflow(bool bug) { const_cast<volatile char *>(global)[Opaque(bug ? 100 : 99)] = 1; }

char *volatile kept;
__attribute__((noinline)) void KeepLocal() {
    char local[100] = "";
    kept = local;
}
void UseAfterReturn(bool bug) {
    KeepLocal();
    if (bug) kept[50] = 1;
}

void VectorOverflow(bool bug) {
    std::vector<int> numbers = {1, 2, 3};
    numbers.reserve(10);
    EXPECT_GE(const_cast<volatile int *>(numbers.data())[bug ? 11 : 2], 0);
}

}  // namespace

std::vector<Planted> AllPlanted() {
    return {
        {"HeapOverflow", HeapOverflow, "heap-buffer-overflow"},
        {"UseAfterFree", UseAfterFree, "heap-use-after-free"},
        {"UseAfterRealloc", UseAfterRealloc, "heap-use-after-free"},
        {"Leak", Leak, "detected memory leaks"},
        {"StackOverflow", StackOverflow, "stack-buffer-overflow"},
        {"GlobalOverflow", GlobalOverflow, "global-buffer-overflow"},
        {"UseAfterReturn", UseAfterReturn, "stack-use-after-return"},
        {"VectorOverflow", VectorOverflow, "heap-buffer-overflow"},
    };
}

}  // namespace zmalloc_test
