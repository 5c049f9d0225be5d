// Reads profile.proto, for tests.
#ifndef TESTS_PROFILE_PROTO_H_
#define TESTS_PROFILE_PROTO_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace profile_test {

struct Mapping {
    uint64_t start, limit, offset;
    std::string file, build_id;
};

struct Location {
    uint64_t mapping, address;
};

struct Sample {
    std::vector<uint64_t> locations;
    std::vector<int64_t> values;
    std::vector<std::pair<std::string, std::string>> labels;
};

struct Profile {
    std::vector<std::pair<std::string, std::string>> types;  // of the values, with their units
    std::vector<Sample> samples;
    std::map<uint64_t, Mapping> mappings;
    std::map<uint64_t, Location> locations;
    std::string default_type, period_type, period_unit;
    uint64_t period = 0, time_nanos = 0;
};

// What is in a gzip of stored blocks.  Like Decode(), it throws std::runtime_error where something
// is not as it has to be.
std::string Unzip(const std::string &bytes);

Profile Decode(const std::string &bytes);

}  // namespace profile_test

#endif  // TESTS_PROFILE_PROTO_H_
