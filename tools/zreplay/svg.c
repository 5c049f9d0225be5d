/* Memory along the trace: a line of RSS for each allocator, and one of what
 * the first counts as used. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/zreplay/compare.h"

enum { WIDTH = 900, HEIGHT = 460, LEFT = 70, RIGHT = 190, TOP = 50, BOTTOM = 50 };

struct point {
    double event;
    double used;
    double rss;
};

struct chart {
    FILE *file;
    double events; /* the most */
    double bytes;  /* where the axis ends: on a tick */
};

/* What an axis is labelled in. */
struct scale {
    double unit;
    const char *name;
    double step; /* between ticks, in units: 1, 2 or 5 times a power of ten */
};

static const char *const colors[] = {"#0072b2", "#d55e00", "#e69f00", "#009e73", "#cc79a7"};

static const char *color_of(size_t i) { return colors[i % (sizeof(colors) / sizeof(*colors))]; }

/* Reads the next point of a timeline; NULL after the last, else where to go on. */
static const char *next_point(const char *at, struct point *point) {
    char *end;
    at = strchr(at, '[');
    const char *stop = at ? strchr(at, ']') : NULL;
    if (!stop) return NULL;
    point->event = strtod(at + 1, &end);
    if (*end != ',') return NULL;
    point->used = strtod(end + 1, &end);
    if (*end != ',') return NULL;
    point->rss = strtod(end + 1, &end);
    return stop + 1;
}

static const char *timeline(const struct run *run) {
    static const char key[] = "\n  \"timeline\": [";
    const char *at = strstr(run->json, key);
    return at ? at + sizeof(key) - 1 : "";
}

static void find_range(struct chart *chart, const struct run *runs, size_t count) {
    struct point point;
    chart->events = chart->bytes = 1;
    for (size_t i = 0; i < count; i++) {
        for (const char *at = timeline(&runs[i]); (at = next_point(at, &point));) {
            if (point.event > chart->events) chart->events = point.event;
            if (point.rss > chart->bytes) chart->bytes = point.rss;
            if (point.used > chart->bytes) chart->bytes = point.used;
            if (at[0] == ']') break;
        }
    }
}

static double x_of(const struct chart *chart, double event) {
    return LEFT + event / chart->events * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct chart *chart, double bytes) {
    return HEIGHT - BOTTOM - bytes / chart->bytes * (HEIGHT - TOP - BOTTOM);
}

static void draw_line(const struct chart *chart, const struct run *run, bool used,
                      const char *style) {
    struct point point;
    fprintf(chart->file, "<polyline fill=\"none\" %s points=\"", style);
    for (const char *at = timeline(run); (at = next_point(at, &point));) {
        fprintf(chart->file, "%.1f,%.1f ", x_of(chart, point.event),
                y_of(chart, used ? point.used : point.rss));
        if (at[0] == ']') break;
    }
    fprintf(chart->file, "\"/>\n");
}

static void draw_legend(const struct chart *chart, int row, const char *style, const char *text) {
    int x = WIDTH - RIGHT + 15, y = TOP + 20 * row;
    fprintf(chart->file,
            "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" %s/>\n"
            "<text x=\"%d\" y=\"%d\">%s</text>\n",
            x, x + 25, y, y, style, x + 32, y + 4, text);
}

/* At most 5 steps to `most`, none below `least`. */
static void find_step(struct scale *scale, double most, double least) {
    static const double grow[] = {2, 2.5, 2};
    scale->step = least;
    for (int i = 0; most / scale->unit > 5 * scale->step; i++) scale->step *= grow[i % 3];
}

static struct scale scale_of_bytes(double bytes) {
    struct scale scale = {1024, "KiB", 0};
    if (bytes >= 1024 * 1024) scale = (struct scale){1024 * 1024, "MiB", 0};
    if (bytes >= 1024 * 1024 * 1024) scale = (struct scale){1024 * 1024 * 1024, "GiB", 0};
    find_step(&scale, bytes, 0.1);
    return scale;
}

static struct scale scale_of_events(double events) {
    struct scale scale = {1, "events", 0};
    if (events >= 1e3) scale = (struct scale){1e3, "thousand events", 0};
    if (events >= 1e6) scale = (struct scale){1e6, "million events", 0};
    find_step(&scale, events, events < 1e3 ? 1 : 0.1);
    return scale;
}

/* Ends the axis of bytes on a tick. */
static void round_up(struct chart *chart) {
    struct scale scale = scale_of_bytes(chart->bytes);
    double step = scale.step * scale.unit, end = step;
    while (end < chart->bytes) end += step;
    chart->bytes = end;
}

static void draw_bytes_axis(const struct chart *chart, const struct scale *scale) {
    for (int i = 0; i * scale->step * scale->unit <= chart->bytes * 1.0001; i++) {
        double value = i * scale->step, y = y_of(chart, value * scale->unit);
        fprintf(chart->file,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, value);
    }
    fprintf(chart->file, "<text x=\"%d\" y=\"%d\">RSS along the trace, %s</text>\n", LEFT, TOP - 22,
            scale->name);
}

static void draw_events_axis(const struct chart *chart, const struct scale *scale) {
    for (int i = 0; i * scale->step * scale->unit <= chart->events * 1.0001; i++) {
        double value = i * scale->step, x = x_of(chart, value * scale->unit);
        fprintf(chart->file,
                "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#888\"/>\n"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n",
                x, x, HEIGHT - BOTTOM, HEIGHT - BOTTOM + 5, x, HEIGHT - BOTTOM + 18, value);
    }
    fprintf(chart->file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, scale->name);
}

static void draw_axes(const struct chart *chart) {
    struct scale bytes = scale_of_bytes(chart->bytes), events = scale_of_events(chart->events);
    draw_bytes_axis(chart, &bytes);
    draw_events_axis(chart, &events);
}

static void draw(struct chart *chart, const struct run *runs, size_t count) {
    static const char used[] = "stroke=\"#444\" stroke-dasharray=\"4 3\"";
    char style[64], text[128];
    find_range(chart, runs, count);
    round_up(chart);
    fprintf(chart->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, HEIGHT, WIDTH);
    draw_axes(chart);
    for (size_t i = 0; i < count; i++) {
        snprintf(style, sizeof(style), "stroke=\"%s\" stroke-width=\"1.5\"", color_of(i));
        draw_line(chart, &runs[i], false, style);
        draw_legend(chart, (int)i, style, runs[i].name);
    }
    draw_line(chart, &runs[0], true, used);
    snprintf(text, sizeof(text), "used (%s)", runs[0].name);
    draw_legend(chart, (int)count, used, text);
    fprintf(chart->file, "</svg>\n");
}

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

/* Something like /dev/stdout, which cannot be replaced. */
static bool is_special(const char *path) {
    struct stat stat_of_file;
    return stat(path, &stat_of_file) == 0 && !S_ISREG(stat_of_file.st_mode);
}

/* A new file in the folder of what will be replaced, through a symbolic link if
 * `path` is one.  Its descriptor, or -1. */
static int create_part(const char *path, char part[MAX_PATH]) {
    char *real = realpath(path, NULL);
    int named = beside(real ? real : path, ".compare-XXXXXX", part);
    free(real);
    return named == 0 ? mkstemp(part) : -1;
}

int check_svg(const char *path) {
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

/* 0, or -1 with errno set. */
static int draw_to(FILE *file, const struct run *runs, size_t count) {
    struct chart chart = {.file = file};
    if (!file) return -1;
    draw(&chart, runs, count);
    bool failed = ferror(file) != 0;
    return fclose(file) != 0 || failed ? -1 : 0;
}

static int replace(const char *path, const struct run *runs, size_t count) {
    char part[MAX_PATH];
    struct stat before;
    mode_t mask = umask(0);
    umask(mask);
    mode_t mode = stat(path, &before) == 0 ? before.st_mode & 0777 : 0666 & ~mask;
    int fd = create_part(path, part);
    if (fd < 0) return -1;
    char *real = realpath(path, NULL);
    int result = draw_to(fdopen(fd, "w"), runs, count);
    if (result == 0) result = chmod(part, mode);
    if (result == 0) result = rename(part, real ? real : path);
    int error = errno;
    free(real);
    if (result == 0) return 0;
    unlink(part);
    errno = error;
    return -1;
}

int write_svg(const char *path, const struct run *runs, size_t count) {
    if (is_special(path)) return draw_to(fopen(path, "w"), runs, count);
    return replace(path, runs, count);
}
