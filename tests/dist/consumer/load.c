/* Loads the library that is named while it runs. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static void (*function(void *library, const char *name))(void) {
    void *address = dlsym(library, name);
    void (*found)(void);
    memcpy(&found, &address, sizeof found);
    return found;
}

int main(int argc, char **argv) {
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (library == NULL) {
        fprintf(stderr, "%s\n", argc == 2 ? dlerror() : "usage: load LIBRARY");
        return 1;
    }
    void *(*allocate)(size_t) = (void *(*)(size_t))function(library, "zmalloc");
    void (*release)(void *) = (void (*)(void *))function(library, "zfree");
    const char *(*name)(void) = (const char *(*)(void))function(library, "zmalloc_allocator_name");
    for (int i = 0; i < 1000; i++) release(allocate(100));
    puts(name());
    /* It stays: dlclose does nothing. */
    return dlclose(library);
}
