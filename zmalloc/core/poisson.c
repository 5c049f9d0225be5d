#include "zmalloc/core/poisson.h"

#include "zmalloc/os/os.h"

/* By xorshift, whose state is never 0. */
uint64_t zm_random(void) {
    static _Thread_local uint64_t state __attribute__((tls_model("initial-exec")));
    if (state == 0) {
        const uint64_t mixed = ((uintptr_t)&state ^ zm_os_time()) * UINT64_C(0x9e3779b97f4a7c15);
        state = (mixed ^ mixed >> 32) | 1;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* The natural logarithm of x > 0, by its series in (m - 1) / (m + 1) for x = m * 2^n, with m from
 * 0.75 to 1.5. */
static double logarithm(double x) {
    const double ln2 = 0.69314718055994530942;
    int n = 0;
    for (; x >= 1.5; n++) x /= 2;
    for (; x < 0.75; n--) x *= 2;
    const double t = (x - 1) / (x + 1), square = t * t;
    return 2 * t * (1 + square * (1.0 / 3 + square * (1.0 / 5 + square * (1.0 / 7 + square / 9)))) +
           n * ln2;
}

/* From 0 to 1, but neither of them. */
static double uniform(void) {
    return ((double)(zm_random() >> 11) + 0.5) / (double)(UINT64_C(1) << 53);
}

int64_t zm_poisson_distance(uint64_t rate) {
    const double distance = -logarithm(uniform()) * (double)rate;
    return 1 + (int64_t)distance;
}

bool zm_poisson_happens(double probability) { return uniform() < probability; }

/* p(2x) = 1 - (1 - p(x))^2, and p(x) of a small x by its series. */
double zm_poisson_probability(uint64_t bytes, uint64_t rate) {
    double x = (double)bytes / (double)rate;
    int doublings = 0;
    if (x > 40) return 1;
    for (; x > 1.0 / 32; doublings++) x /= 2;
    double p = x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))));
    for (; doublings > 0; doublings--) p *= 2 - p;
    return p;
}
