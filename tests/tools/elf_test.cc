// What elf.h says of files, beside what Linux does with them.
#include "tools/common/elf.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace {

using zmalloc_test::Emulated;
using ztrace_test::TempFile;
using ztrace_test::WriteFile;

// The name that elf_script() gives, or "none".
std::string Interpreter(const std::string &path) {
    elf_image image;
    char name[ELF_SCRIPT_SIZE];
    if (!elf_open(path.c_str(), &image)) return "none";
    const bool is_script = elf_script(&image, name);
    elf_close(&image);
    return is_script ? name : "none";
}

// The exit status of a program; 127 when Linux does not start it.
int StatusOf(const std::string &path) {
    const pid_t child = fork();
    if (child == 0) {
        execl(path.c_str(), path.c_str(), nullptr);
        _exit(127);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The folder of the programs `true` and `true` with a carriage return, which is false.
std::string MakeFolder() {
    const std::string folder = TempFile("scripts");
    EXPECT_EQ(mkdir(folder.c_str(), 0700), 0);
    EXPECT_EQ(symlink("/bin/true", (folder + "/true").c_str()), 0);
    EXPECT_EQ(symlink("/bin/false", (folder + "/true\r").c_str()), 0);
    return folder;
}

TEST(Script, IsReadAsLinuxReadsIt) {
    if (Emulated()) GTEST_SKIP() << "the emulator starts programs";
    const std::string folder = MakeFolder(), name = folder + "/true", script = folder + "/script";
    const auto expect = [&](const std::string &text, const std::string &interpreter) {
        WriteFile(script, text);
        ASSERT_EQ(chmod(script.c_str(), 0755), 0);
        EXPECT_EQ(Interpreter(script), interpreter) << text;
        const int status = StatusOf(script);
        EXPECT_EQ(status == 0, interpreter == name) << text;
        EXPECT_EQ(status == 1, interpreter == name + "\r") << text;
    };
    for (const char *before : {"#!", "#! ", "#!\t \t"}) {
        for (const char *after : {"", "\n", " \n", "\t-x\n", "\nexit 3\n"}) {
            expect(before + name + after, name);
            expect(before + name + "\r" + after, name + "\r");
        }
    }
    for (const char *text : {"", "#", "#!", "#!\n", "#! \t\n", "# !/bin/true\n"}) {
        expect(text, "none");
    }
    // Linux reads 256 bytes.
    for (size_t size : {253, 254, 255, 256, 257, 300}) {
        const std::string line = "#!" + std::string(size - 2 - name.size(), ' ') + name;
        const bool whole = size < 256;
        expect(line, whole ? name : "none");
        expect(line + "\n", size <= 255 ? name : "none");
        expect("#!" + name + std::string(size, 'x') + "\n",
               name.size() + size + 3 <= 256 ? name + std::string(size, 'x') : "none");
    }
}

}  // namespace
