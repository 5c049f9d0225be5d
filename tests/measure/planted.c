/* A program that takes memory and time as it is told. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void sleep_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Takes memory that no allocator decides about. */
static void take(size_t mib) {
    char *memory =
        mmap(NULL, (mib + 1) << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) exit(3);
    memset(memory, 1, mib << 20);
}

static void burn(long ms) {
    struct timespec used;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    } while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < ms);
}

static void in_child(void (*work)(void)) {
    pid_t child = fork();
    if (child == 0) {
        work();
        exit(0);
    }
    waitpid(child, NULL, 0);
}

static void child(void) {
    burn(200);
    take(60);
    sleep_ms(300);
}

/* Half of its CPU time is inside malloc and free, which take a system call each. */
static void allocate(void) {
    for (long ms = 20; ms < 600; ms += 20) {
        struct timespec used;
        burn(ms + 10);
        do {
            void *volatile block = malloc(64 << 20);
            free(block);
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        } while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < ms + 20);
    }
}

static void *allocate_in_thread(void *nothing) {
    allocate();
    return nothing;
}

static void in_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, allocate_in_thread, NULL) == 0) pthread_join(thread, NULL);
}

static void serve(void) {
    for (;;) sleep_ms(1000);
}

static void burn_and_serve(void) {
    burn(50);
    serve();
}

/* Goes into the background, as a daemon does. */
static void daemonize(void) {
    if (fork() != 0) exit(0);
    setsid();
    if (fork() != 0) exit(0);
    take(30);
    serve();
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    const char *preloaded = getenv("LD_PRELOAD"), *grow = getenv("GROW"), *crash = getenv("CRASH");
    take(20);
    if (grow) take((size_t)atoi(grow));
    printf("preloaded %d\nrate: 7 a second\nrate: %s a second\n", preloaded != NULL,
           grow ? "50.5" : "100.5");
    fflush(stdout);
    if (crash) raise(SIGSEGV);
    if (strcmp(what, "child") == 0) in_child(child);
    if (strcmp(what, "serve") == 0) serve();
    if (strcmp(what, "burn") == 0) burn(600);
    if (strcmp(what, "allocate") == 0) allocate();
    if (strcmp(what, "allocate-in-thread") == 0) in_thread();
    if (strcmp(what, "allocate-in-child") == 0) in_child(allocate);
    if (strcmp(what, "serve-in-child") == 0) in_child(burn_and_serve);
    if (strcmp(what, "daemon") == 0) daemonize();
    if (strcmp(what, "stubborn") == 0) {
        signal(SIGTERM, SIG_IGN);
        in_child(serve);
    }
    if (strcmp(what, "exec") == 0 && argc > 2) { /* without the environment, and what is in it */
        char *environment[] = {NULL};
        execve(argv[2], argv + 2, environment);
        return 3;
    }
    if (strcmp(what, "status") == 0) return grow ? 4 : 5;
    if (strcmp(what, "long") == 0) sleep_ms(1000);
    burn(20);
    sleep_ms(150);
    return 0;
}
