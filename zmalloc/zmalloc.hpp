/* zmalloc for C++17: a std::pmr::memory_resource, an allocator for containers and
 * a unique_ptr, all built on zmalloc.h.
 *
 * These rules hold for all of them:
 *  - Sizes are in bytes.  zmalloc_used_memory() counts all blocks, exactly.
 *  - Every alignment works, also those of over-aligned types.
 *  - When memory runs out, they throw std::bad_alloc and do not call the
 *    out-of-memory handler.  With -fno-exceptions they call the handler, and if it
 *    returns, the program aborts.  Compile all files of a program with exceptions,
 *    or all without.
 *  - They free blocks with zfree_with_size where they can, which is quicker.
 *  - Any thread may use the resource and the allocators at any time, as zmalloc.
 *    One unique_ptr may be used by one thread at a time only.
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

#include "zmalloc/profile.h"
#include "zmalloc/zmalloc.h"
#include "zmalloc/zone.h"

namespace zm {
namespace detail {

/* Whether zmalloc(size) returns blocks of this alignment.  zmalloc aligns for any object of
 * `size` bytes, and an object's size is a multiple of its alignment.  A block of 0 bytes is
 * aligned for a long. */
constexpr bool aligned_anyway(std::size_t size_, std::size_t alignment_) noexcept {
    return alignment_ <= alignof(std::max_align_t) &&
           (size_ != 0 ? size_ : sizeof(long)) % alignment_ == 0;
}

inline void *try_allocate(std::size_t size_, std::size_t alignment_) noexcept {
    return aligned_anyway(size_, alignment_) ? ztrymalloc(size_)
                                             : ztrymalloc_aligned(alignment_, size_);
}

#if defined(__cpp_exceptions)
inline void *allocate(std::size_t size_, std::size_t alignment_) {
    void *block_ = try_allocate(size_, alignment_);
    if (block_ == nullptr) throw std::bad_alloc();
    return block_;
}

[[__noreturn__]] inline void too_many() { throw std::bad_array_new_length(); }
#else
inline void *allocate(std::size_t size_, std::size_t alignment_) {
    void *block_ =
        aligned_anyway(size_, alignment_) ? zmalloc(size_) : zmalloc_aligned(alignment_, size_);
    if (block_ == nullptr) std::abort();
    return block_;
}

[[__noreturn__]] inline void too_many() {
    zmalloc((std::numeric_limits<std::size_t>::max)());
    std::abort();
}
#endif

/* Frees a block that try_allocate() or allocate() returned for this size and alignment. */
inline void deallocate(void *block_, std::size_t size_, std::size_t alignment_) noexcept {
    if (aligned_anyway(size_, alignment_)) {
        zfree_with_size(block_, size_);
    } else {
        zfree(block_);
    }
}

/* Returns the bytes of `number_` objects; calls too_many() when that overflows. */
template <typename T>
std::size_t size_of(std::size_t number_) {
    if (number_ > (std::numeric_limits<std::size_t>::max)() / sizeof(T)) too_many();
    return number_ * sizeof(T);
}

template <typename T>
T *allocate_for(std::size_t number_) {
    return static_cast<T *>(allocate(size_of<T>(number_), alignof(T)));
}

template <typename T>
void deallocate_of(T *block_, std::size_t number_) noexcept {
    using Object = std::remove_cv_t<T>;
    deallocate(const_cast<Object *>(block_), number_ * sizeof(T), alignof(T));
}

}  // namespace detail

/* ---- For containers ----------------------------------------------------- */

/* A C++ Allocator: std::vector<int, zm::allocator<int>>.  It has no state; any two
 * are equal.  allocate() throws std::bad_array_new_length, a std::bad_alloc, when
 * the size of `number_` objects overflows. */
template <typename T>
class allocator {
  public:
    using value_type = T;
    using is_always_equal = std::true_type;
    using propagate_on_container_move_assignment = std::true_type;

    constexpr allocator() noexcept = default;
    template <typename U>
    constexpr allocator(const allocator<U> &) noexcept {}

    [[__nodiscard__]] T *allocate(std::size_t number_) { return detail::allocate_for<T>(number_); }
    void deallocate(T *block_, std::size_t number_) noexcept {
        detail::deallocate_of(block_, number_);
    }
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

/* Any two are equal: one may free the blocks of another.  Without RTTI it cannot see
 * that the other is a zm::memory_resource, and is equal to itself only. */
class memory_resource final : public std::pmr::memory_resource {
    void *do_allocate(std::size_t size_, std::size_t alignment_) override {
        return detail::allocate(size_, alignment_);
    }

    void do_deallocate(void *block_, std::size_t size_, std::size_t alignment_) override {
        detail::deallocate(block_, size_, alignment_);
    }

    bool do_is_equal(const std::pmr::memory_resource &other_) const noexcept override {
#if defined(__cpp_rtti)
        return dynamic_cast<const memory_resource *>(&other_) != nullptr;
#else
        return this == &other_;
#endif
    }
};

/* The same for blocks of a zone (zone.h), which the zone counts: std::pmr::map<int, int>
 * index(&resource).  The resource does not own the zone.  Two of one zone are equal. */
class zone_resource final : public std::pmr::memory_resource {
  public:
    explicit zone_resource(zmalloc_zone_t *of_) noexcept : zone_(of_) {}

    zmalloc_zone_t *zone() const noexcept { return zone_; }

  private:
    void *do_allocate(std::size_t size_, std::size_t alignment_) override {
        void *block_ = detail::allocate(size_, alignment_);
        zmalloc_zone_add(zone_, block_);
        return block_;
    }

    void do_deallocate(void *block_, std::size_t, std::size_t) override { zfree_in(zone_, block_); }

    bool do_is_equal(const std::pmr::memory_resource &other_) const noexcept override {
#if defined(__cpp_rtti)
        const auto *same_ = dynamic_cast<const zone_resource *>(&other_);
        return same_ != nullptr && same_->zone_ == zone_;
#else
        return this == &other_;
#endif
    }

    zmalloc_zone_t *zone_;
};

/* Returns the program's memory_resource, which is never destroyed.  Use it as in
 * std::pmr::string text(zm::resource()), or for std::pmr::set_default_resource(). */
inline memory_resource *resource() noexcept {
    alignas(memory_resource) static unsigned char place_[sizeof(memory_resource)];
    static memory_resource *const one_ = ::new (static_cast<void *>(place_)) memory_resource;
    return one_;
}

#endif

/* ---- For heap profiles --------------------------------------------------------- */

/* While it lives, samples of this thread have a label (profile.h): zm::label_scope scope("parser").
 * The text must live as long. */
class label_scope {
  public:
    explicit label_scope(const char *label_) noexcept : before_(zmalloc_label(label_)) {}
    ~label_scope() { zmalloc_label(before_); }
    label_scope(const label_scope &) = delete;
    label_scope &operator=(const label_scope &) = delete;

  private:
    const char *before_;
};

/* ---- For single objects and arrays ----------------------------------------- */

/* Destroys an object that make_unique made, and frees its block.  As with
 * std::default_delete, T may be a base class if it has a virtual destructor. */
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

    void operator()(T *object_) const noexcept {
        static_assert(sizeof(T) >= 1, "of a type that is not complete");
        if constexpr (std::is_polymorphic_v<T> && !std::is_final_v<T>) {
            /* The object may be part of a larger one, whose start is the block's. */
            const volatile void *block_ = dynamic_cast<const volatile void *>(object_);
            object_->~T();
            zfree(const_cast<void *>(block_));
        } else {
            object_->~T();
            detail::deallocate_of(object_, 1);
        }
    }
};

/* The same for arrays; it knows the number of objects. */
template <typename T>
class deleter<T[]> {
  public:
    constexpr deleter() noexcept = default;
    constexpr explicit deleter(std::size_t number_) noexcept : count_(number_) {}

    void operator()(T *objects_) const noexcept {
        for (std::size_t i_ = count_; i_ > 0; i_--) objects_[i_ - 1].~T();
        detail::deallocate_of(objects_, count_);
    }

    /* Returns the number of objects in the array. */
    constexpr std::size_t count() const noexcept { return count_; }

  private:
    std::size_t count_ = 0;
};

/* Frees a block that a function of zmalloc.h returned, and destroys no object:
 * std::unique_ptr<char, zm::deleter<void>> copy(zstrdup(text)). */
template <>
class deleter<void> {
  public:
    void operator()(void *block_) const noexcept { zfree(block_); }
};

template <typename T>
using unique_ptr = std::unique_ptr<T, deleter<T>>;

namespace detail {

/* Holds a block while its objects are made.  If a constructor throws, it destroys the
 * objects made so far and frees the block. */
template <typename T>
class making {
  public:
    explicit making(std::size_t number_) : block_(allocate_for<T>(number_)), count_(number_) {}
    making(const making &) = delete;
    ~making() {
        if (block_ == nullptr) return;
        while (made_ > 0) block_[--made_].~T();
        deallocate_of(block_, count_);
    }

    template <typename... Arguments>
    void add(Arguments &&...arguments_) {
        ::new (static_cast<void *>(block_ + made_)) T(std::forward<Arguments>(arguments_)...);
        made_++;
    }

    T *done() noexcept { return std::exchange(block_, nullptr); }

  private:
    T *block_;
    std::size_t count_, made_ = 0;
};

}  // namespace detail

/* Makes an object of `arguments` in a block of its own. */
template <typename T, typename... Arguments>
std::enable_if_t<!std::is_array_v<T>, unique_ptr<T>> make_unique(Arguments &&...arguments_) {
    detail::making<std::remove_cv_t<T>> making_(1);
    making_.add(std::forward<Arguments>(arguments_)...);
    return unique_ptr<T>(making_.done());
}

/* make_unique<T[]>(number_) makes an array of value-initialised objects (numbers are 0). */
template <typename T>
std::enable_if_t<std::is_array_v<T> && std::extent_v<T> == 0, unique_ptr<T>> make_unique(
    std::size_t number_) {
    using Object = std::remove_cv_t<std::remove_extent_t<T>>;
    detail::making<Object> making_(number_);
    for (std::size_t i_ = 0; i_ < number_; i_++) making_.add();
    return unique_ptr<T>(making_.done(), deleter<T>(number_));
}

}  // namespace zm

#endif /* ZMALLOC_ZMALLOC_HPP_ */
