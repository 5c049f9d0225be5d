// Included before the sources that are compiled once for both allocators: it is an error if
// they use a macro that differs between the two.
#pragma GCC poison NO_TCMALLOC_SAMPLES ENABLE_EMERGENCY_MALLOC
