/* Finds the program and its libraries in memory without the dynamic loader: a child of fork may
 * inherit the loader's lock, held by a thread that the child does not have. */
#ifndef ZMALLOC_OS_OBJECTS_H_
#define ZMALLOC_OS_OBJECTS_H_

#include <link.h>
#include <stdbool.h>

/* Calls `visit` for the program and each library, as dl_iterate_phdr() does, until it returns
 * something else than 0.  No other thread may unload one meanwhile: their headers are read where
 * they are mapped.  False: the system does not tell. */
bool zm_os_loaded_objects(int (*visit)(struct dl_phdr_info *object, size_t size, void *context),
                          void *context);

#endif /* ZMALLOC_OS_OBJECTS_H_ */
