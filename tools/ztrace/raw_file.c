#include "tools/ztrace/raw_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Programs overwrite their environment. */
static char first_name[4096], own_name[4096];
static struct stat identity; /* of this process's file */

/* Makes the file hold `size` bytes more, so that writing to them through a
 * mapping cannot fail; 0 or an errno. */
static int extend(int fd, off_t offset, off_t size) {
    static const char zeros[4096];
    if (fallocate(fd, 0, offset, size) == 0) return 0;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
    for (off_t done = 0; done < size; done += (off_t)sizeof(zeros)) {
        ssize_t n = pwrite(fd, zeros, sizeof(zeros), offset + done);
        if (n != (ssize_t)sizeof(zeros)) return n < 0 ? errno : ENOSPC;
    }
    return 0;
}

/* Past the program's limit for files, extending raises SIGXFSZ.  The program did not cause it,
 * and must not get it. */
static int extend_quietly(int fd, off_t offset, off_t size) {
    static const struct timespec now;
    sigset_t set, before, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    if (pthread_sigmask(SIG_BLOCK, &set, &before) != 0) return EINVAL;
    bool own = sigpending(&pending) == 0 && !sigismember(&pending, SIGXFSZ);
    int error = extend(fd, offset, size);
    while (error == EFBIG && own && sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Returns -1, with errno set, also where the name leads to another file, as below another root. */
static int open_file(void) {
    struct stat found;
    int fd = open(own_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &found) != 0) return fd;
    if (!identity.st_ino) identity = found;
    if (found.st_dev == identity.st_dev && found.st_ino == identity.st_ino) return fd;
    close(fd);
    errno = ESTALE;
    return -1;
}

static struct raw_header *map_header(int fd) {
    void *at = mmap(NULL, RAW_HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

static struct raw_header *open_header(void) {
    int fd = open_file();
    struct raw_header *found = fd < 0 ? NULL : map_header(fd);
    int error = errno;
    if (fd >= 0) close(fd);
    errno = error;
    return found;
}

static struct raw_header *create(void) {
    int fd = open(own_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return NULL;
    int error = extend_quietly(fd, 0, RAW_BEGIN_SIZE);
    if (!error && fstat(fd, &identity) != 0) error = errno;
    struct raw_header *made = error ? NULL : map_header(fd);
    if (!error && !made) error = errno;
    close(fd);
    if (!made) unlink(own_name);
    errno = error;
    return made;
}

struct raw_header *raw_file_of_first(const char *name) {
    errno = ENAMETOOLONG;
    if (strlen(name) >= sizeof(first_name)) return NULL;
    strcpy(first_name, name);
    strcpy(own_name, name);
    return open_header();
}

struct raw_header *raw_file_of_child(uint32_t number, bool is_there) {
    identity.st_ino = 0;
    errno = ENAMETOOLONG;
    if (!raw_name_of_child(first_name, number, own_name, sizeof(own_name))) return NULL;
    return is_there ? open_header() : create();
}

int raw_file_chunk(struct raw_header *header, struct raw_record **records) {
    int fd = open_file();
    if (fd < 0) return errno;
    uint32_t number = atomic_fetch_add(&header->chunks, 1);
    off_t offset = RAW_BEGIN_SIZE + (off_t)number * RAW_CHUNK_SIZE;
    int error = extend_quietly(fd, offset, RAW_CHUNK_SIZE);
    if (!error) {
        void *at = mmap(NULL, RAW_CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
        if (at == MAP_FAILED) error = errno;
        *records = at;
    }
    close(fd);
    return error;
}
