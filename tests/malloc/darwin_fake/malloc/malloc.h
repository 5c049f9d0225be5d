/* What malloc/darwin/zone.c uses of macOS's <malloc/malloc.h>, to run it on Linux.  The
 * functions are in ../zones.c. */
#ifndef ZMALLOC_TESTS_MALLOC_DARWIN_FAKE_H_
#define ZMALLOC_TESTS_MALLOC_DARWIN_FAKE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KERN_SUCCESS 0

typedef int boolean_t;
typedef int kern_return_t;
typedef unsigned task_t;
typedef uintptr_t vm_address_t;
typedef uintptr_t vm_size_t;

typedef struct {
    vm_address_t address;
    vm_size_t size;
} vm_range_t;

typedef struct {
    unsigned blocks_in_use;
    size_t size_in_use, max_size_in_use, size_allocated;
} malloc_statistics_t;

typedef kern_return_t memory_reader_t(task_t, vm_address_t, vm_size_t, void **);
typedef void vm_range_recorder_t(task_t, void *, unsigned, vm_range_t *, unsigned);

struct malloc_introspection_t;

typedef struct malloc_zone {
    void *reserved1, *reserved2;
    size_t (*size)(struct malloc_zone *, const void *);
    void *(*malloc)(struct malloc_zone *, size_t);
    void *(*calloc)(struct malloc_zone *, size_t, size_t);
    void *(*valloc)(struct malloc_zone *, size_t);
    void (*free)(struct malloc_zone *, void *);
    void *(*realloc)(struct malloc_zone *, void *, size_t);
    void (*destroy)(struct malloc_zone *);
    const char *zone_name;
    unsigned (*batch_malloc)(struct malloc_zone *, size_t, void **, unsigned);
    void (*batch_free)(struct malloc_zone *, void **, unsigned);
    struct malloc_introspection_t *introspect;
    unsigned version;
    void *(*memalign)(struct malloc_zone *, size_t, size_t);          /* version 5 */
    void (*free_definite_size)(struct malloc_zone *, void *, size_t); /* version 6 */
    size_t (*pressure_relief)(struct malloc_zone *, size_t);          /* version 8 */
} malloc_zone_t;

typedef struct malloc_introspection_t {
    kern_return_t (*enumerator)(task_t, void *, unsigned, vm_address_t, memory_reader_t,
                                vm_range_recorder_t);
    size_t (*good_size)(malloc_zone_t *, size_t);
    boolean_t (*check)(malloc_zone_t *);
    void (*print)(malloc_zone_t *, boolean_t);
    void (*log)(malloc_zone_t *, void *);
    void (*force_lock)(malloc_zone_t *);
    void (*force_unlock)(malloc_zone_t *);
    void (*statistics)(malloc_zone_t *, malloc_statistics_t *);
    boolean_t (*zone_locked)(malloc_zone_t *);
    void (*reinit_lock)(malloc_zone_t *); /* version 9 */
} malloc_introspection_t;

malloc_zone_t *malloc_default_zone(void);
malloc_zone_t *malloc_default_purgeable_zone(void);
void malloc_zone_register(malloc_zone_t *zone);
void malloc_zone_unregister(malloc_zone_t *zone);
kern_return_t malloc_get_all_zones(task_t task, memory_reader_t reader, vm_address_t **zones,
                                   unsigned *number);
void *malloc_zone_malloc(malloc_zone_t *zone, size_t size);
void *malloc_zone_calloc(malloc_zone_t *zone, size_t number, size_t size);
void *malloc_zone_memalign(malloc_zone_t *zone, size_t alignment, size_t size);
size_t malloc_size(const void *ptr);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_TESTS_MALLOC_DARWIN_FAKE_H_ */
