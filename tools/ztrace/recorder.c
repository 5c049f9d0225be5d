#include "tools/ztrace/recorder.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tools/ztrace/family.h"
#include "tools/ztrace/large.h"
#include "tools/ztrace/raw_file.h"
#include "tools/ztrace/stack.h"

/* Chunks that ended threads left unfinished. */
#define MAX_SPARE_CHUNKS 1024

/* The chunks that are mapped before a program restricts its system calls; they must hold all
 * that is recorded afterwards. */
#define RESTRICTED_CHUNKS 64

struct span {
    struct raw_record *next;
    struct raw_record *end;
};

/* The library is loaded at the start, so its variables need no lookup, which
 * might allocate. */
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

/* On the way of each event. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

THREAD_LOCAL struct span chunk;
THREAD_LOCAL uint32_t thread_number; /* + 1; 0 while it has none */
THREAD_LOCAL bool busy;              /* within the recorder, or covered */
THREAD_LOCAL bool covered;           /* nothing is to be noted */
THREAD_LOCAL size_t looked;          /* of the large block in realloc */
THREAD_LOCAL uint32_t untimed;       /* events since one was timed */
THREAD_LOCAL uint64_t look_credit;   /* ns that looking at large blocks may take */
THREAD_LOCAL uint64_t look_time;     /* when that was so */

static struct raw_header *header; /* of this process's recording */
static struct raw_header *first;  /* of that of the first process, which is mostly the same */
static struct raw_process *own;   /* in the table of the first, or NULL */
static pid_t own_pid;             /* a child of vfork has another, and the same memory */
static pthread_key_t thread_key;
static atomic_flag started = ATOMIC_FLAG_INIT;

static atomic_flag spare_lock = ATOMIC_FLAG_INIT;
static struct span spare[MAX_SPARE_CHUNKS];
static size_t spares;

/* Whether to record.  Its page reads as zeros in a forked child, in whatever way the child was
 * forked: the trace is the parent's. */
enum { IN_CHILD, RECORDS, RECORDS_STACKS, PAUSED, STOPPED };
static _Atomic uint8_t *recording;

/* Whether the program has restricted its system calls (seccomp): from then on the recorder makes
 * none.  Strict mode forbids even to read the clock, so the time stands still. */
static atomic_bool restricted;
static uint64_t restricted_ns;

static void lock_spares(void) {
    while (atomic_flag_test_and_set_explicit(&spare_lock, memory_order_acquire)) {
    }
}

static void unlock_spares(void) { atomic_flag_clear_explicit(&spare_lock, memory_order_release); }

/* Leaves the rest of the thread's chunk to another. */
static void spare_chunk(void) {
    lock_spares();
    if (chunk.next != chunk.end && spares < MAX_SPARE_CHUNKS) spare[spares++] = chunk;
    unlock_spares();
    chunk = (struct span){NULL, NULL};
}

static bool take_spare_chunk(void) {
    lock_spares();
    bool found = spares > 0;
    if (found) chunk = spare[--spares];
    unlock_spares();
    return found;
}

/* The file may not grow further; no errno is so. */
#define LIMIT_MET (-1)

/* Takes a new chunk of the file.  0, an errno or LIMIT_MET. */
static int map_chunk(void) {
    uint64_t most = (header->max_size - RAW_BEGIN_SIZE) / RAW_CHUNK_SIZE;
    struct raw_record *records;
    if (atomic_load(&header->chunks) >= most) return LIMIT_MET;
    int error = raw_file_chunk(header, &records);
    if (!error) chunk = (struct span){records, records + RAW_CHUNK_RECORDS};
    return error;
}

/* malloc is no cancellation point, but the calls that record it are.  Returns the state to
 * restore. */
static int no_cancellation(void) {
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

/* Ends the recording; false when it had ended. */
static bool stop(enum raw_stop why) {
    uint32_t none = RAW_GOES_ON;
    atomic_store(recording, STOPPED);
    return atomic_compare_exchange_strong(&header->stopped, &none, why);
}

/* Whether to record, and how. */
static uint8_t mode(void) {
    return recording ? atomic_load_explicit(recording, memory_order_relaxed) : STOPPED;
}

static bool records(void) { return mode() == RECORDS || mode() == RECORDS_STACKS; }

static bool next_chunk(void) {
    uint32_t none = 0;
    if (atomic_load_explicit(&restricted, memory_order_relaxed)) {
        if (take_spare_chunk()) return true;
        atomic_compare_exchange_strong(&header->failed, &none, EPERM);
        return false;
    }
    int saved_errno = errno, cancel = no_cancellation();
    if (chunk.end) munmap(chunk.end - RAW_CHUNK_RECORDS, RAW_CHUNK_SIZE);
    chunk = (struct span){NULL, NULL};
    if (!take_spare_chunk()) {
        int error = atomic_load(&header->failed) ? ENOSPC : map_chunk();
        if (error == LIMIT_MET) {
            (void)stop(RAW_FULL);
        } else if (error) {
            atomic_compare_exchange_strong(&header->failed, &none, (uint32_t)error);
        }
    }
    pthread_setspecific(thread_key, &chunk);
    pthread_setcancelstate(cancel, NULL);
    errno = saved_errno;
    return chunk.end != NULL;
}

static bool have_thread_number(void) {
    if (thread_number) return true;
    uint32_t number = atomic_fetch_add(&header->threads, 1);
    if (number >= RAW_MAX_THREADS) return false;
    thread_number = number + 1;
    return true;
}

static uint64_t now_ns(void) {
    struct timespec now;
    if (atomic_load_explicit(&restricted, memory_order_relaxed)) return restricted_ns;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* False when there is no room for it. */
static ALWAYS_INLINE bool write_record(uint64_t time, enum raw_op op, const void *address,
                                       size_t size, unsigned detail) {
    if (chunk.next == chunk.end && !next_chunk()) return false;
    struct raw_record *record = chunk.next++;
    record->time_ns = time;
    record->address = (uintptr_t)address;
    record->size_op = (uint64_t)size << 16 | detail << 8 | op;
    /* Relaxed is enough: the allocator itself orders a free before the malloc
     * that gets the same address, and so the numbers that each takes. */
    uint64_t sequence = 1 + atomic_fetch_add_explicit(&header->sequence, 1, memory_order_relaxed);
    atomic_store_explicit(&record->sequence, sequence << RAW_THREAD_BITS | (thread_number - 1),
                          memory_order_release);
    return true;
}

/* ---- Large blocks --------------------------------------------------------- */

/* Looking at the pages of large blocks takes about this part of a thread's time at most, and may
 * take so much at once. */
#define LOOK_PART 20
#define LOOK_MOST_NS 10000000

/* What a look costs: a system call, and some ns for each page; more where zeros are compared. */
static uint64_t cost_of(const struct large *block) {
    uint64_t cost = 500 + block->size / (block->zeroed ? 6 : 1024);
    return cost < LOOK_MOST_NS ? cost : LOOK_MOST_NS;
}

static bool may_look(uint64_t time, const struct large *block) {
    const uint64_t cost = cost_of(block);
    look_credit += (time - look_time) / LOOK_PART;
    if (look_credit > LOOK_MOST_NS) look_credit = LOOK_MOST_NS;
    look_time = time;
    if (look_credit < cost || atomic_load(&restricted)) return false;
    look_credit -= cost;
    return true;
}

/* How much of a block was touched; -1 when that is not known. */
static ptrdiff_t look(const void *address, const struct large *block, bool owned) {
    int saved_errno = errno;
    ptrdiff_t touched = large_touched(address, block, owned);
    errno = saved_errno;
    return touched;
}

/* Of a block that lives when the recording ends.  Comparing zeros may take some tenths of a second
 * at most. */
static void note_touched(const void *address, const struct large *live) {
    enum { MOST = 256 << 20 };
    static _Atomic uint64_t compared;
    struct large block = *live;
    if (block.zeroed && atomic_fetch_add(&compared, block.size) > MOST) block.zeroed = false;
    ptrdiff_t touched = atomic_load(&restricted) ? -1 : look(address, &block, false);
    if (touched >= 0) (void)write_record(now_ns(), RAW_TOUCHED, address, (size_t)touched, 0);
}

/* A large block may end: by free, or by realloc to `size`.  Returns how much of it was touched, or
 * -1.  A program may grow a block by many small steps, so the block is looked at only when it has
 * doubled since. */
static ptrdiff_t end_large(uint64_t time, enum raw_op op, const void *address, size_t size) {
    struct large block;
    ptrdiff_t touched = -1;
    if (!large_take(address, &block)) return -1;
    bool wanted = op == RAW_FREE || block.size / 2 >= size || block.size / 2 >= block.looked;
    if (wanted && may_look(time, &block)) touched = look(address, &block, true);
    looked = touched >= 0 ? block.size : block.looked;
    return touched;
}

static void begin_large(enum raw_op op, const void *address, size_t size) {
    struct large block = {.size = size, .zeroed = op == RAW_CALLOC};
    if (op == RAW_REALLOC_END) block.looked = looked;
    if (address) large_add(address, &block);
}

/* ---- Children ------------------------------------------------------------- */

/* Fills in the header of a new child's recording, but for what depends on the program. */
static void begin_header(struct raw_header *made) {
    made->start_ns = now_ns();
    made->start_time = (int64_t)time(NULL);
    made->until_ns = first->until_ns;
    made->max_size = first->max_size;
    made->stacks = first->stacks;
    made->stack_rate = first->stack_rate;
    made->number = family_number(first, own);
    made->pid = own->pid;
}

/* Finds or makes the recording of this child.  0 or an errno. */
static int have_own_file(void) {
    struct raw_header *found = raw_file_of_child(family_number(first, own), own->has_file);
    if (!found) return errno;
    if (!own->has_file) begin_header(found);
    header = found;
    snprintf(header->program, sizeof(header->program), "%s", program_invocation_short_name);
    ssize_t size = readlink("/proc/self/exe", header->path, sizeof(header->path) - 1);
    header->path[size > 0 ? size : 0] = '\0';
    header->magic = RAW_MAGIC;
    own->has_file = true;
    return 0;
}

/* How to record, once the header is there. */
static uint8_t mode_wanted(void) {
    return header->stacks && stack_start(header) ? RECORDS_STACKS : RECORDS;
}

/* Begins to record a child, or to record it in the program that it executes now.  Returns whether
 * it is recorded; else it is counted. */
static bool follow(bool forked) {
    bool is_new;
    own_pid = getpid();
    own = NULL;
    if (!first->follow || now_ns() >= first->until_ns) {
        raw_count_child(first, (uint32_t)own_pid, forked);
        return false;
    }
    own = family_enter(first, own_pid, forked, &is_new);
    if (!own) return false;
    int error = have_own_file();
    if (!error && forked) header->forked = true;
    atomic_store(&own->error, (uint32_t)error);
    atomic_store(&own->state, error ? RAW_NO_RECORDING : RAW_RECORDED);
    return !error;
}

/* In a forked child, which has one thread: what belongs to the parent's recording goes. */
static void begin_in_child(void) {
    struct raw_header *parent = header;
    const bool may_call = !atomic_load(&restricted);
    if (!first->follow || busy || !may_call) {
        recording = NULL;
        own = NULL;
        if (may_call) own_pid = getpid();
        raw_count_child(first, may_call ? (uint32_t)own_pid : 0, true);
        return;
    }
    busy = true;
    if (chunk.end) munmap(chunk.end - RAW_CHUNK_RECORDS, RAW_CHUNK_SIZE);
    chunk = (struct span){NULL, NULL};
    thread_number = 0;
    spares = 0;
    unlock_spares();
    large_forget();
    int saved_errno = errno, cancel = no_cancellation();
    if (follow(true)) {
        memcpy(header->allocator, parent->allocator, sizeof(header->allocator));
        atomic_fetch_add(&header->images, 1);
        atomic_store(recording, mode_wanted());
    } else {
        recording = NULL;
    }
    if (parent != first) munmap(parent, RAW_HEADER_SIZE);
    pthread_setcancelstate(cancel, NULL);
    errno = saved_errno;
    busy = false;
}

static void before_fork(void) {
    if (recording) atomic_fetch_add(&first->forks, 1);
}

static void after_fork(void) {
    if (!recording) return;
    begin_in_child();
    atomic_fetch_sub(&first->forks, 1);
}

/* A child that fork() did not make is found by its first event. */
static void begin_in_unseen_child(void) {
    uint8_t child = IN_CHILD;
    if (atomic_compare_exchange_strong(recording, &child, STOPPED)) begin_in_child();
}

struct execution recorder_executes(const char *name) {
    struct execution execution = {NULL, 0};
    bool is_new;
    if (!first || atomic_load(&restricted)) return execution;
    int saved_errno = errno, cancel = no_cancellation();
    const pid_t pid = getpid();
    if (pid == own_pid) {
        execution.process = own;
    } else if (first->follow) {
        execution.process = family_enter(first, pid, false, &is_new);
    } else {
        raw_count_child(first, (uint32_t)pid, false);
    }
    if (execution.process) execution.before = family_executes(execution.process, name);
    pthread_setcancelstate(cancel, NULL);
    errno = saved_errno;
    return execution;
}

void recorder_did_not_execute(const struct execution *execution) {
    if (execution->process) atomic_store(&execution->process->state, execution->before);
}

void recorder_spawned(pid_t pid, const char *name) {
    bool is_new;
    if (!first || atomic_load(&restricted)) return;
    int saved_errno = errno, cancel = no_cancellation();
    if (first->follow) {
        struct raw_process *process = family_enter(first, pid, false, &is_new);
        if (process && is_new) (void)family_executes(process, name);
    } else {
        raw_count_child(first, (uint32_t)pid, false);
    }
    pthread_setcancelstate(cancel, NULL);
    errno = saved_errno;
}

/* ---- Events --------------------------------------------------------------- */

/* Ends the recording, because its time is over. */
static __attribute__((noinline)) void stop_now(void) {
    if (stop(atomic_load(&header->asked) ? RAW_LEFT : RAW_TIME_OVER)) large_each(note_touched);
}

/* Notes an event, and keeps account of large blocks.  False when it could not. */
static ALWAYS_INLINE bool note(enum raw_op op, const void *address, size_t size, unsigned detail) {
    uint64_t time = now_ns();
    if (__builtin_expect(time >= header->until_ns, 0)) {
        stop_now();
        return false;
    }
    if (op == RAW_FREE || op == RAW_REALLOC_BEGIN) {
        ptrdiff_t touched = -1;
        if (large_may_be(address)) touched = end_large(time, op, address, size);
        size = touched >= 0 ? (size_t)touched : 0;
        detail = touched >= 0 ? RAW_LOOKED : 0;
    } else if (__builtin_expect(size >= RAW_LARGE, 0)) {
        begin_large(op, address, size);
    }
    return write_record(time, op, address, size, detail);
}

/* Destructors of the program's may follow, and make events; then this comes again. */
static void at_thread_exit(void *unused) {
    (void)unused;
    bool was_busy = busy;
    busy = true;
    if (records()) (void)note(RAW_THREAD_END, NULL, 0, 0);
    spare_chunk();
    pthread_setspecific(thread_key, NULL); /* note() may have set it */
    busy = was_busy;
}

/* Notes the call stack of the thread's next allocation, if it is one of those that have one. */
static __attribute__((noinline)) void note_stack(size_t size) {
    struct stack stack;
    if (!stack_wanted(size) || atomic_load(&restricted)) return;
    int saved_errno = errno;
    const bool was_covered = covered;
    covered = true; /* the unwinder may allocate */
    bool found = stack_take(&stack);
    covered = was_covered;
    errno = saved_errno;
    if (!found) return;
    const unsigned new_frames = stack.is_new ? stack.depth : 0;
    for (unsigned i = 0; i < new_frames; i++) {
        if (!write_record(0, RAW_FRAME, (const void *)stack.at[i], 0, 0)) return; /* NOLINT */
    }
    (void)write_record(0, RAW_STACK, NULL, stack.number, new_frames);
}

static bool has_stack(enum raw_op op, const void *address) {
    return op == RAW_MALLOC || op == RAW_CALLOC || op == RAW_ALIGNED ||
           (op == RAW_REALLOC_END && address);
}

/* One event of so many is timed.  It shares no factor with the records of a page. */
#define TIMED_PART 61

/* Longer times are those of other programs, which had the processor meanwhile. */
#define TIMED_MOST_NS 100000

/* Notes how long the event took that was written last. */
static __attribute__((noinline)) void time_event(void) {
    untimed = 0;
    if (!chunk.next || atomic_load(&restricted)) return;
    uint64_t ns = now_ns() - chunk.next[-1].time_ns;
    if (ns > TIMED_MOST_NS) return;
    atomic_fetch_add_explicit(&header->measured_ns, ns, memory_order_relaxed);
    atomic_fetch_add_explicit(&header->measured, 1, memory_order_relaxed);
}

static ALWAYS_INLINE void note_event(enum raw_op op, const void *address, size_t size,
                                     unsigned detail, bool stacks) {
    /* A signal handler that interrupts this and allocates must not write, as its record
     * would come first. */
    bool lost = busy;
    if (!lost) {
        busy = true;
        atomic_signal_fence(memory_order_seq_cst);
        lost = !have_thread_number();
        if (stacks && !lost && has_stack(op, address)) note_stack(size);
        lost = lost || !note(op, address, size, detail);
        if (!lost && ++untimed == TIMED_PART) time_event();
        atomic_signal_fence(memory_order_seq_cst);
        busy = false;
    }
    if (lost && !covered && records())
        atomic_fetch_add_explicit(&header->lost, 1, memory_order_relaxed);
}

/* The recording was paused, and may have begun by now.  What other threads do in between comes
 * before it. */
static void begin_after_pause(void) {
    uint8_t paused = PAUSED;
    if (atomic_load(&header->paused)) return;
    if (!atomic_compare_exchange_strong(recording, &paused, STOPPED)) return;
    atomic_store(recording, mode_wanted());
}

/* With stacks, in a child that was not seen, or not at all. */
static __attribute__((noinline)) void note_otherwise(enum raw_op op, const void *address,
                                                     size_t size, unsigned detail) {
    if (mode() == IN_CHILD) begin_in_unseen_child();
    if (mode() == PAUSED) begin_after_pause();
    if (mode() == RECORDS_STACKS) note_event(op, address, size, detail, true);
    if (mode() == RECORDS) note_event(op, address, size, detail, false);
}

void recorder_note(enum raw_op op, const void *address, size_t size, unsigned detail) {
    if (__builtin_expect(mode() != RECORDS, 0)) {
        note_otherwise(op, address, size, detail);
    } else {
        note_event(op, address, size, detail, false);
    }
}

bool recorder_cover(bool cover) {
    bool before = covered;
    if (cover && !busy) { /* else a signal handler interrupts the recorder */
        covered = busy = true;
    } else if (!cover && covered) {
        covered = busy = false;
    }
    return before;
}

void recorder_allocator(const void *function) {
    Dl_info info;
    if (!recording || !dladdr(function, &info) || !info.dli_fname) return;
    const char *slash = strrchr(info.dli_fname, '/');
    const char *name = slash ? slash + 1 : info.dli_fname;
    size_t length = strlen(name);
    if (length >= sizeof(header->allocator)) return;
    memcpy(header->allocator, name, length + 1);
}

void recorder_end(void) {
    if (!records() || busy || !have_thread_number()) return;
    busy = true;
    large_each(note_touched);
    busy = false;
}

bool recorder_restrict(void) {
    if (!recording || busy || atomic_load(&restricted)) return false;
    busy = true;
    struct span own = chunk;
    int saved_errno = errno, cancel = no_cancellation();
    for (int i = 0; i < RESTRICTED_CHUNKS && map_chunk() == 0; i++) spare_chunk();
    chunk = own;
    pthread_setcancelstate(cancel, NULL);
    errno = saved_errno;
    restricted_ns = now_ns();
    atomic_store(&restricted, true);
    busy = false;
    return true;
}

void recorder_restricted(bool done) {
    static const char pid[] = RAW_ENV_PID "=";
    if (!done) atomic_store(&restricted, false);
    /* Programs that the process executes from here on must not record. */
    for (char **variable = environ; done && variable && *variable; variable++) {
        if (strncmp(*variable, pid, sizeof(pid) - 1) != 0) continue;
        for (char *at = *variable + sizeof(pid) - 1; *at; at++) *at = '0';
    }
}

/* Sets `recording`.  A handler of fork() is not enough: clone() does not call it. */
static void begin_recording(void) {
    _Atomic uint8_t *page =
        mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    (void)madvise(page, sizeof(*page), MADV_WIPEONFORK); /* not before Linux 4.14 */
    (void)pthread_atfork(before_fork, NULL, after_fork);
    large_begin();
    *page = atomic_load(&header->paused) ? PAUSED : mode_wanted();
    recording = page;
}

/* Maps the header; returns whether this process is one to record.  Another process, which a
 * child executed, is counted. */
static bool join_recording(void) {
    const char *pid = getenv(RAW_ENV_PID), *name = getenv(RAW_ENV_FILE);
    if (!pid || !name || pid[0] == '0') return false;
    first = raw_file_of_first(name);
    if (!first || first->magic != RAW_MAGIC) return false;
    own_pid = getpid();
    if (strtol(pid, NULL, 10) == (long)own_pid && !atomic_load(&first->over)) {
        header = first;
        own = &first->process[0];
        atomic_store(&own->state, RAW_RECORDED);
        return true;
    }
    if (follow(false)) return true;
    munmap(first, RAW_HEADER_SIZE);
    first = NULL;
    own = NULL;
    return false;
}

void recorder_start(void) {
    static atomic_bool done;
    if (atomic_load_explicit(&done, memory_order_relaxed)) return;
    int saved_errno = errno;
    if (environ && !atomic_flag_test_and_set(&started)) {
        int cancel = no_cancellation();
        bool joined = join_recording();
        pthread_setcancelstate(cancel, NULL);
        if (joined && pthread_key_create(&thread_key, at_thread_exit) == 0) {
            bool exec = atomic_fetch_add(&header->images, 1) > 0;
            if (header->stopped == RAW_GOES_ON) begin_recording();
            if (exec) recorder_note(RAW_EXEC, NULL, 0, 0);
        }
        atomic_store(&done, true);
    }
    errno = saved_errno;
}

/* The process runs already: nothing of the environment is about it. */
static int join_running(const char *name) {
    first = raw_file_of_first(name);
    if (!first) return errno;
    int error =
        first->magic == RAW_MAGIC ? pthread_key_create(&thread_key, at_thread_exit) : EINVAL;
    if (error) return error;
    header = first;
    own = &first->process[0];
    own_pid = getpid();
    begin_recording();
    if (!recording) return ENOMEM;
    atomic_store(&own->state, RAW_RECORDED);
    atomic_fetch_add(&header->images, 1);
    return 0;
}

int recorder_attach(const char *name) {
    if (recording) return EALREADY;
    int cancel = no_cancellation();
    int error = join_running(name);
    pthread_setcancelstate(cancel, NULL);
    return error;
}
