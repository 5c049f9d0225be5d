// A file in memory.
#ifndef ZMALLOC_TESTS_FUZZ_FILE_H_
#define ZMALLOC_TESTS_FUZZ_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/fuzz/input.h"

namespace zmalloc_test {

class File {
  public:
    explicit File(const std::string &bytes = "") : fd_(memfd_create("fuzzed", MFD_CLOEXEC)) {
        FUZZ_CHECK(fd_ >= 0);
        FUZZ_CHECK(write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
        Rewind();
    }
    ~File() { close(fd_); }
    File(const File &) = delete;

    int fd() const { return fd_; }
    // Opening this path opens the file anew.
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
    void Rewind() { FUZZ_CHECK(lseek(fd_, 0, SEEK_SET) == 0); }
    std::string Contents() {
        std::string contents;
        char piece[4096];
        ssize_t got;
        Rewind();
        while ((got = read(fd_, piece, sizeof piece)) > 0) {
            contents.append(piece, static_cast<size_t>(got));
        }
        return contents;
    }

  private:
    const int fd_;
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FUZZ_FILE_H_
