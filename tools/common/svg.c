#include "tools/common/svg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Shared by all charts ---------------------------------------------- */

const char *svg_color(size_t i) {
    /* Dark on white, and as in page.js. */
    static const char *const colors[] = {"#0072b2", "#d55e00", "#6a3d9a", "#00794f",
                                         "#b8257a", "#7a4a00", "#008b8b"};
    return colors[i % (sizeof(colors) / sizeof(*colors))];
}

double svg_step(double most, double least) {
    static const double grow[] = {2, 2.5, 2};
    double step = least;
    for (int i = 0; most > 5 * step; i++) step *= grow[i % 3];
    return step;
}

void svg_begin(FILE *file, int width, int height) {
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            width, height, width);
}

void svg_grid_line(FILE *file, double left, double right, double y, double value) {
    fprintf(file,
            "<line x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n"
            "<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
            left, right, y, y, left - 8, y + 4, value);
}

void svg_end(FILE *file) { fprintf(file, "</svg>\n"); }

/* ---- The file --------------------------------------------------------- */

enum { MAX_PATH = 4096 };

/* A name in the folder of `path`. */
static int beside(const char *path, const char *name, char result[MAX_PATH]) {
    const char *slash = strrchr(path, '/');
    int length =
        snprintf(result, MAX_PATH, "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path, name);
    if (length >= 0 && length < MAX_PATH) return 0;
    errno = ENAMETOOLONG;
    return -1;
}

/* Whether it is something like /dev/stdout, which cannot be replaced. */
static bool is_special(const char *path) {
    struct stat stat_of_file;
    return stat(path, &stat_of_file) == 0 && !S_ISREG(stat_of_file.st_mode);
}

/* Creates a file in the folder of the file that it will replace: the target of `path` when that
 * is a symbolic link.  Returns its descriptor, or -1. */
static int create_part(const char *path, char part[MAX_PATH]) {
    char *real = realpath(path, NULL);
    int named = beside(real ? real : path, ".svg-XXXXXX", part);
    free(real);
    return named == 0 ? mkstemp(part) : -1;
}

static int check(const char *path) {
    char part[MAX_PATH];
    struct stat stat_of_file;
    bool exists = stat(path, &stat_of_file) == 0;
    if (!exists && errno != ENOENT) return -1;
    if (path[strlen(path) - 1] == '/' || (exists && S_ISDIR(stat_of_file.st_mode))) {
        errno = EISDIR;
        return -1;
    }
    if (exists && access(path, W_OK) != 0) return -1;
    if (is_special(path)) return 0;
    int fd = create_part(path, part);
    if (fd < 0) return -1;
    close(fd);
    return unlink(part);
}

/* Whether a file has text, and not that of a page or a picture. */
static bool is_other_file(const char *path) {
    FILE *file = is_special(path) ? NULL : fopen(path, "re");
    if (!file) return false;
    const int first = fgetc(file);
    (void)fclose(file);
    return first != EOF && first != '<';
}

bool svg_output(const char *tool, const char *option, const char *given, char path[CLI_PATH_SIZE]) {
    if (given[0] == '\0') {
        (void)cli_usage(tool, option, " needs the name of a file");
        return false;
    }
    errno = ENAMETOOLONG;
    if (!cli_resolve(given, path) || check(path) != 0) {
        cli_error(tool, "%s: %s", given, strerror(errno));
        return false;
    }
    if (!is_other_file(path)) return true;
    cli_error(tool, "%s: exists, and is neither a page nor a picture; %s=FILE names another", given,
              option);
    return false;
}

/* 0, or -1 with errno set. */
static int draw_to(FILE *file, void (*draw)(FILE *, const void *), const void *what) {
    if (!file) return -1;
    draw(file, what);
    bool failed = ferror(file) != 0;
    return fclose(file) != 0 || failed ? -1 : 0;
}

static int replace(const char *path, void (*draw)(FILE *, const void *), const void *what) {
    char part[MAX_PATH];
    struct stat before;
    mode_t mask = umask(0);
    umask(mask);
    mode_t mode = stat(path, &before) == 0 ? before.st_mode & 0777 : 0666 & ~mask;
    int fd = create_part(path, part);
    if (fd < 0) return -1;
    char *real = realpath(path, NULL);
    int result = draw_to(fdopen(fd, "w"), draw, what);
    if (result == 0) result = chmod(part, mode);
    if (result == 0) result = rename(part, real ? real : path);
    int error = errno;
    free(real);
    if (result == 0) return 0;
    unlink(part);
    errno = error;
    return -1;
}

int svg_write(const char *path, void (*draw)(FILE *, const void *), const void *what) {
    if (is_special(path)) return draw_to(fopen(path, "w"), draw, what);
    return replace(path, draw, what);
}
