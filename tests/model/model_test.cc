// zmalloc against the model: random operations from several threads.
#include "tests/model/model.h"

#include "tests/support.h"

namespace zmalloc_test {
namespace {

constexpr size_t kThreads = 4, kRounds = 10;

size_t Operations() {
    const char *operations = std::getenv("ZMALLOC_TEST_OPERATIONS");
    return operations != nullptr ? std::strtoull(operations, nullptr, 0) : 3000000;
}

class RandomChoices : public model::Choices {
  public:
    explicit RandomChoices(uint64_t seed) : random_(seed) {}
    size_t Below(size_t limit) override { return random_.Below(limit); }

  private:
    Random random_;
};

std::vector<std::unique_ptr<model::Choices>> RandomThreads(uint64_t seed) {
    std::vector<std::unique_ptr<model::Choices>> threads;
    for (size_t i = 0; i < kThreads; i++) {
        threads.push_back(std::make_unique<RandomChoices>(seed + i * 7919));
    }
    return threads;
}

TEST(Model, Agrees) {
    const uint64_t seed = Seed();
    SCOPED_TRACE(testing::Message() << "repeat with ZMALLOC_TEST_SEED=" << seed);
    OomRecorder oom;
    const size_t before = zmalloc_used_memory();
    model::Model model(RandomThreads(seed));
    for (size_t round = 0; round < kRounds; round++) {
        model.Round(Operations() / kRounds / kThreads);
        ASSERT_FALSE(model.verdict().failed()) << model.verdict().what();
        ASSERT_EQ(zmalloc_used_memory(), before + model.Counted()) << "after round " << round;
        ASSERT_FALSE(model.verdict().failed()) << model.verdict().what();
    }
    model.FreeAll();
    EXPECT_FALSE(model.verdict().failed()) << model.verdict().what();
    EXPECT_EQ(zmalloc_used_memory(), before);
    EXPECT_TRUE(oom.Take().empty());
}

}  // namespace
}  // namespace zmalloc_test
