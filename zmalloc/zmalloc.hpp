/* zmalloc for C++17: a std::pmr::memory_resource, an allocator for containers and
 * a unique_ptr, all over zmalloc.h.
 *
 * What holds for all of it:
 *  - Sizes are in bytes.  Blocks are counted in zmalloc_used_memory(), exactly.
 *  - Any alignment is met, that of over-aligned types as well.
 *  - Out of memory is std::bad_alloc; the out-of-memory handler is not called.
 *    With -fno-exceptions it is called, and if it returns, the program aborts.
 *    The files of one program should all be compiled with exceptions or all
 *    without.
 *  - Blocks are freed by the size that is known, the quicker way.
 *  - As thread-safe as zmalloc: different threads may use the same one at a time.
 */
#ifndef ZMALLOC_ZMALLOC_HPP_
#define ZMALLOC_ZMALLOC_HPP_

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#if __has_include(<memory_resource>)
#include <memory_resource>
#endif

#include "zmalloc/zmalloc.h"

namespace zm {
namespace detail {

/* Whether zmalloc(size) is aligned so.  It is for any object of that size, whose size
 * is a multiple of its alignment; and 0 bytes are as good as a long. */
constexpr bool aligned_anyway(std::size_t size, std::size_t alignment) noexcept {
    return alignment <= alignof(std::max_align_t) &&
           (size != 0 ? size : sizeof(long)) % alignment == 0;
}

inline void *try_allocate(std::size_t size, std::size_t alignment) noexcept {
    return aligned_anyway(size, alignment) ? ztrymalloc(size) : ztrymalloc_aligned(alignment, size);
}

#if defined(__cpp_exceptions)
inline void *allocate(std::size_t size, std::size_t alignment) {
    void *block = try_allocate(size, alignment);
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

[[noreturn]] inline void too_many() { throw std::bad_array_new_length(); }
#else
inline void *allocate(std::size_t size, std::size_t alignment) {
    void *block =
        aligned_anyway(size, alignment) ? zmalloc(size) : zmalloc_aligned(alignment, size);
    if (block == nullptr) std::abort();
    return block;
}

[[noreturn]] inline void too_many() {
    zmalloc(std::numeric_limits<std::size_t>::max());
    std::abort();
}
#endif

/* Frees what one of the above returned for the same size and alignment. */
inline void deallocate(void *block, std::size_t size, std::size_t alignment) noexcept {
    if (aligned_anyway(size, alignment)) {
        zfree_with_size(block, size);
    } else {
        zfree(block);
    }
}

/* The bytes of `count` objects. */
template <typename T>
std::size_t size_of(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) too_many();
    return count * sizeof(T);
}

template <typename T>
T *allocate_for(std::size_t count) {
    return static_cast<T *>(allocate(size_of<T>(count), alignof(T)));
}

template <typename T>
void deallocate_of(T *block, std::size_t count) noexcept {
    using Object = std::remove_cv_t<T>;
    deallocate(const_cast<Object *>(block), count * sizeof(T), alignof(T));
}

}  // namespace detail

/* ---- For containers ----------------------------------------------------- */

/* A C++ Allocator: std::vector<int, zm::allocator<int>>.  Without state; any two
 * are equal.  allocate() throws std::bad_array_new_length, a std::bad_alloc, when
 * the size of so many objects overflows. */
template <typename T>
class allocator {
  public:
    using value_type = T;
    using is_always_equal = std::true_type;
    using propagate_on_container_move_assignment = std::true_type;

    constexpr allocator() noexcept = default;
    template <typename U>
    constexpr allocator(const allocator<U> &) noexcept {}

    [[nodiscard]] T *allocate(std::size_t count) { return detail::allocate_for<T>(count); }
    void deallocate(T *block, std::size_t count) noexcept { detail::deallocate_of(block, count); }
};

template <typename T, typename U>
constexpr bool operator==(const allocator<T> &, const allocator<U> &) noexcept {
    return true;
}

template <typename T, typename U>
constexpr bool operator!=(const allocator<T> &, const allocator<U> &) noexcept {
    return false;
}

/* ---- For std::pmr, where the C++ library has it --------------------------- */

#if defined(__cpp_lib_memory_resource)

/* Any two are equal: what one allocated, another may free.  Without RTTI, which it
 * takes to see that, each is equal to itself alone. */
class memory_resource final : public std::pmr::memory_resource {
    void *do_allocate(std::size_t size, std::size_t alignment) override {
        return detail::allocate(size, alignment);
    }

    void do_deallocate(void *block, std::size_t size, std::size_t alignment) override {
        detail::deallocate(block, size, alignment);
    }

    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override {
#if defined(__cpp_rtti)
        return dynamic_cast<const memory_resource *>(&other) != nullptr;
#else
        return this == &other;
#endif
    }
};

/* The one of this program, never destroyed: std::pmr::string text(zm::resource()),
 * or for std::pmr::set_default_resource(). */
inline memory_resource *resource() noexcept {
    alignas(memory_resource) static unsigned char place[sizeof(memory_resource)];
    static memory_resource *const one = ::new (static_cast<void *>(place)) memory_resource;
    return one;
}

#endif

/* ---- For single objects and arrays ----------------------------------------- */

/* Destroys an object that make_unique made, and frees it.  Through a base class,
 * as with std::default_delete, if that has a virtual destructor. */
template <typename T>
class deleter {
  public:
    constexpr deleter() noexcept = default;
    template <typename U, typename = std::enable_if_t<std::is_convertible_v<U *, T *>>>
    constexpr deleter(const deleter<U> &) noexcept {
        static_assert(std::is_same_v<std::remove_cv_t<U>, std::remove_cv_t<T>> ||
                          std::has_virtual_destructor_v<T>,
                      "the base class needs a virtual destructor");
    }

    void operator()(T *object) const noexcept {
        static_assert(sizeof(T) >= 1, "of a type that is not complete");
        if constexpr (std::is_polymorphic_v<T> && !std::is_final_v<T>) {
            /* It may be part of a larger object. */
            const volatile void *block = dynamic_cast<const volatile void *>(object);
            object->~T();
            zfree(const_cast<void *>(block));
        } else {
            object->~T();
            detail::deallocate_of(object, 1);
        }
    }
};

/* The same for arrays; it knows how many there are. */
template <typename T>
class deleter<T[]> {
  public:
    constexpr deleter() noexcept = default;
    constexpr explicit deleter(std::size_t count) noexcept : count_(count) {}

    void operator()(T *objects) const noexcept {
        for (std::size_t i = count_; i > 0; i--) objects[i - 1].~T();
        detail::deallocate_of(objects, count_);
    }

    /* How many objects the array has. */
    constexpr std::size_t count() const noexcept { return count_; }

  private:
    std::size_t count_ = 0;
};

/* Frees a block of zmalloc.h's, destroying nothing:
 * std::unique_ptr<char, zm::deleter<void>> copy(zstrdup(text)). */
template <>
class deleter<void> {
  public:
    void operator()(void *block) const noexcept { zfree(block); }
};

template <typename T>
using unique_ptr = std::unique_ptr<T, deleter<T>>;

namespace detail {

/* A block while its objects are made; if one throws, those before it go as well. */
template <typename T>
class making {
  public:
    explicit making(std::size_t count) : block_(allocate_for<T>(count)), count_(count) {}
    making(const making &) = delete;
    ~making() {
        if (block_ == nullptr) return;
        while (made_ > 0) block_[--made_].~T();
        deallocate_of(block_, count_);
    }

    template <typename... Arguments>
    void add(Arguments &&...arguments) {
        ::new (static_cast<void *>(block_ + made_)) T(std::forward<Arguments>(arguments)...);
        made_++;
    }

    T *done() noexcept { return std::exchange(block_, nullptr); }

  private:
    T *block_;
    std::size_t count_, made_ = 0;
};

}  // namespace detail

/* An object made of `arguments`, in a block of its own. */
template <typename T, typename... Arguments>
std::enable_if_t<!std::is_array_v<T>, unique_ptr<T>> make_unique(Arguments &&...arguments) {
    detail::making<std::remove_cv_t<T>> making(1);
    making.add(std::forward<Arguments>(arguments)...);
    return unique_ptr<T>(making.done());
}

/* make_unique<T[]>(count): an array of value-initialised objects (numbers are 0). */
template <typename T>
std::enable_if_t<std::is_array_v<T> && std::extent_v<T> == 0, unique_ptr<T>> make_unique(
    std::size_t count) {
    using Object = std::remove_cv_t<std::remove_extent_t<T>>;
    detail::making<Object> making(count);
    for (std::size_t i = 0; i < count; i++) making.add();
    return unique_ptr<T>(making.done(), deleter<T>(count));
}

}  // namespace zm

#endif /* ZMALLOC_ZMALLOC_HPP_ */
