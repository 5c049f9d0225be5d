/* Systems with ELF files. */
#include <link.h>

#include "zmalloc/os/os.h"

/* Position-independent files, and so all libraries, have addresses that begin with 0.  Other
 * programs are loaded at the addresses in their file. */
uintptr_t zm_os_load_bias(const void *loaded) {
    const ElfW(Ehdr) *header = loaded;
    return header->e_type == ET_EXEC ? 0 : (uintptr_t)loaded;
}
