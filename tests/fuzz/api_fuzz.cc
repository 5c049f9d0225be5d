// zmalloc.h and defrag.h, by operation sequences against the model of tests/model.
//
// The first byte says how many threads there are, 1 to 4.  Each thread gets a part of the other
// bytes, and makes its choices by them.
#include "tests/fuzz/input.h"
#include "tests/model/model.h"

namespace zmalloc_test {
namespace {

class BytesAsChoices : public model::Choices {
  public:
    explicit BytesAsChoices(std::string bytes)
        : bytes_(std::move(bytes)),
          input_(reinterpret_cast<const uint8_t *>(bytes_.data()), bytes_.size()) {}

    size_t Below(size_t limit) override { return input_.Below(limit); }
    bool more() const override { return input_.left() != 0; }

  private:
    const std::string bytes_;
    Input input_;
};

std::vector<std::unique_ptr<model::Choices>> Threads(Input *input) {
    // Mostly one thread: then it is known which operation led to an error.
    const size_t byte = input->Byte(), threads = byte < 192 ? 1 : 2 + byte % 3;
    const size_t each = input->left() / threads;
    std::vector<std::unique_ptr<model::Choices>> choices;
    for (size_t i = 0; i < threads; i++) {
        choices.push_back(std::make_unique<BytesAsChoices>(input->Bytes(each)));
    }
    return choices;
}

size_t reported;

void Run(Input *input) {
    reported = 0;
    const size_t before = zmalloc_used_memory();
    model::Model model(Threads(input));
    model.Round(SIZE_MAX);
    const size_t counted = model.Counted();
    FUZZ_CHECK(zmalloc_used_memory() == before + counted);
    model.FreeAll();
    if (model.verdict().failed()) std::fprintf(stderr, "%s\n", model.verdict().what().c_str());
    FUZZ_CHECK(!model.verdict().failed());
    FUZZ_CHECK(zmalloc_used_memory() == before);
    FUZZ_CHECK(zmalloc_peak_memory() >= before);
    FUZZ_CHECK(reported == 0);
}

}  // namespace
}  // namespace zmalloc_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zmalloc_set_oom_handler([](size_t) { zmalloc_test::reported++; });
    zmalloc_test::Input input(data, size);
    zmalloc_test::Run(&input);
    return 0;
}
