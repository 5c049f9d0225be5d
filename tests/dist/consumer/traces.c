/* Checks that stack traces name zmalloc's functions, as a server's crash report prints them. */
#include <execinfo.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmalloc/zmalloc.h>

enum { FRAMES = 64 };

static const char *running = "";
static int traces, nameless;
static bool bad_free;

/* Whether the text PROGRAM(NAME+OFFSET) has a name. */
static bool has_name(const char *text) {
    const char *open = strchr(text, '(');
    return open != NULL && open[1] != '+' && open[1] != ')';
}

/* Looks at the frames from the caller of this function up to main(). */
static void look(void) {
    void *frames[FRAMES];
    const int count = backtrace(frames, FRAMES);
    char **texts = backtrace_symbols(frames, count);
    bool zfree_seen = false;
    traces++;
    for (int i = 1; i < count && strstr(texts[i], "(main") == NULL; i++) {
        if (strstr(texts[i], "(zfree") != NULL) zfree_seen = true;
        /* A bad pointer is noticed deep inside the allocator, in functions without names. */
        if (has_name(texts[i]) || bad_free) continue;
        printf("%s: no name: %s\n", running, texts[i]);
        nameless++;
    }
    if (bad_free && !zfree_seen) {
        for (int i = 1; i < count; i++) printf("%s: %s\n", running, texts[i]);
        nameless++;
    }
    zlibc_free(texts);
}

void out_of_memory(size_t size);

void out_of_memory(size_t size) {
    (void)size;
    look();
}

void crashed(int signal_number);

void crashed(int signal_number) {
    (void)signal_number;
    look();
    fflush(stdout);
    _Exit(nameless != 0);
}

#define TRY(call)        \
    do {                 \
        running = #call; \
        calls++;         \
        block = (call);  \
    } while (0)

int main(int argc, char **argv) {
    void *volatile block;
    const volatile size_t too_much = (size_t)-1 / 4;
    char *const kept = zmalloc(100);
    int calls = 0;
    if (argc > 1) {
        static char not_a_block[1 << 20];
        bad_free = true;
        running = argv[1];
        signal(SIGSEGV, crashed);
        signal(SIGABRT, crashed);
        zfree(not_a_block + 4096);
        printf("free took a pointer that is no block\n");
        return 1;
    }
    zmalloc_set_oom_handler(out_of_memory);
    TRY(zmalloc(too_much));
    TRY(zcalloc(too_much));
    TRY(zcalloc_num(too_much, 1));
    TRY(zmalloc_usable(too_much, NULL));
    TRY(zcalloc_usable(too_much, NULL));
    TRY(zmalloc_aligned(64, too_much));
    TRY(zmalloc_cache_aligned(too_much));
    TRY(zmalloc_with_flags(too_much, 0));
    TRY(zrealloc(NULL, too_much));
    TRY(zrealloc(kept, too_much));
    TRY(zrealloc_usable(kept, too_much, NULL, NULL));
    TRY(zrealloc_with_flags(kept, too_much, 0));
    (void)block;
    if (traces != calls) printf("%d traces of %d calls\n", traces, calls);
    puts(zmalloc_allocator_name());
    return nameless != 0 || traces != calls;
}
