/* Linked statically: no library can be preloaded. */
#include <stdlib.h>

int main(void) {
    free(malloc(1));
    return 0;
}
