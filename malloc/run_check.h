/* What the system can preload a library into. */
#ifndef MALLOC_RUN_CHECK_H_
#define MALLOC_RUN_CHECK_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tells what keeps the library from working in the program.  Returns false if it may not run. */
bool run_check_program(const char *tool, const char *program);

#ifdef __cplusplus
}
#endif

#endif /* MALLOC_RUN_CHECK_H_ */
