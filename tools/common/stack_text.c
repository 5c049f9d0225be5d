#include "tools/common/stack_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *stack_bytes(int64_t bytes, bool sign, char text[STACK_BYTES_TEXT]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (fabs(value) >= 1024 && unit + 1 < sizeof(units) / sizeof(*units)) {
        value /= 1024;
        unit++;
    }
    snprintf(text, STACK_BYTES_TEXT, sign ? "%+.*f %s" : "%.*f %s", unit > 0, value, units[unit]);
    return text;
}

static void print_byte(char byte) {
    putchar((unsigned char)byte < ' ' || byte == 127 ? '?' : byte);
}

void stack_print_line(const char *before, const char *text) {
    fputs(before, stdout);
    for (; *text; text++) print_byte(*text);
}

/* The length of "operator<<" and the like at the begin of a text, or 0. */
static size_t length_of_operator(const char *text) {
    static const char word[] = "operator";
    const size_t length = sizeof(word) - 1;
    return strncmp(text, word, length) == 0 ? length + strspn(text + length, "<>=-") : 0;
}

/* Names in C++ can take pages, most of it the arguments of templates: a long name without them. */
static void print_function(const char *name) {
    enum { LONG = 100 };
    size_t depth = 0;
    if (strlen(name) <= LONG) {
        stack_print_line("", name);
        return;
    }
    for (size_t i = 0; name[i]; i++) {
        for (size_t skip = length_of_operator(name + i); skip > 0; skip--, i++) {
            if (depth == 0) print_byte(name[i]);
        }
        if (!name[i]) break;
        const bool arrow = i > 0 && name[i - 1] == '-' && name[i] == '>';
        /* Rust's "<Type as Trait>::function" begins with one that is no template's. */
        if (name[i] == '<' && i > 0 && depth++ == 0) fputs("<...", stdout);
        if (name[i] == '>' && !arrow && depth > 0) depth--;
        if (depth == 0) print_byte(name[i]);
    }
}

static void print_frame(const struct frame *frame) {
    print_function(frame->function);
    if (frame->source) {
        stack_print_line("  ", frame->source);
    }
    putchar('\n');
}

void stack_print(const struct stack *stack, int indent, size_t shown) {
    for (size_t i = 0; i < stack->depth && i < shown; i++) {
        if (i > 0) printf("%*s", indent, "");
        print_frame(stack->frames[i]);
    }
    if (stack->depth == 0) printf("(no stack)\n");
    if (stack->depth > shown) {
        printf("%*s... %zu more\n", indent, "", stack->depth - shown);
    }
    if (stack->label) {
        printf("%*s", indent, "");
        stack_print_line("label: ", stack->label[0] ? stack->label : "(empty)");
        putchar('\n');
    }
}
