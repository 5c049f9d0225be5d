/* Draws memory over the trace's time: a line of RSS for each allocator, and one of the used memory
 * that the first one counts. */
#include "tools/common/svg.h"

#include <stdlib.h>
#include <string.h>

#include "tools/zreplay/compare.h"

enum { WIDTH = 900, HEIGHT = 460, LEFT = 70, RIGHT = 190, TOP = 50, BOTTOM = 50 };

struct point {
    double at; /* on the axis */
    double used;
    double rss;
};

struct chart {
    FILE *file;
    bool
        by_time; /* the axis is the trace's time, in ms; else events, as some traces have no time */
    double end;
    double bytes; /* where the axis ends: on a tick */
};

/* The unit of an axis. */
struct scale {
    double unit;
    const char *name;
    double step; /* between ticks, in units: 1, 2 or 5 times a power of ten */
};

/* Reads the next point of a timeline, [event, used, RSS, ms]; NULL after the last, else where to go
 * on.  An RSS that is not known is 0. */
static const char *next_point(const char *at, bool by_time, struct point *point) {
    enum { EVENT, USED, RSS, MS, NUMBERS };
    double number[NUMBERS];
    at = strchr(at, '[');
    const char *stop = at ? strchr(at, ']') : NULL;
    if (!stop) return NULL;
    for (int i = 0; i < NUMBERS; i++) {
        number[i] = strtod(++at, NULL);
        at += strcspn(at, ",]");
    }
    *point = (struct point){number[by_time ? MS : EVENT], number[USED], number[RSS]};
    return stop + 1;
}

static const char *timeline(const struct run *run) {
    static const char key[] = "\n  \"timeline\": [";
    const char *at = strstr(run->json, key);
    return at ? at + sizeof(key) - 1 : "";
}

static void find_range(struct chart *chart, const struct run *runs, size_t count) {
    struct point point;
    double seconds = 0;
    (void)run_number(&runs[0], "duration_s", &seconds);
    chart->by_time = seconds >= 0.01;
    chart->end = chart->bytes = 1;
    for (size_t i = 0; i < count; i++) {
        for (const char *at = timeline(&runs[i]); (at = next_point(at, chart->by_time, &point));) {
            if (point.at > chart->end) chart->end = point.at;
            if (point.rss > chart->bytes) chart->bytes = point.rss;
            if (point.used > chart->bytes) chart->bytes = point.used;
            if (at[0] == ']') break;
        }
    }
}

static double x_of(const struct chart *chart, double at) {
    return LEFT + at / chart->end * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct chart *chart, double bytes) {
    return HEIGHT - BOTTOM - bytes / chart->bytes * (HEIGHT - TOP - BOTTOM);
}

/* In steps: memory stays as it is until the next event. */
static void draw_line(const struct chart *chart, const struct run *run, bool used,
                      const char *style) {
    struct point point;
    double before = -1;
    fprintf(chart->file, "<polyline fill=\"none\" %s points=\"", style);
    for (const char *at = timeline(run); (at = next_point(at, chart->by_time, &point));) {
        double x = x_of(chart, point.at), y = y_of(chart, used ? point.used : point.rss);
        if (before >= 0) fprintf(chart->file, "%.1f,%.1f ", x, before);
        fprintf(chart->file, "%.1f,%.1f ", x, y);
        before = y;
        if (at[0] == ']') break;
    }
    fprintf(chart->file, "\"/>\n");
}

/* A name between tags.  Of one that is too long, both ends: settings differ at their ends. */
static void draw_name(FILE *file, const char *name) {
    enum { MOST = 22, BEGIN = 9, END = 12 };
    const size_t size = strlen(name);
    for (size_t i = 0; i < size; i++) {
        const char byte = name[i];
        if (size > MOST && i == BEGIN) {
            fputs("&#8230;", file);
            i = size - END - 1;
        } else if (byte == '<' || byte == '>' || byte == '&') {
            fprintf(file, "&#%d;", byte);
        } else {
            fputc(byte >= ' ' && byte <= '~' ? byte : '?', file);
        }
    }
}

static void draw_legend(const struct chart *chart, int row, const char *style, const char *text) {
    int x = WIDTH - RIGHT + 15, y = TOP + 20 * row;
    /* Wide letters are squeezed into the picture. */
    const char *width =
        strlen(text) > 18 ? " textLength=\"140\" lengthAdjust=\"spacingAndGlyphs\"" : "";
    fprintf(chart->file,
            "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" %s/>\n"
            "<text x=\"%d\" y=\"%d\"%s>",
            x, x + 25, y, y, style, x + 32, y + 4, width);
    draw_name(chart->file, text);
    fputs("</text>\n", chart->file);
}

static struct scale scale_of_bytes(double bytes) {
    struct scale scale = {1024, "KiB", 0};
    if (bytes >= 1024 * 1024) scale = (struct scale){1024 * 1024, "MiB", 0};
    if (bytes >= 1024 * 1024 * 1024) scale = (struct scale){1024 * 1024 * 1024, "GiB", 0};
    scale.step = svg_step(bytes / scale.unit, 0.1);
    return scale;
}

static struct scale scale_of_events(double events) {
    struct scale scale = {1, "events", 0};
    if (events >= 1e3) scale = (struct scale){1e3, "thousand events", 0};
    if (events >= 1e6) scale = (struct scale){1e6, "million events", 0};
    scale.step = svg_step(events / scale.unit, events < 1e3 ? 1 : 0.1);
    return scale;
}

static struct scale scale_of_ms(double ms) {
    struct scale scale = {1, "ms of the recording", 0};
    if (ms >= 2e3) scale = (struct scale){1e3, "seconds of the recording", 0};
    if (ms >= 6e5) scale = (struct scale){6e4, "minutes of the recording", 0};
    if (ms >= 1.08e7) scale = (struct scale){3.6e6, "hours of the recording", 0};
    scale.step = svg_step(ms / scale.unit, ms < 2e3 ? 1 : 0.1);
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
        double value = i * scale->step;
        svg_grid_line(chart->file, LEFT, WIDTH - RIGHT, y_of(chart, value * scale->unit), value);
    }
    fprintf(chart->file, "<text x=\"%d\" y=\"%d\">RSS over the %s of the recording, %s</text>\n",
            LEFT, TOP - 22, chart->by_time ? "time" : "events", scale->name);
}

static void draw_lower_axis(const struct chart *chart, const struct scale *scale) {
    for (int i = 0; i * scale->step * scale->unit <= chart->end * 1.0001; i++) {
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
    struct scale bytes = scale_of_bytes(chart->bytes);
    struct scale lower = chart->by_time ? scale_of_ms(chart->end) : scale_of_events(chart->end);
    draw_bytes_axis(chart, &bytes);
    draw_lower_axis(chart, &lower);
}

void draw_memory(FILE *file, const struct run *runs, size_t count) {
    static const char used[] = "stroke=\"#444\" stroke-dasharray=\"1 3\"";
    /* As in report.js.  Where lines coincide, the one below shows in the gaps. */
    static const char *const dashes[] = {"none",     "16 4", "6 6",  "12 3",
                                         "10 4 2 4", "3 3",  "14 6", "2 5"};
    char style[128], text[VARIANT_NAME_SIZE + 16];
    struct chart chart = {.file = file};
    find_range(&chart, runs, count);
    round_up(&chart);
    svg_begin(file, WIDTH, HEIGHT);
    draw_axes(&chart);
    for (size_t i = 0; i < count; i++) {
        snprintf(style, sizeof(style), "stroke=\"%s\" stroke-width=\"1.5\" stroke-dasharray=\"%s\"",
                 svg_color(i), dashes[i % (sizeof(dashes) / sizeof(*dashes))]);
        draw_line(&chart, &runs[i], false, style);
        draw_legend(&chart, (int)i, style, runs[i].name);
    }
    draw_line(&chart, &runs[0], true, used);
    snprintf(text, sizeof(text), "used (%s)", runs[0].name);
    draw_legend(&chart, (int)count, used, text);
    svg_end(file);
}
