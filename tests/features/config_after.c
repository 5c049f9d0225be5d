// A server that has our header before its own: each macro twice, with the same
// value, which C allows.
#include "zmalloc/features.h"
//
#include "tests/features/config.h"
