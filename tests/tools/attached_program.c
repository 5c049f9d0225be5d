/* Prints "ready", and then does what each letter of its input asks for, followed by "done"; ends
 * with its input.  With an argument it makes no calls while it waits. */
#include "tests/tools/attached_program.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
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
    char letter;
    (void)argv;
    old = hidden(malloc(ATTACHED_OLD));
    say("ready\n");
    while ((letter = next_letter(argc > 1 ? -1 : 1)) != 0) {
        if (letter == 'e') each();
        for (int i = 0; letter == 'm' && i < ATTACHED_ROUNDS; i++)
            free(hidden(malloc(ATTACHED_MANY)));
        say("done\n");
    }
    return ATTACHED_STATUS;
}
