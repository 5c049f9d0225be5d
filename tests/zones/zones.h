// What the tests of zones share.
#ifndef ZMALLOC_TESTS_ZONES_ZONES_H_
#define ZMALLOC_TESTS_ZONES_ZONES_H_

#include <thread>
#include <utility>

#include "tests/support.h"
#include "zmalloc/stats.h"
#include "zmalloc/zone.h"

namespace zmalloc_test {

// A zone that lives as long as this object, and must be empty at the end.
class Zone {
  public:
    explicit Zone(const char *name = "zone") : zone_(zmalloc_zone_create(name)) {
        EXPECT_NE(zone_, nullptr);
        EXPECT_EQ(figures(), Figures(0, 0));
    }
    ~Zone() { EXPECT_EQ(zmalloc_zone_destroy(zone_), 0) << std::strerror(errno); }
    Zone(const Zone &) = delete;

    using Figures = std::pair<size_t, size_t>;  // bytes and blocks
    Figures figures() const { return {zmalloc_zone_bytes(zone_), zmalloc_zone_blocks(zone_)}; }

    operator zmalloc_zone_t *() const { return zone_; }

  private:
    zmalloc_zone_t *zone_;
};

inline Zone::Figures FiguresOf(const std::vector<void *> &blocks) {
    Zone::Figures sum(0, 0);
    for (void *block : blocks) {
        sum.first += zmalloc_size(block);
        sum.second += block != nullptr;
    }
    return sum;
}

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_ZONES_ZONES_H_
