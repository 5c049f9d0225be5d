// What elf.h says of files, beside what Linux does with them.
#include "tools/common/elf.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <random>
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

// The address of a function in this program, and its build id, from its file.
TEST(Elf, AddressesAndBuildId) {
    elf_image image;
    char id[ELF_BUILD_ID_SIZE] = "";
    ASSERT_TRUE(elf_open("/proc/self/exe", &image));
    uint64_t address = 1;
    EXPECT_TRUE(elf_address(&image, 0, &address));  // the header is loaded
    EXPECT_EQ(address & 0xfff, 0u);
    EXPECT_FALSE(elf_address(&image, image.size, &address));
    EXPECT_FALSE(elf_address(&image, UINT64_MAX, &address));
    if (elf_build_id(&image, id)) {
        EXPECT_GE(std::string(id).size(), 16u);
        EXPECT_EQ(std::string(id).find_first_not_of("0123456789abcdef"), std::string::npos);
    }
    elf_close(&image);
}

// Changed bytes in the parts that say where others are.
TEST(Elf, DamagedFiles) {
    elf_image image;
    ASSERT_TRUE(elf_open("/proc/self/exe", &image));
    const std::string good(image.at, image.size);
    elf_close(&image);
    std::mt19937 random(3);
    const size_t sizes[] = {64, 4096, good.size()};
    for (int i = 0; i < 300; i++) {
        std::string file = good.substr(0, i % 3 ? good.size() : random() % good.size());
        for (int change = 0; change < 8; change++) {
            const size_t most = std::min(file.size(), sizes[random() % 3]);
            if (most > 20) file[20 + random() % (most - 20)] = static_cast<char>(random());
        }
        const std::string path = TempFile("damaged");
        WriteFile(path, file);
        if (!elf_open(path.c_str(), &image)) continue;
        char id[ELF_BUILD_ID_SIZE];
        uint64_t address;
        if (elf_is(&image)) {
            (void)elf_build_id(&image, id);
            (void)elf_address(&image, random(), &address);
            (void)elf_interpreter(&image);
            (void)elf_names_all(&image);
            (void)elf_exports(&image, random());
        }
        elf_close(&image);
    }
}

}  // namespace
