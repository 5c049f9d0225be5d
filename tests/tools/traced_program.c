/* A program whose allocations are known: those that count have sizes that
 * nothing else in the process asks for. */
#include "tests/tools/traced_program.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Blocks that pass from thread to thread. */
static void *shared[SHARED_BLOCKS];

/* The compiler knows neither what comes out nor that it is not used. */
static void *hidden(void *ptr) {
    void *volatile result = ptr;
    return result;
}

static void one_of_each(void) {
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
    /* These fail: nothing happened.  A size that is not known in advance. */
    volatile size_t huge = (size_t)-1 / 2;
    ptr = hidden(malloc(SIZE_KEPT));
    if (malloc(huge) || calloc(huge, 4) || realloc(ptr, huge)) abort();
    if (reallocarray(ptr, huge, 4)) abort();
    /* Never freed; strdup allocates as well. */
    char text[SIZE_STRDUP];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    hidden(strdup(text));
}

/* Allocates in a destructor of the thread as well, and after that of ztrace. */
static pthread_key_t key;

static void at_thread_exit(void *block) {
    free(block);
    free(hidden(malloc(SIZE_THREAD_EXIT)));
}

/* Swaps a block of its own for one of another thread's, grows that and frees
 * it: addresses are reused between threads all the time. */
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

static void threads(void) {
    pthread_t thread[THREADS];
    pthread_key_create(&key, at_thread_exit);
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&thread[i], NULL, swap_blocks, (void *)(i + 1)) != 0) abort();
    }
    for (size_t i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    for (size_t i = 0; i < SHARED_BLOCKS; i++) free(shared[i]);
}

static void fork_child(bool past_libc) {
    free(hidden(malloc(SIZE_BEFORE_FORK)));
    pid_t pid = past_libc ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
    if (pid == 0) {
        for (int i = 0; i < 20000; i++) free(hidden(malloc(SIZE_CHILD)));
        _exit(0);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    free(hidden(malloc(SIZE_AFTER_FORK)));
    if (status != 0) exit(1);
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

/* Past the limit for files, where the recording cannot go. */
static int limit_files(void) {
    struct rlimit limit = {1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    for (int i = 0; i < KILLED_EVENTS; i++) free(hidden(malloc(SIZE_MALLOC)));
    return 0;
}

/* Is cancelled while it holds what no other could take then. */
static void *allocate_cancelled(void *unused) {
    pthread_cancel(pthread_self());
    for (int i = 0; i < KILLED_EVENTS; i++) free(hidden(malloc(SIZE_MALLOC)));
    return unused;
}

static int cancel_thread(void) {
    pthread_t thread;
    void *result = NULL;
    if (pthread_create(&thread, NULL, allocate_cancelled, shared) != 0) return 1;
    pthread_join(thread, &result);
    return result != shared; /* PTHREAD_CANCELED, when malloc let it be */
}

static void make_events(void) {
    for (int i = 0; i < KILLED_EVENTS / 2; i++) free(hidden(malloc(SIZE_KILLED)));
}

/* Lots of events, then the end that is asked for. */
static void end_by(int signal) {
    make_events();
    puts("ready");
    fflush(stdout);
    if (signal) raise(signal);
    for (;;) pause();
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "each") == 0) {
        one_of_each();
    } else if (strcmp(what, "threads") == 0) {
        threads();
    } else if (strcmp(what, "fork") == 0) {
        fork_child(false);
    } else if (strcmp(what, "clone") == 0) {
        fork_child(true);
    } else if (strcmp(what, "short-threads") == 0) {
        return short_threads();
    } else if (strcmp(what, "exec") == 0) {
        hidden(malloc(SIZE_BEFORE_EXEC));
        execl(argv[0], argv[0], "each", (char *)NULL);
    } else if (strcmp(what, "status") == 0) {
        free(hidden(malloc(SIZE_MALLOC)));
        return 7;
    } else if (strcmp(what, "nothing") == 0) {
        return argc > 2 ? atoi(argv[2]) : 0;
    } else if (strcmp(what, "spawn") == 0) {
        free(hidden(malloc(SIZE_MALLOC)));
        return system("true; true") != 0;
    } else if (strcmp(what, "clear-environment") == 0) {
        /* As servers do that write a title there. */
        for (char **variable = environ; *variable; variable++) {
            memset(*variable, 'x', strlen(*variable));
        }
        clearenv();
        for (int i = 0; i < 100000; i++) free(hidden(malloc(SIZE_MALLOC)));
    } else if (strcmp(what, "limit-files") == 0) {
        return limit_files();
    } else if (strcmp(what, "cancel") == 0) {
        return cancel_thread();
    } else if (strcmp(what, "children-ignored") == 0) {
        free(hidden(malloc(SIZE_MALLOC)));
        return signal(SIGCHLD, SIG_DFL) != SIG_IGN;
    } else if (strcmp(what, "kill") == 0) {
        end_by(SIGKILL);
    } else if (strcmp(what, "crash") == 0) {
        end_by(SIGSEGV);
    } else if (strcmp(what, "wait") == 0) {
        end_by(0);
    } else if (strcmp(what, "kill-recorder") == 0) {
        make_events();
        return kill(getppid(), SIGKILL) != 0;
    } else if (strcmp(what, "pwd") == 0) {
        char folder[4096];
        puts(getcwd(folder, sizeof(folder)));
    } else {
        return 2;
    }
    return 0;
}
