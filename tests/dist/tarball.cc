#include "tests/dist/tarball.h"

#include <cstdlib>

namespace zmalloc_test {
namespace {

constexpr size_t kBlock = 512;

// A field of a header, as POSIX's ustar places it.
std::string Field(const std::string &header, size_t at, size_t size) {
    const std::string field = header.substr(at, size);
    return field.substr(0, field.find('\0'));
}

unsigned long Number(const std::string &header, size_t at, size_t size) {
    return std::strtoul(Field(header, at, size).c_str(), nullptr, 8);
}

Entry EntryOf(const std::string &header) {
    Entry entry;
    const std::string folder = Field(header, 345, 155);
    entry.path = (folder.empty() ? "" : folder + "/") + Field(header, 0, 100);
    entry.mode = Number(header, 100, 8);
    entry.user = Number(header, 108, 8);
    entry.group = Number(header, 116, 8);
    entry.modified = Number(header, 136, 12);
    entry.user_name = Field(header, 265, 32);
    entry.group_name = Field(header, 297, 32);
    if (header[156] == '2') entry.link = Field(header, 157, 100);
    return entry;
}

}  // namespace

std::vector<Entry> EntriesOf(const std::string &tar) {
    std::vector<Entry> entries;
    for (size_t at = 0; at + kBlock <= tar.size() && tar[at] != '\0';) {
        const std::string header = tar.substr(at, kBlock);
        entries.push_back(EntryOf(header));
        const size_t size = Number(header, 124, 12);
        at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
    }
    return entries;
}

}  // namespace zmalloc_test
