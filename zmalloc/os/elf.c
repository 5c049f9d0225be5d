/* Systems with ELF files. */
#include <link.h>

#include "zmalloc/os/os.h"

/* Those that do not depend on their place, as all libraries, lie where their addresses
 * begin with 0. */
uintptr_t zm_os_link_base(const void *loaded) {
    const ElfW(Ehdr) *header = loaded;
    return header->e_type == ET_EXEC ? 0 : (uintptr_t)loaded;
}
