/* Runs a program with all its descendants. */
#ifndef TOOLS_ZMEASURE_KEEPER_H_
#define TOOLS_ZMEASURE_KEEPER_H_

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the processes used until they ended. */
struct keeper_usage {
    double user_seconds, system_seconds;
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
    uint64_t largest_rss; /* the most that one of them had, in bytes */
};

/* A process of ours that starts the program, adopts what the program leaves behind, and waits for
 * all of it.  Nothing of it outlives the keeper, nor the keeper this process. */
struct keeper {
    pid_t keeper;  /* parent of all */
    pid_t program; /* 0 once it has ended */
    int report;    /* readable when keeper_read() has news; -1 once all have ended */
    bool ended;    /* the program has ended */
    bool all_ended;
    bool lost;                 /* somebody killed the keeper: seconds and usage are 0 */
    int status;                /* of the program, as waitpid() gives it */
    double seconds;            /* from its start until all had ended */
    struct keeper_usage usage; /* once all have ended */
};

struct keeper_start {
    char *const *command;
    char *const *environment; /* "NAME=VALUE", on top of ours; ends with NULL */
    const char *folder;       /* to run in; NULL: this one */
    int in, out, err;         /* its files */
};

/* Starts a program.  0, or an errno. */
int keeper_start(struct keeper *keeper, const struct keeper_start *start);

/* Takes the news.  False when the keeper itself was killed. */
bool keeper_read(struct keeper *keeper);

/* Kills the program and all its descendants; keeper_read() then tells of their end. */
void keeper_kill(const struct keeper *keeper);

/* Kills and waits for all of it. */
void keeper_end(struct keeper *keeper);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_ZMEASURE_KEEPER_H_ */
