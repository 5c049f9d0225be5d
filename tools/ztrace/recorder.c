#include "tools/ztrace/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

THREAD_LOCAL struct span chunk;
THREAD_LOCAL uint32_t thread_number; /* + 1; 0 while it has none */
THREAD_LOCAL bool busy;              /* within the recorder */

static struct raw_header *header;
static char file[4096]; /* its name; programs overwrite their environment */
static pthread_key_t thread_key;
static struct stat identity; /* of the file */
static atomic_flag started = ATOMIC_FLAG_INIT;

static atomic_flag spare_lock = ATOMIC_FLAG_INIT;
static struct span spare[MAX_SPARE_CHUNKS];
static size_t spares;

/* Whether to record.  Its page reads as zeros in a forked child, in whatever way the child was
 * forked: the trace is the parent's. */
static atomic_bool *recording;

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

static void at_thread_exit(void *unused) {
    (void)unused;
    bool was_busy = busy;
    busy = true;
    spare_chunk();
    busy = was_busy;
}

static bool take_spare_chunk(void) {
    lock_spares();
    bool found = spares > 0;
    if (found) chunk = spare[--spares];
    unlock_spares();
    return found;
}

/* Makes the file hold `size` bytes more, so that writing to them through a
 * mapping cannot fail; 0 or an errno. */
static int extend(int fd, off_t offset, off_t size) {
    static const char zeros[4096];
    if (fallocate(fd, 0, offset, size) == 0) return 0;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
    for (off_t done = 0; done < size; done += (off_t)sizeof(zeros)) {
        ssize_t n = pwrite(fd, zeros, sizeof(zeros), offset + done);
        if (n != (ssize_t)sizeof(zeros)) return n < 0 ? errno : ENOSPC;
    }
    return 0;
}

/* Past the program's limit for files, extending raises SIGXFSZ.  The program did not cause it,
 * and must not get it. */
static int extend_quietly(int fd, off_t offset, off_t size) {
    static const struct timespec now;
    sigset_t set, before, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    if (pthread_sigmask(SIG_BLOCK, &set, &before) != 0) return EINVAL;
    bool own = sigpending(&pending) == 0 && !sigismember(&pending, SIGXFSZ);
    int error = extend(fd, offset, size);
    while (error == EFBIG && own && sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Opens the file by its name, each time: the program could see, close or reuse a descriptor that
 * stays open.  Returns -1, with errno set, also where the name leads to another file, as below
 * another root. */
static int open_file(void) {
    struct stat found;
    int fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &found) != 0) return fd;
    if (!identity.st_ino) identity = found;
    if (found.st_dev == identity.st_dev && found.st_ino == identity.st_ino) return fd;
    close(fd);
    errno = ESTALE;
    return -1;
}

/* Takes a new chunk of the file. */
static int map_chunk(void) {
    int fd = open_file();
    if (fd < 0) return errno;
    uint32_t number = atomic_fetch_add(&header->chunks, 1);
    off_t offset = RAW_HEADER_SIZE + (off_t)number * RAW_CHUNK_SIZE;
    int error = extend_quietly(fd, offset, RAW_CHUNK_SIZE);
    if (!error) {
        void *at = mmap(NULL, RAW_CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
        if (at == MAP_FAILED) error = errno;
        if (!error) chunk = (struct span){at, (struct raw_record *)at + RAW_CHUNK_RECORDS};
    }
    close(fd);
    return error;
}

/* malloc is no cancellation point, but the calls that record it are.  Returns the state to
 * restore. */
static int no_cancellation(void) {
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

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
        if (error) atomic_compare_exchange_strong(&header->failed, &none, (uint32_t)error);
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

static void write_record(enum raw_op op, const void *address, size_t size, unsigned detail) {
    struct raw_record *record = chunk.next++;
    record->time_ns = now_ns();
    record->address = (uintptr_t)address;
    record->size_op = (uint64_t)size << 16 | detail << 8 | op;
    /* Relaxed is enough: the allocator itself orders a free before the malloc
     * that gets the same address, and so the numbers that each takes. */
    uint64_t sequence = 1 + atomic_fetch_add_explicit(&header->sequence, 1, memory_order_relaxed);
    atomic_store_explicit(&record->sequence, sequence << RAW_THREAD_BITS | (thread_number - 1),
                          memory_order_release);
}

/* In a forked child: says that it is there, and records nothing. */
static void stop_in_child(void) {
    if (!recording) return;
    recording = NULL;
    raw_count_child(header, atomic_load(&restricted) ? 0 : (uint32_t)getpid(), true);
}

void recorder_note(enum raw_op op, const void *address, size_t size, unsigned detail) {
    if (!recording) return;
    if (!atomic_load_explicit(recording, memory_order_relaxed)) {
        stop_in_child(); /* the child was not made by fork() */
        return;
    }
    /* A signal handler that interrupts this and allocates must not write, as its record
     * would come first. */
    bool lost = busy;
    if (!lost) {
        busy = true;
        atomic_signal_fence(memory_order_seq_cst);
        lost = !have_thread_number() || (chunk.next == chunk.end && !next_chunk());
        if (!lost) write_record(op, address, size, detail);
        atomic_signal_fence(memory_order_seq_cst);
        busy = false;
    }
    if (lost) atomic_fetch_add_explicit(&header->lost, 1, memory_order_relaxed);
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
    atomic_bool *page =
        mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    (void)madvise(page, sizeof(*page), MADV_WIPEONFORK); /* not before Linux 4.14 */
    (void)pthread_atfork(NULL, NULL, stop_in_child);
    *page = true;
    recording = page;
}

static struct raw_header *map_header(void) {
    int cancel = no_cancellation();
    int fd = open_file();
    void *at = MAP_FAILED;
    if (fd >= 0) {
        at = mmap(NULL, RAW_HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    pthread_setcancelstate(cancel, NULL);
    return at == MAP_FAILED ? NULL : at;
}

/* Maps the header; returns whether this process is the one to record.  Another process, which a
 * child executed, is counted. */
static bool join_recording(void) {
    const char *pid = getenv(RAW_ENV_PID), *name = getenv(RAW_ENV_FILE);
    if (!pid || !name || pid[0] == '0' || strlen(name) >= sizeof(file)) return false;
    strcpy(file, name);
    header = map_header();
    if (!header || header->magic != RAW_MAGIC) return false;
    if (strtol(pid, NULL, 10) == (long)getpid()) return true;
    raw_count_child(header, (uint32_t)getpid(), false);
    munmap(header, RAW_HEADER_SIZE);
    return false;
}

void recorder_start(void) {
    static atomic_bool done;
    if (atomic_load_explicit(&done, memory_order_relaxed)) return;
    int saved_errno = errno;
    if (environ && !atomic_flag_test_and_set(&started)) {
        if (join_recording() && pthread_key_create(&thread_key, at_thread_exit) == 0) {
            bool exec = atomic_fetch_add(&header->images, 1) > 0;
            begin_recording();
            if (exec) recorder_note(RAW_EXEC, NULL, 0, 0);
        }
        atomic_store(&done, true);
    }
    errno = saved_errno;
}
