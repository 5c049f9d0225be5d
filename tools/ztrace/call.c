#include "tools/ztrace/call.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Seconds: for gdb to do something, and for a function to return. */
enum { GDB_TIME = 60, LOAD_TIME = 60 };

/* What a function may change, in gdb's names; its first two arguments and its result; where it
 * finds the address that it returns to. */
#if defined(__x86_64__)
static const char *const saved[] = {"rax", "rcx", "rdx", "rsi", "rdi", "r8",
                                    "r9",  "r10", "r11", "rsp", "rip", NULL};
static const char *const arguments[] = {"rdi", "rsi"};
static const char returned[] = "rax";
const char *const call_return_address = "*(unsigned long *)$sp";
#elif defined(__aarch64__)
static const char *const saved[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",
                                    "x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
                                    "x16", "x17", "x18", "x30", "sp",  "pc",  NULL};
static const char *const arguments[] = {"x0", "x1"};
static const char returned[] = "x0";
const char *const call_return_address = "(unsigned long)$x30";
#else
static const char *const saved[] = {NULL};
static const char *const arguments[] = {"", ""};
static const char returned[] = "";
const char *const call_return_address = "";
#endif

/* The address at which the program began; 0 when it cannot be read. */
static unsigned long entry_of(pid_t pid) {
    char name[64];
    ElfW(auxv_t) entry = {.a_type = AT_NULL};
    snprintf(name, sizeof(name), "/proc/%ld/auxv", (long)pid);
    FILE *file = fopen(name, "re");
    while (file && fread(&entry, sizeof(entry), 1, file) == 1 && entry.a_type != AT_ENTRY) {
    }
    if (file) (void)fclose(file);
    return entry.a_type == AT_ENTRY ? entry.a_un.a_val : 0;
}

/* Where calls return to.  What a program executes when it begins is not executed again, so gdb
 * lets its own calls return there, too.  But should gdb be killed in the call, the program would
 * begin once more: better is a byte that is an instruction that no program may execute ("hlt",
 * which follows the call of main in glibc's).  Then the process ends by SIGSEGV. */
static unsigned long return_of(pid_t pid) {
    const unsigned long entry = entry_of(pid);
#if defined(__x86_64__)
    char name[64];
    unsigned char code[64];
    snprintf(name, sizeof(name), "/proc/%ld/mem", (long)pid);
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : pread(fd, code, sizeof(code), (off_t)entry);
    const unsigned char *hlt = size > 0 ? memchr(code, 0xf4, (size_t)size) : NULL;
    if (fd >= 0) close(fd);
    if (hlt) return entry + (unsigned long)(hlt - code);
#endif
    return entry;
}

static bool assign(struct gdb *gdb, const char *name, unsigned long value) {
    return gdb_do(gdb, GDB_TIME, "-data-evaluate-expression \"$%s = %lu\"", name, value);
}

static bool save_registers(struct gdb *gdb) {
    for (const char *const *name = saved; *name; name++) {
        if (!gdb_do(gdb, GDB_TIME, "-data-evaluate-expression \"$ztrace_%s = $%s\"", *name, *name))
            return false;
    }
    return true;
}

static void write_back_registers(struct gdb *gdb) {
    for (const char *const *name = saved; *name; name++) {
        (void)gdb_do(gdb, GDB_TIME, "-data-evaluate-expression \"$%s = $ztrace_%s\"", *name, *name);
    }
}

/* gdb does the commands of a breakpoint before it finds that nobody sends it any more. */
bool call_prepare(struct gdb *gdb, pid_t pid) {
    char commands[4096];
    unsigned long number;
    const unsigned long end = return_of(pid);
    int used = snprintf(commands, sizeof(commands), "\"set $ztrace_result = $%s\"", returned);
    for (const char *const *name = saved; *name; name++) {
        used += snprintf(commands + used, sizeof(commands) - (size_t)used,
                         " \"set $%s = $ztrace_%s\"", *name, *name);
    }
    return save_registers(gdb) && gdb_do(gdb, GDB_TIME, "-break-insert *%lu", end) &&
           gdb_value(gdb, GDB_TIME, &number, "$bpnum") &&
           gdb_do(gdb, GDB_TIME, "-break-commands %lu %s", number, commands) &&
           gdb_do(gdb, GDB_TIME, "-data-evaluate-expression \"$ztrace_end = %lu\"", end);
}

/* Writes a text below the stack, and moves *stack below it. */
static bool push_text(struct gdb *gdb, unsigned long *stack, const char *text) {
    char bytes[8192];
    const size_t size = strlen(text) + 1;
    if (2 * size >= sizeof(bytes)) return false;
    for (size_t i = 0; i < size; i++) sprintf(bytes + 2 * i, "%02x", (unsigned char)text[i]);
    *stack -= size;
    return gdb_do(gdb, GDB_TIME, "-data-write-memory-bytes %lu %s", *stack, bytes);
}

/* A function begins with a stack that is aligned to 16 bytes, before the address that it returns to
 * is there. */
static bool push_return(struct gdb *gdb, unsigned long stack) {
    stack &= ~15UL;
#if defined(__x86_64__)
    stack -= sizeof(unsigned long);
    return assign(gdb, "sp", stack) &&
           gdb_do(gdb, GDB_TIME,
                  "-data-evaluate-expression \"*(unsigned long *)%lu = $ztrace_end\"", stack);
#else
    return assign(gdb, "sp", stack) &&
           gdb_do(gdb, GDB_TIME, "-data-evaluate-expression \"$x30 = $ztrace_end\"");
#endif
}

static bool begin(struct gdb *gdb, const char *function, const char *text, int number) {
    unsigned long stack;
    if (!gdb_value(gdb, GDB_TIME, &stack, "(unsigned long)$sp")) return false;
    stack -= 128; /* a function without calls may use so much below its stack */
    if (text && !push_text(gdb, &stack, text)) return false;
    return (!text || assign(gdb, arguments[0], stack)) &&
           assign(gdb, arguments[1], (unsigned long)number) && push_return(gdb, stack) &&
           gdb_do(gdb, GDB_TIME, "-data-evaluate-expression \"$pc = (unsigned long)&%s\"",
                  function);
}

/* A signal that stops the process is for later. */
static bool wait_for_return(struct gdb *gdb) {
    while (!gdb_stops(gdb, LOAD_TIME, NULL)) {
        gdb->is_late = strcmp(gdb->answer, GDB_LATE) == 0;
        if (strcmp(gdb->answer, GDB_SIGNAL) != 0) return false;
        if (!gdb_do(gdb, GDB_TIME, "-exec-continue")) return false;
    }
    return true;
}

bool call(struct gdb *gdb, unsigned long *result, const char *function, const char *text,
          int number) {
    if (!begin(gdb, function, text, number) || !gdb_do(gdb, GDB_TIME, "-exec-continue")) {
        char why[sizeof(gdb->answer)];
        memcpy(why, gdb->answer, sizeof(why));
        write_back_registers(gdb);
        memcpy(gdb->answer, why, sizeof(why));
        return false;
    }
    return wait_for_return(gdb) && gdb_value(gdb, GDB_TIME, result, "$ztrace_result");
}
