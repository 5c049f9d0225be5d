// What //malloc:run says of programs of macOS.
#include <string>

#include "gtest/gtest.h"
#include "malloc/run_check.h"

namespace {

bool Runs(const char *program, std::string *said) {
    testing::internal::CaptureStderr();
    const bool runs = run_check_program("run", program);
    *said = testing::internal::GetCapturedStderr();
    return runs;
}

TEST(RunCheckMacos, RefusesMacosOwnPrograms) {
    for (const char *program : {"/bin/ls", "/usr/bin/python3", "/sbin/ping", "/System/x/y"}) {
        std::string said;
        EXPECT_FALSE(Runs(program, &said)) << program;
        EXPECT_EQ(said, std::string("run: ") + program +
                            " is a part of macOS: the loader preloads nothing into it\n");
    }
}

TEST(RunCheckMacos, RunsOthers) {
    for (const char *program : {"/usr/local/bin/redis-server", "./bin/ls", "ls", "/binary", ""}) {
        std::string said;
        EXPECT_TRUE(Runs(program, &said)) << program;
        EXPECT_EQ(said, "");
    }
}

}  // namespace
