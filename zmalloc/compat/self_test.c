/* zmalloc_test, which servers call that are built with REDIS_TEST. */
#define REDIS_TEST
#include <stdio.h>
#include <string.h>

#include "zmalloc/compat/common.h"

static const char *wrong_with_blocks(void) {
    char *block = zmalloc(123);
    char *zeroed = zcalloc_num(3, 41);
    if (block == NULL || zeroed == NULL) return "no block";
    if (zmalloc_usable_size(block) < 123) return "the block is too small";
    for (size_t i = 0; i < 123; i++) {
        if (zeroed[i] != 0) return "calloc gave a byte that is not zero";
    }
    memset(block, 7, 123);
    block = zrealloc(block, 45678);
    if (block == NULL || block[122] != 7) return "realloc lost a byte";
    zfree(block);
    zfree(zeroed);
    zfree(NULL);
    return NULL;
}

int zmalloc_test(int argc, char **argv, int flags) {
    const size_t before = zmalloc_used_memory();
    const char *wrong = wrong_with_blocks();
    (void)argc, (void)argv, (void)flags;
    if (wrong == NULL && zmalloc_used_memory() != before) wrong = "freed memory is counted";
    printf("zmalloc over %s: %s\n", ZMALLOC_LIB, wrong != NULL ? wrong : "ok");
    return wrong != NULL;
}
