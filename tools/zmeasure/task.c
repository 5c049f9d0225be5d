#include "tools/zmeasure/task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/common/cli.h"

enum { MOST_TEXT = 1 << 20 };

/* ---- What it prints ----------------------------------------------------- */

/* Keeps the last of the text: at least half of MOST_TEXT, if there is so much. */
static void keep_text(struct output *output, const char *text, size_t size) {
    if (!output->text) output->text = malloc(MOST_TEXT + 1);
    if (!output->text) return;
    if (output->used + size > MOST_TEXT) {
        memmove(output->text, output->text + output->used - MOST_TEXT / 2, MOST_TEXT / 2);
        output->used = MOST_TEXT / 2;
    }
    for (size_t i = 0; i < size; i++) { /* the text ends at its first 0 */
        output->text[output->used] = ' ';
        if (text[i]) output->text[output->used] = text[i];
        output->used++;
    }
    output->text[output->used] = '\0';
}

void read_output(struct output *output) {
    char text[65536];
    ssize_t n;
    while (output->fd >= 0 && (n = read(output->fd, text, sizeof(text))) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) break;
        for (ssize_t i = 0; i < n; i++) { /* FNV-1a */
            output->hash = (output->hash ^ (unsigned char)text[i]) * 0x100000001b3;
        }
        output->size += (uint64_t)n;
        keep_text(output, text, (size_t)n);
    }
    if (output->fd >= 0) close(output->fd);
    output->fd = -1;
}

static void close_output(struct output *output) {
    if (output->fd >= 0) close(output->fd);
    free(output->text);
    *output = (struct output){.fd = -1};
}

void last_line(const struct output *output, char *line, size_t size) {
    size_t end = output->used, begin;
    while (end > 0 && strchr("\r\n\t ", output->text[end - 1])) end--;
    for (begin = end; begin > 0 && !strchr("\r\n", output->text[begin - 1]);) begin--;
    snprintf(line, size, "%.*s", (int)(end - begin < 200 ? end - begin : 200),
             output->text ? output->text + begin : "");
}

/* ---- The program -------------------------------------------------------- */

/* Looks in time also on a busy machine, where it may; what it starts runs as usual. */
static void hurry(bool on) {
    static bool known;
    static int usual;
    if (!known) usual = getpriority(PRIO_PROCESS, 0);
    known = true;
    (void)setpriority(PRIO_PROCESS, 0, on ? usual - 10 : usual);
}

/* The user's file, from its beginning; else nothing to read. */
static int open_input(void) {
    struct stat stat;
    int fd = -1;
    if (fstat(STDIN_FILENO, &stat) == 0 && S_ISREG(stat.st_mode)) {
        fd = open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC);
    }
    return fd >= 0 ? fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool open_pipe(struct output *output, int *to) {
    int ends[2];
    *output = (struct output){.fd = -1, .hash = 0xcbf29ce484222325};
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[0], F_SETPIPE_SZ, 1 << 20); /* so that the program seldom waits for us */
    output->fd = ends[0];
    *to = ends[1];
    return true;
}

int start_task(struct task *task, char *const *command, char *const *environment) {
    int out = -1, err = -1, in = open_input();
    *task = (struct task){.out.fd = -1, .err.fd = -1};
    bool ok = open_pipe(&task->out, &out) && open_pipe(&task->err, &err);
    struct keeper_start start = {command, environment, cli_user_folder(), in, out, err};
    hurry(false);
    int error = ok ? keeper_start(&task->keeper, &start) : errno;
    hurry(true);
    for (int i = 0; i < 3; i++) {
        int fd = ((int[]){in, out, err})[i];
        if (fd >= 0) close(fd);
    }
    task->active = error == 0;
    return error;
}

void end_task(struct task *task) {
    if (task->active) keeper_end(&task->keeper);
    task->active = false;
    read_output(&task->out);
    read_output(&task->err);
}

void free_task(struct task *task) {
    end_task(task);
    close_output(&task->out);
    close_output(&task->err);
}
