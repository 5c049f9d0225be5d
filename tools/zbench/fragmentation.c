/* Fills memory with small blocks, frees most of them at random and defragments.  Prints
 * small-bin waste and resident memory before and after. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "zmalloc/defrag.h"
#include "zmalloc/stats.h"
#include "zmalloc/zmalloc.h"

static const char tool[] = "fragmentation";

static const char help[] =
    "Usage: fragmentation [--blocks N] [--keep PERCENT] [--json]\n"
    "\n"
    "Fills memory with N blocks of 8 to 1024 bytes, frees all but PERCENT of them\n"
    "at random, defragments until a pass moves almost nothing, and prints small-bin\n"
    "waste and resident memory before and after.\n"
    "\n"
    "  --blocks N      1000 to 50000000 (default 500000)\n"
    "  --keep PERCENT  1 to 99 (default 35)\n"
    "  --json          print a JSON object instead of the table\n"
    "  --help          print this text\n";

struct options {
    uint64_t blocks, keep;
    bool json;
};

/* The blocks, and the scanner's place among them. */
struct pool {
    void **blocks;
    size_t count, position;
};

struct moment {
    size_t used, waste, rss;
};

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void *next_block(void *arg) {
    struct pool *pool = arg;
    while (pool->position < pool->count) {
        void *block = pool->blocks[pool->position++];
        if (block != NULL) return block;
    }
    pool->position = 0;
    return NULL;
}

static void block_moved(void *arg, void *from, void *to) {
    struct pool *pool = arg;
    (void)from;
    pool->blocks[pool->position - 1] = to;
}

static void fill(struct pool *pool, unsigned keep) {
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < pool->count; i++) {
        size_t size = 8 + next_random(&state) % 1017;
        pool->blocks[i] = memset(zmalloc(size), 'z', size);
    }
    for (size_t i = 0; i < pool->count; i++) {
        if (next_random(&state) % 100 < keep) continue;
        zfree(pool->blocks[i]);
        pool->blocks[i] = NULL;
    }
}

static struct moment look(void) {
    zmalloc_stats_t info;
    zmalloc_purge();
    zmalloc_stats(&info, sizeof info, ZMALLOC_ALL_ARENAS, 1);
    return (struct moment){info.used, info.frag_smallbins, info.rss};
}

static double mib(size_t bytes) { return (double)bytes / 1048576; }

static double percent_gone(size_t before, size_t after) {
    return before != 0 ? 100 * (1 - (double)after / (double)before) : 0;
}

static void print_table(const struct moment *before, const struct moment *after,
                        const zmalloc_defrag_stats_t *stats) {
    printf("%-16s %12s %12s %12s\n", ZMALLOC_BACKEND, "before", "after", "gone");
    printf("%-16s %8.1f MiB %8.1f MiB\n", "used", mib(before->used), mib(after->used));
    printf("%-16s %8.1f MiB %8.1f MiB %10.1f %%\n", "small-bin waste", mib(before->waste),
           mib(after->waste), percent_gone(before->waste, after->waste));
    printf("%-16s %8.1f MiB %8.1f MiB %10.1f %%\n", "rss", mib(before->rss), mib(after->rss),
           percent_gone(before->rss, after->rss));
    printf("moved %zu of %zu blocks looked at, in %zu passes\n", stats->moved, stats->scanned,
           stats->passes);
}

static void print_json(const struct moment *before, const struct moment *after,
                       const zmalloc_defrag_stats_t *stats) {
    printf(
        "{\"lib\":\"%s\",\"backend\":\"%s\",\"used\":%zu,\"waste_before\":%zu,\"waste_after\":%zu,"
        "\"rss_before\":%zu,\"rss_after\":%zu,\"scanned\":%zu,\"moved\":%zu,\"passes\":%zu}\n",
        ZMALLOC_LIB, ZMALLOC_BACKEND, before->used, before->waste, after->waste, before->rss,
        after->rss, stats->scanned, stats->moved, stats->passes);
}

/* Runs passes until one moves less than a thousandth of the blocks. */
static void defragment(struct pool *pool, zmalloc_defrag_stats_t *stats) {
    const zmalloc_defrag_cursor_t cursor = {next_block, block_moved, pool};
    size_t before;
    do {
        before = stats->moved;
        (void)zmalloc_defrag_step(&cursor, NULL, stats);
    } while (stats->moved - before > pool->count / 1000);
}

static int run(const struct options *options) {
    struct pool pool = {.count = options->blocks};
    zmalloc_defrag_stats_t stats = {.scanned = 0};
    if (!zmalloc_defrag_supported()) {
        cli_error(tool, "%s cannot be defragmented (docs/defrag.md)", ZMALLOC_LIB);
        return 1;
    }
    /* Not from zmalloc: the list must not be measured. */
    pool.blocks = calloc(pool.count, sizeof *pool.blocks);
    if (pool.blocks == NULL) {
        cli_error(tool, "out of memory for a list of %zu blocks", pool.count);
        return 1;
    }
    fill(&pool, (unsigned)options->keep);
    struct moment before = look();
    defragment(&pool, &stats);
    struct moment after = look();
    (options->json ? print_json : print_table)(&before, &after, &stats);
    return cli_printed(tool);
}

static int take_option(void *of, int option) {
    struct options *options = of;
    if (option == 'j') options->json = true;
    if (option == 'b' && !cli_number(optarg, 1000, 50000000, &options->blocks)) {
        return cli_usage(tool, "--blocks takes a number from 1000 to 50000000, not ", optarg);
    }
    if (option == 'k' && !cli_number(optarg, 1, 99, &options->keep)) {
        return cli_usage(tool, "--keep takes a number from 1 to 99, not ", optarg);
    }
    return -1;
}

int main(int argc, char **argv) {
    static const struct option known[] = {
        {"blocks", required_argument, NULL, 'b'},
        {"keep", required_argument, NULL, 'k'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.blocks = 500000, .keep = 35};
    const int status = cli_options(tool, help, argc, argv, ":h", known, take_option, &options);
    if (status >= 0) return status;
    if (optind < argc) return cli_usage(tool, "unexpected argument ", argv[optind]);
    return run(&options);
}
