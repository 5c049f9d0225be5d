#include "malloc/run_check.h"
#include "tools/common/cli.h"
#include "tools/ztrace/inspect.h"

bool run_check_program(const char *tool, const char *program) {
    switch (inspect_program(program).kind) {
        case INSPECT_NOTHING:
        case INSPECT_OTHER_NEW: /* the library has its own */
            return true;
        case INSPECT_STATIC:
            cli_error(tool, "%s is statically linked: no library can be preloaded", program);
            return false;
        case INSPECT_OTHER_LIBC:
            cli_error(tool, "%s is for another libc than the library", program);
            return false;
        case INSPECT_OTHER_CPU:
            cli_error(tool, "%s is for another CPU than the library", program);
            return false;
        case INSPECT_RIGHTS:
            cli_error(
                tool,
                "%s is setuid, setgid or has capabilities: the loader preloads nothing into it",
                program);
            return false;
        case INSPECT_OWN_MALLOC:
            cli_error(tool, "%s has a malloc of its own, which stays; only blocks of others change",
                      program);
            return true;
        case INSPECT_ASAN:
            cli_error(tool, "%s would have AddressSanitizer's malloc from LD_PRELOAD", program);
            return false;
    }
    return true;
}
