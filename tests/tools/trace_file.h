// Traces as bytes in memory, for the tests of reader and writer.
#ifndef TESTS_TOOLS_TRACE_FILE_H_
#define TESTS_TOOLS_TRACE_FILE_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tools/trace/format.h"
#include "tools/trace/trace.h"

namespace ztrace_test {

// Events that a program with up to `threads` threads could have made.
std::vector<zt_event> RandomEvents(std::mt19937_64 &random, size_t count, uint32_t threads);

// Writes a whole trace, and sets the objects of the events.
std::string WriteTrace(std::vector<zt_event> &events, const zt_options &options,
                       const std::map<std::string, std::string> &notes = {},
                       const std::vector<zt_sample> &samples = {});

struct Read {
    std::vector<zt_event> events;
    std::vector<zt_sample> samples;
    bool opened = false;
    bool truncated = false;
    std::string error;    // "" when all went well
    std::string program;  // the note of that name
};

// Reads `bytes` as a file called "input".
Read ReadTrace(const std::string &bytes);

// Where each block begins, and the end of the file.
std::vector<size_t> BlockOffsets(const std::string &bytes);

// A file header, and blocks with right checksums, whatever they hold.
std::string FileHeader(uint32_t version, uint32_t tick);
std::string Block(zt_block block, const std::string &payload);

// A block with a compressed payload.
std::string PackedBlock(uint32_t index, zt_block_type type, uint32_t count, const std::string &raw);

// A block of one or more events with those of these columns that this version has.
std::string EventBlock(uint32_t index, uint32_t events, const std::string (&columns)[ZT_COLUMNS],
                       uint32_t version = ZT_VERSION);

}  // namespace ztrace_test

#endif  // TESTS_TOOLS_TRACE_FILE_H_
