// Memory cgroups of a test's own.
#ifndef ZMALLOC_TESTS_CGROUP_H_
#define ZMALLOC_TESTS_CGROUP_H_

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace zmalloc_test {

// A cgroup with the limit, of either version, while it lives.
class Cgroup {
  public:
    explicit Cgroup(size_t limit) {
        const std::string name = "/zmalloc-test-" + std::to_string(getpid());
        if (Make("/sys/fs/cgroup/memory" + name, "/memory.limit_in_bytes", limit)) return;
        Make("/sys/fs/cgroup" + name, "/memory.max", limit);
    }
    ~Cgroup() {
        if (made()) rmdir(path_.c_str());
    }
    Cgroup(const Cgroup &) = delete;

    bool made() const { return !path_.empty(); }
    // Moves the calling process into it.
    bool Enter() const { return Write(path_ + "/cgroup.procs", std::to_string(getpid())); }
    bool SetLimit(size_t limit) const { return Write(path_ + limit_, std::to_string(limit)); }

  private:
    static bool Write(const std::string &path, const std::string &text) {
        std::ofstream file(path);
        file << text << std::flush;
        return file.good();
    }
    bool Make(const std::string &path, const std::string &file, size_t limit) {
        if (mkdir(path.c_str(), 0755) != 0) return false;
        path_ = path;
        limit_ = file;
        if (SetLimit(limit)) return true;
        rmdir(path.c_str());
        path_.clear();
        return false;
    }

    std::string path_, limit_;
};

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_CGROUP_H_
