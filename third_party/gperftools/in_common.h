/* Included before the sources that are compiled once for both allocators: what sets those
 * apart can not even be asked for. */
#ifndef ZMALLOC_GPERFTOOLS_IN_COMMON_H_
#define ZMALLOC_GPERFTOOLS_IN_COMMON_H_

#pragma GCC poison NO_TCMALLOC_SAMPLES ENABLE_EMERGENCY_MALLOC

#endif /* ZMALLOC_GPERFTOOLS_IN_COMMON_H_ */
