// Programs of this machine with each library of //malloc preloaded: what they print and their exit
// status are as without it.  A program that is not installed is skipped.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

struct Program {
    const char *name;
    const char *needs;    // programs, with spaces between
    const char *command;  // for sh, in an empty folder
};

// Waits for a socket; becomes another user, because some programs refuse to run as root.
const char kFunctions[] =
    "as_nobody() { if [ $(id -u) = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "
    "\"$@\"; else \"$@\"; fi; }\n"
    "wait_for() { n=0; while [ ! -S $1 ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done; "
    "[ -S $1 ] || exit 99; }\n";

const char kSource[] =
    "#include <algorithm>\n#include <cstdio>\n#include <map>\n#include <string>\n#include "
    "<vector>\n"
    "int main() { std::map<int, std::vector<std::string>> m;\n"
    "  for (int i = 0; i < 9999; i++) m[i % 97].push_back(std::to_string(i));\n"
    "  size_t n = 0; for (auto &p : m) for (auto &s : p.second) n += s.size();\n"
    "  std::printf(\"%zu\\n\", n); }\n";

const Program kPrograms[] = {
    {"bash", "bash",
     "bash -c 'a=(); for i in {1..20000}; do a+=(\"word $i\"); done; s=\"${a[*]}\"; echo ${#s} "
     "${s:100:50}; printf \"%s\\n\" \"${a[@]}\" | sort -r | tail -3'"},
    {"python3", "python3",
     "PYTHONMALLOC=malloc python3 -c 'import json,re,threading,collections\n"
     "d={i:[str(j) for j in range(i%50)] for i in range(5000)}\n"
     "s=json.dumps(d);print(len(s),hash(tuple(json.loads(s)[\"49\"]))!=0)\n"
     "t=[threading.Thread(target=lambda:[bytearray(n) for n in range(2000)]) for _ in range(4)]\n"
     "[x.start() for x in t];[x.join() for x in t]\n"
     "print(re.sub(\"[0-5]+\",\"x\",s)[:60])'"},
    {"python3_subprocess", "python3",
     "python3 -c 'import subprocess,sqlite3,zlib,hashlib\n"
     "print(subprocess.run([\"sh\",\"-c\",\"echo child; exit 3\"],capture_output=True))\n"
     "print(hashlib.sha256(zlib.compress(b\"x\"*1000000)).hexdigest())\n"
     "c=sqlite3.connect(\":memory:\");c.execute(\"create table t(a)\")\n"
     "c.executemany(\"insert into t values(?)\",[(str(i),) for i in range(20000)])\n"
     "print(c.execute(\"select count(*),max(a) from t\").fetchall())'"},
    {"perl", "perl",
     "perl -e 'my %h; for my $i (1..50000) { push @{$h{$i % 101}}, \"v$i\" }"
     " print join(\",\", map { scalar @{$h{$_}} } sort { $a <=> $b } keys %h), \"\\n\";"
     " my $s = join \"\", map { chr(65 + $_ % 26) } 1..100000; $s =~ s/(A.)/<$1>/g;"
     " print length($s), substr($s, 0, 60), \"\\n\"; exit 4'"},
    {"ruby", "ruby",
     "ruby -e 'h = Hash.new { |x, k| x[k] = [] }; 50000.times { |i| h[i % 97] << i.to_s };"
     " puts h.values.map(&:size).sum, h.to_a.flatten.join.size; GC.start;"
     " 4.times.map { |t| Thread.new { (\"x\" * 100000).gsub(\"x\", \"yy\").size } }.each { |t| "
     "puts t.value }'"},
    {"node", "node",
     "node -e 'const m = new Map(); for (let i = 0; i < 100000; i++) m.set(\"k\" + i, [i, "
     "String(i)]);"
     " console.log(m.size, JSON.stringify([...m]).length);"
     " console.log(require(\"crypto\").createHash(\"sha256\").update(Buffer.alloc(1e6)).digest("
     "\"hex\"));"
     " console.log(require(\"zlib\").gzipSync(Buffer.alloc(1e6)).length); process.exitCode = 5'"},
    {"lua", "lua5.4",
     "lua5.4 -e 't = {} for i = 1, 100000 do t[i] = {tostring(i)} end s = 0 for _, v in ipairs(t) "
     "do s"
     " = s + #v[1] end print(s, string.rep(\"ab\", 100000):gsub(\"a\", \"ccc\"):len())'"},
    {"php", "php",
     "php -n -r '$a = []; for ($i = 0; $i < 100000; $i++) $a[\"k$i\"] = [$i]; echo "
     "strlen(json_encode($a)), "
     "\"\\n\", md5(serialize($a)), \"\\n\";'"},
    {"tclsh", "tclsh",
     "echo 'for {set i 0} {$i<50000} {incr i} {lappend l $i; set a($i) x$i}; puts "
     "[llength $l]; puts [string length $l]; puts [array size a]' | tclsh"},
    {"guile", "guile",
     "GUILE_AUTO_COMPILE=0 guile -c '(display (apply + (map string-length (map number->string "
     "(iota "
     "20000)))))'"},
    {"git", "git",
     "git init -q r; cd r; export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z "
     "GIT_COMMITTER_DATE=2020-01-01T00:00:00Z;"
     " git config user.name n; git config user.email e; for i in 1 2 3 4 5; do seq 1 ${i}000 > f$i;"
     " git add .; git commit -qm c$i; done; git gc -q; git log --format=%H; git fsck --full;"
     " git grep -c 99; git blame f5 | md5sum; git diff HEAD~3 --stat; git clone -q . ../c; ls "
     "../c"},
    {"sqlite3", "sqlite3",
     "echo 'create table t(a integer primary key, b text); with recursive c(x) as (select 1 union "
     "all"
     " select x+1 from c where x<20000) insert into t select x, hex(x*x) from c; create index i on "
     "t(b);"
     " select count(*), min(b), max(b) from t; select sum(length(group_concat)) from (select"
     " group_concat(b) as group_concat from t group by a%100); delete from t where a%3=0; vacuum;"
     " pragma integrity_check;' | sqlite3 db"},
    {"gcc", "gcc", "cat > a.cc; gcc -O2 -x c++ -S -o - a.cc | md5sum; g++ -O1 a.cc -o a && ./a"},
    {"clang", "clang", "cat > a.cc; clang++ -O2 -S -o - a.cc | md5sum; clang++ a.cc -o a && ./a"},
    {"openssl", "openssl",
     "head -c 300000 /dev/zero > z; openssl dgst -sha256 z; openssl enc -aes-256-cbc -K 00 -iv 00 "
     "-in z "
     "2>&1 | md5sum; openssl genrsa 2048 > k 2>/dev/null; openssl rsa -in k -check -noout; openssl "
     "req "
     "-x509 -key k -subj /CN=x -days 9 | openssl x509 -noout -subject; openssl speed -seconds 1 "
     "-bytes "
     "64 md5 > /dev/null 2>&1; echo $?"},
    {"curl", "curl python3",
     "mkdir d; seq 1 50000 > d/f; cat > s.py <<'X'\nimport http.server,socketserver,socket\n"
     "class S(socketserver.ThreadingUnixStreamServer):\n    daemon_threads=True\n"
     "class H(http.server.SimpleHTTPRequestHandler):\n    def log_message(self,*a): pass\n"
     "    def __init__(self,*a,**k): super().__init__(*a,directory='d',**k)\n"
     "    def address_string(self): return 'x'\n"
     "S('s',H).serve_forever()\nX\npython3 s.py 2>/dev/null & server=$!; wait_for s;"
     " for i in 1 2 3; do curl -s --unix-socket s http://h/f | md5sum; done;"
     " curl -s -o /dev/null -w '%{http_code}' --unix-socket s http://h/none; kill $server; curl -s "
     "http://localhost:1/; echo $?"},
    {"tar", "tar gzip",
     "mkdir d; for i in $(seq 1 200); do seq 1 $i > d/$i; done; tar --sort=name "
     "--mtime=2020-01-01 --owner=0 --group=0 -czf a.tgz d; gzip -dc a.tgz | md5sum; "
     "mkdir e; tar -xzf a.tgz -C e; diff -r d e/d && tar -tzf a.tgz | tail -2"},
    {"xz", "xz", "seq 1 200000 > f; xz -T2 -k f; xz -dc f.xz | md5sum; xz -9e -c f | wc -c"},
    {"coreutils", "sort awk sed find",
     "seq 1 100000 | sort -R --random-source=/bin/sh | sort -n --parallel=2 | md5sum; seq 1 50000 "
     "| awk "
     "'{a[$1%101]=a[$1%101] $1} END {for(i=0;i<101;i++) n+=length(a[i]); print n}'; find "
     "/usr/include "
     "-name '*.h' | sort | md5sum; seq 1 20000 | sed -n '$!{h;d};H;x;p' | wc"},
    {"gdb", "gdb gcc",
     "printf 'int f(int n) { return n < 2 ? n : f(n-1)+f(n-2); }\\nint main(void) { return f(9); "
     "}\\n' > a.c;"
     " gcc -g a.c -o a; gdb -nx -batch -ex 'break f' -ex run -ex bt -ex 'p n' -ex delete -ex "
     "continue "
     "./a 2>&1 | grep -v -e 0x -e warning -e libthread -e process -e debuginfod"},
    {"redis", "redis-server redis-cli",
     "redis-server --port 0 --unixsocket $PWD/s --save '' --io-threads 2 --enable-debug-command "
     "yes > log & server=$!; "
     "wait_for s;"
     " (for i in $(seq 1 3000); do echo \"set k$i $(printf %0200d $i)\"; echo \"rpush l $i\"; echo "
     "\"zadd z $i m$i\"; done) | redis-cli -s s | sort | uniq -c | md5sum;"
     " redis-cli -s s dbsize; redis-cli -s s save; redis-cli -s s debug reload; redis-cli -s s "
     "lrange l 5 9;"
     " redis-cli -s s eval 'local t={} for i=1,9999 do t[i]=tostring(i) end return "
     "#table.concat(t)' 0;"
     " redis-cli -s s shutdown nosave; wait $server; echo $?"},
    {"memcached", "memcached python3",
     "memcached -u root -s $PWD/s & server=$!; wait_for s; python3 -c 'import socket\n"
     "s=socket.socket(socket.AF_UNIX);s.connect(\"s\");f=s.makefile(\"rwb\")\n"
     "for i in range(2000): f.write(b\"set k%d 0 0 %d\\r\\n%s\\r\\n\"%(i,i,b\"x\"*i))\n"
     "f.flush();print(sum(f.readline()==b\"STORED\\r\\n\" for i in range(2000)))\n"
     "f.write(b\"get k1999\\r\\n\");f.flush();print(f.readline(),len(f.readline()))'; kill "
     "$server; wait "
     "$server; echo $?"},
    {"nginx", "nginx curl",
     "mkdir d logs; seq 1 50000 > d/f; printf 'user root; worker_processes 2; pid n.pid; error_log "
     "e; events {}\\n"
     "http { access_log off; gzip on; gzip_types *; server { listen unix:%s; root %s; } }\\n' "
     "$PWD/s $PWD/d > c;"
     " nginx -p $PWD -c c & wait_for s; for i in 1 2 3 4; do curl -s --compressed --unix-socket s "
     "http://h/f | md5sum; done; curl -s --unix-socket s http://h/none | head -1; nginx -p $PWD -c "
     "c -s "
     "reload 2> /dev/null; curl -s --unix-socket s http://h/f | md5sum; nginx -p $PWD -c c -s quit "
     "2> /dev/null; wait; echo "
     "$?; cat e "
     "| grep -i -e alert -e emerg"},
    {"imagemagick", "convert",
     "convert -size 300x200 gradient:red-blue -blur 0x3 -resize 150% -colors 32 a.png; convert "
     "a.png "
     "-rotate 30 rgba:- | md5sum; identify -format '%w %h %k' a.png"},
    {"jq", "jq",
     "seq 1 20000 | jq -s 'map({a: ., b: tostring}) | group_by(.a % 7) | map(length)' -c"},
    {"java", "java",
     "printf 'class A { public static void main(String[] a) { var m = new "
     "java.util.TreeMap<Integer, String>(); for (int i = 0; i < 99999; i++) m.put(i, \"v\" "
     "+ i); System.out.println(m.hashCode()); } }' > A.java; java A.java"},
    {"ffmpeg", "ffmpeg",
     "ffmpeg -v error -f lavfi -i testsrc=d=1:s=160x120 -f lavfi -i sine=d=1 -f framemd5 -"},
    {"postgres", "initdb",
     "as_nobody initdb -D d > /dev/null 2>&1 && echo 'select sum(i) from generate_series(1,9999) "
     "i' "
     "| as_nobody postgres --single -D d postgres 2> /dev/null | grep sum"},
    {"mariadb", "mariadbd mariadb-install-db mariadb",
     "mariadb-install-db --no-defaults --user=$(id -un) --datadir=$PWD/d "
     "--auth-root-authentication-method=normal > /dev/null 2>&1; echo $?;"
     " mariadbd --no-defaults --user=$(id -un) --datadir=$PWD/d --socket=$PWD/s --skip-networking "
     "2> log & server=$!; wait_for s; seq 1 5000 > n;"
     " mariadb --no-defaults -u root -S s -e \"create database x; use x; create table t(a int "
     "primary key, b varchar(99), index(b)); load data local infile 'n' into table t (a) set b = "
     "md5(a); select count(*), min(b), max(b) from t; select sum(length(g)) from (select "
     "group_concat(b order by a) as g from t group by a % 50) as q; delete from t where a % 3 = 0; "
     "alter table t engine = aria; check table t; shutdown\"; wait $server; echo $?"},
};

struct Result {
    int status;
    std::string output;
};

std::string ReadAll(const std::string &path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// Not in Bazel's folder for tests: other users cannot reach it, and the name of a socket there is
// too long.
std::string NewFolder() {
    std::string folder = "/tmp/programs-XXXXXX";
    return mkdtemp(folder.data()) != nullptr ? folder : "";
}

// In a folder of its own; `library` is empty to run it as it is.
Result Execute(const Program &program, const std::string &library) {
    const std::string folder = NewFolder(), work = folder + "/w";
    std::filesystem::create_directory(work);
    for (const std::string &open : {folder, work}) {
        std::filesystem::permissions(open, std::filesystem::perms::all);
    }
    std::ofstream(folder + "/in") << kSource;
    const pid_t child = fork();
    if (child == 0) {
        if (chdir(work.c_str()) != 0) _exit(126);
        dup2(open("../in", O_RDONLY), STDIN_FILENO);
        dup2(open("../out", O_WRONLY | O_CREAT, 0666), STDOUT_FILENO);
        dup2(open("../err", O_WRONLY | O_CREAT, 0666), STDERR_FILENO);
        setenv("HOME", work.c_str(), 1);
        setenv("LC_ALL", "C", 1);
        if (!library.empty()) setenv("LD_PRELOAD", library.c_str(), 1);
        alarm(600);
        const std::string command = std::string(kFunctions) + program.command;
        execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    Result result = {status, ReadAll(folder + "/out") + "--- stderr:\n" + ReadAll(folder + "/err")};
    // A path in a message is the folder's, which has a new name each time.
    for (size_t at; (at = result.output.find(folder)) != std::string::npos;) {
        result.output.replace(at, folder.size(), "FOLDER");
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return result;
}

bool HasAll(const std::string &names) {
    std::istringstream words(names);
    for (std::string name; words >> name;) {
        if (system(("command -v " + name + " > /dev/null").c_str()) != 0) return false;
    }
    return true;
}

// Until the test ends.
struct SharedFolder {
    const std::string path = NewFolder();
    ~SharedFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

// A copy that other users may read.
std::string Library(const std::string &allocator) {
    static const SharedFolder folder;
    std::filesystem::permissions(folder.path, std::filesystem::perms::all);
    const std::string name = "libzmalloc_" + allocator + ".so", copy = folder.path + "/" + name;
    std::error_code error;
    std::filesystem::copy_file("malloc/" + name, copy, std::filesystem::copy_options::skip_existing,
                               error);
    EXPECT_FALSE(error) << name << ": " << error.message();
    return copy;
}

class Programs : public testing::TestWithParam<Program> {};

TEST_P(Programs, DoTheSame) {
    const Program &program = GetParam();
    // Bazel's PATH does not have the folders of servers.
    const char *path = getenv("PATH");
    setenv("PATH", (std::string(path != nullptr ? path : "") + ":/usr/sbin:/sbin").c_str(), 1);
    if (!HasAll(program.needs)) GTEST_SKIP() << "not installed: one of " << program.needs;
    const Result plain = Execute(program, "");
    ASSERT_FALSE(WIFEXITED(plain.status) && WEXITSTATUS(plain.status) == 99)
        << "its server did not start: " << plain.output;
    EXPECT_EQ(Execute(program, "").output, plain.output) << "not the same without a library either";
    printf("%.300s\n", plain.output.c_str());
    for (const char *allocator : {PROGRAMS_ALLOCATORS}) {
        const Result result = Execute(program, Library(allocator));
        EXPECT_EQ(result.status, plain.status) << program.name << " over " << allocator;
        EXPECT_EQ(result.output, plain.output) << program.name << " over " << allocator;
    }
}

INSTANTIATE_TEST_SUITE_P(, Programs, testing::ValuesIn(kPrograms),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
