// Reads the symbols of object files, static libraries and binaries, in memory
// and without the host's tools: ELF, 64 bits, of this machine's byte order.
#ifndef ZMALLOC_TESTS_OBJECT_FILE_H_
#define ZMALLOC_TESTS_OBJECT_FILE_H_

#include <string>
#include <string_view>
#include <vector>

namespace object_file {

struct Symbol {
    std::string name;
    bool defined;  // here, or wanted from elsewhere
    bool global;   // seen by other object files: weak ones as well
    bool weak;
};

// A file in a static library.
struct Member {
    std::string name;
    std::string_view bytes;  // part of the library's
};

// All throw std::runtime_error when the bytes are not what they should be.

// The symbol table of an object file or an unstripped binary.
std::vector<Symbol> Symbols(std::string_view object);

// The object files in a static library (ar); its index is left out.
std::vector<Member> Members(std::string_view library);

// The whole of a file.
std::string ReadFile(const std::string &path);

}  // namespace object_file

#endif  // ZMALLOC_TESTS_OBJECT_FILE_H_
