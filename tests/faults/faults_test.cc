// Runs each scenario with each of its calls failing, as if there were no memory.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/faults/declared.h"
#include "tests/faults/sweep.h"

namespace zmalloc_test {
namespace {

std::set<std::string> PublicFunctions() {
    std::set<std::string> names;
    for (const char *header :
         {"zmalloc.h", "stats.h", "defrag.h", "limit.h", "pressure.h", "zone.h", "profile.h"}) {
        std::ifstream file(std::string("zmalloc/") + header);
        std::stringstream text;
        text << file.rdbuf();
        const std::set<std::string> declared = DeclaredFunctions(text.str());
        EXPECT_FALSE(declared.empty()) << header;
        names.insert(declared.begin(), declared.end());
    }
    return names;
}

// The longest of the functions with which the name begins: zcalloc_num_1 is a way to call
// zcalloc_num.
std::string FunctionIn(const std::string &name, const std::set<std::string> &functions) {
    std::string found;
    for (const std::string &function : functions) {
        if (name.compare(0, function.size(), function) == 0 && function.size() > found.size()) {
            found = function;
        }
    }
    return found;
}

// A new function in a header must appear in a scenario.  The child's memory goes with it: otherwise
// the tests below would find that memory in the allocator.
bool EachIsInAScenario() {
    std::set<std::string> missing = PublicFunctions();
    const std::set<std::string> functions = missing;
    for (const Scenario &scenario : Scenarios()) {
        const std::string wrong = RunHere(scenario, {}).wrong;
        if (!wrong.empty()) std::fprintf(stderr, "%s: %s\n", scenario.name.c_str(), wrong.c_str());
        CHILD_CHECK(wrong.empty());
    }
    for (size_t i = 0; i < Checks::noted_count(); i++) {
        missing.erase(FunctionIn(Checks::noted()[i], functions));
    }
    for (const std::string &function : missing) {
        std::fprintf(stderr, "no scenario calls %s\n", function.c_str());
    }
    return missing.empty();
}

TEST(Faults, EveryPublicFunctionIsInAScenario) {
    const std::set<std::string> functions = PublicFunctions();
    for (const char *name : {"zmalloc", "zmalloc_report", "zmalloc_defrag_step"}) {
        EXPECT_EQ(functions.count(name), 1u) << name;
    }
    if (!CallsFail() && kThreadsOfChildrenHang) GTEST_SKIP() << "a child's threads hang";
    EXPECT_TRUE(InChild(EachIsInAScenario));
}

TEST(Faults, DeclarationsAreFound) {
    const std::string header =
        "/* int not_this(void); */\n#define NOR(x) f(x)\n#ifdef __cplusplus\nextern \"C\" {\n"
        "#endif\nZM_ATTR(malloc, alloc_size(1)) void *one(size_t n);\n"
        "void two(void (*handler)(size_t));\nstruct s { int (*nor_this)(void); };\n"
        "static inline int three(int a) { return nor(a); }\nint four(void);\n";
    EXPECT_EQ(DeclaredFunctions(header), (std::set<std::string>{"one", "two", "three", "four"}));
}

class EachScenario : public testing::TestWithParam<Scenario> {
  public:
    static Tally total;

    static void TearDownTestSuite() {
        std::printf("%s: %llu cases, %llu faults injected\n", Variant().name.data(),
                    static_cast<unsigned long long>(total.cases),
                    static_cast<unsigned long long>(total.injected));
        RecordProperty("cases", std::to_string(total.cases));
        RecordProperty("faults", std::to_string(total.injected));
    }
};

Tally EachScenario::total;

TEST_P(EachScenario, SurvivesWhateverFails) {
    const Scenario &scenario = GetParam();
    if (scenario.threads && !CallsFail() && kThreadsOfChildrenHang) {
        GTEST_SKIP() << "threads of children hang under this sanitizer";
    }
    if (!scenario.threads && kThreadSanitizer) {
        GTEST_SKIP() << "one thread: ThreadSanitizer has nothing to see";
    }
    const Tally tally = Sweep(scenario);
    EXPECT_EQ(tally.wrong, "");
    EXPECT_TRUE(tally.injected > 0 || !scenario.allocates) << "no fault was injected";
    RecordProperty("cases", std::to_string(tally.cases));
    RecordProperty("faults", std::to_string(tally.injected));
    total.Add(tally);
}

INSTANTIATE_TEST_SUITE_P(All, EachScenario, testing::ValuesIn(Scenarios()),
                         [](const auto &info) { return info.param.name; });

}  // namespace

const std::vector<Scenario> &Scenarios() {
    static const std::vector<Scenario> all = [] {
        std::vector<Scenario> scenarios;
        for (const auto &some :
             {AllocationScenarios(), FigureScenarios(), InlineScenarios(), ThreadScenarios()}) {
            scenarios.insert(scenarios.end(), some.begin(), some.end());
        }
        return scenarios;
    }();
    return all;
}

}  // namespace zmalloc_test
