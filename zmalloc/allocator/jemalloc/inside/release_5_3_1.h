/* Internals of jemalloc that differ between releases: 5.3.1.  Include it after jemalloc's
 * internal headers.  There is a file like this for each release. */

/* Whether the thread cache takes blocks of this class. */
JEMALLOC_ALWAYS_INLINE bool je_release_caches(tcache_t *tcache, szind_t index) {
    return index < tcache_nbins_get(tcache->tcache_slow) &&
           !tcache_bin_disabled(index, &tcache->bins[index], tcache->tcache_slow);
}

/* Whether there is memory for a thread's cache.  Without this check, this release prints a
 * message to stderr when there is none.  By default a cache takes about 30 KiB. */
JEMALLOC_ALWAYS_INLINE bool je_release_has_room_for_cache(tsd_t *tsd) {
    enum { ROOM = 64 << 10 };
    void *room =
        ipallocztm(tsd_tsdn(tsd), ROOM, PAGE, false, NULL, true, arena_get(TSDN_NULL, 0, true));
    if (room != NULL) idalloctm(tsd_tsdn(tsd), room, NULL, NULL, true, true);
    return room != NULL;
}
