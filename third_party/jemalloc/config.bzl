"""jemalloc's configuration per platform: the tables in config/, and rows that need a select()."""

PREFIX = "je_"

# The page sizes of --jemalloc_lg_page.  If the system's pages are larger, every
# allocation fails.  If they are smaller, jemalloc works, in larger steps.  arm64 Linux
# kernels have pages of 4K, 16K or 64K, FreeBSD's have pages of 4K.
_LG_PAGE = {
    "@zmalloc//third_party/jemalloc:lg_page_12": "12",
    "@zmalloc//third_party/jemalloc:lg_page_14": "14",
    "@zmalloc//third_party/jemalloc:lg_page_16": "16",
    "@zmalloc//third_party/jemalloc:lg_page_auto_linux_aarch64": "16",
    "@zmalloc//third_party/jemalloc:lg_page_auto_macos_aarch64": "14",
    "//conditions:default": "12",
}

def lg_page(option):
    """An option followed by the logarithm of the page size, as a select() of lists."""
    return select({condition: [option + value] for condition, value in _LG_PAGE.items()})

def _spin_wait(code):
    return [
        "CPU_SPINWAIT=" + code,
        "HAVE_CPU_SPINWAIT=%d" % int(bool(code)),
    ]

# The files with the configuration for the target.
TABLES = ["@zmalloc//third_party/jemalloc:config/everywhere.txt"] + select({
    "@zmalloc//platforms:freebsd": ["@zmalloc//third_party/jemalloc:config/freebsd.txt"],
    "@zmalloc//platforms:linux": ["@zmalloc//third_party/jemalloc:config/linux.txt"],
    "@zmalloc//platforms:macos": ["@zmalloc//third_party/jemalloc:config/macos.txt"],
}, no_match_error = "jemalloc is configured for Linux, macOS and FreeBSD")

# Further rows of the configuration.
CONFIGURATION = select({
    # Bazel 4 cannot choose between linux and linux_musl.
    "@zmalloc//platforms:linux_glibc": ["JEMALLOC_STRERROR_R_RETURNS_CHAR_WITH_GNU_SOURCE"],
    "@zmalloc//platforms:linux_musl": ["JEMALLOC_HAVE_ISSETUGID"],
    "//conditions:default": [],
}) + select({
    "@platforms//cpu:aarch64": _spin_wait("__asm__ volatile(\"isb\")"),
    "@platforms//cpu:x86_64": _spin_wait("__asm__ volatile(\"pause\")"),
    "//conditions:default": _spin_wait(""),
}) + select({
    # With it, jemalloc starts background threads by the pthread_create of the next library, so
    # ThreadSanitizer, which has a pthread_create of its own, does not see these threads.
    "@zmalloc//platforms/clang:tsan": [],
    "//conditions:default": ["JEMALLOC_HAVE_DLSYM"],
}) + lg_page("LG_PAGE=")

# Libraries that the target needs beyond libc.
LINKOPTS = ["-lpthread", "-lm"] + select({
    "@zmalloc//platforms:linux": ["-ldl"],
    "//conditions:default": [],
})
