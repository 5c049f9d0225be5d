/* ZMALLOC_PROFILE and ZMALLOC_PROFILE_SIGNAL, which are read when a program starts. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zmalloc/guard/bug_report.h"
#include "zmalloc/limit_setting.h"
#include "zmalloc/os/os.h"
#include "zmalloc/profile.h"
#include "zmalloc/profile/samples.h"

/* ---- The file ----------------------------------------------------------------- */

enum { NAME_SIZE = 4096 };

/* With %p for the process id; empty: none is written.  A copy, as programs that change their title
 * write over the environment. */
static char file[NAME_SIZE];
static pid_t process;

/* The name with the process id for each %p, so that the programs that this one starts, and its
 * children, write files of their own.  Returns false if it is too long. */
static bool name_of_file(char *name) {
    size_t length = 0;
    for (const char *c = file; *c != '\0'; c++) {
        char copied[24] = {*c};
        if (c[0] == '%' && c[1] == 'p') {
            (void)snprintf(copied, sizeof copied, "%ld", (long)getpid());
            c++;
        }
        const size_t more = strlen(copied);
        if (more >= NAME_SIZE - length) return false;
        memcpy(name + length, copied, more + 1);
        length += more;
    }
    return true;
}

/* A stack may be too small for the name. */
static void write_file(void) {
    char *name = zm_os_map(NAME_SIZE);
    const bool named = name != NULL && name_of_file(name);
    const int fd = named ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    const bool written = fd >= 0 && zmalloc_profile_write(fd) == 0;
    if ((fd >= 0 && close(fd) != 0) || !written) {
        zm_say("the file of ZMALLOC_PROFILE cannot be written: ", named ? name : file);
    }
    if (name != NULL) zm_os_unmap(name, NAME_SIZE);
}

/* A child of fork must not write over its parent's file. */
static void write_at_exit(void) {
    if (getpid() == process) write_file();
}

/* ---- ZMALLOC_PROFILE ---------------------------------------------------------- */

static bool parse(const char *text, size_t *rate) {
    char number[32];
    const size_t length = strcspn(text, ",");
    if (length >= sizeof number) return false;
    memcpy(number, text, length);
    number[length] = '\0';
    if (text[length] == ',') {
        const char *name = text + length + 1;
        if (*name == '\0' || strlen(name) >= NAME_SIZE) return false;
        strcpy(file, name);
    }
    return zm_bytes_parse(number, rate) && *rate != 0 && *rate <= ZM_PROFILE_LARGEST_RATE;
}

static bool start(const char *text) {
    size_t rate;
    if (!parse(text, &rate)) {
        zm_say(
            "ZMALLOC_PROFILE is ignored: it is not RATE or RATE,FILE with a rate of bytes "
            "(524288, or 512K; the units are K, M, G, T): ",
            text);
        return false;
    }
    if (zmalloc_profile_start(rate) != 0) {
        zm_say("ZMALLOC_PROFILE is ignored: no address space or no memory for it", "");
        return false;
    }
    if (*file != '\0' && atexit(write_at_exit) != 0) {
        zm_say("ZMALLOC_PROFILE writes no file at exit: atexit() failed", "");
    }
    return true;
}

/* ---- ZMALLOC_PROFILE_SIGNAL --------------------------------------------------- */

_Atomic bool zm_profile_is_due;

static void note_signal(int signal) {
    (void)signal;
    atomic_store(&zm_profile_is_due, true);
}

void zm_profile_write_due(void) {
    const int saved = errno;
    const bool is_own = getpid() == process || strstr(file, "%p") != NULL;
    if (atomic_exchange(&zm_profile_is_due, false) && is_own) write_file();
    errno = saved;
}

static int signal_of(const char *text) {
    char *end;
    if (strcmp(text, "USR1") == 0) return SIGUSR1;
    if (strcmp(text, "USR2") == 0) return SIGUSR2;
    const long number = strtol(text, &end, 10);
    return *text >= '1' && *text <= '9' && *end == '\0' && number < 256 ? (int)number : 0;
}

static void write_at_signal(const char *text) {
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    const int signal = signal_of(text);
    if (signal == 0 || sigaction(signal, &action, NULL) != 0) {
        zm_say(
            "ZMALLOC_PROFILE_SIGNAL is ignored: it is neither USR1, nor USR2, nor the number of a "
            "signal that a program may handle: ",
            text);
    }
}

/* ---- Both --------------------------------------------------------------------- */

/* Blocks that are allocated before this runs are never samples. */
void zm_profile_set_up(void) {
    const char *profile = zm_os_secure_getenv("ZMALLOC_PROFILE");
    const char *signal = zm_os_secure_getenv("ZMALLOC_PROFILE_SIGNAL");
    process = getpid();
    const bool started = profile != NULL && *profile != '\0' && start(profile);
    if (signal == NULL || *signal == '\0') return;
    if (started && *file != '\0') {
        write_at_signal(signal);
    } else if (profile == NULL || *profile == '\0' || started) {
        zm_say("ZMALLOC_PROFILE_SIGNAL is ignored: ZMALLOC_PROFILE names no file", "");
    }
}
