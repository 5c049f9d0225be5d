// Compiled for each variant.
#include "tests/variant.h"

#include <cstdlib>

#include "zmalloc/zmalloc.h"

#ifdef HAVE_MALLOC_SIZE
#ifdef __APPLE__
#define malloc_usable_size malloc_size
#endif
extern "C" size_t USABLE_SIZE(void *);
#else
#define USABLE_SIZE nullptr
#endif

namespace zmalloc_test {
namespace {

const std::initializer_list<std::string_view> kStatistics = {STATISTICS};
const std::initializer_list<std::string_view> kCauses = {CAUSES};
const std::initializer_list<std::string_view> kSymbols = {SYMBOLS};
const std::initializer_list<std::string_view> kOtherSymbols = {OTHER_SYMBOLS};

TestedVariant Ask() {
    const char *name = std::getenv("ZMALLOC_VARIANT");
    return {name != nullptr ? name : "",
            zmalloc_allocator_name(),
            ZMALLOC_BACKEND,
            ZMALLOC_LIB,
            GUARDED,
            REPLACES_MALLOC,
            GIVES_BACK,
            DEFRAGMENTS,
            KNOWS_SLABS,
            SOURCE,
            ENVIRONMENT,
            kStatistics,
            kCauses,
            kSymbols,
            kOtherSymbols,
            USABLE_SIZE};
}

}  // namespace

const TestedVariant &Variant() {
    static const TestedVariant asked = Ask();
    return asked;
}

}  // namespace zmalloc_test
