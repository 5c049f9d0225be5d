// Reads the headers of a tar archive.
#ifndef ZMALLOC_TESTS_DIST_TARBALL_H_
#define ZMALLOC_TESTS_DIST_TARBALL_H_

#include <string>
#include <vector>

namespace zmalloc_test {

struct Entry {
    std::string path;
    unsigned long mode, user, group, modified;
    std::string user_name, group_name;
    std::string link;  // of a symbolic link: its target
};

// All entries of an archive that is not compressed, in their order.
std::vector<Entry> EntriesOf(const std::string &tar);

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_DIST_TARBALL_H_
