// Valkey's unit tests include a file of this name, which its own build makes by Python.  It lets
// them replace aeCreateTimeEvent(), the one function that Valkey's src/unit/wrappers.h declares.
#ifndef TESTS_SERVERS_UNIT_GENERATED_WRAPPERS_HPP_
#define TESTS_SERVERS_UNIT_GENERATED_WRAPPERS_HPP_

// First the standard headers: wrappers.h redefines words of C++.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
// Then Valkey's own.
#include "wrappers.h"
// NOLINTNEXTLINE: it needs those above.
#include "custom_matchers.hpp"

using namespace ::testing;  // NOLINT: the tests expect it

extern "C" decltype(__wrap_aeCreateTimeEvent) __real_aeCreateTimeEvent;

struct RealValkey {};

struct MockValkey {
    MockValkey() {
        EXPECT_CALL(*this, aeCreateTimeEvent).WillRepeatedly(__real_aeCreateTimeEvent);
        current = this;
    }
    ~MockValkey() { current = nullptr; }
    MOCK_METHOD(long long, aeCreateTimeEvent,
                (aeEventLoop *, long long, aeTimeProc *, void *, aeEventFinalizerProc *));
    static inline MockValkey *current;
};

// The linker sends all calls of aeCreateTimeEvent() here.
extern "C" __attribute__((used)) inline long long __wrap_aeCreateTimeEvent(
    aeEventLoop *loop, long long milliseconds, aeTimeProc *proc, void *data,
    aeEventFinalizerProc *finalizer) {
    return MockValkey::current != nullptr
               ? MockValkey::current->aeCreateTimeEvent(loop, milliseconds, proc, data, finalizer)
               : __real_aeCreateTimeEvent(loop, milliseconds, proc, data, finalizer);
}

#endif  // TESTS_SERVERS_UNIT_GENERATED_WRAPPERS_HPP_
