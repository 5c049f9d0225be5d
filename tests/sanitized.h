// What is different under sanitizers.
#ifndef ZMALLOC_TESTS_SANITIZED_H_
#define ZMALLOC_TESTS_SANITIZED_H_

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

// Whether a child that starts a thread may wait forever for a lock that one of the
// parent's threads, being started, held in the runtime at the time of fork().
constexpr bool kThreadsOfChildrenHang = kAddressSanitizer || kThreadSanitizer;

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_SANITIZED_H_
