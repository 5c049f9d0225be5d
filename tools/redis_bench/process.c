#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/common/cli.h"
#include "tools/common/run.h"
#include "tools/redis_bench/bench.h"

enum { START_SECONDS = 30, CLI_SECONDS = 30, TEXT_SIZE = 16384 };

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void become(char *const *command, int out) {
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDIN_FILENO);
    dup2(out >= 0 ? out : nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execv(command[0], command);
    _exit(127);
}

static pid_t start(char *const *command, int out) {
    pid_t pid = cli_fork();
    if (pid == 0) become(command, out);
    if (pid < 0) cli_error(TOOL, "fork: %s", strerror(errno));
    return pid;
}

/* Reads to the end; false when the time is over first. */
static bool read_all(int from, int64_t deadline, char *text, size_t size) {
    size_t used = 0;
    char rest[4096];
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd ready = {.fd = from, .events = POLLIN};
        if (left <= 0) return false;
        if (poll(&ready, 1, (int)left) <= 0) continue;
        bool fits = used + 1 < size;
        ssize_t n = read(from, fits ? text + used : rest, fits ? size - used - 1 : sizeof(rest));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        if (fits) used += (size_t)n;
    }
    text[used] = '\0';
    return true;
}

int run_program(char *const *command, int seconds, char *text, size_t size) {
    int out[2];
    text[0] = '\0';
    if (pipe2(out, O_CLOEXEC) != 0) {
        cli_error(TOOL, "pipe: %s", strerror(errno));
        return -1;
    }
    pid_t pid = start(command, out[1]);
    close(out[1]);
    bool in_time = pid > 0 && read_all(out[0], now_ms() + seconds * 1000, text, size);
    close(out[0]);
    if (pid <= 0) return -1;
    if (!in_time) kill(pid, SIGKILL);
    int status;
    if (cli_wait(pid, &status) != 0) status = -1;
    if (!in_time) {
        cli_error(TOOL, "%s: not done after %d s", command[0], seconds);
        return -1;
    }
    if (status != 0) cli_error(TOOL, "%s failed", command[0]);
    return status == 0 ? 0 : -1;
}

/* A port that was free a moment ago. */
static bool free_port(char port[8]) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (!ok) cli_error(TOOL, "no free port on 127.0.0.1: %s", strerror(errno));
    if (fd >= 0) close(fd);
    snprintf(port, 8, "%u", ntohs(address.sin_port));
    return ok;
}

static bool answers(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    char pong[8] = "";
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(port));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
              write(fd, "PING\r\n", 6) == 6 && read(fd, pong, 5) == 5 && strcmp(pong, "+PONG") == 0;
    if (fd >= 0) close(fd);
    return ok;
}

static bool wait_until_ready(const struct server *server, const char *program) {
    int64_t deadline = now_ms() + START_SECONDS * 1000;
    while (!answers(server->port)) {
        bool ended = waitpid(server->pid, NULL, WNOHANG) != 0;
        if (ended || now_ms() > deadline) {
            cli_error(TOOL, "%s does not start%s", program, ended ? "" : " in time");
            return false;
        }
        usleep(50000);
    }
    return true;
}

int start_server(const struct programs *programs, enum build build, int io_threads,
                 struct server *server) {
    char threads[16];
    snprintf(threads, sizeof(threads), "%d", io_threads);
    if (!free_port(server->port)) return -1;
    char *command[] = {(char *)programs->servers[build],
                       (char *)"--port",
                       server->port,
                       (char *)"--bind",
                       (char *)"127.0.0.1",
                       (char *)"--save",
                       (char *)"",
                       (char *)"--appendonly",
                       (char *)"no",
                       (char *)"--io-threads",
                       threads,
                       NULL};
    server->pid = start(command, -1);
    if (server->pid <= 0) return -1;
    if (wait_until_ready(server, command[0]) &&
        server_info(programs, server, "mem_allocator", server->allocator,
                    sizeof(server->allocator))) {
        return 0;
    }
    stop_server(server);
    return -1;
}

void let_run_alone(const struct server servers[BUILDS], enum build build) {
    for (int other = 0; other < BUILDS; other++) {
        kill(servers[other].pid, other == (int)build ? SIGCONT : SIGSTOP);
    }
}

void stop_server(struct server *server) {
    if (server->pid <= 0) return;
    kill(server->pid, SIGKILL);
    (void)cli_wait(server->pid, NULL);
    server->pid = 0;
}

double server_cpu(const struct server *server) {
    clockid_t clock;
    struct timespec time = {0};
    if (clock_getcpuclockid(server->pid, &clock) == 0) clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool server_info(const struct programs *programs, const struct server *server, const char *field,
                 char *value, size_t size) {
    char text[TEXT_SIZE], line[96];
    char *command[] = {(char *)programs->cli, (char *)"-h",   (char *)"127.0.0.1", (char *)"-p",
                       (char *)server->port,  (char *)"info", (char *)"memory",    NULL};
    if (run_program(command, CLI_SECONDS, text, sizeof(text)) != 0) return false;
    snprintf(line, sizeof(line), "\n%s:", field);
    const char *at = strstr(text, line);
    if (at == NULL) {
        cli_error(TOOL, "INFO memory has no %s", field);
        return false;
    }
    at += strlen(line);
    snprintf(value, size, "%.*s", (int)strcspn(at, "\r\n"), at);
    return true;
}
