// A server that has our header before its own.
#include <sys/socket.h>  // with it config.h defines SOCKOPTMARKID
//
#include "zmalloc/features.h"
//
#include CONFIG_OF_THE_SERVER
