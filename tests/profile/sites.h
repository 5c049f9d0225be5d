// Call stacks that tests find again in a profile.
#ifndef ZMALLOC_TESTS_PROFILE_SITES_H_
#define ZMALLOC_TESTS_PROFILE_SITES_H_

#include <cstdint>
#include <vector>

#include "tests/support.h"
#include "zmalloc/profile.h"
#include "zmalloc/profile/rows.h"

namespace zmalloc_test {

// What the profile says about one stack, or one label.
struct Found {
    uint64_t allocated_blocks = 0, allocated_bytes = 0, live_blocks = 0, live_bytes = 0;
    uint64_t samples = 0, live_samples = 0, waste = 0;
    void Add(const struct zm_profile_row &row) {
        allocated_blocks += row.allocated_blocks;
        allocated_bytes += row.allocated_bytes;
        live_blocks += row.live_blocks;
        live_bytes += row.live_bytes;
        samples += row.allocated_samples;
        live_samples += row.live_samples;
        waste += row.waste_bytes;
    }
};

template <typename Predicate>
Found FindIf(Predicate &&is_wanted) {
    Found found;
    for (size_t i = 0; i < zm_profile_rows(); i++) {
        struct zm_profile_row row;
        zm_profile_row(i, &row);
        if (is_wanted(row)) found.Add(row);
    }
    return found;
}

inline Found FindLabel(const char *label) {
    return FindIf([label](const struct zm_profile_row &row) {
        return row.label != nullptr && std::strcmp(row.label, label) == 0;
    });
}

inline Found FindFrame(const void *frame) {
    return FindIf([frame](const struct zm_profile_row &row) {
        return std::find(row.frames, row.frames + row.depth, frame) != row.frames + row.depth;
    });
}

inline Found FindAll() {
    return FindIf([](const struct zm_profile_row &) { return true; });
}

// Samples have this label while the object lives.
class Label {
  public:
    explicit Label(const char *label) : before_(zmalloc_label(label)) {}
    ~Label() { zmalloc_label(before_); }
    Label(const Label &) = delete;
    Label &operator=(const Label &) = delete;

  private:
    const char *before_;
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_PROFILE_SITES_H_
