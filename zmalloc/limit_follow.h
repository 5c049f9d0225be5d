/* Between limit.c and pressure.c. */
#ifndef ZMALLOC_LIMIT_FOLLOW_H_
#define ZMALLOC_LIMIT_FOLLOW_H_

/* If the limits are shares of the memory that the process may use: reads how much that is, and
 * moves the limits if it has changed. */
void zm_limit_follow(void);

#endif /* ZMALLOC_LIMIT_FOLLOW_H_ */
