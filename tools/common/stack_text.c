#include "tools/common/stack_text.h"

#include <math.h>
#include <stdio.h>

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

void stack_print_line(const char *before, const char *text) {
    fputs(before, stdout);
    for (; *text; text++) putchar((unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
}

static void print_frame(const struct frame *frame) {
    stack_print_line("", frame->function);
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
