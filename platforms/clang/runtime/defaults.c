/* What the sanitizers' runtimes ask a program for: options, which ASAN_OPTIONS
 * and its like add to, and reports to leave out. */

const char *__asan_default_options(void);
const char *__msan_default_options(void);
const char *__tsan_default_options(void);
const char *__tsan_default_suppressions(void);
const char *__ubsan_default_options(void);

/* allocator_may_return_null, everywhere: like malloc, and to be handled. */

const char *__asan_default_options(void) {
    return "allocator_may_return_null=1:check_initialization_order=1:detect_leaks=1:"
           "detect_stack_use_after_return=1:strict_string_checks=1";
}

const char *__msan_default_options(void) { return "allocator_may_return_null=1"; }

/* detect_deadlocks: it counts 64 locks that one thread holds, and aborts at more;
 * jemalloc takes all of its locks in a process that forks.
 * die_after_fork: a child may start threads. */
const char *__tsan_default_options(void) {
    return "allocator_may_return_null=1:detect_deadlocks=0:die_after_fork=0:history_size=4";
}

/* jemalloc's, by design:
 * - One word of a slab's edata holds the count of its free regions, which changes
 *   under the bin's lock, beside its arena, bin and size class, which stay what
 *   they are for as long as it has blocks, and are read without.
 * - In a child, its mutexes are not unlocked but initialised anew, which
 *   ThreadSanitizer takes no notice of.
 * - A mutex's statistics are copied with the number of threads that wait for it,
 *   which these count without it.
 * - ctl_init() sets a flag, last, which is first read without its lock.
 * - How much is in the cache of each running thread is read, for statistics, while
 *   the thread allocates.
 * - An arena is there for others before the time of its creation is, which statistics
 *   read; no other time that nstime_init_update() sets is shared. */
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
