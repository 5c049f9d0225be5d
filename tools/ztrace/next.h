/* The functions that the recorder stands in front of. */
#ifndef TOOLS_ZTRACE_NEXT_H_
#define TOOLS_ZTRACE_NEXT_H_

/* The function of this name that the program would call without this library, or NULL.  Each
 * library brings its own: one that is preloaded (next.c), or one that is loaded into a process that
 * runs (attached.c). */
void *next_function(const char *name);

#endif /* TOOLS_ZTRACE_NEXT_H_ */
