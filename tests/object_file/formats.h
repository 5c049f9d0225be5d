// The formats behind object_file.h, one file each.
#ifndef ZMALLOC_TESTS_OBJECT_FILE_FORMATS_H_
#define ZMALLOC_TESTS_OBJECT_FILE_FORMATS_H_

#include <string_view>
#include <vector>

#include "tests/object_file/object_file.h"

namespace object_file {

bool IsElf(std::string_view object);
std::vector<Symbol> ElfSymbols(std::string_view object);
Target ElfTarget(std::string_view object);
SharedLibrary ElfSharedLibrary(std::string_view library);

bool IsMachO(std::string_view object);
std::vector<Symbol> MachOSymbols(std::string_view object);
Target MachOTarget(std::string_view object);
SharedLibrary MachOSharedLibrary(std::string_view library);
std::vector<Interposed> MachOInterposed(std::string_view library);

}  // namespace object_file

#endif  // ZMALLOC_TESTS_OBJECT_FILE_FORMATS_H_
