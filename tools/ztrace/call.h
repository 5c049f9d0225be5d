/* Has gdb call functions in a thread that is stopped where it is about to enter a function of C.
 * gdb can do that by itself, but then it writes all registers back, and before release 14 it cannot
 * write those of CPUs with AMX.  Here only the registers are written back that the ABI does not let
 * a function change at will: vector registers are lost, as in the call that comes next. */
#ifndef TOOLS_ZTRACE_CALL_H_
#define TOOLS_ZTRACE_CALL_H_

#include <stdbool.h>

#include "tools/ztrace/gdb.h"

/* Expression of gdb for the address to which a function that begins returns; "": there are no calls
 * on this CPU. */
extern const char *const call_return_address;

/* Before the first call.  Each of these returns false when gdb fails: its answer says why. */
bool call_prepare(struct gdb *gdb, pid_t pid);

/* Calls a function with a text, or NULL, and a number.  Afterwards the thread is where it was; also
 * if ztrace ends before. */
bool call(struct gdb *gdb, unsigned long *result, const char *function, const char *text,
          int number);

#endif /* TOOLS_ZTRACE_CALL_H_ */
