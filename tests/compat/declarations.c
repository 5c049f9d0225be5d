/* Holds our "zmalloc.h" for a server against that of a release: ZM_DECLARATIONS is the file that
 * declarations.awk makes of it.  A declaration of another type does not compile. */
#include "tests/compat/declarations.h"

#define REDIS_TEST
#include "zmalloc.h"

#define SAME_TYPE(a, b)                                                        \
    _Static_assert(__builtin_types_compatible_p(__typeof__(a), __typeof__(b)), \
                   #a " has not the type of the server's")

#define DECLARED(name, type, parameters)          \
    SAME_TYPE(&(name), (type(*) parameters)NULL); \
    static type(*const its_##name) parameters = (name);
#define RENAMED(name, other) SAME_TYPE(&(name), &(other));
#include ZM_DECLARATIONS
#undef DECLARED
#undef RENAMED

static const struct declaration all[] = {
#define DECLARED(name, type, parameters) {#name, (void (*)(void))its_##name, NULL},
#define RENAMED(name, other) {#other, (void (*)(void))(name), (void (*)(void))(other)},
#include ZM_DECLARATIONS
};

const struct declaration *declarations(size_t *count) {
    *count = sizeof all / sizeof *all;
    return all;
}
