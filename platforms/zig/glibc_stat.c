/* stat() and similar functions for programs that are built for a glibc before 2.33, whose
 * libc.so has them only under other names.  Zig's libc_nonshared has them too, but they set
 * an errno of their own there, which the program never sees. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma GCC visibility push(hidden)

int fstatat(int dir, const char *path, struct stat *status, int flags) {
    return (int)syscall(SYS_newfstatat, dir, path, status, flags);
}

int stat(const char *path, struct stat *status) { return fstatat(AT_FDCWD, path, status, 0); }

int lstat(const char *path, struct stat *status) {
    return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

int fstat(int file, struct stat *status) { return (int)syscall(SYS_fstat, file, status); }

int mknodat(int dir, const char *path, mode_t mode, dev_t device) {
    return (int)syscall(SYS_mknodat, dir, path, mode, (unsigned)device);
}

int mknod(const char *path, mode_t mode, dev_t device) {
    return mknodat(AT_FDCWD, path, mode, device);
}

/* On 64-bit systems struct stat64 is the same as struct stat. */
int stat64(const char *, struct stat *) __attribute__((alias("stat")));
int lstat64(const char *, struct stat *) __attribute__((alias("lstat")));
int fstat64(int, struct stat *) __attribute__((alias("fstat")));
int fstatat64(int, const char *, struct stat *, int) __attribute__((alias("fstatat")));
