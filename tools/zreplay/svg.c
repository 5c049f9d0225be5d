/* Memory along the trace: a line of RSS for each allocator, and one of what
 * the first counts as used. */
#include <stdlib.h>
#include <string.h>

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
    double bytes;
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

static void draw_axes(const struct chart *chart) {
    for (int i = 0; i <= 4; i++) {
        double bytes = chart->bytes * i / 4, event = chart->events * i / 4;
        fprintf(chart->file,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.1f</text>\n"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.2f</text>\n",
                LEFT, WIDTH - RIGHT, y_of(chart, bytes), y_of(chart, bytes), LEFT - 8,
                y_of(chart, bytes) + 4, bytes / 1048576, x_of(chart, event), HEIGHT - BOTTOM + 18,
                event / 1e6);
    }
    fprintf(chart->file,
            "<text x=\"%d\" y=\"%d\">RSS along the trace, MiB</text>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">million events</text>\n",
            LEFT, TOP - 22, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10);
}

int write_svg(const char *path, const struct run *runs, size_t count) {
    static const char used[] = "stroke=\"#444\" stroke-dasharray=\"4 3\"";
    struct chart chart = {.file = fopen(path, "w")};
    char style[64], text[128];
    if (!chart.file) return -1;
    find_range(&chart, runs, count);
    fprintf(chart.file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, HEIGHT, WIDTH);
    draw_axes(&chart);
    for (size_t i = 0; i < count; i++) {
        snprintf(style, sizeof(style), "stroke=\"%s\" stroke-width=\"1.5\"", color_of(i));
        draw_line(&chart, &runs[i], false, style);
        draw_legend(&chart, (int)i, style, runs[i].name);
    }
    draw_line(&chart, &runs[0], true, used);
    snprintf(text, sizeof(text), "used (%s)", runs[0].name);
    draw_legend(&chart, (int)count, used, text);
    fprintf(chart.file, "</svg>\n");
    bool failed = ferror(chart.file) != 0;
    return fclose(chart.file) != 0 || failed ? -1 : 0;
}
