#include "tests/lib.h"

#include "zmalloc/zmalloc.h"

namespace zmalloc_test {

std::string Lib() { return ZMALLOC_LIB; }

std::string Backend() { return ZMALLOC_BACKEND; }

}  // namespace zmalloc_test
