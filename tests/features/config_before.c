// A server that has our header after its own.
#include "tests/features/config.h"
//
#include "zmalloc/features.h"
