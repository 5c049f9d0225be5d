/* A program that is linked with an allocator, and calls its operators and functions. */
#include "tests/tools/fake_jemalloc.h"
#include "tests/tools/traced_program.h"

int main(void) {
    for (int i = 0; i < LINKED_ROUNDS; i++) {
        _ZdlPv(_Znwm(SIZE_NEW));
        _ZdlPvm(_ZnwmSt11align_val_t(SIZE_ALIGNED_NEW, 256), SIZE_ALIGNED_NEW);
        dallocx(rallocx(mallocx(SIZE_MALLOCX, 0), SIZE_RALLOCX, 0), 0);
        sdallocx(mallocx(SIZE_ALIGNED_MALLOCX, 12), SIZE_ALIGNED_MALLOCX, 12);
        dallocx(mallocx(SIZE_ZERO_MALLOCX, 0x40), 0);
        free(malloc(SIZE_LINKED_MALLOC));
    }
    return 0;
}
