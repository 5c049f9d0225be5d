#include "tools/common/profile.h"

#include <stdlib.h>

const char *const figure_names[FIGURES] = {
    [LIVE] = "live",
    [WASTE] = "waste",
    [ALLOCATED] = "allocated",
    [LIVE_BLOCKS] = "live_blocks",
    [ALLOCATED_BLOCKS] = "allocated_blocks",
};

void profile_free(struct profile *profile) {
    for (size_t i = 0; profile->locations && i < profile->location_count; i++) {
        struct location *location = &profile->locations[i];
        for (size_t f = 0; f < location->frame_count; f++) {
            free(location->frames[f].function);
            free(location->frames[f].source);
        }
        free(location->frames);
    }
    free(profile->mappings);
    free(profile->locations);
    free(profile->samples);
    free(profile->strings);
    free(profile->indices);
    free(profile->text);
}
