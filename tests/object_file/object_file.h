// Reads object files, static libraries and binaries, in memory and without the
// host's tools: ELF and Mach-O, 64 bits, little-endian.
#ifndef ZMALLOC_TESTS_OBJECT_FILE_H_
#define ZMALLOC_TESTS_OBJECT_FILE_H_

#include <string>
#include <string_view>
#include <vector>

namespace object_file {

struct Symbol {
    std::string name;  // as in C
    bool defined;      // defined here; else needed from another file
    bool global;       // seen by other object files: weak ones as well
    bool weak;
};

// The platform that an object file was made for.
struct Target {
    std::string format;     // "ELF" or "Mach-O"
    std::string machine;    // "x86_64", "aarch64" or "riscv64"
    std::string system;     // "macos" or "freebsd"; "" where the file does not say
    std::string minimum;    // the oldest version of it, "11.0"; "" likewise
    std::string libraries;  // names of the shared ones that it is linked with, each before a space
};

// The properties of a shared library.
struct SharedLibrary {
    std::string name;                   // what programs that are linked with it ask for
    std::vector<std::string> exported;  // as in C
    bool relro;                         // addresses are read-only once they are known
    bool binds_now;                     // addresses are known before it is used
    bool stays_loaded;
    bool relocates_text;  // code has to be written to
    bool executes_stack;
};

// A function of a shared library for macOS that takes the place of one of another library.
struct Interposed {
    std::string ours;    // as in C
    std::string theirs;  // as in C
};

// A file in a static library.
struct Member {
    std::string name;
    std::string_view bytes;  // part of the library's
};

// All of these throw std::runtime_error when the bytes are malformed.

// The symbol table of an object file or an unstripped binary.
std::vector<Symbol> Symbols(std::string_view object);

// Reads the platform of an object file or a binary.
Target TargetOf(std::string_view object);

// For Mach-O, reads only the name, the exports and the stack.
SharedLibrary SharedLibraryOf(std::string_view library);

// What a shared library for macOS interposes, in the order of the file.
std::vector<Interposed> InterposedBy(std::string_view library);

// The versions of shared libraries' symbols that an ELF binary needs:
// "GLIBC_2.17".
std::vector<std::string> NeededVersions(std::string_view binary);

// The object files in a static library (ar), without its index.
std::vector<Member> Members(std::string_view library);

// The whole of a file.
std::string ReadFile(const std::string &path);

}  // namespace object_file

#endif  // ZMALLOC_TESTS_OBJECT_FILE_H_
