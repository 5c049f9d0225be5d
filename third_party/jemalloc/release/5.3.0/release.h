/* What extension.c needs to know of jemalloc 5.3.0's internals, included after them.
 * Other releases have a file of this name too. */

/* Whether the thread cache takes blocks of this class. */
JEMALLOC_ALWAYS_INLINE bool je_release_caches(tcache_t *tcache, szind_t index) {
    (void)tcache;
    return index < nhbins;
}
