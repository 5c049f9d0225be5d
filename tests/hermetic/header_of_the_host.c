/* Includes a header by its place on this machine, as generated code sometimes does. */
#include "/usr/include/stdio.h"

int header_of_the_host(void) { return BUFSIZ; }
