/* The places from which the loaded objects of this process call functions of other objects: the
 * dynamic linker has filled them in, and they can be filled in anew. */
#ifndef TOOLS_ZTRACE_SLOTS_H_
#define TOOLS_ZTRACE_SLOTS_H_

/* The function of this name that the linker gives to callers: that of the first object that defines
 * it, this library left out.  NULL when there is none.  Allocates nothing. */
void *slots_find(const char *name);

/* Makes all other objects call this library's functions where they call those that slots_find()
 * finds by the same names.  Returns how many places were changed. */
int slots_replace(void);

#endif /* TOOLS_ZTRACE_SLOTS_H_ */
