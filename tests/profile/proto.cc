#include "tests/profile/proto.h"

#include <stdexcept>

namespace profile_test {
namespace {

void Check(bool ok, const std::string &what) {
    if (!ok) throw std::runtime_error(what);
}

uint32_t LittleEndian(const std::string &bytes, size_t at, size_t size) {
    uint32_t number = 0;
    Check(at + size <= bytes.size(), "a number is cut");
    for (size_t i = 0; i < size; i++) {
        number |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << 8 * i;
    }
    return number;
}

// Bit by bit, unlike the code under test.
uint32_t Crc(const std::string &bytes) {
    uint32_t crc = ~0u;
    for (unsigned char byte : bytes) {
        crc ^= byte;
        for (int i = 0; i < 8; i++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

// The fields of a message.
class Reader {
  public:
    explicit Reader(const std::string &bytes) : bytes_(bytes) {}

    bool Next() {
        if (at_ == bytes_.size()) return false;
        const uint64_t tag = Varint();
        field = tag >> 3;
        const unsigned kind = tag & 7;
        Check(kind == 0 || kind == 2, "a field of kind " + std::to_string(kind));
        number = Varint();
        text.clear();
        if (kind == 0) return true;
        Check(number <= bytes_.size() - at_, "a field is longer than its message");
        text = bytes_.substr(at_, number);
        at_ += number;
        return true;
    }

    uint64_t Varint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            Check(at_ < bytes_.size(), "a number is cut");
            const unsigned char byte = static_cast<unsigned char>(bytes_[at_++]);
            value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        throw std::runtime_error("a number is too long");
    }

    bool AtEnd() const { return at_ == bytes_.size(); }

    uint64_t field = 0, number = 0;
    std::string text;

  private:
    std::string bytes_;
    size_t at_ = 0;
};

std::map<uint64_t, uint64_t> Numbers(const std::string &message) {
    std::map<uint64_t, uint64_t> numbers;
    for (Reader reader(message); reader.Next();) numbers[reader.field] = reader.number;
    return numbers;
}

std::vector<uint64_t> Packed(const std::string &bytes) {
    std::vector<uint64_t> numbers;
    for (Reader reader(bytes); !reader.AtEnd();) numbers.push_back(reader.Varint());
    return numbers;
}

Sample DecodeSample(const std::string &message, const std::vector<std::string> &strings) {
    Sample sample;
    for (Reader reader(message); reader.Next();) {
        if (reader.field == 1) sample.locations = Packed(reader.text);
        if (reader.field == 2) {
            for (uint64_t value : Packed(reader.text)) {
                sample.values.push_back(static_cast<int64_t>(value));
            }
        }
        if (reader.field == 3) {
            auto label = Numbers(reader.text);
            sample.labels.emplace_back(strings.at(label[1]), strings.at(label[2]));
        }
    }
    return sample;
}

}  // namespace

std::string Unzip(const std::string &bytes) {
    std::string text;
    Check(bytes.substr(0, 4) == std::string("\x1f\x8b\x08\0", 4), "no gzip");
    for (size_t at = 10;;) {
        const unsigned kind = LittleEndian(bytes, at, 1), size = LittleEndian(bytes, at + 1, 2);
        Check(kind <= 1, "no stored block");
        Check((size ^ LittleEndian(bytes, at + 3, 2)) == 0xffff, "the size of a block");
        Check(at + 5 + size <= bytes.size(), "a block is cut");
        text += bytes.substr(at + 5, size);
        at += 5 + size;
        if (kind == 0) continue;
        Check(LittleEndian(bytes, at, 4) == Crc(text), "the CRC");
        Check(LittleEndian(bytes, at + 4, 4) == static_cast<uint32_t>(text.size()), "the length");
        Check(at + 8 == bytes.size(), "bytes behind the end");
        return text;
    }
}

Profile Decode(const std::string &bytes) {
    Profile profile;
    std::vector<std::string> strings;
    for (Reader reader(bytes); reader.Next();) {
        if (reader.field == 6) strings.push_back(reader.text);
    }
    Check(!strings.empty() && strings[0].empty(), "the first string");
    for (Reader reader(bytes); reader.Next();) {
        auto numbers = [&] { return Numbers(reader.text); };
        if (reader.field == 1) {
            auto type = numbers();
            profile.types.emplace_back(strings.at(type[1]), strings.at(type[2]));
        } else if (reader.field == 2) {
            profile.samples.push_back(DecodeSample(reader.text, strings));
        } else if (reader.field == 3) {
            auto mapping = numbers();
            Check(mapping[1] != 0 && profile.mappings.count(mapping[1]) == 0, "a mapping's id");
            profile.mappings[mapping[1]] = {mapping[2], mapping[3], mapping[4],
                                            strings.at(mapping[5]), strings.at(mapping[6])};
        } else if (reader.field == 4) {
            auto location = numbers();
            Check(location[1] != 0 && profile.locations.count(location[1]) == 0, "a location's id");
            profile.locations[location[1]] = {location[2], location[3]};
        } else if (reader.field == 9) {
            profile.time_nanos = reader.number;
        } else if (reader.field == 11) {
            auto type = numbers();
            profile.period_type = strings.at(type[1]);
            profile.period_unit = strings.at(type[2]);
        } else if (reader.field == 12) {
            profile.period = reader.number;
        } else if (reader.field == 14) {
            profile.default_type = strings.at(reader.number);
        } else {
            Check(reader.field == 6, "field " + std::to_string(reader.field));
        }
    }
    for (const Sample &sample : profile.samples) {
        for (uint64_t id : sample.locations) Check(profile.locations.count(id) == 1, "a location");
    }
    return profile;
}

}  // namespace profile_test
