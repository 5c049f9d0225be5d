// The allocation functions at every moment of a process: before main, in threads that end, around
// fork, in libraries that are loaded and unloaded, and in the libc itself.  Linked and preloaded,
// as interface_test.cc is.
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/malloc/early.h"
#include "tests/malloc/interface.h"

namespace {

using zmalloc_test::StatusOfChild;

// Allocates, writes and frees blocks of many sizes; leaves nothing.
void Churn(unsigned seed, int rounds = 2000) {
    std::vector<char *> blocks(64);
    for (int i = 0; i < rounds; i++) {
        seed = seed * 1664525 + 1013904223;
        char *&block = blocks[seed >> 26];
        const size_t size = (seed >> 8) % (i % 50 == 0 ? 200000 : 2000);
        if ((seed & 3) != 0) {
            free(block);
            block = static_cast<char *>(malloc(size + 1));
        } else {
            block = static_cast<char *>(realloc(block, size + 1));
        }
        block[0] = block[size] = 1;
    }
    for (char *block : blocks) free(block);
}

// ---- Before main ---------------------------------------------------------------------------

TEST(Early, BlocksFromBeforeMainAreBlocks) {
    for (char *block : {early_blocks.from_preinit, early_blocks.from_first_constructor,
                        early_blocks.from_constructor}) {
        if (block == nullptr) continue;  // what this linkage does not have
        EXPECT_STREQ(block, "early");
        EXPECT_GE(malloc_usable_size(block), kEarlySize);
        block = static_cast<char *>(realloc(block, 100000));
        EXPECT_STREQ(block, "early");
        free(block);
    }
    EXPECT_NE(early_blocks.from_first_constructor, nullptr);
    EXPECT_NE(early_blocks.from_constructor, nullptr);
}

// ---- Threads -------------------------------------------------------------------------------

TEST(Threads, AllocateTogether) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 8; i++) threads.emplace_back([i] { Churn(i, 20000); });
    for (std::thread &thread : threads) thread.join();
}

TEST(Threads, FreeBlocksOfOthers) {
    for (int round = 0; round < 20; round++) {
        std::vector<void *> blocks(1000);
        std::thread([&] {
            for (size_t i = 0; i < blocks.size(); i++) blocks[i] = malloc(i * 7);
        }).join();
        std::thread([&] {
            for (void *block : blocks) free(block);
        }).join();
    }
}

TEST(Threads, ManyStartAndEnd) {
    for (int round = 0; round < 30; round++) {
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < 16; i++) threads.emplace_back([i] { Churn(i, 100); });
        for (std::thread &thread : threads) thread.join();
    }
}

std::atomic<int> destroyed;
pthread_key_t keys[40];

// Allocates in each round of destructors, and leaves a block for the next.
void Destructor(void *value) {
    auto *rounds = static_cast<int *>(value);
    Churn(static_cast<unsigned>(*rounds), 50);
    destroyed++;
    if (--*rounds > 0) {
        auto *next = static_cast<int *>(malloc(sizeof(int)));
        *next = *rounds;
        // Which key it was is the same to all.
        pthread_setspecific(keys[0], next);
    }
    free(value);
}

struct Local {
    std::unique_ptr<std::string> text = std::make_unique<std::string>(100, 'x');
    ~Local() {
        Churn(3, 50);
        destroyed++;
    }
};

TEST(Threads, DestructorsAllocate) {
    // More keys than glibc has room for without malloc.
    for (pthread_key_t &key : keys) ASSERT_EQ(pthread_key_create(&key, Destructor), 0);
    for (int round = 0; round < 20; round++) {
        destroyed = 0;
        std::thread([] {
            thread_local Local local;
            EXPECT_EQ(local.text->size(), 100U);
            for (pthread_key_t key : keys) {
                auto *rounds = static_cast<int *>(malloc(sizeof(int)));
                *rounds = 1;
                pthread_setspecific(key, rounds);
            }
            auto *rounds = static_cast<int *>(malloc(sizeof(int)));
            *rounds = 3;
            free(pthread_getspecific(keys[0]));
            pthread_setspecific(keys[0], rounds);
        }).join();
        EXPECT_EQ(destroyed, 1 + 39 + 3);
    }
    for (pthread_key_t key : keys) pthread_key_delete(key);
}

// ---- Fork ----------------------------------------------------------------------------------

TEST(Fork, ChildrenAllocateWhileOtherThreadsDo) {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 3; i++) {
        threads.emplace_back([&, i] {
            while (!stop) Churn(i, 500);
        });
    }
    for (unsigned i = 0; i < 40; i++) {
        EXPECT_EQ(StatusOfChild([i] {
                      alarm(240);  // an emulator on a busy machine takes over a minute
                      Churn(i);
                      std::thread([i] { Churn(i, 100); }).join();
                      _exit(StatusOfChild([i] { Churn(i, 100); }));
                  }),
                  0);
    }
    stop = true;
    for (std::thread &thread : threads) thread.join();
}

std::atomic<bool> handlers_work;
void *from_prepare;

void Prepare() {
    if (!handlers_work) return;
    Churn(1, 100);
    from_prepare = malloc(1000);
}

void After() {
    if (!handlers_work) return;
    Churn(2, 100);
    free(from_prepare);
}

TEST(Fork, HandlersAllocate) {
    // More than glibc has room for without malloc.
    for (int i = 0; i < 60; i++) ASSERT_EQ(pthread_atfork(nullptr, nullptr, nullptr), 0);
    ASSERT_EQ(pthread_atfork(Prepare, After, After), 0);
    handlers_work = true;
    std::atomic<bool> stop{false};
    std::thread other([&] {
        while (!stop) Churn(7, 500);
    });
    for (int i = 0; i < 20; i++) EXPECT_EQ(StatusOfChild([] { Churn(5, 500); }), 0);
    stop = true;
    other.join();
    handlers_work = false;
}

TEST(Fork, VforkAndExec) {
    for (int i = 0; i < 20; i++) {
        const pid_t child = vfork();  // NOLINT(bugprone-unsafe-functions): it is under test
        if (child == 0) {
            execl("/bin/true", "true", nullptr);
            _exit(127);
        }
        int status = -1;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        Churn(1, 100);
    }
}

// ---- Libraries -----------------------------------------------------------------------------

TEST(Libraries, AreLoadedAndUnloaded) {
    if (zmalloc_test::IsStatic()) GTEST_SKIP() << "a static program loads no libraries";
    for (int round = 0; round < 20; round++) {
        void *library = dlopen("tests/malloc/liballocates.so", RTLD_NOW);
        ASSERT_NE(library, nullptr) << dlerror();
        auto *make = reinterpret_cast<char *(*)()>(dlsym(library, "make"));
        ASSERT_NE(make, nullptr);
        char *block = make();
        EXPECT_STREQ(block, "made by a library");
        std::thread([&] { free(make()); }).join();
        EXPECT_EQ(dlclose(library), 0);
        // A block outlives the library that allocated it.
        EXPECT_STREQ(block, "made by a library");
        free(block);
    }
    EXPECT_EQ(dlopen("/no/such/library.so", RTLD_NOW), nullptr);
    EXPECT_NE(dlerror(), nullptr);  // allocated
    EXPECT_EQ(dlsym(RTLD_DEFAULT, "no_such_function"), nullptr);
}

// ---- The libc's own use --------------------------------------------------------------------

TEST(Libc, ItsBlocksAreOurs) {
    char *text = nullptr;
    ASSERT_GT(asprintf(&text, "%0500d", 7), 0);
    EXPECT_GE(malloc_usable_size(text), 501U);
    free(text);
    text = strdup("text");
    EXPECT_GE(malloc_usable_size(text), 5U);
    free(text);
    text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (int i = 0; i < 10000; i++) fprintf(stream, "%d ", i);
    fclose(stream);
    EXPECT_GE(malloc_usable_size(text), size);
    free(text);
    free(realpath("/bin/../bin", nullptr));
    char *line = nullptr;
    size = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    while (getline(&line, &size, file) > 0) EXPECT_GE(malloc_usable_size(line), size);
    fclose(file);
    free(line);
    setenv("ZMALLOC_TEST_VARIABLE", std::string(5000, 'x').c_str(), 1);
    unsetenv("ZMALLOC_TEST_VARIABLE");
}

// All calls of the process go to one file.
TEST(Libc, HasTheSameMalloc) {
    if (zmalloc_test::IsStatic()) GTEST_SKIP() << "a static program has one malloc";
    Dl_info here, there;
    const char *const names[] = {
        "malloc",         "calloc",   "realloc",       "free",
        "posix_memalign", "memalign", "aligned_alloc", "malloc_usable_size"};
    ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &here), 0);
    const std::string path = here.dli_fname;
    EXPECT_NE(path.compare(path.rfind('/') + 1, 7, "libc.so"), 0) << path;
    for (const char *name : names) {
        ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, name), &there), 0) << name;
        EXPECT_STREQ(there.dli_fname, here.dli_fname) << name;
    }
}

}  // namespace
