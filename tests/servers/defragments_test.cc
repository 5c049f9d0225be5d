// Redis's active defragmentation over the libc moves every block again and again.  Redis's data
// must stay as it was, and AddressSanitizer must see no access to where a block once was.
#include <cstdlib>
#include <fstream>

#include "gtest/gtest.h"
#include "tests/servers/server.h"

namespace {

using servers_test::ServerTest;

class DefragmentsTest : public ServerTest {
  protected:
    std::vector<std::string> Options() const override {
        return {"--hz",
                "100",
                "--activedefrag",
                "no",
                "--active-defrag-ignore-bytes",
                "1",
                "--active-defrag-threshold-lower",
                "1",
                "--active-defrag-cycle-min",
                "60",
                "--active-defrag-cycle-max",
                "75",
                "--active-defrag-max-scan-fields",
                "100"};
    }

    // Keys of each type, in each of its encodings, with and without a time to live.
    static void Fill() {
        std::ofstream commands("commands");
        for (int i = 0; i < 300; i++) {
            const std::string n = std::to_string(i), text(1 + i % 90, 'x');
            commands << "SET string:" << n << " " << text << n << "\n"
                     << "SET expiring:" << n << " " << n << " EX 100000\n"
                     << "SADD intset:" << i % 7 << " " << n << "\n"
                     << "SADD set:" << i % 3 << " " << text << n << "\n"
                     << "HSET listpack:" << i % 50 << " f" << n << " " << n << "\n"
                     << "HSET hash f" << n << " " << std::string(70, 'h') << n << "\n"
                     << "ZADD small:" << i % 50 << " " << n << " m" << n << "\n"
                     << "ZADD skiplist " << n << " " << text << n << "\n"
                     << "RPUSH list:" << i % 3 << " " << std::string(300, 'l') << n << "\n"
                     << "XADD stream " << i + 1 << "-0 field " << text << " other " << n << "\n"
                     << "SETBIT bits " << i * 64 << " 1\n"
                     << "PFADD log:" << i % 4 << " " << n << "\n";
        }
        commands
            << "XGROUP CREATE stream group 0\n"
            << "XREADGROUP GROUP group one COUNT 100 STREAMS stream >\n"
            << "XREADGROUP GROUP group two COUNT 50 STREAMS stream >\n"
            << "EVAL \"return redis.call('get', 'string:7')\" 0\n"
            << "FUNCTION LOAD \"#!lua name=l\\nredis.register_function('f', function() return 1 "
               "end)\"\n";
        commands.close();
        Cli("<commands >answers");
    }

    static double Stat(const char *name) { return std::atof(Info("stats")[name].c_str()); }
};

TEST_F(DefragmentsTest, MovesEverythingAndChangesNothing) {
    Fill();
    std::string answers;
    servers_test::Run("grep -ci err answers", &answers);
    EXPECT_EQ(answers, "0\n");
    const std::string digest = Cli("debug digest");
    ASSERT_EQ(digest.size(), 41u) << digest;
    const double keys = std::atof(Cli("dbsize").c_str());
    ASSERT_GT(keys, 700);
    ASSERT_EQ(Cli("config set activedefrag yes"), "OK\n");
    // Moves each key about ten times, with commands in between.
    for (int tries = 0; Stat("active_defrag_key_hits") < 10 * keys; tries++) {
        ASSERT_LT(tries, 400) << "it does not come round";
        EXPECT_EQ(Cli("eval \"return redis.call('get', 'string:7')\" 0"), "xxxxxxxx7\n");
        EXPECT_EQ(Cli("fcall f 0"), "1\n");
        EXPECT_EQ(Cli("xpending stream group").rfind("150\n", 0), 0u);
    }
    EXPECT_GT(Stat("active_defrag_hits"), 30 * keys);
    EXPECT_EQ(Cli("config set activedefrag no"), "OK\n");
    EXPECT_EQ(Cli("debug digest"), digest);
    EXPECT_EQ(Cli("debug reload"), "OK\n");
    EXPECT_EQ(Cli("debug digest"), digest);
}

}  // namespace
