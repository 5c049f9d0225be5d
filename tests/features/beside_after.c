// A server that has our header after its own.
#include <sys/socket.h>  // with it config.h defines SOCKOPTMARKID
//
#include CONFIG_OF_THE_SERVER
//
#include "zmalloc/features.h"
