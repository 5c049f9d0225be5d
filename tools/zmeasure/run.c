/* One run of the program, watched from outside. */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "tools/zmeasure/measure.h"
#include "tools/zmeasure/task.h"
#include "tools/zmeasure/watch.h"

enum { READY_SECONDS = 60, STOP_SECONDS = 5 };

/* ---- Signals ------------------------------------------------------------ */

static volatile sig_atomic_t noted;

static void take(int signal) { noted = signal; }

void take_signals(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        struct sigaction before, action = {.sa_handler = take};
        sigaction(signals[i], NULL, &before);
        /* A signal that is ignored, such as SIGHUP under nohup, stays ignored. */
        if (before.sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
    }
}

int interrupted(void) { return noted; }

/* ---- Waiting ------------------------------------------------------------ */

struct session {
    const struct options *options;
    struct column *column;
    struct outcome *outcome;
    struct task program, helper; /* helper: --ready or --load */
    struct watch watch;
    double deadline; /* of the run */
};

static void fail(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct session *session, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(session->column->failed, sizeof(session->column->failed), format, args);
    va_end(args);
}

/* Looks which processes are inside malloc. */
static void take_sample(const struct watch *watch, struct sampler *sampler) {
    double cpu = own_cpu();
    for (size_t i = 0; i < watch->list.count; i++) sampler_look(sampler, watch->list.pids[i]);
    sampler_wait(sampler, own_cpu() - cpu);
}

/* Waits until there is something to read or to do, `until` at the latest, and does it. */
static void wait_a_little(struct session *session, double until) {
    struct task *tasks[] = {&session->program, &session->helper};
    struct pollfd fds[6];
    struct proc_memory sum;
    for (int i = 0; i < 2; i++) {
        bool active = tasks[i]->active && !tasks[i]->keeper.all_ended;
        fds[3 * i] = (struct pollfd){active ? tasks[i]->keeper.report : -1, POLLIN, 0};
        fds[3 * i + 1] = (struct pollfd){active ? tasks[i]->out.fd : -1, POLLIN, 0};
        fds[3 * i + 2] = (struct pollfd){active ? tasks[i]->err.fd : -1, POLLIN, 0};
    }
    if (!session->program.keeper.all_ended && session->watch.next < until) {
        until = session->watch.next;
    }
    struct sampler *sampler = session->column->sampler;
    bool samples = sampler && !session->program.keeper.all_ended;
    if (samples && sampler->next < until) until = sampler->next;
    double left = until - now();
    struct timespec timeout = {0};
    if (left > 0) timeout.tv_sec = (time_t)left;
    if (left > 0) timeout.tv_nsec = (long)((left - floor(left)) * 1e9);
    int ready = ppoll(fds, 6, &timeout, NULL);
    for (int i = 0; ready > 0 && i < 2; i++) {
        if (fds[3 * i + 1].revents) read_output(&tasks[i]->out);
        if (fds[3 * i + 2].revents) read_output(&tasks[i]->err);
        if (fds[3 * i].revents) (void)keeper_read(&tasks[i]->keeper);
    }
    bool alive = session->program.active && !session->program.keeper.all_ended;
    if (alive && now() >= session->watch.next) (void)look(&session->watch, false, &sum);
    if (alive && samples && now() >= sampler->next) take_sample(&session->watch, sampler);
}

/* Waits until `*done`, or until the time has come.  Returns whether *done. */
static bool wait_for(struct session *session, const bool *done, double until) {
    while (!*done && !noted && now() < until) wait_a_little(session, until);
    return *done;
}

void status_text(int status, char *text, size_t size) {
    if (WIFSIGNALED(status)) {
        snprintf(text, size, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
    }
}

/* ---- The parts of a run ------------------------------------------------- */

/* Runs a helper to its end, while the program runs.  -1 when it had to be left, or its status. */
static int run_helper(struct session *session, const char *shell_command, double until) {
    char pid[64];
    char *command[] = {(char *)"/bin/sh", (char *)"-c", (char *)shell_command, NULL};
    char *environment[] = {pid, NULL};
    snprintf(pid, sizeof(pid), "ZMEASURE_PID=%d", (int)session->program.keeper.program);
    free_task(&session->helper);
    int error = start_task(&session->helper, command, environment);
    if (error) {
        fail(session, "sh: %s", strerror(error));
        return -1;
    }
    while (!session->helper.keeper.ended && !session->program.keeper.all_ended && !noted &&
           now() < until) {
        wait_a_little(session, until);
    }
    bool ended = session->helper.keeper.ended;
    int status = session->helper.keeper.status;
    end_task(&session->helper);
    return ended ? status : -1;
}

/* Says how the program ended too early. */
static int ended_early(struct session *session, const char *when) {
    char status[128], line[256];
    end_task(&session->program);
    status_text(session->program.keeper.status, status, sizeof(status));
    last_line(session->program.err.used ? &session->program.err : &session->program.out, line,
              sizeof(line));
    fail(session, "the program ended %s: %s%s%s", when, status, line[0] ? ": " : "", line);
    return 1;
}

static int wait_until_ready(struct session *session) {
    const struct options *options = session->options;
    const bool *ended = &session->program.keeper.all_ended;
    double until = now() + READY_SECONDS;
    if (!options->ready && !wait_for(session, ended, now() + 0.5)) return noted ? -1 : 0;
    while (options->ready && !*ended && !noted && now() < until) {
        if (run_helper(session, options->ready, until) == 0) return 0;
        wait_for(session, ended, now() + 0.05);
    }
    if (noted) return -1;
    if (*ended) return ended_early(session, "before it was ready");
    fail(session, "--ready has not succeeded after %d s", READY_SECONDS);
    return 1;
}

/* The memory at this moment, exactly. */
static double exact_rss(struct session *session) {
    struct proc_memory sum;
    session->watch.next_walk = 0;
    return look(&session->watch, true, &sum) ? (double)sum.rss : NAN;
}

static int run_load(struct session *session) {
    struct outcome *outcome = session->outcome;
    const bool *ended = &session->program.keeper.all_ended;
    outcome->load_begin = now() - session->watch.begin;
    int status = run_helper(session, session->options->load, session->deadline);
    outcome->load_end = now() - session->watch.begin;
    outcome->values[WALL] = session->helper.keeper.seconds;
    if (noted) return -1;
    if (*ended) return ended_early(session, "while the load ran");
    if (status != 0) {
        char line[256], text[128];
        status_text(status, text, sizeof(text));
        last_line(session->helper.err.used ? &session->helper.err : &session->helper.out, line,
                  sizeof(line));
        if (status < 0) snprintf(text, sizeof(text), "not done in time (--timeout)");
        fail(session, "--load: %s%s%s", text, line[0] ? ": " : "", line);
        return 1;
    }
    outcome->values[RSS_END] = exact_rss(session);
    return 0;
}

static int idle(struct session *session) {
    const bool *ended = &session->program.keeper.all_ended;
    if (session->options->idle_seconds <= 0) return 0;
    if (wait_for(session, ended, now() + session->options->idle_seconds)) {
        return ended_early(session, "while it was idle");
    }
    if (noted) return -1;
    session->outcome->values[RSS_IDLE] = exact_rss(session);
    return 0;
}

/* Asks the program to end; a program that went into the background is asked there. */
static int stop(struct session *session) {
    const struct keeper *keeper = &session->program.keeper;
    if (keeper->program > 0) {
        kill(keeper->program, SIGTERM);
    } else {
        proc_below(keeper->keeper, &session->watch.list);
        for (size_t i = 0; i < session->watch.list.count; i++) {
            kill(session->watch.list.pids[i], SIGTERM);
        }
    }
    if (wait_for(session, &keeper->all_ended, now() + STOP_SECONDS)) return 0;
    session->outcome->killed = true;
    return noted ? -1 : 0;
}

static int with_load(struct session *session) {
    int result = wait_until_ready(session);
    if (result == 0) result = run_load(session);
    const struct watch *watch = &session->watch;
    if (result == 0 && looked_enough(watch, session->outcome->load_end)) {
        session->outcome->values[ANON_MEAN] = watch->area / watch->looked;
    }
    if (result == 0) result = idle(session);
    return result == 0 ? stop(session) : result;
}

static int to_its_end(struct session *session) {
    struct outcome *outcome = session->outcome;
    const struct watch *watch = &session->watch;
    bool ended = wait_for(session, &session->program.keeper.all_ended, session->deadline);
    if (noted) return -1;
    if (!ended) {
        fail(session, "still runs after %.0f s (--timeout); a server needs --load",
             session->options->timeout_seconds);
        return 1;
    }
    outcome->values[WALL] = session->program.keeper.seconds;
    if (looked_enough(watch, session->program.keeper.seconds)) {
        outcome->values[ANON_MEAN] = watch->area / watch->looked;
    }
    return 0;
}

/* ---- The figures -------------------------------------------------------- */

/* The number that a group matched; NAN when it is none. */
static double number_in(const char *text, const regmatch_t *group) {
    char copy[64], *end;
    size_t size = group->rm_so >= 0 ? (size_t)(group->rm_eo - group->rm_so) : 0;
    if (size == 0 || size >= sizeof(copy)) return NAN;
    memcpy(copy, text + group->rm_so, size);
    copy[size] = '\0';
    double number = strtod(copy, &end);
    return *end == '\0' ? number : NAN;
}

/* The last number that the regular expression finds in a line. */
static double find_in_line(const regex_t *regex, const char *line) {
    regmatch_t groups[2];
    double found = NAN;
    int flags = 0;
    while (regexec(regex, line, 2, groups, flags) == 0) {
        double number = number_in(line, &groups[1]);
        if (!isnan(number)) found = number;
        line += groups[0].rm_eo;
        if (groups[0].rm_eo == groups[0].rm_so && *line++ == '\0') break;
        flags = REG_NOTBOL;
    }
    return found;
}

/* The last number that it finds: line by line from the end, because each search goes to the end of
 * the text that it is given.  Of a very long line only its end is searched. */
static double find_metric(const struct metric *metric, const struct output *output) {
    enum { MOST_LINE = 16384 };
    char line[MOST_LINE + 1];
    double found = NAN;
    size_t end = output->used;
    while (output->text && isnan(found)) {
        size_t begin = end;
        while (begin > 0 && output->text[begin - 1] != '\n') begin--;
        size_t size = end - begin < MOST_LINE ? end - begin : MOST_LINE;
        memcpy(line, output->text + end - size, size);
        line[size] = '\0';
        found = find_in_line(&metric->regex, line);
        if (begin == 0) break;
        end = begin - 1;
    }
    return found;
}

static void find_metrics(const struct session *session) {
    const struct task *task = session->options->load ? &session->helper : &session->program;
    for (size_t i = 0; i < session->options->metric_count; i++) {
        const struct metric *metric = &session->options->metrics[i];
        double found = find_metric(metric, &task->out);
        if (isnan(found)) found = find_metric(metric, &task->err);
        session->outcome->values[FIGURES + i] = found;
    }
}

/* What was only seen from time to time is a figure when it was seen often enough.  The kernel knows
 * the most that one process had. */
static void fill_seen(const struct session *session) {
    const struct watch *watch = &session->watch;
    const struct keeper *keeper = &session->program.keeper;
    struct outcome *outcome = session->outcome;
    double *values = outcome->values, largest = (double)keeper->usage.largest_rss;
    bool enough = looked_enough(watch, keeper->seconds);
    /* The kernel's figures lag behind by some pages. */
    if (enough || !outcome->several) {
        double later = fmax(values[RSS_END], values[RSS_IDLE]); /* NAN where they are not known */
        values[RSS_PEAK] = fmax(fmax(largest, watch->most_rss), later);
    }
    outcome->file_rss = enough || !outcome->several ? watch->most_file : NAN;
    if (enough && outcome->several) values[ANON_PEAK] = watch->most_anon;
    /* When the peak itself was seen, the pages of files were seen too. */
    bool seen = !outcome->several && watch->most_rss >= 0.95 * largest;
    if (seen) values[ANON_PEAK] = fmax(largest - watch->most_file, watch->most_anon);
    if (enough) values[THREADS] = (double)watch->most_threads;
    if (enough) values[PROCESSES] = (double)watch->most_processes;
}

static void fill(const struct session *session) {
    const struct keeper_usage *usage = &session->program.keeper.usage;
    struct outcome *outcome = session->outcome;
    double *values = outcome->values;
    values[CPU_USER] = usage->user_seconds;
    values[CPU_SYSTEM] = usage->system_seconds;
    values[CPU] = usage->user_seconds + usage->system_seconds;
    values[MINOR_FAULTS] = (double)usage->minor_faults;
    values[MAJOR_FAULTS] = (double)usage->major_faults;
    values[VOLUNTARY] = (double)usage->voluntary_switches;
    values[INVOLUNTARY] = (double)usage->involuntary_switches;
    outcome->status = session->program.keeper.status;
    outcome->out_hash = session->program.out.hash;
    outcome->out_size = session->program.out.size;
    fill_seen(session);
    find_metrics(session);
}

/* What processors did for others than the program, the load and this. */
static void fill_noise(const struct session *session, const struct proc_machine *before,
                       double own_before) {
    struct proc_machine after;
    const struct keeper_usage *load = &session->helper.keeper.usage;
    if (!proc_machine(&after) || after.all <= before->all) return;
    double all = after.all - before->all;
    double busy = all - (after.idle - before->idle) - (after.stolen - before->stolen);
    double ours = session->outcome->values[CPU] + load->user_seconds + load->system_seconds +
                  own_cpu() - own_before;
    session->outcome->other = busy > ours ? (busy - ours) / all : 0;
    session->outcome->stolen = (after.stolen - before->stolen) / all;
}

/* Whether the library took the place of malloc: 0; 1 when it did not; 2 when it was not seen. */
static int check_library(struct session *session) {
    const struct watch *watch = &session->watch;
    const struct seen *largest = largest_seen(watch);
    if (!session->column->variant.library[0]) return 0;
    for (size_t i = 0; i < watch->seen_count; i++) {
        const struct seen *seen = &watch->seen[i];
        if (seen != largest && ran_without(seen)) strcpy(session->outcome->without, seen->program);
    }
    if (largest && largest->took) return 0;
    bool without = largest && ran_without(largest);
    fail(session,
         without ? "%s ran without the library"
                 : "%s was not seen with the library: its runs may be too short",
         largest && largest->program[0] ? largest->program : session->options->command[0]);
    return without ? 1 : 2;
}

int run_once(const struct options *options, struct column *column, struct outcome *outcome) {
    struct session *session = calloc(1, sizeof(*session));
    struct proc_machine before;
    if (!session) return -1;
    *session = (struct session){.options = options, .column = column, .outcome = outcome};
    session->helper.out.fd = session->helper.err.fd = -1;
    for (int i = 0; i < VALUES; i++) outcome->values[i] = NAN;
    double own = own_cpu();
    (void)proc_machine(&before);
    int error = start_task(&session->program, options->command, column->variant.environment);
    int result = 1;
    if (error) {
        fail(session, "cannot be started: %s", strerror(error));
    } else {
        begin_watch(&session->watch, column, outcome, &session->program.keeper);
        session->deadline = now() + options->timeout_seconds;
        result = options->load ? with_load(session) : to_its_end(session);
        end_task(&session->program);
        fill(session);
        fill_noise(session, &before, own);
        if (session->program.keeper.lost) {
            fail(session, "lost: the process that watched the program was killed");
            result = 1;
        }
        if (result == 0) result = check_library(session);
    }
    free_task(&session->helper);
    free_task(&session->program);
    free(session->watch.list.pids);
    free(session);
    return noted ? -1 : result;
}
