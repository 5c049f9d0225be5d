/* Looks into programs and libraries, before one is started. */
#ifndef TOOLS_COMMON_ELF_H_
#define TOOLS_COMMON_ELF_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/cli.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A file in memory.  It may hold anything: each place in it is checked. */
struct elf_image {
    const char *at;
    size_t size;
};

/* False when it cannot be read.  elf_close() lets it go. */
bool elf_open(const char *path, struct elf_image *image);
void elf_close(const struct elf_image *image);

/* Whether it is an ELF file.  The functions below want one. */
bool elf_is(const struct elf_image *image);

/* Whether both are for the same CPU. */
bool elf_same_cpu(const struct elf_image *one, const struct elf_image *other);

/* The dynamic linker that it asks for, or NULL. */
const char *elf_interpreter(const struct elf_image *image);

/* Whether it names a global function that it defines, or, with `defined` false, that it takes from
 * elsewhere. */
bool elf_has_function(const struct elf_image *image, const char *function, bool defined);

/* Whether it is linked with a shared library of which the name begins with `library`. */
bool elf_needs(const struct elf_image *image, const char *library);

/* Whether a program runs with other rights than ours: the linker preloads nothing then. */
bool elf_gains_rights(const char *path);

enum { ELF_BUILD_ID_SIZE = 2 * 64 + 1 }; /* longer ids are cut */

/* Its build id, in hexadecimal digits.  False when it has none. */
bool elf_build_id(const struct elf_image *image, char id[ELF_BUILD_ID_SIZE]);

/* The address that the byte at `offset` of the file has, as its symbols count addresses.  False
 * when that byte is not loaded. */
bool elf_address(const struct elf_image *image, uint64_t offset, uint64_t *address);

/* Whether its symbols name all functions, those that other files do not call too. */
bool elf_names_all(const struct elf_image *image);

/* Whether the address, as symbols count it, is in a function that other files may call. */
bool elf_exports(const struct elf_image *image, uint64_t address);

enum { ELF_SCRIPT_SIZE = 256 }; /* what Linux reads of a file to run it */

/* The interpreter that a script names in its first line, as Linux reads it: the name ends at a
 * space, a tab or the end of the line, and not at a carriage return.  False when the file names
 * none. */
bool elf_script(const struct elf_image *image, char name[ELF_SCRIPT_SIZE]);

/* Opens a program: of a script the program that runs it, whose path `path` then is.  False when
 * that is no ELF file. */
bool elf_open_program(char path[CLI_PATH_SIZE], struct elf_image *image);

/* Finds a program as execvp() does: looks in PATH for a name without a slash.  Relative names start
 * in the user's folder. */
bool elf_find(const char *name, char found[CLI_PATH_SIZE]);

#ifdef __cplusplus
}
#endif

#endif /* TOOLS_COMMON_ELF_H_ */
