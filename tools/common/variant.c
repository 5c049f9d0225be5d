#include "tools/common/variant.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool variant_fail(const char *tool, const char *spec, const char *why, const char *about) {
    cli_error(tool, "--variant=%s: %s%s", spec, why, about);
    return false;
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
static bool split(const char *tool, const char *spec, char *text, struct variant *variant) {
    size_t count = 0;
    variant->settings = calloc(strlen(spec) + 2, sizeof(char *));
    if (!variant->settings) return variant_fail(tool, spec, "no memory", "");
    for (char *comma = text; (comma = strchr(comma, ',')) != NULL; comma++) {
        if (!begins_setting(comma + 1)) {
            if (count > 0) continue;
            return variant_fail(tool, spec, "a setting is NAME=VALUE, not ", comma + 1);
        }
        *comma = '\0';
        variant->settings[count++] = comma + 1;
    }
    for (size_t i = 0; i < count; i++) {
        variant->settings[i] = strdup(variant->settings[i]);
        if (!variant->settings[i]) return variant_fail(tool, spec, "no memory", "");
    }
    return true;
}

static const char *value_of(const struct variant *variant, const char *name) {
    size_t length = strlen(name);
    const char *value = getenv(name);
    for (size_t i = 0; variant->settings[i]; i++) {
        const char *setting = variant->settings[i];
        if (strncmp(setting, name, length) == 0 && setting[length] == '=') {
            value = setting + length + 1;
        }
    }
    return value;
}

static bool add(struct variant *variant, size_t *count, const char *name, const char *value) {
    size_t size = strlen(name) + strlen(value) + 2;
    char *setting = malloc(size);
    if (setting) snprintf(setting, size, "%s=%s", name, value);
    variant->environment[(*count)++] = setting;
    return setting != NULL;
}

/* jemalloc's settings have another name in our build of it: both get them.  A library that the user
 * preloads stays, behind ours. */
static bool set_environment(struct variant *variant) {
    size_t count = 0, settings = 0;
    while (variant->settings[settings]) settings++;
    variant->environment = calloc(settings + 4, sizeof(char *));
    bool ok = variant->environment != NULL;
    for (size_t i = 0; ok && i < settings; i++) {
        ok = (variant->environment[count++] = strdup(variant->settings[i])) != NULL;
    }
    if (!ok || variant->as_is) return ok;
    const char *own = value_of(variant, "JE_MALLOC_CONF");
    const char *usual = value_of(variant, "MALLOC_CONF");
    if (usual && !own) ok = add(variant, &count, "JE_MALLOC_CONF", usual);
    if (own && !usual) ok = add(variant, &count, "MALLOC_CONF", own);
    if (!ok || !variant->library[0]) return ok;
    const char *others = value_of(variant, "LD_PRELOAD");
    char list[2 * CLI_PATH_SIZE];
    snprintf(list, sizeof(list), "%s%s%s", variant->library, others && *others ? ":" : "",
             others ? others : "");
    return add(variant, &count, "LD_PRELOAD", list);
}

/* A library's name without its folders. */
static const char *path_end(const char *spec) {
    const char *end = spec + strcspn(spec, ","), *name = spec;
    for (const char *at = spec; at < end; at++) {
        if (*at == '/') name = at + 1;
    }
    return name;
}

bool variant_parse(const struct variant_names *names, const char *spec, const char *argv0,
                   struct variant *variant) {
    const char *tool = names->tool;
    char text[VARIANT_NAME_SIZE], path[CLI_PATH_SIZE];
    *variant = (struct variant){.as_is = false};
    if (strlen(spec) >= sizeof(text)) return variant_fail(tool, spec, "is too long", "");
    strcpy(text, spec);
    strcpy(variant->name, path_end(spec));
    if (!split(tool, spec, text, variant)) return false;
    strcpy(variant->base, cli_base_name(text));
    if (!strchr(text, '/')) {
        if (!names->find(spec, text, argv0, variant)) return false;
    } else if (!cli_resolve(text, path)) {
        return variant_fail(tool, spec, "the name is too long", "");
    } else if (!variant_library(tool, spec, path, variant->library)) {
        return false;
    }
    return set_environment(variant) || variant_fail(tool, spec, "no memory", "");
}

void variant_json(FILE *file, const struct variant *variant) {
    fprintf(file, "\"library\": ");
    if (variant->library[0]) {
        cli_json_string_to(file, variant->library);
    } else {
        fprintf(file, "null");
    }
    fprintf(file, ", \"settings\": [");
    for (size_t i = 0; variant->settings[i]; i++) {
        if (i) fprintf(file, ", ");
        cli_json_string_to(file, variant->settings[i]);
    }
    fprintf(file, "]");
}

static void free_list(char **list) {
    for (size_t i = 0; list && list[i]; i++) free(list[i]);
    free(list);
}

void variant_free(struct variant *variant) {
    free_list(variant->settings);
    free_list(variant->environment);
}
