#include "tools/common/stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/allocator.h"

/* Sums stay at the largest number. */
static void add(int64_t to[FIGURES], const int64_t from[FIGURES]) {
    for (int f = 0; f < FIGURES; f++) {
        if (__builtin_add_overflow(to[f], from[f], &to[f])) to[f] = INT64_MAX;
    }
}

static bool list_frames(const struct profile *profile, const struct sample *sample,
                        struct stack *stack) {
    size_t depth = 0;
    for (size_t i = 0; i < sample->depth; i++) {
        depth += profile->locations[sample->locations[i]].frame_count;
    }
    stack->frames = malloc((depth + 1) * sizeof(*stack->frames));
    for (size_t i = 0; stack->frames && i < sample->depth; i++) {
        const struct location *location = &profile->locations[sample->locations[i]];
        for (size_t f = 0; f < location->frame_count; f++) {
            stack->frames[stack->depth++] = &location->frames[f];
        }
    }
    return stack->frames != NULL;
}

/* The functions and the label, one in each line. */
static bool make_key(struct stack *stack) {
    size_t size;
    FILE *key = open_memstream(&stack->key, &size);
    if (!key) return false;
    for (size_t i = 0; i < stack->depth; i++) fprintf(key, "%s\n", stack->frames[i]->function);
    fprintf(key, "\n%s%s", stack->label ? "=" : "", stack->label ? stack->label : "");
    return fclose(key) == 0;
}

static void leave_out_allocator(struct stack *stack) {
    const size_t inside = allocator_frames(stack->frames, stack->depth);
    stack->depth -= inside;
    memmove(stack->frames, stack->frames + inside, stack->depth * sizeof(*stack->frames));
}

struct options {
    bool is_old, all_frames;
};

static bool add_profile(const struct profile *profile, struct options options,
                        struct stacks *stacks) {
    for (size_t i = 0; i < profile->sample_count; i++) {
        const struct sample *sample = &profile->samples[i];
        struct stack *stack = &stacks->at[stacks->count++];
        stack->label = sample->label;
        if (!list_frames(profile, sample, stack)) return false;
        if (!options.all_frames) leave_out_allocator(stack);
        if (!make_key(stack)) return false;
        add(options.is_old ? stack->old : stack->now, sample->figures);
        add(options.is_old ? stacks->old : stacks->now, sample->figures);
    }
    return true;
}

static int compare_keys(const void *one, const void *other) {
    return strcmp(((const struct stack *)one)->key, ((const struct stack *)other)->key);
}

static void free_stack(struct stack *stack) {
    free(stack->key);
    free(stack->frames);
}

/* Makes one of stacks with the same key. */
static void merge(struct stacks *stacks) {
    size_t kept = 0;
    qsort(stacks->at, stacks->count, sizeof(*stacks->at), compare_keys);
    for (size_t i = 0; i < stacks->count; i++) {
        struct stack *stack = &stacks->at[i], *last = &stacks->at[kept > 0 ? kept - 1 : 0];
        if (kept > 0 && strcmp(last->key, stack->key) == 0) {
            add(last->now, stack->now);
            add(last->old, stack->old);
            free_stack(stack);
        } else {
            stacks->at[kept++] = *stack;
        }
    }
    stacks->count = kept;
}

bool stacks_make(const struct profile *now, const struct profile *old, bool all_frames,
                 struct stacks *stacks) {
    const size_t most = now->sample_count + (old ? old->sample_count : 0);
    memset(stacks, 0, sizeof(*stacks));
    stacks->at = calloc(most + 1, sizeof(*stacks->at));
    if (!stacks->at) return false;
    if (!add_profile(now, (struct options){false, all_frames}, stacks)) return false;
    if (old && !add_profile(old, (struct options){true, all_frames}, stacks)) return false;
    merge(stacks);
    return true;
}

void stacks_free(struct stacks *stacks) {
    for (size_t i = 0; stacks->at && i < stacks->count; i++) free_stack(&stacks->at[i]);
    free(stacks->at);
}

struct order {
    enum figure figure;
    bool by_growth;
};

/* What counts most; both numbers are at least 0, so the difference does not overflow. */
static int64_t growth(const struct stack *stack, const struct order *order) {
    return stack->now[order->figure] - (order->by_growth ? stack->old[order->figure] : 0);
}

static int compare_figures(const void *one, const void *other, void *context) {
    const struct order *order = context;
    const struct stack *first = one, *second = other;
    const int64_t mine = growth(first, order), others = growth(second, order);
    if (mine != others) return mine < others ? 1 : -1;
    const int64_t now = first->now[order->figure], others_now = second->now[order->figure];
    if (now != others_now) return now < others_now ? 1 : -1;
    return strcmp(first->key, second->key);
}

void stacks_sort(struct stacks *stacks, enum figure figure, bool by_growth) {
    struct order order = {figure, by_growth};
    qsort_r(stacks->at, stacks->count, sizeof(*stacks->at), compare_figures, &order);
}
