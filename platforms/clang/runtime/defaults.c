/* The functions that the sanitizers' runtimes call in a program: they return default options,
 * which ASAN_OPTIONS and similar variables can override, and the reports to suppress. */

const char *__asan_default_options(void);
const char *__msan_default_options(void);
const char *__tsan_default_options(void);
const char *__tsan_default_suppressions(void);
const char *__ubsan_default_options(void);

/* allocator_may_return_null, in all of them: as with malloc, programs must handle NULL. */

const char *__asan_default_options(void) {
    return "allocator_may_return_null=1:check_initialization_order=1:detect_leaks=1:"
           "detect_stack_use_after_return=1:strict_string_checks=1";
}

const char *__msan_default_options(void) { return "allocator_may_return_null=1"; }

/* detect_deadlocks=0: the detector aborts when one thread holds more than 64 locks, and
 * jemalloc takes all of its locks when the process forks.
 * die_after_fork=0: a child may start threads. */
const char *__tsan_default_options(void) {
    return "allocator_may_return_null=1:detect_deadlocks=0:die_after_fork=0:history_size=4";
}

/* jemalloc has these races by design:
 * - One word of a slab's edata holds the count of free regions, and the arena, bin and size
 *   class.  The count changes under the bin's lock.  The others do not change while the slab
 *   has blocks, and jemalloc reads them without the lock.
 * - In a child, jemalloc does not unlock its mutexes but initialises them again, which
 *   ThreadSanitizer does not see.
 * - jemalloc copies a mutex's statistics together with the number of threads that wait for
 *   it; these threads change the number without holding the mutex.
 * - ctl_init() sets a flag at its end, and first reads it without its lock.
 * - For statistics, jemalloc reads the fill of each running thread's cache while the thread
 *   allocates.
 * - Other threads can use an arena before its creation time is set, which statistics read.
 *   No other time that nstime_init_update() sets is shared. */
const char *__tsan_default_suppressions(void) {
    return "race_top:^edata_nfree_dec$\n"
           "race_top:^edata_nfree_inc$\n"
           "race_top:^edata_nfree_sub$\n"
           "race_top:^ctl_init$\n"
           "race:^cache_bin_nitems_get_remote$\n"
           "race:^je_nstime_init_update$\n"
           "race:^malloc_mutex_prof_copy$\n"
           "mutex:^arena_decay_impl$\n"
           "mutex:^malloc_mutex_trylock_final$\n"
           "mutex:^je_malloc_mutex_lock_slow$\n";
}

const char *__ubsan_default_options(void) { return "print_stacktrace=1"; }
