// Everything at once, for long, over one variant.
//
// A round ends when its threads have ended.  Then no call is in progress, and used memory must be
// what the model holds.  Live blocks stay for the next round.
#include <memory>

#include "tests/soak/blocks.h"
#include "tests/soak/interruptions.h"
#include "tests/soak/options.h"
#include "tests/soak/others.h"
#include "tests/soak/threads.h"

namespace zmalloc_test {
namespace {

// Resident memory may be this many times the most that was alive, plus what the threads and the
// allocator's caches keep.
constexpr size_t kMostRatio = 3;
constexpr size_t kHeadroom = 64 * kMiB, kHeadroomPerThread = kMiB / 2;

bool UnderValgrind() { return std::getenv("ZMALLOC_UNDER_VALGRIND") != nullptr; }

// helgrind believes that the threads which a forked child does not have are running.
bool UnderHelgrind() {
    return UnderValgrind() && std::strcmp(std::getenv("ZMALLOC_UNDER_VALGRIND"), "helgrind") == 0;
}

class Soak {
  public:
    explicit Soak(const Options &options)
        : options_(options),
          seed_(options.seed != 0 ? options.seed : Seed()),
          deadline_(std::time(nullptr) + static_cast<time_t>(options.seconds)),
          used_before_(zmalloc_used_memory()),
          rss_before_(zmalloc_get_rss()) {}

    // The exit status.
    int Run() {
        (void)Pattern::Holds("", 1, 0);  // as in RunThreads()
        while (!verdict_.failed() && !Done()) {
            Round();
            Judge();
            rounds_++;
        }
        JudgeActivity();
        FreeAll();
        Print();
        return verdict_.failed() ? 1 : 0;
    }

  private:
    bool Done() const {
        if (options_.rounds != 0) return rounds_ == options_.rounds;
        return rounds_ != 0 && std::time(nullptr) >= deadline_;
    }

    void Round() {
        const uint64_t seed = seed_ + rounds_ * 1000003;
        Timers timers;
        const auto forks = forks_ ? std::make_unique<Forks>(&verdict_) : nullptr;
        Reporter reporter(&verdict_);
        Defragmenter defragmenter(seed, &sparse_, &verdict_);
        threads_ += RunThreads(seed, options_.threads, &pool_, &verdict_);
    }

    void Judge() {
        size_t held = pool_.Counted(&verdict_);
        for (const Block &block : sparse_) held += block.counted;
        const size_t used = zmalloc_used_memory() - used_before_;
        if (used != held) {
            verdict_.Wrong("used memory is " + std::to_string(used) + ", the model's is " +
                           std::to_string(held));
        }
        if (zmalloc_peak_memory() < used) verdict_.Wrong("the peak is below what is used");
        Timers::Judge(&verdict_);
        JudgeResident(held);
    }

    void JudgeResident(size_t held) {
        most_held_ = std::max({most_held_, held, pool_.most_bytes()});
        const size_t rss = zmalloc_get_rss();
        const size_t grown = rss > rss_before_ ? rss - rss_before_ : 0;
        most_grown_ = std::max(most_grown_, grown);
        if (kSanitized || Emulated() || UnderValgrind()) return;
        const size_t most =
            kMostRatio * most_held_ + kHeadroom + kHeadroomPerThread * options_.threads;
        if (grown > most) {
            verdict_.Wrong("resident memory grew by " + std::to_string(grown) + " for at most " +
                           std::to_string(most_held_) + " alive");
        }
    }

    // Checks that everything that should have been at work was.
    void JudgeActivity() {
        if (Timers::signals == 0) verdict_.Wrong("no signal came");
        if (Reporter::reports == 0) verdict_.Wrong("nothing was reported");
        if (forks_ && Forks::children == 0) verdict_.Wrong("nothing forked");
        if (zmalloc_defrag_supported() && (Defragmenter::passes == 0 || Defragmenter::moved == 0)) {
            verdict_.Wrong("defragmentation moved nothing");
        }
    }

    void FreeAll() {
        pool_.FreeAll(&verdict_);
        Random random(2);
        for (const Block &block : sparse_) FreeAny(&random, block, &verdict_);
        sparse_.clear();
        if (zmalloc_used_memory() != used_before_) {
            verdict_.Wrong("all is freed, but used memory is not what it was");
        }
    }

    void Print() {
        if (verdict_.failed()) {
            std::fprintf(stderr, "soak: %s: round %zu: %s (--seed=%llu)\n",
                         zmalloc_allocator_name(), rounds_, verdict_.what().c_str(),
                         static_cast<unsigned long long>(seed_));
        }
        std::printf(
            "%s: %zu rounds, %zu threads, %zu forks, %zu signals, %zu reports, %zu passes of "
            "defragmentation (%zu moved); alive at most %.1f MiB, resident %+.1f MiB\n",
            zmalloc_allocator_name(), rounds_, threads_, Forks::children.load(),
            Timers::signals.load(), Reporter::reports.load(), Defragmenter::passes.load(),
            Defragmenter::moved.load(), MiB(most_held_), MiB(most_grown_));
    }

    static double MiB(size_t bytes) { return static_cast<double>(bytes) / kMiB; }

    const Options options_;
    const uint64_t seed_;
    const time_t deadline_;
    const size_t used_before_, rss_before_;
    const bool forks_ = !Emulated() && !UnderHelgrind();  // qemu's child may find locks held
    Verdict verdict_;
    Pool pool_;
    std::vector<Block> sparse_;
    size_t rounds_ = 0, threads_ = 0, most_held_ = 0, most_grown_ = 0;
};

}  // namespace
}  // namespace zmalloc_test

int main(int argc, char **argv) {
    zmalloc_test::Options options;
    const char *variant = zmalloc_test::Variant().name.data();
    const int status = zmalloc_test::ParseOptions(argc, argv, variant, &options);
    // Under valgrind only one thread runs at a time.
    if (zmalloc_test::UnderValgrind()) options.threads = std::min<uint64_t>(options.threads, 4);
    return status >= 0 ? status : zmalloc_test::Soak(options).Run();
}
