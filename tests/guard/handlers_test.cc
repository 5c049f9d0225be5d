// The program's own handlers of SIGSEGV, together with sampled blocks.
#include <sys/mman.h>

#include <csetjmp>
#include <csignal>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "tests/guard/ending.h"
#include "zmalloc/guard/pool.h"

namespace zmalloc_test {
namespace {

using Handler = void (*)(int, siginfo_t *, void *);

struct sigaction previous;

struct sigaction Set(Handler handler) {
    struct sigaction action = {}, old;
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    EXPECT_EQ(sigaction(SIGSEGV, &action, &old), 0);
    return old;
}

void SetDefault() {
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    EXPECT_EQ(sigaction(SIGSEGV, &action, nullptr), 0);
}

// Samples blocks, so that zmalloc looks at the handler that is installed.
void Sample() {
    for (int i = 0; i < 200; i++) zfree(zmalloc(10));
}

// Returns a sampled block that it has freed.
unsigned char *Freed() {
    auto *block = static_cast<unsigned char *>(zmalloc(100));
    auto *freed = Hidden(block);
    EXPECT_TRUE(zm_pool_has(block));
    zfree(block);
    return freed;
}

void FaultElsewhere() {
    volatile char *nowhere = Hidden(reinterpret_cast<char *>(uintptr_t{64}));
    *nowhere = 1;
}

void SayAndExit(int, siginfo_t *info, void *) {
    std::fprintf(stderr, "handler: %p\n", info->si_addr);
    _exit(7);
}

bool Has(const Ending &ending, const char *text) {
    return ending.said.find(text) != std::string::npos;
}

TEST(Handlers, OfTheProgramComeAfterTheReport) {
    const Ending ending = EndingOf([] {
        Set(SayAndExit);
        unsigned char *freed = Freed();
        Scribble(freed, 0);
    });
    EXPECT_TRUE(Has(ending, "zmalloc: use after free")) << ending;
    EXPECT_LT(ending.said.find("zmalloc: "), ending.said.find("handler: ")) << ending;
    EXPECT_TRUE(WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == 7) << ending;
}

TEST(Handlers, OtherFaultsAreNotOurs) {
    Ending ending = EndingOf([] {
        Set(SayAndExit);
        Sample();
        FaultElsewhere();
    });
    EXPECT_TRUE(Has(ending, "handler: 0x40")) << ending;
    EXPECT_FALSE(Has(ending, "zmalloc: ")) << ending;
    ending = EndingOf([] {
        SetDefault();
        Sample();
        FaultElsewhere();
    });
    EXPECT_TRUE(ending.By(SIGSEGV) || ending.By(SIGBUS)) << ending;
    EXPECT_FALSE(Has(ending, "zmalloc: ")) << ending;
}

TEST(Handlers, SignalsThatAreSent) {
    Ending ending = EndingOf([] {
        SetDefault();
        Sample();
        raise(SIGSEGV);
    });
    EXPECT_TRUE(ending.By(SIGSEGV)) << ending;
    ending = EndingOf([] {
        std::signal(SIGSEGV, SIG_IGN);
        Sample();
        raise(SIGSEGV);
    });
    EXPECT_EQ(ending.status, 0) << ending;
}

#ifdef __linux__
TEST(Handlers, ASignalWithAnAddressIsNoFault) {
    if (Emulated()) GTEST_SKIP() << "the emulator makes up what comes with a signal";
    const Ending ending = EndingOf([] {
        SetDefault();
        unsigned char *freed = Freed();
        siginfo_t info = {};
        info.si_code = SI_QUEUE;
        info.si_addr = freed;
        syscall(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &info);
    });
    EXPECT_TRUE(ending.By(SIGSEGV)) << ending;
    EXPECT_EQ(ending.said, "");
}
#endif

// Calls the handler that was there before, which is zmalloc's.
void CallPrevious(int signal, siginfo_t *info, void *context) {
    std::fprintf(stderr, "handler\n");
    previous.sa_sigaction(signal, info, context);
}

TEST(Handlers, MayCallOurs) {
    const Ending ending = EndingOf([] {
        SetDefault();
        Sample();
        previous = Set(CallPrevious);
        unsigned char *freed = Freed();
        Scribble(freed, 0);
    });
    EXPECT_TRUE(Has(ending, "zmalloc: use after free")) << ending;
    EXPECT_NE(ending.status, 0) << ending;
    EXPECT_EQ(ending.said.find("handler\n"), ending.said.rfind("handler\n")) << ending;
    EXPECT_EQ(ending.said.find("zmalloc: "), ending.said.rfind("zmalloc: ")) << ending;
}

// Restores the handler that it found, and lets the fault happen once more.
void RestorePrevious(int signal, siginfo_t *, void *) { sigaction(signal, &previous, nullptr); }

TEST(Handlers, MayPutBackWhatTheyFound) {
    for (const bool ours : {true, false}) {
        const Ending ending = EndingOf([ours] {
            SetDefault();
            Sample();
            previous = Set(RestorePrevious);
            unsigned char *freed = Freed();
            if (ours) Scribble(freed, 0);
            FaultElsewhere();
        });
        EXPECT_TRUE(ending.By(SIGSEGV) || ending.By(SIGBUS)) << ending;
        EXPECT_EQ(Has(ending, "zmalloc: use after free"), ours) << ending;
    }
}

TEST(Handlers, AllOfAChainAreCalled) {
    const Ending ending = EndingOf([] {
        Set(SayAndExit);
        Sample();
        previous = Set(CallPrevious);
        Sample();
        FaultElsewhere();
    });
    EXPECT_TRUE(Has(ending, "handler\nhandler: 0x40")) << ending;
    EXPECT_TRUE(WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == 7) << ending;
}

TEST(Handlers, ThatAreTakenAwayAreNotCalled) {
    const Ending ending = EndingOf([] {
        Set(SayAndExit);
        Sample();
        struct sigaction before = Set(CallPrevious);  // installed for a while
        Sample();
        sigaction(SIGSEGV, &before, nullptr);
        Sample();
        FaultElsewhere();
    });
    EXPECT_EQ(ending.said.rfind("handler: 0x40", 0), 0u) << ending;
}

TEST(Handlers, OfOneTimeAreCalledOnce) {
    const Ending ending = EndingOf([] {
        struct sigaction action = {};
        action.sa_sigaction = [](int, siginfo_t *, void *) {
            std::fprintf(stderr, "handler\n");
            FaultElsewhere();
        };
        action.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESETHAND) | SA_NODEFER;
        sigaction(SIGSEGV, &action, nullptr);
        Sample();
        FaultElsewhere();
    });
    EXPECT_TRUE(ending.By(SIGSEGV) || ending.By(SIGBUS)) << ending;
    EXPECT_EQ(ending.said.find("handler\n"), ending.said.rfind("handler\n")) << ending;
}

TEST(Handlers, OnASmallStack) {
    if (kSanitized || Emulated()) GTEST_SKIP() << "handlers take more of the stack here";
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t size = (static_cast<size_t>(SIGSTKSZ) + page - 1) / page * page;
    // The page below the stack cannot be used.
    auto *stack = static_cast<char *>(
        mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(stack, MAP_FAILED);
    ASSERT_EQ(mprotect(stack, page, PROT_NONE), 0);
    const Ending ending = EndingOf([&] {
        stack_t alternative = {};
        alternative.ss_sp = stack + page;
        alternative.ss_size = size;
        sigaltstack(&alternative, nullptr);
        SetDefault();
        unsigned char *freed = Freed();
        Scribble(freed, 0);
    });
    EXPECT_TRUE(Has(ending, "zmalloc: use after free")) << ending;
    EXPECT_EQ(ending.said.back(), '\n') << ending;
    munmap(stack, page + size);
}

sigjmp_buf back;

TEST(Handlers, MayJump) {
    const Ending ending = EndingOf([] {
        Set([](int, siginfo_t *, void *) { siglongjmp(back, 1); });
        Sample();
        for (volatile int i = 0; i < 3; i++) {
            if (sigsetjmp(back, 1) == 0) FaultElsewhere();
        }
        std::fprintf(stderr, "three times\n");
    });
    EXPECT_EQ(ending.status, 0) << ending;
    EXPECT_EQ(ending.said, "three times\n");
}

}  // namespace
}  // namespace zmalloc_test
