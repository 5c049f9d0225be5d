// Records traced_program by ztrace, and reads the trace.
#ifndef ZMALLOC_TESTS_TOOLS_ZTRACE_H_
#define ZMALLOC_TESTS_TOOLS_ZTRACE_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "tests/emulated.h"
#include "tests/tools/process.h"
#include "tests/tools/traced_program.h"
#include "tools/trace/trace.h"

namespace ztrace_test {

inline constexpr char kZtrace[] = "tools/ztrace/ztrace";
inline constexpr char kProgram[] = "tests/tools/traced_program";

struct Trace {
    std::vector<zt_event> events;
    std::vector<zt_sample> samples;
    std::string error;
    bool truncated = false;
    std::map<std::string, std::string> notes;

    // Events that are calls: others tell how much of a block was touched, or where a thread ended.
    size_t Calls() const {
        size_t count = 0;
        for (const zt_event &event : events) count += event.op < ZT_OPS;
        return count;
    }

    // Events of one kind and size.
    size_t Count(zt_op op, uint64_t size) const {
        size_t count = 0;
        for (const zt_event &event : events) count += event.op == op && event.size == size;
        return count;
    }
};

// The reader itself checks that nothing is freed twice or before it was allocated.
inline Trace Read(const std::string &path) {
    Trace trace;
    zt_error error;
    zt_reader *reader = zt_reader_open(path.c_str(), &error);
    zt_event event;
    while (reader && zt_read(reader, &event) > 0) trace.events.push_back(event);
    trace.error = error.text;
    if (!reader) return trace;
    trace.truncated = zt_reader_truncated(reader);
    for (const char *key :
         {"program", "unknown-frees", "missed-frees", "lost-events", "lost-why", "children",
          "stopped", "not-recorded", "followed", "pid", "forked", "executed", "begun", "allocator",
          "recording-ns", "background-thread"}) {
        const char *note = zt_reader_note(reader, key);
        if (note) trace.notes[key] = note;
    }
    const zt_sample *samples;
    const size_t count = zt_reader_samples(reader, &samples);
    if (count) trace.samples.assign(samples, samples + count);
    zt_reader_close(reader);
    return trace;
}

class ZtraceTest : public testing::Test {
  protected:
    ZtraceTest() : path_(TempFile(Name() + ".ztrace")) {}

    void SetUp() override {
        if (!zmalloc_test::CanStartPrograms()) GTEST_SKIP() << "ztrace starts the program";
    }

    static std::string Name() {
        return testing::UnitTest::GetInstance()->current_test_info()->name();
    }

    Finished Ztrace(std::vector<std::string> arguments, int kill_after = 0) {
        arguments.insert(arguments.begin(), DataFile(kZtrace));
        return RunProgram(arguments, {"BUILD_WORKING_DIRECTORY=" + TempFile("")}, kill_after);
    }

    // Records traced_program doing `what`; the trace must have no gap.
    Trace Record(const std::string &what, int status = 0, int kill_after = 0) {
        Finished finished = Ztrace({"-o", path_, DataFile(kProgram), what}, kill_after);
        EXPECT_EQ(finished.status, status) << finished.err;
        Trace trace = Read(path_);
        EXPECT_EQ(trace.error, "");
        EXPECT_FALSE(trace.truncated);
        trace.notes.erase("children");
        trace.notes.erase("recording-ns");
        EXPECT_EQ(trace.notes, (std::map<std::string, std::string>{{"program", "traced_program"},
                                                                   {"allocator", "libc.so.6"}}))
            << finished.err;
        EXPECT_NE(finished.err.find(std::to_string(trace.Calls()) + " events"), std::string::npos)
            << finished.err;
        return trace;
    }

    std::string path_;
};

// One block of each size that `traced_program each` allocates.
inline void ExpectOneOfEach(const Trace &trace) {
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_MALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_CALLOC, SIZE_CALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_REALLOC_NULL), 1u);
    EXPECT_EQ(trace.Count(ZT_REALLOC, SIZE_REALLOC), 1u);
    EXPECT_EQ(trace.Count(ZT_REALLOC, SIZE_REALLOCARRAY), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_STRDUP), 1u);
    EXPECT_EQ(trace.Count(ZT_MALLOC, SIZE_KEPT), 1u);
    const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const std::map<uint64_t, uint64_t> alignments = {
        {SIZE_POSIX_MEMALIGN, 4096},
        {SIZE_ALIGNED_ALLOC, 64},
        {SIZE_MEMALIGN, 128},
        {SIZE_VALLOC, page},
        {(SIZE_PVALLOC + page - 1) / page * page, page}};
    for (const auto &[size, alignment] : alignments) {
        EXPECT_EQ(trace.Count(ZT_ALIGNED, size), 1u) << size;
        for (const zt_event &event : trace.events) {
            if (event.op == ZT_ALIGNED && event.size == size) {
                EXPECT_EQ(uint64_t{1} << event.align_log2, alignment) << size;
            }
        }
    }
    for (const zt_event &event : trace.events) EXPECT_LT(event.size, uint64_t{1} << 32);
}

}  // namespace ztrace_test

#endif  // ZMALLOC_TESTS_TOOLS_ZTRACE_H_
