/* A server's benchmark against two builds of the server, in turn. */
#ifndef TOOLS_REDIS_BENCH_BENCH_H_
#define TOOLS_REDIS_BENCH_BENCH_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TOOL "redis_bench"

/* The builds that are compared: the server with its own zmalloc and jemalloc, and
 * with ours. */
enum build { OWN, OURS, BUILDS };

/* Requests a second and latency in milliseconds, as the server's benchmark measures them; processor
 * time of the server, in microseconds a request. */
enum measure { RPS, CPU, P99, MEASURES };

/* Fields of INFO memory. */
enum figure { USED, RSS, FRAGMENTATION, ALLOCATOR_FRAGMENTATION, FIGURES };

enum { MAX_ROUNDS = 25 };

struct options {
    const char *server;
    uint64_t seconds, rounds, keys;
    bool json;
};

/* One line of the table. */
struct line {
    const char *name;
    const char *test;  /* of the benchmark's -t */
    int pipeline;      /* requests that are sent at once */
    uint64_t requests; /* in a round */
    double rounds[BUILDS][MEASURES][MAX_ROUNDS];
};

enum { LINES = 8 };

/* All results of servers with so many io-threads. */
struct section {
    int io_threads;
    struct line lines[LINES];
    double memory[BUILDS][FIGURES];
};

struct programs {
    char servers[BUILDS][4096];
    char benchmark[4096];
    char cli[4096];
};

struct server {
    pid_t pid;
    char port[8];
    char allocator[64]; /* as INFO memory names it */
};

/* ---- process.c --------------------------------------------------------- */

/* Runs a program to its end, or ends it after `seconds`.  Its stdout is in text, cut to fit.  0, or
 * -1 and one line on stderr. */
int run_program(char *const *command, int seconds, char *text, size_t size);

/* Starts a server on a free port of 127.0.0.1 and waits until it answers.  The server ends when
 * this process does, in whatever way.  0, or -1 and one line. */
int start_server(const struct programs *programs, enum build build, int io_threads,
                 struct server *server);
void stop_server(struct server *server);

/* Suspends the other server.  Valkey's io-threads use the processor while nobody calls them. */
void let_run_alone(const struct server servers[BUILDS], enum build build);

/* Processor time of all threads of a server until now, in seconds. */
double server_cpu(const struct server *server);

/* The value of a field of INFO memory; false where it is not there. */
bool server_info(const struct programs *programs, const struct server *server, const char *field,
                 char *value, size_t size);

/* ---- report.c ---------------------------------------------------------- */

void print_table(const struct options *options, const struct section *sections, size_t count,
                 const char allocators[BUILDS][64]);
void print_json(const struct options *options, const struct section *sections, size_t count,
                const char allocators[BUILDS][64]);

#endif /* TOOLS_REDIS_BENCH_BENCH_H_ */
