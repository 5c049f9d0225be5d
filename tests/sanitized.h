// Differences under sanitizers.
#ifndef ZMALLOC_TESTS_SANITIZED_H_
#define ZMALLOC_TESTS_SANITIZED_H_

#include <cstddef>

namespace zmalloc_test {

#if defined(__has_feature)
constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
constexpr bool kMemorySanitizer = __has_feature(memory_sanitizer);
constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#elif defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true, kMemorySanitizer = false, kThreadSanitizer = false;
#elif defined(__SANITIZE_THREAD__)
constexpr bool kAddressSanitizer = false, kMemorySanitizer = false, kThreadSanitizer = true;
#else
constexpr bool kAddressSanitizer = false, kMemorySanitizer = false, kThreadSanitizer = false;
#endif

// Whether a sanitizer's own malloc replaces the libc's.
constexpr bool kSanitized = kAddressSanitizer || kMemorySanitizer || kThreadSanitizer;

// Whether memory that is touched, anywhere, also takes memory for its shadow, which stays when the
// memory is given back.
constexpr bool kShadowed = kMemorySanitizer || kThreadSanitizer;

// The most that AddressSanitizer's shadow of so many bytes adds to resident memory.
// AddressSanitizer only reads the shadow of bytes that are not poisoned, and kernels differ in
// whether a page that is only read is resident.
constexpr std::size_t ShadowRead(std::size_t bytes) { return kAddressSanitizer ? bytes / 8 : 0; }

// Whether a child that starts a thread may wait forever for a lock of the runtime, because one of
// the parent's threads was starting at the fork and held the lock.
constexpr bool kThreadsOfChildrenHang = kAddressSanitizer || kThreadSanitizer;

// The same where the parent starts one thread after the other: MemorySanitizer holds a lock in
// MsanThreadLocalMallocStorage::Init, but in so few forks that other tests need not care.
constexpr bool kThreadsOfChildrenAmongStartsHang = kThreadsOfChildrenHang || kMemorySanitizer;

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SANITIZED_H_
