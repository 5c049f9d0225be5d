/* Probes as notes of an ELF file, in the form of SystemTap's sys/sdt.h, version 3: the note has the
 * address of an instruction, the probe's name, and where its arguments are at that address. */
#include "zmalloc/profile/probes.h"

/* Debuggers find by this how far the file was moved when it was loaded. */
#define BASE                                                                  \
    ".ifndef _.stapsdt.base\n\t"                                              \
    ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n\t" \
    ".weak _.stapsdt.base\n\t"                                                \
    ".hidden _.stapsdt.base\n"                                                \
    "_.stapsdt.base: .space 1\n\t"                                            \
    ".size _.stapsdt.base, 1\n\t"                                             \
    ".popsection\n\t"                                                         \
    ".endif\n"

#define PROBE(name, arguments)                                 \
    "990: nop\n\t"                                             \
    ".pushsection .note.stapsdt,\"?\",\"note\"\n\t"            \
    ".balign 4\n\t"                                            \
    ".4byte 992f - 991f, 994f - 993f, 3\n"                     \
    "991: .asciz \"stapsdt\"\n"                                \
    "992: .balign 4\n"                                         \
    "993: .8byte 990b\n\t"                                     \
    ".8byte _.stapsdt.base\n\t"                                \
    ".8byte 0\n\t" /* no counter of those that are attached */ \
    ".asciz \"otel_memory\", \"" name "\", \"" arguments       \
    "\"\n"                                                     \
    "994: .balign 4\n\t"                                       \
    ".popsection\n" BASE

__attribute__((noinline)) void zm_probe_alloc(const void *ptr, uint64_t size,
                                              uint64_t weighted_bytes) {
    __asm__ volatile(PROBE("alloc", "8@%0 8@%1 8@%2") : : "r"(ptr), "r"(size), "r"(weighted_bytes));
}

__attribute__((noinline)) void zm_probe_free(const void *ptr) {
    __asm__ volatile(PROBE("free", "8@%0") : : "r"(ptr));
}

/* The notes refer to both functions.  gold fails if it leaves these out of a program that never
 * calls them, so they are kept wherever this file is linked. */
__attribute__((constructor)) static void keep(void) {
    __asm__ volatile("" : : "r"(zm_probe_alloc), "r"(zm_probe_free));
}
