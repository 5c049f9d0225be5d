// A made-up root of a file system, removed when it goes.
#ifndef ZMALLOC_TESTS_OS_FAKE_TREE_H_
#define ZMALLOC_TESTS_OS_FAKE_TREE_H_

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

class FakeTree {
  public:
    FakeTree() {
        std::string name = testing::TempDir() + "/tree.XXXXXX";
        root_ = mkdtemp(name.data());
    }
    ~FakeTree() { std::filesystem::remove_all(root_); }
    FakeTree(const FakeTree &) = delete;

    void Write(const std::string &path, const std::string &text) {
        std::filesystem::path file = root_ + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }
    const char *root() const { return root_.c_str(); }

  private:
    std::string root_;
};

#endif  // ZMALLOC_TESTS_OS_FAKE_TREE_H_
