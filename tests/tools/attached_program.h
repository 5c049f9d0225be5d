/* The sizes that attached_program asks for, for the test that looks for them. */
#ifndef TESTS_TOOLS_ATTACHED_PROGRAM_H_
#define TESTS_TOOLS_ATTACHED_PROGRAM_H_

enum {
    ATTACHED_OLD = 80001,  /* of a block from before */
    ATTACHED_IDLE = 80002, /* while it waits */
    ATTACHED_MALLOC = 80011,
    ATTACHED_CALLOC = 80013, /* a multiple of 3 */
    ATTACHED_REALLOC = 80014,
    ATTACHED_ALIGNED = 80015,
    ATTACHED_STRDUP = 8016,
    ATTACHED_THREAD = 80017,
    ATTACHED_POINTER = 80018,
    ATTACHED_MANY = 1001,
    ATTACHED_ROUNDS = 100000,
    ATTACHED_STATUS = 7,
};

#endif /* TESTS_TOOLS_ATTACHED_PROGRAM_H_ */
