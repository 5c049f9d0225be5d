#include "tools/ztrace/stack.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

/* A thread's variables, as recorder.c has them. */
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

/* The stacks that are known, by the hash of their addresses, which stands for them.  In a forked
 * child it is empty, as is the child's recording. */
enum { SLOTS = RAW_MAX_STACKS, PROBES = 64 };
static _Atomic uint64_t *known;

static struct raw_header *header;

/* ---- Which allocations ------------------------------------------------------ */

THREAD_LOCAL int64_t left; /* bytes until the next one */
THREAD_LOCAL uint64_t random_state;

static uint64_t next_random(void) {
    if (!random_state) random_state = (uintptr_t)&random_state * UINT64_C(0x9e3779b97f4a7c15) | 1;
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

/* -ln of a number that is evenly distributed from 0 to 1: of 2^-k times 1 to 2.  The series of
 * ln(m) = 2 artanh((m - 1) / (m + 1)) is right to 1e-5. */
static double random_exponential(void) {
    const uint64_t random = next_random();
    const int zeros = random ? __builtin_clzll(random) : 63;
    const double m = (double)(next_random() >> 11) / 9007199254740992.0 + 1;
    const double t = (m - 1) / (m + 1), s = t * t;
    return (zeros + 1) * 0.69314718055994531 -
           2 * t * (1 + s * (1 / 3. + s * (1 / 5. + s * (1 / 7. + s / 9))));
}

/* A block of no bytes counts as one byte. */
bool stack_wanted(size_t size) {
    const double rate = (double)header->stack_rate;
    if (header->stack_rate == 1) return true;
    if (!random_state) left = (int64_t)(random_exponential() * rate);
    left -= size ? (int64_t)size : 1;
    if (left >= 0) return false;
    left = (int64_t)(random_exponential() * rate);
    return true;
}

/* ---- Modules ------------------------------------------------------------------ */

enum { MOST_MODULES = 512 };

/* Code that the process has mapped, and that the header knows. */
static struct { uintptr_t start, limit; } modules[MOST_MODULES];
static _Atomic uint32_t module_count;
static atomic_flag modules_lock = ATOMIC_FLAG_INIT;
static uintptr_t own_start, own_limit; /* this library's */

static bool is_known(uintptr_t address) {
    const uint32_t count = atomic_load(&module_count);
    for (uint32_t i = 0; i < count; i++) {
        if (address >= modules[i].start && address < modules[i].limit) return true;
    }
    return false;
}

/* The build id among the notes of a module, in hexadecimal digits. */
static void find_build_id(const struct dl_phdr_info *info, char *id, size_t size) {
    id[0] = '\0';
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const char *at = (const char *)(info->dlpi_addr + segment->p_vaddr); /* NOLINT */
        size_t rest = segment->p_type == PT_NOTE ? segment->p_memsz : 0;
        while (rest > sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
            const size_t name = (note->n_namesz + 3u) & ~(size_t)3;
            const size_t bytes = (note->n_descsz + 3u) & ~(size_t)3;
            const size_t all = sizeof(*note) + name + bytes;
            if (all > rest) break;
            const unsigned char *what = (const unsigned char *)at + sizeof(*note) + name;
            bool found = note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4;
            for (size_t b = 0; found && b < note->n_descsz && 2 * b + 2 < size; b++) {
                snprintf(id + 2 * b, 3, "%02x", what[b]);
            }
            if (found) return;
            at += all;
            rest -= all;
        }
    }
}

/* A line in the header: "IMAGE START LIMIT OFFSET BUILD-ID PATH". */
static void add_line(const struct dl_phdr_info *info, const ElfW(Phdr) * segment) {
    char id[64], line[1024];
    const char *path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
    char target[512];
    if (!info->dlpi_name[0]) {
        ssize_t size = readlink(path, target, sizeof(target) - 1);
        target[size > 0 ? size : 0] = '\0';
        path = target;
    }
    find_build_id(info, id, sizeof(id));
    const uintptr_t start = info->dlpi_addr + segment->p_vaddr;
    int length = snprintf(line, sizeof(line), "%u %lx %lx %lx %s %s\n", header->images,
                          (unsigned long)start, (unsigned long)(start + segment->p_memsz),
                          (unsigned long)segment->p_offset, id[0] ? id : "-", path);
    const uint32_t used = header->modules_size;
    if (length <= 0 || (size_t)length >= sizeof(line)) return;
    if (used + (uint32_t)length > sizeof(header->modules)) return;
    memcpy(header->modules + used, line, (size_t)length);
    atomic_store(&header->modules_size, used + (uint32_t)length);
}

/* Called for each module: takes the segment that has the address. */
static int take_module(struct dl_phdr_info *info, size_t size, void *context) {
    const uintptr_t address = *(const uintptr_t *)context;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || address - start >= segment->p_memsz) continue;
        const uint32_t count = atomic_load(&module_count);
        if (count == MOST_MODULES) return 1;
        add_line(info, segment);
        modules[count].start = start;
        modules[count].limit = start + segment->p_memsz;
        atomic_store(&module_count, count + 1);
        return 1;
    }
    return 0;
}

static void find_modules(const struct stack *stack) {
    for (unsigned i = 0; i < stack->depth; i++) {
        uintptr_t address = stack->at[i];
        if (is_known(address)) continue;
        while (atomic_flag_test_and_set_explicit(&modules_lock, memory_order_acquire)) {
        }
        if (!is_known(address)) (void)dl_iterate_phdr(take_module, &address);
        atomic_flag_clear_explicit(&modules_lock, memory_order_release);
    }
}

static int take_own(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || (uintptr_t)&take_own - start >= segment->p_memsz)
            continue;
        own_start = start;
        own_limit = start + segment->p_memsz;
        return 1;
    }
    return 0;
}

/* ---- Stacks -------------------------------------------------------------------- */

bool stack_start(struct raw_header *of) {
    const size_t size = SLOTS * sizeof(*known);
    header = of;
    module_count = 0;
    atomic_flag_clear(&modules_lock);
    if (known) return madvise((void *)known, size, MADV_DONTNEED) == 0; /* in a forked child */
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    known = at;
    (void)dl_iterate_phdr(take_own, NULL);
    return true;
}

/* Takes one frame.  The address is that after the call, but for a frame that a signal
 * interrupted. */
static _Unwind_Reason_Code take_frame(struct _Unwind_Context *context, void *to) {
    struct stack *stack = to;
    int before = 0;
    uintptr_t address = _Unwind_GetIPInfo(context, &before);
    if (!before) address--;
    if (address == 0 || address == UINTPTR_MAX) return _URC_END_OF_STACK;
    if (stack->depth == 0 && address >= own_start && address < own_limit) return _URC_NO_REASON;
    stack->at[stack->depth++] = address;
    return stack->depth == header->stacks ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uint64_t hash_of(const struct stack *stack) {
    uint64_t hash = stack->depth;
    for (unsigned i = 0; i < stack->depth; i++) {
        hash = (hash ^ stack->at[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash ? hash : 1;
}

bool stack_take(struct stack *stack) {
    stack->depth = 0;
    (void)_Unwind_Backtrace(take_frame, stack);
    const uint64_t hash = hash_of(stack);
    for (uint32_t i = 0; i < PROBES; i++) {
        stack->number = (uint32_t)((hash >> 20) + i) % SLOTS;
        uint64_t found = 0;
        stack->is_new = atomic_compare_exchange_strong(&known[stack->number], &found, hash);
        if (stack->is_new) find_modules(stack);
        if (stack->is_new || found == hash) return stack->depth > 0;
    }
    atomic_fetch_add(&header->stacks_lost, 1);
    return false;
}
