/* A program whose allocations are known: those that count have sizes that
 * nothing else in the process asks for. */
#include "tests/tools/traced_program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Blocks that pass from thread to thread. */
static void *shared[SHARED_BLOCKS];

/* The compiler must know neither the result nor that nobody uses it. */
static void *hidden(void *ptr) {
    void *volatile result = ptr;
    return result;
}

static int one_of_each(void) {
    void *ptr = NULL;
    free(hidden(malloc(SIZE_MALLOC)));
    free(hidden(calloc(3, SIZE_CALLOC / 3)));
    ptr = hidden(realloc(NULL, SIZE_REALLOC_NULL));
    ptr = hidden(realloc(ptr, SIZE_REALLOC));
    ptr = hidden(reallocarray(ptr, 2, SIZE_REALLOCARRAY / 2));
    free(ptr);
    if (posix_memalign(&ptr, 4096, SIZE_POSIX_MEMALIGN) != 0) abort();
    free(hidden(ptr));
    free(hidden(aligned_alloc(64, SIZE_ALIGNED_ALLOC)));
    free(hidden(memalign(128, SIZE_MEMALIGN)));
    free(hidden(valloc(SIZE_VALLOC)));
    free(hidden(pvalloc(SIZE_PVALLOC)));
    /* These calls fail, so there is no event.  The compiler must not know the size. */
    volatile size_t huge = (size_t)-1 / 2;
    ptr = hidden(malloc(SIZE_KEPT));
    if (malloc(huge) || calloc(huge, 4) || realloc(ptr, huge)) abort();
    if (reallocarray(ptr, huge, 4)) abort();
    /* Never freed; strdup allocates as well. */
    char text[SIZE_STRDUP];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    hidden(strdup(text));
    return 0;
}

/* The destructor of this key allocates as well, after the destructor of ztrace's key. */
static pthread_key_t key;

static void at_thread_exit(void *block) {
    free(block);
    free(hidden(malloc(SIZE_THREAD_EXIT)));
}

/* Swaps its own block for one of another thread, grows that and frees it: threads reuse each
 * other's addresses all the time. */
static void *swap_blocks(void *arg) {
    unsigned seed = (unsigned)(size_t)arg;
    pthread_setspecific(key, hidden(malloc(SIZE_THREAD)));
    for (int i = 0; i < SWAPS; i++) {
        seed = seed * 1103515245 + 12345;
        void *mine = malloc(1 + (seed >> 16) % 600);
        void *other =
            __atomic_exchange_n(&shared[(seed >> 8) % SHARED_BLOCKS], mine, __ATOMIC_ACQ_REL);
        if (!other) continue;
        other = realloc(other, 1 + (seed >> 12) % 2000);
        free(other);
    }
    return NULL;
}

static int threads(void) {
    pthread_t thread[THREADS];
    pthread_key_create(&key, at_thread_exit);
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&thread[i], NULL, swap_blocks, (void *)(i + 1)) != 0) abort();
    }
    for (size_t i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    for (size_t i = 0; i < SHARED_BLOCKS; i++) free(shared[i]);
    return 0;
}

static int fork_child(bool past_libc) {
    free(hidden(malloc(SIZE_BEFORE_FORK)));
    pid_t pid = past_libc ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
    if (pid == 0) {
        for (int i = 0; i < 20000; i++) free(hidden(malloc(SIZE_CHILD)));
        _exit(0);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    free(hidden(malloc(SIZE_AFTER_FORK)));
    return status != 0;
}

static int call_fork(void) { return fork_child(false); }
static int call_clone(void) { return fork_child(true); }

/* Forks children that do nothing, then one that executes another program. */
static int many_children(void) {
    int status = 0;
    free(hidden(malloc(SIZE_MALLOC)));
    for (int i = 0; i <= CHILDREN && status == 0; i++) {
        pid_t pid = fork();
        if (pid == 0 && i < CHILDREN) _exit(0);
        if (pid == 0) execl("/bin/true", "true", (char *)NULL);
        if (pid < 0 || waitpid(pid, &status, 0) != pid) return 1;
    }
    return status != 0;
}

static void *allocate_once(void *unused) {
    free(hidden(malloc(SIZE_THREAD)));
    return unused;
}

/* Many threads, one after another, must not each take a piece of the file. */
static int short_threads(void) {
    struct stat stat_of_file;
    for (int i = 0; i < SHORT_THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, allocate_once, NULL) != 0) abort();
        pthread_join(thread, NULL);
    }
    if (stat(getenv("ZTRACE_RAW_FILE"), &stat_of_file) != 0) return 1;
    return stat_of_file.st_size > MAX_RAW_SIZE;
}

/* Allocates a size that malloc has in its cache. */
static void many_small(void) {
    for (int i = 0; i < KILLED_EVENTS; i++) free(hidden(malloc(SIZE_SMALL)));
}

static void many_events(void) {
    for (int i = 0; i < KILLED_EVENTS; i++) free(hidden(malloc(SIZE_MALLOC)));
}

static int limit(int resource, rlim_t most) {
    struct rlimit both = {most, most};
    if (setrlimit(resource, &both) != 0) return 1;
    many_events();
    return 0;
}

/* The recording cannot grow past these limits. */
static int limit_files(void) { return limit(RLIMIT_FSIZE, 1 << 20); }
static int limit_descriptors(void) { return limit(RLIMIT_NOFILE, 0); }

/* All descriptor numbers belong to the program: ztrace must keep none. */
static int close_all(void) {
    for (int fd = 3; fd < 1024; fd++) close(fd);
    many_events();
    return open("/dev/null", O_RDONLY) != 3;
}

/* ---- System calls that the kernel forbids ------------------------------- */

/* Forbids the system calls that give files and memory. */
static bool install_filter(bool by_prctl) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 6, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fallocate, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof(code) / sizeof(*code), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    if (by_prctl) return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

static int seccomp_filter(void) {
    free(hidden(malloc(SIZE_SMALL)));
    if (!install_filter(false)) return 1;
    many_small();
    return 0;
}

static int seccomp_by_prctl(void) {
    free(hidden(malloc(SIZE_SMALL)));
    if (!install_filter(true)) return 1;
    many_small();
    return 0;
}

static int seccomp_strict(void) {
    free(hidden(malloc(SIZE_SMALL)));
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return 1;
    many_small();
    syscall(SYS_exit, 0); /* ends this thread only; _exit() would end all threads */
    return 1;
}

/* Makes the call by which programs ask whether there are filters. */
static int seccomp_asked(void) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == 0) return 1;
    many_events();
    return 0;
}

/* ---- Ends ----------------------------------------------------------------- */

/* Is cancelled while it may hold something that no other thread could take then. */
static void *allocate_cancelled(void *unused) {
    pthread_cancel(pthread_self());
    many_events();
    return unused;
}

static int cancel_thread(void) {
    pthread_t thread;
    void *result = NULL;
    if (pthread_create(&thread, NULL, allocate_cancelled, shared) != 0) return 1;
    pthread_join(thread, &result);
    return result != shared; /* PTHREAD_CANCELED, when malloc acted on it */
}

static void make_events(void) {
    for (int i = 0; i < KILLED_EVENTS / 2; i++) free(hidden(malloc(SIZE_KILLED)));
}

/* Makes many events, then ends as it was asked to. */
static int end_by(int signal) {
    make_events();
    puts("ready");
    fflush(stdout);
    if (signal) raise(signal);
    close(STDOUT_FILENO); /* who reads it need not wait for this process */
    alarm(100);
    while (pause() != 0) {
    }
    return 0;
}

static int killed(void) { return end_by(SIGKILL); }
static int crash(void) { return end_by(SIGSEGV); }
static int wait_for_signal(void) { return end_by(0); }

static int kill_recorder(void) {
    make_events();
    return kill(getppid(), SIGKILL) != 0;
}

static void *half_touched(void *block, size_t size) { return memset(block, 1, size / 2); }

/* Touches large blocks in part. */
static int touch(void) {
    char *grown = NULL;
    free(hidden(malloc(SIZE_UNTOUCHED)));
    free(half_touched(hidden(malloc(SIZE_HALF)), SIZE_HALF));
    free(hidden(calloc(1, SIZE_ZEROS)));
    hidden(half_touched(hidden(malloc(SIZE_LEFT)), SIZE_LEFT));
    free(memset(hidden(malloc(SIZE_CLEARED)), 1, SIZE_CLEARED));
    free(half_touched(hidden(calloc(1, SIZE_CLEARED)), SIZE_CLEARED));
    void *block = half_touched(hidden(malloc(SIZE_LARGER)), SIZE_STEP);
    free(hidden(realloc(block, SIZE_RESIZED)));
    for (size_t i = 1; i <= STEPS; i++) {
        grown = hidden(realloc(grown, (size_t)i * SIZE_STEP));
        memset(grown + (i - 1) * SIZE_STEP, 1, SIZE_STEP);
    }
    char *zeros = half_touched(hidden(calloc(1, SIZE_PROTECTED)), SIZE_PROTECTED);
    char *page = zeros + 65536 - ((uintptr_t)zeros & 65535);
    if (mprotect(page, 65536, PROT_NONE) != 0) return 1;
    free(zeros); /* glibc unmaps it */
    errno = 0;
    free(grown);
    return errno != 0;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Has a large block, and works for WORK_MS; if it is to be idle, it makes no calls meanwhile. */
static int work(bool idle) {
    const struct timespec pause = {.tv_nsec = 1000000};
    const double end = now() + WORK_MS / 1000.0;
    hidden(half_touched(hidden(malloc(SIZE_LEFT)), SIZE_LEFT));
    while (now() < end) {
        if (!idle) free(hidden(malloc(SIZE_SMALL)));
        nanosleep(&pause, NULL);
    }
    free(hidden(malloc(SIZE_AFTER)));
    return 7;
}

static int work_busily(void) { return work(false); }
static int work_idly(void) { return work(true); }

/* Takes memory in steps, then CPU time. */
static int grow(void) {
    const struct timespec pause = {.tv_nsec = 60000000};
    struct timespec cpu = {.tv_sec = 0};
    for (int i = 0; i < GROWN_STEPS; i++) {
        memset(hidden(malloc(GROWN / GROWN_STEPS)), 1, GROWN / GROWN_STEPS);
        nanosleep(&pause, NULL);
    }
    while (cpu.tv_sec == 0 && cpu.tv_nsec < 100000000) {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    }
    return 0;
}

/* Has ztrace begin and stop, with a block before, between and after. */
static int ask_recorder(void) {
    const struct timespec pause = {.tv_sec = 1};
    void *before = hidden(malloc(SIZE_PAUSED));
    if (kill(getppid(), SIGUSR1) != 0) return 1;
    nanosleep(&pause, NULL);
    free(before);
    hidden(half_touched(hidden(malloc(SIZE_LEFT)), SIZE_LEFT));
    free(hidden(malloc(SIZE_BEGUN)));
    if (kill(getppid(), SIGUSR2) != 0) return 1;
    for (const double end = now() + 1; now() < end;) {
        free(hidden(malloc(SIZE_SMALL)));
        nanosleep(&(const struct timespec){.tv_nsec = 1000000}, NULL);
    }
    free(hidden(malloc(SIZE_AFTER)));
    return 7;
}

static void *sleep_under_a_name(void *ms) {
    const struct timespec pause = {.tv_nsec = *(long *)ms * 1000000};
    if (pthread_setname_np(pthread_self(), "jemalloc_bg_thd") != 0) abort();
    nanosleep(&pause, NULL);
    return NULL;
}

/* Has a thread that is called as jemalloc's background thread, for some ms of BACKGROUND_MS. */
static int background(long ms) {
    const struct timespec pause = {.tv_nsec = BACKGROUND_MS * 1000000};
    pthread_t thread;
    free(hidden(malloc(SIZE_SMALL)));
    if (pthread_create(&thread, NULL, sleep_under_a_name, &ms) != 0) return 1;
    nanosleep(&pause, NULL);
    return 0;
}

static int background_stays(void) { return background(999); }
static int background_ends(void) { return background(BACKGROUND_MS / 2); }

static int status(void) {
    free(hidden(malloc(SIZE_MALLOC)));
    return 7;
}

static int spawn(void) {
    free(hidden(malloc(SIZE_MALLOC)));
    return system("true; true") != 0;
}

/* Overwrites the environment, as servers do that write a title there. */
static int clear_environment(void) {
    for (char **variable = environ; *variable; variable++) {
        memset(*variable, 'x', strlen(*variable));
    }
    clearenv();
    many_events();
    return 0;
}

static int children_ignored(void) {
    free(hidden(malloc(SIZE_MALLOC)));
    return signal(SIGCHLD, SIG_DFL) != SIG_IGN;
}

/* A limit of files ends a program, as does a closed pipe, unless the program asks otherwise. */
static int signals_default(void) {
    free(hidden(malloc(SIZE_MALLOC)));
    return signal(SIGXFSZ, SIG_DFL) != SIG_DFL || signal(SIGPIPE, SIG_DFL) != SIG_DFL;
}

static int print_folder(void) {
    char folder[4096];
    return puts(getcwd(folder, sizeof(folder))) < 0;
}

/* Starts a program by vfork. */
static int start_by_vfork(char *program) {
    char *arguments[] = {program, "status", NULL};
    int status;
    free(hidden(malloc(SIZE_SMALL)));
    pid_t pid = vfork(); /* NOLINT: what is tested */
    if (pid == 0) {
        execv(program, arguments);
        _exit(1);
    }
    return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status);
}

static int start_by_spawn(char *program) {
    char *arguments[] = {program, "status", NULL};
    pid_t pid;
    int status;
    free(hidden(malloc(SIZE_SMALL)));
    if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0) return 1;
    return waitpid(pid, &status, 0) != pid || !WIFEXITED(status);
}

static int become(char *program) {
    free(hidden(malloc(SIZE_SMALL)));
    return execl(program, program, (char *)NULL);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
    } known[] = {
        {"each", one_of_each},
        {"threads", threads},
        {"fork", call_fork},
        {"clone", call_clone},
        {"children", many_children},
        {"short-threads", short_threads},
        {"touch", touch},
        {"work", work_busily},
        {"idle", work_idly},
        {"grow", grow},
        {"ask-recorder", ask_recorder},
        {"background-stays", background_stays},
        {"background-ends", background_ends},
        {"status", status},
        {"spawn", spawn},
        {"clear-environment", clear_environment},
        {"limit-files", limit_files},
        {"limit-descriptors", limit_descriptors},
        {"close-all", close_all},
        {"seccomp-filter", seccomp_filter},
        {"seccomp-by-prctl", seccomp_by_prctl},
        {"seccomp-strict", seccomp_strict},
        {"seccomp-asked", seccomp_asked},
        {"cancel", cancel_thread},
        {"children-ignored", children_ignored},
        {"signals", signals_default},
        {"kill", killed},
        {"crash", crash},
        {"wait", wait_for_signal},
        {"kill-recorder", kill_recorder},
        {"pwd", print_folder},
    };
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "nothing") == 0) return argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(what, "exec") == 0) {
        hidden(malloc(SIZE_BEFORE_EXEC));
        execl(argv[0], argv[0], "each", (char *)NULL);
    }
    if (strcmp(what, "vfork") == 0 && argc > 2) return start_by_vfork(argv[2]);
    if (strcmp(what, "posix-spawn") == 0 && argc > 2) return start_by_spawn(argv[2]);
    if (strcmp(what, "become") == 0 && argc > 2) return become(argv[2]);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(what, known[i].name) == 0) return known[i].run();
    }
    return 2;
}
