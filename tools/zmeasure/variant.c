#include <stdlib.h>
#include <string.h>

#include "tools/zmeasure/measure.h"
#include "tools/zmeasure/share.h"

/* From the build: "jemalloc", "tcmalloc", ... */
static const char *const names[] = {ZMEASURE_VARIANTS, NULL};

const char *const *column_names(void) { return names; }

static bool is_name(const char *name) {
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) return true;
    }
    return false;
}

static bool unknown_name(const char *name) {
    char list[1024] = AS_IS;
    for (size_t i = 0; names[i] && strlen(list) + 64 < sizeof(list); i++) {
        strcat(strcat(list, ", "), names[i]);
    }
    cli_error(TOOL, "there is no allocator %s: it takes %s, or the path of a library", name, list);
    return false;
}

static bool find(const char *spec, const char *name, const char *argv0, struct variant *variant) {
    char file[256], path[CLI_PATH_SIZE];
    variant->as_is = strcmp(name, AS_IS) == 0;
    if (variant->as_is) return true;
    if (!is_name(name)) return unknown_name(name);
    snprintf(file, sizeof(file), "malloc/libzmalloc_%s.so", name);
    if (cli_find(argv0, file, path)) {
        return variant_library(TOOL, spec, path, variant->library);
    }
    return variant_fail(TOOL, spec, file, " is neither among the runfiles nor beside the program");
}

bool column_parse(const char *spec, const char *argv0, struct column *column) {
    static const struct variant_names known = {TOOL, find};
    return variant_parse(&known, spec, argv0, &column->variant);
}

static bool add(struct column *column, size_t *count, const char *name, const char *value) {
    return asprintf(&column->variant.environment[(*count)++], "%s=%s", name, value) > 0;
}

bool column_sampled(const struct column *base, const char *argv0, struct sampler *sampler,
                    struct column *column) {
    char path[CLI_PATH_SIZE];
    size_t count = 0;
    const char *preloaded = getenv("LD_PRELOAD");
    while (base->variant.environment[count]) count++;
    column->variant.environment = calloc(count + 3, sizeof(char *));
    if (!column->variant.environment ||
        !cli_find(argv0, "tools/zmeasure/libzmeasure_share.so", path) ||
        !cli_preloadable(path, column->variant.library)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        ok = (column->variant.environment[i] = strdup(base->variant.environment[i])) != NULL;
        if (strncmp(base->variant.environment[i], "LD_PRELOAD=", 11) == 0) {
            preloaded = base->variant.environment[i] + 11;
        }
    }
    char list[3 * CLI_PATH_SIZE];
    snprintf(list, sizeof(list), "%s%s%s", column->variant.library,
             preloaded && *preloaded ? ":" : "", preloaded && *preloaded ? preloaded : "");
    strcpy(column->variant.name, base->variant.name);
    column->sampler = sampler;
    return ok && add(column, &count, "LD_PRELOAD", list) &&
           add(column, &count, SHARE_VARIABLE, sampler->file);
}

void column_free(struct column *column) { variant_free(&column->variant); }
