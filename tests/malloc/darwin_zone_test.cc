// The zone and the start of macOS's library (malloc/darwin/zone.c), with a list of zones of our own
// (darwin_fake).  malloc here is the system's, as it is in that file on macOS.
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "malloc/darwin/requests.h"
#include "malloc/darwin/thread.h"
#include "tests/malloc/darwin_fake/malloc/malloc.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

// The default zone belongs to another library.
const bool kOther = getenv("FAKE_ZONE") != nullptr;

// The system calls it when the thread ends.
thread_local void (*at_end)(void *);

std::vector<malloc_zone_t *> Zones() {
    vm_address_t *zones;
    unsigned number;
    EXPECT_EQ(malloc_get_all_zones(0, nullptr, &zones, &number), KERN_SUCCESS);
    return std::vector<malloc_zone_t *>(reinterpret_cast<malloc_zone_t **>(zones),
                                        reinterpret_cast<malloc_zone_t **>(zones) + number);
}

std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const malloc_zone_t *zone : Zones()) names.emplace_back(zone->zone_name);
    return names;
}

bool IsOurs(const void *ptr) { return zm_darwin_is_ours(ptr); }

TEST(DarwinZone, EverythingStaysWithTheZoneOfAnotherLibrary) {
    if (!kOther) GTEST_SKIP() << "the default zone is the system's";
    EXPECT_EQ(Names(), (std::vector<std::string>{getenv("FAKE_ZONE"), "MallocHelperZone"}));
    EXPECT_FALSE(zm_threads_started());
    for (void *block : {zm_darwin_malloc(100), zm_darwin_calloc(1, 100), zm_darwin_valloc(100)}) {
        EXPECT_FALSE(IsOurs(block));
        EXPECT_GE(zm_darwin_malloc_size(block), 100u);
        block = zm_darwin_realloc(block, 5000);
        EXPECT_FALSE(IsOurs(block));
        zm_darwin_free(block);
    }
    EXPECT_EQ(zmalloc_used_memory(), 0u);
}

class OurZone : public testing::Test {
  protected:
    void SetUp() override {
        if (kOther) GTEST_SKIP() << "the default zone is another library's";
        zone = Zones()[0];
        used = zmalloc_used_memory();
    }

    malloc_zone_t *zone;
    size_t used;
};

// The purgeable zone comes behind the system's.
TEST_F(OurZone, IsTheDefaultOne) {
    const std::vector<std::string> names = Names();
    ASSERT_EQ(names.size(), 4u);
    EXPECT_EQ(names[0], "zmalloc");
    const auto system = std::find(names.begin(), names.end(), "DefaultMallocZone");
    EXPECT_NE(std::find(system, names.end(), "DefaultPurgeableMallocZone"), names.end());
}

// The system calls all of them without a look, but for the batch functions.
TEST_F(OurZone, HasEachMemberOfItsVersion) {
    EXPECT_EQ(zone->version, 9u);
    const malloc_introspection_t *introspect = zone->introspect;
    ASSERT_NE(introspect, nullptr);
    EXPECT_TRUE(zone->size && zone->malloc && zone->calloc && zone->valloc && zone->free &&
                zone->realloc && zone->destroy && zone->batch_malloc && zone->batch_free &&
                zone->memalign && zone->free_definite_size && zone->pressure_relief);
    EXPECT_TRUE(introspect->enumerator && introspect->good_size && introspect->check &&
                introspect->print && introspect->log && introspect->force_lock &&
                introspect->force_unlock && introspect->statistics && introspect->zone_locked &&
                introspect->reinit_lock);
}

TEST_F(OurZone, AllocatesCountsAndFrees) {
    void *memory[] = {zone->malloc(zone, 100), zone->calloc(zone, 10, 10), zone->valloc(zone, 100),
                      zone->memalign(zone, 512, 100), zone->realloc(zone, nullptr, 100)};
    for (void *block : memory) {
        EXPECT_TRUE(IsOurs(block));
        EXPECT_EQ(zone->size(zone, block), zm_darwin_malloc_size(block));
        EXPECT_GE(zone->size(zone, block), 100u);
        EXPECT_EQ(malloc_size(block), zone->size(zone, block));
    }
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory[3]) % 512, 0u);
    EXPECT_GE(zmalloc_used_memory() - used, 500u);
    memory[0] = zone->realloc(zone, memory[0], 1000);
    zone->free_definite_size(zone, memory[0], 1000);
    zone->free(zone, memory[1]);
    zone->batch_free(zone, memory + 2, 3);
    zone->free(zone, nullptr);
    EXPECT_EQ(zmalloc_used_memory(), used);
}

TEST_F(OurZone, AllocatesMany) {
    void *blocks[10];
    EXPECT_EQ(zone->batch_malloc(zone, 100, blocks, 10), 10u);
    for (void *block : blocks) EXPECT_TRUE(IsOurs(block));
    zone->batch_free(zone, blocks, 10);
    EXPECT_EQ(zone->batch_malloc(zone, SIZE_MAX / 2, blocks, 10), 0u);
    EXPECT_EQ(zmalloc_used_memory(), used);
}

TEST_F(OurZone, PassesOnTheSystemsBlocks) {
    void *block = calloc(1, 100);
    EXPECT_EQ(zone->size(zone, block), 0u);
    EXPECT_EQ(zm_darwin_malloc_size(block), malloc_usable_size(block));
    block = zone->realloc(zone, block, 5000);
    EXPECT_FALSE(IsOurs(block));
    zone->free(zone, block);
    EXPECT_EQ(zmalloc_used_memory(), used);
}

TEST_F(OurZone, AnswersTools) {
    void *block = zone->malloc(zone, 1000);
    malloc_statistics_t statistics;
    zone->introspect->statistics(zone, &statistics);
    EXPECT_EQ(statistics.size_in_use, zmalloc_used_memory());
    EXPECT_EQ(zone->introspect->good_size(zone, 0), 16u);
    EXPECT_EQ(zone->introspect->good_size(zone, 17), 32u);
    EXPECT_EQ(zone->introspect->good_size(zone, SIZE_MAX), SIZE_MAX);
    EXPECT_TRUE(zone->introspect->check(zone));
    EXPECT_FALSE(zone->introspect->zone_locked(zone));
    EXPECT_EQ(zone->introspect->enumerator(0, nullptr, 0, 0, nullptr, nullptr), KERN_SUCCESS);
    EXPECT_EQ(zone->pressure_relief(zone, 0), 0u);
    zone->destroy(zone);
    EXPECT_TRUE(IsOurs(block));
    zone->free(zone, block);
}

// The destructor of a key that was made later runs after the mark's own.
void *block_at_end;

void AllocateAtEnd(void *) { block_at_end = zm_darwin_malloc(100); }

TEST_F(OurZone, ThreadsThatEndGetBlocksOfTheSystem) {
    pthread_key_t key;
    ASSERT_EQ(pthread_key_create(&key, AllocateAtEnd), 0);
    std::thread([&] {
        void *block = zone->malloc(zone, 100);
        EXPECT_TRUE(IsOurs(block));
        pthread_setspecific(key, block);
        at_end(nullptr);
        zone->free(zone, block);
    }).join();
    EXPECT_NE(block_at_end, nullptr);
    EXPECT_FALSE(IsOurs(block_at_end));
    free(block_at_end);
    pthread_key_delete(key);
    EXPECT_EQ(zmalloc_used_memory(), used);
}

// A fork handler that was registered before the library's runs while it is forking.
zm_served served_before, served_in_child;

__attribute__((constructor(102))) void RegisterEarly() {
    pthread_atfork([] { served_before = zm_thread_served(); }, nullptr,
                   [] { served_in_child = zm_thread_served(); });
}

TEST_F(OurZone, AForkIsServedByTheSystem) {
    const pid_t child = fork();
    if (child == 0) {
        void *block = zone->malloc(zone, 100);
        _exit(served_in_child == ZM_FORKING && IsOurs(block) ? 0 : 1);
    }
    int status;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(served_before, ZM_FORKING);
    EXPECT_EQ(zm_thread_served(), ZM_BY_US);
}

}  // namespace
}  // namespace zmalloc_test

extern "C" void _tlv_atexit(void (*function)(void *), void *) { zmalloc_test::at_end = function; }
