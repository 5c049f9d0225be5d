// Gives any bytes to zheap's reader of profiles.
//
// The first byte says how the rest becomes a file: unchanged, or in gzip with a checksum that fits,
// so that the reader goes on to the contents.
#include <vector>

#include "tests/fuzz/input.h"
#include "tools/zheap/profile.h"

namespace zmalloc_test {
namespace {

uint32_t Crc(const std::string &bytes) {
    uint32_t crc = ~0u;
    for (unsigned char byte : bytes) {
        crc ^= byte;
        for (int i = 0; i < 8; i++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

void Put(std::string *to, uint32_t number, int bytes) {
    for (int i = 0; i < bytes; i++) to->push_back(static_cast<char>(number >> 8 * i));
}

std::string Packed(const std::string &raw) {
    std::string file("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
    for (size_t at = 0; at == 0 || at < raw.size(); at += 1000) {
        const std::string block = raw.substr(at, 1000);
        Put(&file, at + 1000 >= raw.size(), 1);
        Put(&file, static_cast<uint32_t>(block.size()), 2);
        Put(&file, ~static_cast<uint32_t>(block.size()), 2);
        file += block;
    }
    Put(&file, Crc(raw), 4);
    Put(&file, static_cast<uint32_t>(raw.size()), 4);
    return file;
}

// Whether the file is a profile.  Looks at all that was read.
bool Read(const std::string &file) {
    profile read;
    std::vector<uint8_t> bytes(file.begin(), file.end());
    const char *wrong = profile_read(bytes.data(), bytes.size(), &read);
    for (size_t i = 0; wrong == nullptr && i < read.sample_count; i++) {
        const sample &sample = read.samples[i];
        for (size_t d = 0; d < sample.depth; d++) {
            FUZZ_CHECK(sample.locations[d] < read.location_count);
        }
        for (int64_t figure : sample.figures) FUZZ_CHECK(figure >= 0);
        FUZZ_CHECK(sample.label == nullptr || std::string(sample.label).size() < file.size());
    }
    for (size_t i = 0; wrong == nullptr && i < read.location_count; i++) {
        const location &location = read.locations[i];
        FUZZ_CHECK((location.mapping == nullptr) == (location.mapping_id == 0));
        FUZZ_CHECK(i == 0 || read.locations[i - 1].id < location.id);
    }
    profile_free(&read);
    return wrong == nullptr;
}

}  // namespace
}  // namespace zmalloc_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    zmalloc_test::Input input(data, size);
    const bool packed = input.Byte() & 1;
    const std::string file = input.Rest();
    if (packed) {
        const bool alone = zmalloc_test::Read(file);
        FUZZ_CHECK(zmalloc_test::Read(zmalloc_test::Packed(file)) == alone || alone);
    } else {
        zmalloc_test::Read(file);
    }
    return 0;
}
