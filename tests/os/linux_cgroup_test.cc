#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"
#include "tests/os/fake_tree.h"
#include "zmalloc/os/linux_proc.h"

namespace {

const char kNoLimitV1[] = "9223372036854771712\n";
const char kOtherMounts[] =
    "22 28 0:21 / /proc rw,nosuid - proc proc rw\n"
    "28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "31 28 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "33 31 0:30 / /sys/fs/cgroup/cpu rw master:9 - cgroup cgroup rw,cpu,cpuacct\n";

class CgroupLimit : public testing::Test {
  protected:
    // A mount of version 2 or of version 1's memory controller.
    void Mount(int version, const std::string &root, const std::string &point) {
        mounts_ += "40 31 0:35 " + root + " " + point + " rw,nosuid shared:4 propagate_from:2 - " +
                   (version == 2 ? "cgroup2 cgroup2 rw,nsdelegate\n" : "cgroup cgroup rw,memory\n");
    }
    void Cgroup(const std::string &lines) { tree_.Write("/proc/self/cgroup", lines); }
    void Write(const std::string &path, const std::string &text) { tree_.Write(path, text); }

    size_t Limit() {
        tree_.Write("/proc/self/mountinfo", kOtherMounts + mounts_);
        size_t limit = 1;
        cgroups_ = zm_linux_cgroup_limit(tree_.root(), &limit);
        return limit;
    }
    // What can be told of the cgroups.
    zm_linux_cgroups Cgroups() {
        (void)Limit();
        return cgroups_;
    }
    // Makes a file that nobody can open, not even root.
    void MakeUnreadable(const std::string &path) {
        Write(path, "");
        std::filesystem::remove(tree_.root() + path);
        std::filesystem::create_symlink(std::filesystem::path(path).filename(),
                                        tree_.root() + path);
    }

    // What is written to the file of the cgroup /a/b; "": it could not be opened.
    std::string Pressure() {
        const int fd = zm_linux_pressure_open(tree_.root());
        if (fd < 0) return "";
        close(fd);
        std::ifstream file(tree_.root() + std::string("/sys/fs/cgroup/a/b/memory.pressure"));
        return std::string(std::istreambuf_iterator<char>(file), {});
    }

  private:
    FakeTree tree_;
    std::string mounts_;
    zm_linux_cgroups cgroups_ = ZM_LINUX_CGROUPS_NONE;
};

TEST_F(CgroupLimit, NothingThere) {
    EXPECT_EQ(Limit(), 0u);
    Cgroup("0::/\n");
    EXPECT_EQ(Limit(), 0u);
    Mount(2, "/", "/sys/fs/cgroup");
    EXPECT_EQ(Limit(), 0u);
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_NONE);
}

// What cannot be read may be a limit.
TEST_F(CgroupLimit, UnreadIsNotUnlimited) {
    Mount(2, "/", "/sys/fs/cgroup");
    Cgroup("0::/a/b\n");
    Write("/sys/fs/cgroup/a/memory.max", "3000\n");
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_READ);  // b is not there
    MakeUnreadable("/sys/fs/cgroup/a/b/memory.max");
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_UNREAD);
    EXPECT_EQ(Limit(), 3000u);
    Cgroup("0::/a\n");
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_READ);
    MakeUnreadable("/proc/self/cgroup");
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_UNREAD);
}

TEST_F(CgroupLimit, UnreadFilesOfVersion1) {
    Mount(1, "/", "/m");
    Cgroup("4:memory:/a\n");
    Write("/m/a/memory.limit_in_bytes", "3000\n");
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_READ);
    MakeUnreadable("/m/a/memory.stat");
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_UNREAD);
}

TEST_F(CgroupLimit, UnreadMount) {
    Mount(2, "/", "/one");
    Cgroup("0::/\n");
    MakeUnreadable("/one");
    EXPECT_EQ(Cgroups(), ZM_LINUX_CGROUPS_UNREAD);
}

TEST_F(CgroupLimit, Version2OfOwnCgroup) {
    Mount(2, "/", "/sys/fs/cgroup");
    Cgroup("0::/user.slice/a\n");
    Write("/sys/fs/cgroup/user.slice/a/memory.max", "max\n");
    EXPECT_EQ(Limit(), 0u);
    Write("/sys/fs/cgroup/user.slice/a/memory.max", "1048576\n");
    EXPECT_EQ(Limit(), 1048576u);
}

TEST_F(CgroupLimit, TriggerOfPressure) {
    Mount(2, "/", "/sys/fs/cgroup");
    (void)Limit();
    EXPECT_EQ(Pressure(), "");  // no cgroup
    Cgroup("0::/a/b\n");
    EXPECT_EQ(Pressure(), "");  // no such folder
    Write("/sys/fs/cgroup/a/b/memory.max", "max\n");
    EXPECT_EQ(Pressure(), "");  // no such file
    Write("/sys/fs/cgroup/a/memory.pressure", "");
    EXPECT_EQ(Pressure(), "");  // not its own
    Write("/sys/fs/cgroup/a/b/memory.pressure", "");
    EXPECT_EQ(Pressure(), std::string("some 200000 2000000\0", 20));
}

TEST_F(CgroupLimit, Version2TightestOnTheWayUp) {
    Mount(2, "/", "/sys/fs/cgroup");
    Cgroup("0::/a/b/c\n");
    Write("/sys/fs/cgroup/a/memory.max", "3000\n");
    EXPECT_EQ(Limit(), 3000u);
    Write("/sys/fs/cgroup/a/b/c/memory.max", "4000\n");
    EXPECT_EQ(Limit(), 3000u);
    Write("/sys/fs/cgroup/a/b/memory.max", "2000\n");
    EXPECT_EQ(Limit(), 2000u);
    Write("/sys/fs/cgroup/memory.max", "1000\n");
    EXPECT_EQ(Limit(), 1000u);
    // Files above the mount, and beside the path, do not count.
    Write("/sys/fs/memory.max", "10\n");
    Write("/sys/fs/cgroup/a/b/c/d/memory.max", "10\n");
    Write("/sys/fs/cgroup/a/x/memory.max", "10\n");
    EXPECT_EQ(Limit(), 1000u);
}

TEST_F(CgroupLimit, Version2NamespaceRoot) {
    Mount(2, "/", "/sys/fs/cgroup");
    Cgroup("0::/\n");
    Write("/sys/fs/cgroup/memory.max", "5000\n");
    EXPECT_EQ(Limit(), 5000u);
}

TEST_F(CgroupLimit, MountOfAPartOfTheHierarchy) {
    Mount(2, "/docker/1234", "/sys/fs/cgroup");
    Cgroup("0::/docker/1234/inner\n");
    Write("/sys/fs/cgroup/memory.max", "7000\n");
    Write("/sys/fs/cgroup/inner/memory.max", "6000\n");
    Write("/sys/fs/cgroup/docker/1234/memory.max", "5\n");
    EXPECT_EQ(Limit(), 6000u);
    // The mount is of another cgroup: its limits are not ours.
    Cgroup("0::/docker/12345\n");
    EXPECT_EQ(Limit(), 0u);
    Cgroup("0::/docker\n");
    EXPECT_EQ(Limit(), 0u);
}

TEST_F(CgroupLimit, ProcessOutsideOfItsNamespace) {
    Mount(2, "/../..", "/sys/fs/cgroup");
    Cgroup("0::/../..\n");
    Write("/sys/fs/cgroup/memory.max", "9000\n");
    Write("/sys/fs/cgroup/x/memory.max", "8000\n");
    EXPECT_EQ(Limit(), 9000u);
    Cgroup("0::/../../x\n");
    EXPECT_EQ(Limit(), 8000u);
    // The cgroup is below the mount, but the namespace hides its name.
    Cgroup("0::/../x\n");
    EXPECT_EQ(Limit(), 9000u);
    Cgroup("0::/\n");
    EXPECT_EQ(Limit(), 9000u);
    // The cgroup is above the mounted part.
    Cgroup("0::/../../..\n");
    EXPECT_EQ(Limit(), 0u);
}

TEST_F(CgroupLimit, FolderThatIsNotVisible) {
    Mount(2, "/", "/sys/fs/cgroup");
    Cgroup("0::/docker/1234 (deleted)\n");
    Write("/sys/fs/cgroup/memory.max", "4000\n");
    EXPECT_EQ(Limit(), 4000u);
}

TEST_F(CgroupLimit, Version1) {
    Mount(1, "/", "/sys/fs/cgroup/memory");
    Cgroup("11:cpu,cpuacct:/wrong\n4:hugetlb,memory:/right/a:b\n1:name=systemd:/wrong\n");
    Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", kNoLimitV1);
    Write("/sys/fs/cgroup/memory/right/a:b/memory.limit_in_bytes", kNoLimitV1);
    Write("/sys/fs/cgroup/memory/wrong/memory.limit_in_bytes", "5\n");
    Write("/sys/fs/cgroup/cpu/right/a:b/memory.limit_in_bytes", "5\n");
    EXPECT_EQ(Limit(), 0u);
    Write("/sys/fs/cgroup/memory/right/memory.limit_in_bytes", "70000\n");
    EXPECT_EQ(Limit(), 70000u);
    Write("/sys/fs/cgroup/memory/right/a:b/memory.limit_in_bytes", "60000\n");
    EXPECT_EQ(Limit(), 60000u);
}

TEST_F(CgroupLimit, Version1UnlimitedWithAnyPageSize) {
    Mount(1, "/", "/m");
    Cgroup("4:memory:/\n");
    for (const char *none :
         {"9223372036854775807\n", "9223372036854771712\n", "9223372036854759424\n",
          "9223372036854710272\n", "-1\n", "\n", "99999999999999999999999999\n"}) {
        Write("/m/memory.limit_in_bytes", none);
        EXPECT_EQ(Limit(), 0u) << none;
    }
}

TEST_F(CgroupLimit, Version1ParentsThatDoNotBind) {
    Mount(1, "/", "/m");
    Cgroup("4:memory:/a/b\n");
    Write("/m/a/memory.limit_in_bytes", "1000\n");
    Write("/m/a/b/memory.limit_in_bytes", "2000\n");
    Write("/m/a/memory.use_hierarchy", "0\n");
    EXPECT_EQ(Limit(), 2000u);
    Write("/m/a/memory.use_hierarchy", "1\n");
    EXPECT_EQ(Limit(), 1000u);
}

TEST_F(CgroupLimit, Version1LimitOutsideOfTheMount) {
    Mount(1, "/pod/1", "/m");
    Cgroup("4:memory:/pod/1\n");
    Write("/m/memory.limit_in_bytes", "2000\n");
    Write("/m/memory.stat", "cache 9\nrss 8\nhierarchical_memory_limit 1500\nhierarchical_x 1\n");
    EXPECT_EQ(Limit(), 1500u);
    Write("/m/memory.stat", "hierarchical_memory_limit 9223372036854771712\n");
    EXPECT_EQ(Limit(), 2000u);
}

TEST_F(CgroupLimit, HybridTakesTheTightestOfBoth) {
    Mount(1, "/", "/sys/fs/cgroup/memory");
    Mount(2, "/", "/sys/fs/cgroup/unified");
    Cgroup("4:memory:/one\n0::/two\n");
    Write("/sys/fs/cgroup/memory/one/memory.limit_in_bytes", "5000\n");
    Write("/sys/fs/cgroup/unified/two/cgroup.procs", "1\n");
    EXPECT_EQ(Limit(), 5000u);
    Write("/sys/fs/cgroup/unified/two/memory.max", "4000\n");
    EXPECT_EQ(Limit(), 4000u);
    Write("/sys/fs/cgroup/unified/one/memory.max", "5\n");
    Write("/sys/fs/cgroup/memory/two/memory.limit_in_bytes", "5\n");
    EXPECT_EQ(Limit(), 4000u);
}

TEST_F(CgroupLimit, MountPointsAreWhereMountinfoSays) {
    Mount(2, "/", "/my\\040cgroups\\011\\134here");
    Cgroup("0::/a b\n");
    Write("/my cgroups\t\\here/a b/memory.max", "3000\n");
    Write("/sys/fs/cgroup/a b/memory.max", "5\n");
    EXPECT_EQ(Limit(), 3000u);
}

TEST_F(CgroupLimit, EscapesInTheMountsRoot) {
    Mount(2, "/a\\040b", "/cg");
    Cgroup("0::/a b/c");
    Write("/cg/c/memory.max", "3000");
    EXPECT_EQ(Limit(), 3000u);
}

TEST_F(CgroupLimit, SeveralMountsOfTheHierarchy) {
    Mount(2, "/other", "/one");
    Mount(2, "/", "/two");
    Mount(2, "/a/b", "/three");
    Cgroup("0::/a/b\n");
    Write("/one/memory.max", "5\n");
    Write("/two/a/b/memory.max", "3000\n");
    Write("/three/memory.max", "2000\n");
    EXPECT_EQ(Limit(), 2000u);
}

// As long as the kernel allows, but for the names that come before.
TEST_F(CgroupLimit, LongPaths) {
    std::string mounted, own;
    while (mounted.size() < 1500) mounted += "/" + std::string(250, 'm');
    while (own.size() < 3500) own += "/" + std::string(250, 'o');
    Mount(2, mounted, "/cg");
    Cgroup("0::" + mounted + own + "\n");
    Write("/cg" + own + "/memory.max", "3000\n");
    EXPECT_EQ(Limit(), 3000u);
    Mount(2, "/", mounted);
    Cgroup("0::" + own.substr(0, 251) + "\n");
    Write(mounted + own.substr(0, 251) + "/memory.max", "2000\n");
    EXPECT_EQ(Limit(), 2000u);
}

TEST_F(CgroupLimit, LongLinesAndPathsDoNotHurt) {
    const std::string deep(1000, 'd');
    Mount(2, "/", "/" + std::string(15000, 'x'));
    Mount(2, "/", "/cg");
    Cgroup("3:" + std::string(15000, 'y') + ":/z\n0::/" + deep + "\n");
    Write("/cg/memory.max", "2000\n");
    EXPECT_EQ(Limit(), 2000u);
    // A path that is too long to be looked up is ignored.
    Cgroup("0::/" + std::string(15000, 'd') + "\n");
    EXPECT_EQ(Limit(), 0u);
}

TEST_F(CgroupLimit, NonsenseIsPassedOver) {
    Mount(2, "/", "/cg");
    Write("/cg/memory.max", "2000\n");
    for (const char *lines : {"", "\n", "0", "0:", "0:\n", ":::\n", "garbage\n", "1::/\n"}) {
        Cgroup(lines);
        EXPECT_EQ(Limit(), 0u) << lines;
    }
    Cgroup("\n\ngarbage\n0::/\n");
    EXPECT_EQ(Limit(), 2000u);
    for (const char *value : {"", "0\n", "x\n", "-5\n"}) {
        Write("/cg/memory.max", value);
        EXPECT_EQ(Limit(), 0u) << value;
    }
}

struct Below {
    const char *path, *mounted, *below;
};

TEST(CgroupBelow, ComparesWholeNames) {
    const Below kCases[] = {
        {"/", "/", ""},           {"/a", "/", "/a"},          {"/a", "/a", ""},
        {"/a/b", "/a", "/b"},     {"/ab", "/a", nullptr},     {"/a", "/ab", nullptr},
        {"/", "/a", nullptr},     {"/..a", "/", "/..a"},      {"/..a/b", "/..a", "/b"},
        {"/..", "/", nullptr},    {"/../a", "/..", "/a"},     {"/../a", "/../b", nullptr},
        {"/x", "/../a", nullptr}, {"/../..", "/..", nullptr}, {"", "", ""},
    };
    for (const Below &c : kCases) {
        EXPECT_STREQ(zm_linux_cgroup_below(c.path, c.mounted), c.below)
            << c.path << " " << c.mounted;
    }
}

}  // namespace
