// What is different under sanitizers.
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

// Whether one has put its own malloc in the libc's place.
constexpr bool kSanitized = kAddressSanitizer || kMemorySanitizer || kThreadSanitizer;

// Whether memory that is touched, anywhere, takes more of it for its shadow, which
// does not go when the memory is given back.
constexpr bool kShadowed = kMemorySanitizer || kThreadSanitizer;

// The most that AddressSanitizer's shadow of so many bytes adds to what is resident, on
// top of them.  It only reads the shadow of what is not poisoned, and kernels differ in
// whether a page that is read and never written is resident.
constexpr std::size_t ShadowRead(std::size_t bytes) { return kAddressSanitizer ? bytes / 8 : 0; }

// Whether a child that starts a thread may wait forever for a lock that one of the
// parent's threads, being started, held in the runtime at the time of fork().
constexpr bool kThreadsOfChildrenHang = kAddressSanitizer || kThreadSanitizer;

// As much, where the parent starts one thread after the other: MemorySanitizer's
// MsanThreadLocalMallocStorage::Init holds one in so few forks that others need not care.
constexpr bool kThreadsOfChildrenAmongStartsHang = kThreadsOfChildrenHang || kMemorySanitizer;

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SANITIZED_H_
