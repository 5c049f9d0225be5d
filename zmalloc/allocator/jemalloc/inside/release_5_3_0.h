/* Internals of jemalloc that differ between releases: 5.3.0.  Include it after jemalloc's
 * internal headers.  There is a file like this for each release. */

/* Whether the thread cache takes blocks of this class. */
JEMALLOC_ALWAYS_INLINE bool je_release_caches(tcache_t *tcache, szind_t index) {
    (void)tcache;
    return index < nhbins;
}

/* Whether there is memory for a thread's cache.  Only a release that prints a message when
 * there is none needs to check it. */
JEMALLOC_ALWAYS_INLINE bool je_release_has_room_for_cache(tsd_t *tsd) {
    (void)tsd;
    return true;
}
