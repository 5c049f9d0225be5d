#include "tools/common/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Prints one line, whatever it quotes: names of files may hold newlines, and characters that a
 * terminal would act on. */
void cli_error(const char *tool, const char *format, ...) {
    char line[3 * CLI_PATH_SIZE];
    va_list args;
    int size = snprintf(line, sizeof(line), "%.256s: ", tool);
    va_start(args, format);
    vsnprintf(line + size, sizeof(line) - (size_t)size, format, args);
    va_end(args);
    for (char *at = line; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 127) *at = '?';
    }
    fprintf(stderr, "%s\n", line);
}

void cli_progress(const char *tool, const char *format, ...) {
    va_list args;
    if (!isatty(STDERR_FILENO)) return;
    fprintf(stderr, "\r\033[K");
    if (format == NULL) return;
    fprintf(stderr, "%s: ", tool);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

int cli_printed(const char *tool) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    cli_error(tool, "cannot write to stdout");
    return CLI_USAGE;
}

int cli_usage(const char *tool, const char *message, const char *about) {
    cli_error(tool, "%s%s (see %s --help)", message, about, tool);
    return CLI_USAGE;
}

int cli_options(const char *tool, const char *help, int argc, char **argv, const char *letters,
                const struct option *options, int (*take)(void *arguments, int option),
                void *arguments) {
    int option, status = -1;
    opterr = 0;
    while (status < 0 && (option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        const char *given = argv[optind - 1];
        if (option == 'h') {
            fputs(help, stdout);
            status = cli_printed(tool);
        } else if (option == ':') {
            status = cli_usage(tool, "a value is missing after ", given);
        } else if (option == '?') {
            status = cli_usage(tool, "unknown option ", given);
        } else {
            status = take(arguments, option);
        }
    }
    return status;
}

/* Bytes of the UTF-8 character that begins here; 0 where none does. */
static int utf8_length(const unsigned char *at) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (at[0] < 0x80) return 1;
    int length = at[0] >> 5 == 0x06 ? 2 : at[0] >> 4 == 0x0e ? 3 : at[0] >> 3 == 0x1e ? 4 : 0;
    uint32_t character = at[0] & (0xffu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if (at[i] >> 6 != 2) return 0;
        character = character << 6 | (at[i] & 0x3f);
    }
    bool surrogate = character >= 0xd800 && character <= 0xdfff;
    return character >= least[length] && character <= 0x10ffff && !surrogate ? length : 0;
}

void cli_json_string_to(FILE *file, const char *text) {
    fputc('"', file);
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        int length = utf8_length(at);
        if (*at == '"' || *at == '\\') {
            fprintf(file, "\\%c", *at);
        } else if (*at < ' ' || *at == 127) {
            fprintf(file, "\\u%04x", *at);
        } else if (length == 0) {
            fprintf(file, "\\ufffd");
        } else {
            fprintf(file, "%.*s", length, (const char *)at);
        }
        at += length ? length : 1;
    }
    fputc('"', file);
}

void cli_json_string(const char *text) { cli_json_string_to(stdout, text); }

const char *cli_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

__attribute__((format(printf, 2, 3))) static bool join(char to[CLI_PATH_SIZE], const char *format,
                                                       ...) {
    va_list args;
    va_start(args, format);
    int size = vsnprintf(to, CLI_PATH_SIZE, format, args);
    va_end(args);
    return size >= 0 && size < CLI_PATH_SIZE;
}

const char *cli_user_folder(void) {
    const char *folder = getenv("BUILD_WORKING_DIRECTORY");
    return folder && folder[0] == '/' ? folder : NULL;
}

bool cli_resolve(const char *path, char resolved[CLI_PATH_SIZE]) {
    const char *folder = cli_user_folder();
    if (path[0] == '/') return join(resolved, "%s", path);
    if (folder) return join(resolved, "%s/%s", folder, path);
    char current[CLI_PATH_SIZE];
    if (!getcwd(current, sizeof(current))) return false;
    return join(resolved, "%s/%s", current, path);
}

/* The name of the main workspace differs between WORKSPACE and MODULE.bazel, and is another's
 * when that uses ours.  So this tries each folder. */
static bool find_in_runfiles(const char *runfiles, const char *file, char found[CLI_PATH_SIZE]) {
    DIR *dir = opendir(runfiles);
    bool ok = false;
    struct dirent *entry;
    while (dir && !ok && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        ok = join(found, "%s/%s/%s", runfiles, entry->d_name, file) && access(found, R_OK) == 0;
    }
    if (dir) closedir(dir);
    return ok;
}

/* For one name of the program, looks in its runfiles, in the runfiles that it is part of, and in
 * its folder. */
static bool find_near(const char *program, const char *file, char found[CLI_PATH_SIZE]) {
    static const char mark[] = ".runfiles";
    char runfiles[CLI_PATH_SIZE];
    if (join(runfiles, "%s%s", program, mark) && find_in_runfiles(runfiles, file, found)) {
        return true;
    }
    const char *inside = strstr(program, ".runfiles/");
    if (inside && join(runfiles, "%.*s%s", (int)(inside - program), program, mark) &&
        find_in_runfiles(runfiles, file, found)) {
        return true;
    }
    const char *slash = strrchr(program, '/');
    const char *name = strrchr(file, '/');
    if (!slash ||
        !join(found, "%.*s/%s", (int)(slash - program), program, name ? name + 1 : file)) {
        return false;
    }
    return access(found, R_OK) == 0;
}

bool cli_find(const char *argv0, const char *file, char found[CLI_PATH_SIZE]) {
    char self[CLI_PATH_SIZE];
    if (strchr(argv0, '/') && find_near(argv0, file, found)) return true;
    const char *runfiles = getenv("RUNFILES_DIR");
    if (runfiles && find_in_runfiles(runfiles, file, found)) return true;
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (size <= 0) return false;
    self[size] = '\0';
    return find_near(self, file, found);
}

bool cli_number(const char *text, uint64_t min, uint64_t max, uint64_t *number) {
    if (text[0] < '0' || text[0] > '9') return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value < min || value > max) return false;
    *number = value;
    return true;
}

bool cli_preloadable(const char *path, char library[CLI_PATH_SIZE]) {
    char *real = realpath(path, NULL);
    if (!real) return false;
    bool fits = strlen(real) < CLI_PATH_SIZE && !strpbrk(real, " :");
    snprintf(library, CLI_PATH_SIZE, "%s", real);
    free(real);
    if (!fits) errno = EINVAL;
    return fits;
}

int cli_put_first(const char *variable, const char *first) {
    const char *others = getenv(variable);
    char list[2 * CLI_PATH_SIZE];
    int size = snprintf(list, sizeof(list), "%s%s%s", first, others && *others ? ":" : "",
                        others ? others : "");
    if (size >= 0 && (size_t)size < sizeof(list)) return setenv(variable, list, 1);
    errno = E2BIG;
    return -1;
}
