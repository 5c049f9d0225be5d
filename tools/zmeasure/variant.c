#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/elf.h"
#include "tools/zmeasure/measure.h"
#include "tools/zmeasure/share.h"

/* From the build: "jemalloc", "tcmalloc", ... */
static const char *const names[] = {ZMEASURE_VARIANTS, NULL};

const char *const *column_names(void) { return names; }

static bool fail(const char *spec, const char *why, const char *about) {
    cli_error(TOOL, "--variant=%s: %s%s", spec, why, about);
    return false;
}

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

static bool check_library(const char *spec, const char *path, char library[CLI_PATH_SIZE]) {
    struct elf_image image, own;
    bool found = cli_preloadable(path, library);
    if (!found && errno != EINVAL) return fail(spec, strerror(errno), "");
    if (!found || strchr(library, '\n')) {
        return fail(spec, "LD_PRELOAD cannot take a name with a space or a colon", "");
    }
    if (!elf_open(library, &image)) return fail(spec, "cannot be read as a library", "");
    bool ok = elf_is(&image);
    if (ok && elf_open("/proc/self/exe", &own)) {
        ok = elf_same_cpu(&image, &own);
        elf_close(&own);
    }
    bool allocates = ok && elf_has_function(&image, "malloc", true);
    elf_close(&image);
    if (!ok) return fail(spec, "is no shared library for this CPU", "");
    return allocates || fail(spec, "defines no malloc", "");
}

static bool find_library(const char *spec, const char *name, const char *argv0,
                         char library[CLI_PATH_SIZE]) {
    char file[256], path[CLI_PATH_SIZE];
    library[0] = '\0';
    if (strcmp(name, AS_IS) == 0) return true;
    if (strchr(name, '/')) {
        if (!cli_resolve(name, path)) return fail(spec, "the name is too long", "");
        return check_library(spec, path, library);
    }
    if (!is_name(name)) return unknown_name(name);
    snprintf(file, sizeof(file), "malloc/libzmalloc_%s.so", name);
    if (!cli_find(argv0, file, path)) {
        return fail(spec, file, " is neither among the runfiles nor beside the program");
    }
    return check_library(spec, path, library);
}

/* Whether "NAME=" begins here. */
static bool begins_setting(const char *text) {
    const char *at = text;
    if (isdigit((unsigned char)*at)) return false;
    while (isalnum((unsigned char)*at) || *at == '_') at++;
    return at > text && *at == '=';
}

/* Cuts the settings apart.  A value may have commas, as MALLOC_CONF's: a comma ends it only before
 * another NAME=. */
static bool split(const char *spec, char *text, struct column *column) {
    size_t count = 0;
    column->settings = calloc(strlen(spec) + 2, sizeof(char *));
    if (!column->settings) return fail(spec, "no memory", "");
    for (char *comma = text; (comma = strchr(comma, ',')) != NULL; comma++) {
        if (!begins_setting(comma + 1)) {
            if (count == 0) return fail(spec, "a setting is NAME=VALUE, not ", comma + 1);
            continue;
        }
        *comma = '\0';
        column->settings[count++] = comma + 1;
    }
    for (size_t i = 0; i < count; i++) {
        column->settings[i] = strdup(column->settings[i]);
        if (!column->settings[i]) return fail(spec, "no memory", "");
    }
    return true;
}

static const char *value_of(const struct column *column, const char *name) {
    size_t length = strlen(name);
    const char *value = getenv(name);
    for (size_t i = 0; column->settings[i]; i++) {
        const char *setting = column->settings[i];
        if (strncmp(setting, name, length) == 0 && setting[length] == '=') {
            value = setting + length + 1;
        }
    }
    return value;
}

static bool add(struct column *column, size_t *count, const char *name, const char *value) {
    return asprintf(&column->environment[(*count)++], "%s=%s", name, value) > 0;
}

/* jemalloc's settings have another name in our build of it: both get them.  A library that the user
 * preloads stays, behind ours. */
static bool set_environment(struct column *column) {
    size_t count = 0, settings = 0;
    while (column->settings[settings]) settings++;
    column->environment = calloc(settings + 4, sizeof(char *));
    bool ok = column->environment != NULL;
    for (size_t i = 0; ok && i < settings; i++) {
        ok = (column->environment[count++] = strdup(column->settings[i])) != NULL;
    }
    if (!ok || !column->library[0]) return ok;
    const char *own = value_of(column, "JE_MALLOC_CONF"), *usual = value_of(column, "MALLOC_CONF");
    if (usual && !own) ok = add(column, &count, "JE_MALLOC_CONF", usual);
    if (own && !usual) ok = add(column, &count, "MALLOC_CONF", own);
    const char *others = value_of(column, "LD_PRELOAD");
    char list[2 * CLI_PATH_SIZE];
    snprintf(list, sizeof(list), "%s%s%s", column->library, others && *others ? ":" : "",
             others ? others : "");
    return ok && add(column, &count, "LD_PRELOAD", list);
}

/* A library's name without its folders. */
static const char *path_end(const char *spec) {
    const char *end = spec + strcspn(spec, ","), *name = spec;
    for (const char *at = spec; at < end; at++) {
        if (*at == '/') name = at + 1;
    }
    return name;
}

bool column_parse(const char *spec, const char *argv0, struct column *column) {
    char text[TEXT_SIZE];
    if (strlen(spec) >= sizeof(text)) return fail(spec, "is too long", "");
    strcpy(text, spec);
    strcpy(column->name, path_end(spec));
    if (!split(spec, text, column)) return false;
    if (!find_library(spec, text, argv0, column->library)) return false;
    return set_environment(column) || fail(spec, "no memory", "");
}

bool column_sampled(const struct column *base, const char *argv0, struct sampler *sampler,
                    struct column *column) {
    char path[CLI_PATH_SIZE];
    size_t count = 0;
    const char *preloaded = getenv("LD_PRELOAD");
    while (base->environment[count]) count++;
    column->environment = calloc(count + 3, sizeof(char *));
    if (!column->environment || !cli_find(argv0, "tools/zmeasure/libzmeasure_share.so", path) ||
        !cli_preloadable(path, column->library)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        ok = (column->environment[i] = strdup(base->environment[i])) != NULL;
        if (strncmp(base->environment[i], "LD_PRELOAD=", 11) == 0) {
            preloaded = base->environment[i] + 11;
        }
    }
    char list[3 * CLI_PATH_SIZE];
    snprintf(list, sizeof(list), "%s%s%s", column->library, preloaded && *preloaded ? ":" : "",
             preloaded && *preloaded ? preloaded : "");
    strcpy(column->name, base->name);
    column->sampler = sampler;
    return ok && add(column, &count, "LD_PRELOAD", list) &&
           add(column, &count, SHARE_VARIABLE, sampler->file);
}

static void free_list(char **list) {
    for (size_t i = 0; list && list[i]; i++) free(list[i]);
    free(list);
}

void column_free(struct column *column) {
    free_list(column->settings);
    free_list(column->environment);
}
