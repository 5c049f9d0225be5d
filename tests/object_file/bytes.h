// Reads structures from bytes that are not trusted.
#ifndef ZMALLOC_TESTS_OBJECT_FILE_BYTES_H_
#define ZMALLOC_TESTS_OBJECT_FILE_BYTES_H_

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace object_file {

[[noreturn]] inline void Bad(const std::string &what) { throw std::runtime_error(what); }

inline std::string_view Part(std::string_view bytes, uint64_t offset, uint64_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset) Bad("truncated");
    return bytes.substr(offset, size);
}

// Returns a copy, because the data in a library is not aligned.
template <typename T>
T At(std::string_view bytes, uint64_t offset) {
    T value;
    std::memcpy(&value, Part(bytes, offset, sizeof value).data(), sizeof value);
    return value;
}

inline std::string StringAt(std::string_view strings, uint64_t offset) {
    if (offset >= strings.size()) Bad("a name outside of the string table");
    std::string_view rest = strings.substr(offset);
    return std::string(rest.substr(0, rest.find('\0')));
}

}  // namespace object_file

#endif  // ZMALLOC_TESTS_OBJECT_FILE_BYTES_H_
