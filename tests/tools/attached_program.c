/* Prints "ready", and then does what each letter of its input asks for, followed by "done"; ends
 * with its input.  With "idle" it makes no calls while it waits; with "narrow" it makes few, and a
 * thread that has little stack makes many. */
#include "tests/tools/attached_program.h"

#include <alloca.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The linker fills it in when the program starts. */
static void *(*volatile pointer)(size_t) = malloc;

static void *old;

/* The compiler must know neither the result nor that nobody uses it. */
static void *hidden(void *block) {
    void *volatile result = block;
    return result;
}

static void *in_thread(void *unused) {
    free(hidden(malloc(ATTACHED_THREAD)));
    return unused;
}

static void each(void) {
    static char text[ATTACHED_STRDUP];
    pthread_t thread;
    void *aligned = NULL;
    free(old);
    free(hidden(malloc(ATTACHED_MALLOC)));
    free(hidden(realloc(hidden(calloc(3, ATTACHED_CALLOC / 3)), ATTACHED_REALLOC)));
    if (posix_memalign(&aligned, 64, ATTACHED_ALIGNED) != 0) abort();
    free(hidden(aligned));
    memset(text, 'x', sizeof(text) - 1);
    free(hidden(strdup(text)));
    free(hidden(pointer(ATTACHED_POINTER)));
    if (pthread_create(&thread, NULL, in_thread, NULL) != 0) abort();
    pthread_join(thread, NULL);
}

/* Calls with 4 KiB of its stack left, below which is a page that cannot be touched. */
static void *in_narrow_thread(void *stack) {
    char here;
    volatile char *used = alloca((size_t)(&here - (char *)stack) - 4096);
    for (used[0] = 0;; usleep(100)) free(hidden(malloc(ATTACHED_IDLE)));
    return NULL;
}

static void start_narrow_thread(void) {
    enum { PAGE = 65536, SIZE = 4 * PAGE }; /* of any system */
    pthread_attr_t attributes;
    pthread_t thread;
    char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, PAGE, PROT_NONE) != 0) abort();
    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, stack + PAGE, SIZE - PAGE) != 0) abort();
    if (pthread_create(&thread, &attributes, in_narrow_thread, stack + PAGE) != 0) abort();
}

static void say(const char *text) {
    if (write(STDOUT_FILENO, text, strlen(text)) < 0) abort();
}

/* The next letter; 0 at the end. */
static char next_letter(int pause) {
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char letter = 0;
    while (poll(&input, 1, pause) <= 0) free(hidden(malloc(ATTACHED_IDLE)));
    return read(STDIN_FILENO, &letter, 1) == 1 ? letter : 0;
}

int main(int argc, char **argv) {
    static bool begun;
    char letter;
    int pause = 1;
    if (begun) abort(); /* it begins once more */
    begun = true;
    if (argc > 1) pause = strcmp(argv[1], "narrow") == 0 ? 50 : -1;
    if (pause == 50) start_narrow_thread();
    old = hidden(malloc(ATTACHED_OLD));
    say("ready\n");
    while ((letter = next_letter(pause)) != 0) {
        if (letter == 'e') each();
        for (int i = 0; letter == 'm' && i < ATTACHED_ROUNDS; i++)
            free(hidden(malloc(ATTACHED_MANY)));
        say("done\n");
    }
    return ATTACHED_STATUS;
}
