#include "tests/profile/rows.h"

namespace profile_test {

std::vector<Row> &Rows() {
    static std::vector<Row> rows;
    return rows;
}

namespace {
uint64_t rate = 524288;
}

void SetRate(uint64_t to) { rate = to; }

Row &AddRow(const std::vector<const void *> &frames, uint64_t live, uint64_t allocated,
            uint64_t size, uint64_t waste) {
    Row row;
    row.frames = frames;
    row.figures.live_samples = (live + 99) / 100;
    row.figures.allocated_samples = (allocated + 99) / 100;
    row.figures.live_blocks = live;
    row.figures.live_bytes = live * size;
    row.figures.allocated_blocks = allocated;
    row.figures.allocated_bytes = allocated * size;
    row.figures.waste_bytes = waste;
    Rows().push_back(row);
    return Rows().back();
}

const void *CallIn(const void *function) { return static_cast<const char *>(function) + 5; }

}  // namespace profile_test

extern "C" {

uint64_t zm_profile_rate(void) { return profile_test::rate; }

size_t zm_profile_rows(void) { return profile_test::Rows().size(); }

void zm_profile_row(size_t i, struct zm_profile_row *row) {
    const profile_test::Row &from = profile_test::Rows()[i];
    *row = from.figures;
    row->frames = from.frames.data();
    row->depth = static_cast<unsigned>(from.frames.size());
    row->label = from.label;
}
}
