// declarations.awk reads declarations as servers write them, and refuses everything else.
#include <gtest/gtest.h>

#include "tests/emulated.h"
#include "tests/tools/process.h"

namespace {

using ztrace_test::DataFile;
using ztrace_test::Finished;
using ztrace_test::RunProgram;
using ztrace_test::TempFile;
using ztrace_test::WriteFile;

// Enough declarations for a zmalloc.h, and more.
Finished Parse(const std::string &more) {
    std::string header = "#ifndef H\n#define H\n";
    for (int i = 0; i < 20; i++) header += "void f" + std::to_string(i) + "(int i);\n";
    const std::string path = TempFile("zmalloc.h");
    WriteFile(path, header + more + "#endif\n");
    return RunProgram(
        {"/usr/bin/env", "awk", "-f", DataFile("tests/compat/declarations.awk"), path});
}

bool Has(const Finished &parsed, const std::string &line) {
    return parsed.status == 0 && ("\n" + parsed.out).find("\n" + line + "\n") != std::string::npos;
}

class Parser : public testing::Test {
  protected:
    void SetUp() override {
        if (zmalloc_test::Emulated())
            GTEST_SKIP() << "the emulator does not run this machine's awk";
    }
};

TEST_F(Parser, Declarations) {
    EXPECT_TRUE(
        Has(Parse("void *f(void *p, size_t n);\n"), "DECLARED(f, void *, (void *p, size_t n))"));
    EXPECT_TRUE(Has(Parse("__attribute__((malloc,alloc_size(1,2),noinline)) void *f(int n);\n"),
                    "DECLARED(f, void *, (int n))"));
    EXPECT_TRUE(Has(Parse("int f(int a, /* a; comment */\n      int b);\n"),
                    "DECLARED(f, int, (int a, int b))"));
    EXPECT_TRUE(Has(Parse("int f();  // Redis 7.0\n"), "DECLARED(f, int, (void))"));
    EXPECT_TRUE(
        Has(Parse("void set(void (*g)(size_t));\n"), "DECLARED(set, void, (void (*g)(size_t)))"));
    EXPECT_TRUE(Has(Parse("unsigned long f(void);\n"), "DECLARED(f, unsigned long, (void))"));
}

TEST_F(Parser, ConditionsAndNames) {
    const Finished parsed =
        Parse("#define zfree valkey_free\n#ifdef A\nint f(void);\n#else\n#endif\n");
    EXPECT_TRUE(Has(parsed, "RENAMED(zfree, valkey_free)"));
    EXPECT_TRUE(Has(parsed, "#ifdef A\nDECLARED(f, int, (void))\n#else\n#endif")) << parsed.out;
}

TEST_F(Parser, RefusesTheRest) {
    for (const char *text :
         {"int variable;\n", "typedef int number(int);\n", "extern int f(int);\n",
          "int (*f(int))(int);\n", "static inline int f(void) { return 1; }\n",
          "struct s { int i; };\n", "int f(int a\n#ifdef B\n);\n", "int f(int) and_more;\n",
          "int f(int)\n", "__attribute__((malloc void *f(int);\n"}) {
        const Finished parsed = Parse(text);
        EXPECT_EQ(parsed.status, 1) << text << parsed.out;
        EXPECT_NE(parsed.err.find("cannot parse"), std::string::npos) << text << parsed.err;
    }
}

TEST_F(Parser, RefusesAnEmptyHeader) {
    const std::string path = TempFile("empty.h");
    WriteFile(path, "void f(int i);\n");
    EXPECT_EQ(
        RunProgram({"/usr/bin/env", "awk", "-f", DataFile("tests/compat/declarations.awk"), path})
            .status,
        1);
}

}  // namespace
