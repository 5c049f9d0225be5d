// A toolchain's libc is complete: //platforms/zig adds to it.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "gtest/gtest.h"

namespace {

const char kMissing[] = "/nonexistent/file";

int Errno(int result) {
    EXPECT_EQ(result, -1);
    return errno;
}

TEST(Stat, FailsWithAnErrno) {
    struct stat status;
    errno = 0;
    EXPECT_EQ(Errno(stat(kMissing, &status)), ENOENT);
    errno = 0;
    EXPECT_EQ(Errno(lstat(kMissing, &status)), ENOENT);
    errno = 0;
    EXPECT_EQ(Errno(fstat(-1, &status)), EBADF);
    errno = 0;
    EXPECT_EQ(Errno(fstatat(AT_FDCWD, kMissing, &status, 0)), ENOENT);
    errno = 0;
    EXPECT_EQ(Errno(mknod(kMissing, S_IFREG | 0600, 0)), ENOENT);
}

TEST(Stat, KnowsWhatIsThere) {
    struct stat by_name, by_file;
    ASSERT_EQ(stat("/", &by_name), 0);
    EXPECT_TRUE(S_ISDIR(by_name.st_mode));
    EXPECT_GT(by_name.st_mtime, 0);
    const int file = open("/", O_RDONLY);
    ASSERT_GE(file, 0);
    ASSERT_EQ(fstat(file, &by_file), 0);
    EXPECT_EQ(by_file.st_ino, by_name.st_ino);
    EXPECT_EQ(by_file.st_mtime, by_name.st_mtime);
}

}  // namespace
