#include <algorithm>
#include <cstdio>

#include "tools/common/svg.h"
#include "tools/zbench/driver.h"

namespace zbench {
namespace {

constexpr int kWidth = 1010, kHeight = 400, kLeft = 60, kRight = 150, kTop = 50, kBottom = 60;
constexpr int kBar = 32;

struct Bar {
    std::string allocator, layer;
    double over;  // instructions over the raw allocator
};

// Measured once, side by side with a prototype of ours (docs/performance.md):
// GCC 12 -O3, 64 bytes, the harness's loop in raw.
const Bar kElsewhere[] = {{"jemalloc", "Redis 8.0.6", 111},
                          {"tcmalloc", "Redis 8.0.6", 103},
                          {"libc", "Redis 8.0.6", 71},
                          {"jemalloc", "Valkey 9.1.2", 105},
                          {"tcmalloc", "Valkey 9.1.2", 105}};

struct Chart {
    FILE *file;
    std::vector<Bar> bars;
    std::vector<std::string> groups, layers;
    double end, step;  // of the axis
};

template <class Values, class Value>
void AddNew(Values *values, const Value &value) {
    if (std::find(values->begin(), values->end(), value) == values->end()) values->push_back(value);
}

double Y(const Chart &chart, double over) {
    return kHeight - kBottom - over / chart.end * (kHeight - kTop - kBottom);
}

void DrawBar(const Chart &chart, const Bar &bar, double x, size_t layer) {
    const double y = Y(chart, bar.over), zero = Y(chart, 0);
    fprintf(chart.file,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"%s\"/>\n"
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%+.0f</text>\n",
            x, std::min(y, zero), kBar - 2, std::max(zero - y, 1.0), svg_color(layer),
            x + kBar / 2.0 - 1, std::min(y, zero) - 4, bar.over);
}

// The bars of one allocator, side by side about the middle of their place.
void DrawGroup(const Chart &chart, size_t group) {
    const double place =
        static_cast<double>(kWidth - kLeft - kRight) / static_cast<double>(chart.groups.size());
    const double middle = kLeft + place * (static_cast<double>(group) + 0.5);
    auto in_group = [&](const Bar &bar) { return bar.allocator == chart.groups[group]; };
    auto count = std::count_if(chart.bars.begin(), chart.bars.end(), in_group);
    double x = middle - static_cast<double>(count) * kBar / 2;
    for (size_t layer = 0; layer < chart.layers.size(); layer++) {
        for (const Bar &bar : chart.bars) {
            if (!in_group(bar) || bar.layer != chart.layers[layer]) continue;
            DrawBar(chart, bar, x, layer);
            x += kBar;
        }
    }
    fprintf(chart.file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", middle,
            kHeight - kBottom + 20, chart.groups[group].c_str());
}

void DrawLegend(const Chart &chart) {
    for (size_t i = 0; i < chart.layers.size(); i++) {
        const int x = kWidth - kRight + 15, y = kTop + 20 * static_cast<int>(i);
        fprintf(chart.file,
                "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>\n"
                "<text x=\"%d\" y=\"%d\">%s</text>\n",
                x, y, svg_color(i), x + 18, y + 10, chart.layers[i].c_str());
    }
}

void Draw(FILE *file, const void *what) {
    Chart chart = *static_cast<const Chart *>(what);
    chart.file = file;
    svg_begin(file, kWidth, kHeight);
    for (int line = 0; line * chart.step <= chart.end; line++) {
        const double value = line * chart.step;
        svg_grid_line(file, kLeft, kWidth - kRight, Y(chart, value), value);
    }
    fprintf(file,
            "<text x=\"%d\" y=\"%d\">instructions over the raw allocator, malloc and free of 64 "
            "bytes</text>\n",
            kLeft, kTop - 22);
    for (size_t i = 0; i < chart.groups.size(); i++) DrawGroup(chart, i);
    DrawLegend(chart);
    svg_end(file);
}

}  // namespace

int WriteOverhead(const std::string &path, const std::vector<Figure> &figures) {
    Chart chart = {};
    for (const Figure &figure : figures) {
        if (InPicture(figure)) AddNew(&chart.groups, figure.allocator);
    }
    for (const Bar &bar : kElsewhere) {
        auto &groups = chart.groups;
        if (std::find(groups.begin(), groups.end(), bar.allocator) == groups.end()) continue;
        chart.bars.push_back(bar);
    }
    for (const Figure &figure : figures) {
        if (!InPicture(figure) || !figure.has_raw) continue;
        const bool is_inline = figure.layer == "inline";
        chart.bars.push_back(
            {figure.allocator, is_inline ? "zmalloc, inline" : figure.layer, figure.against});
    }
    double most = 1;
    for (const Bar &bar : chart.bars) {
        AddNew(&chart.layers, bar.layer);
        most = std::max(most, bar.over);
    }
    chart.step = svg_step(most, 1);
    while (chart.end < most) chart.end += chart.step;
    return svg_write(path.c_str(), Draw, &chart);
}

}  // namespace zbench
