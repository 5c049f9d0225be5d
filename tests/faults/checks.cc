#include "tests/faults/checks.h"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace zmalloc_test {
namespace {

struct Reported {
    size_t calls, size;
};
thread_local Reported reported;

std::mutex mutex;
const char *names[256];
size_t name_count;

}  // namespace

Checks::Checks() {
    char byte;
    Pattern::Fill(&byte, 1, 0);  // it allocates, the first time
    zmalloc_set_oom_handler([](size_t size) {
        reported.calls++;
        reported.size = size;
    });
}

Checks::~Checks() { zmalloc_set_oom_handler(nullptr); }

void Checks::Note(const char *name) {
    std::lock_guard<std::mutex> lock(mutex);
    for (size_t i = 0; i < name_count; i++) {
        if (std::strcmp(names[i], name) == 0) return;
    }
    if (name_count < sizeof names / sizeof names[0]) names[name_count++] = name;
}

const char *const *Checks::noted() { return names; }

size_t Checks::noted_count() { return name_count; }

void Checks::Expect(bool ok, const char *function, const char *what) {
    if (ok) return;
    std::lock_guard<std::mutex> lock(mutex);
    if (!failed()) std::snprintf(wrong_, sizeof wrong_, "%s: not %s", function, what);
}

void Checks::Free(Block *block) {
    Free("zfree", block, [](void *at, size_t *usable) {
        *usable = zmalloc_usable_size(at);
        zfree(at);
    });
}

void Checks::Look(const char *function, const Block &block) {
    Expect(Pattern::Holds(block.at, block.filled, block.id), function, "the contents");
}

void Checks::Fill(Block *block) {
    static std::atomic<uint64_t> last{0};
    block->id = ++last;
    block->filled = zmalloc_usable_size(block->at);
    Pattern::Fill(block->at, block->filled, block->id);
}

size_t Checks::Begin() {
    reported = {};
    return zmalloc_used_memory();
}

void Checks::Handled(const char *function, bool once, size_t size) {
    Expect(reported.calls == (once ? 1 : 0), function, "the handler called as often as it should");
    Expect(reported.calls == 0 || reported.size == size, function, "the size asked for reported");
}

void Checks::Used(const char *function, size_t before, size_t more) {
    Expect(!alone_ || zmalloc_used_memory() == before + more, function, "used memory");
}

}  // namespace zmalloc_test
