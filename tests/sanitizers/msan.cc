#include <algorithm>
#include <map>
#include <sstream>

#include "tests/sanitizers/planted.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

volatile int sink;

// A block of zmalloc's; with the bug its last byte stays unwritten.
class Block {
  public:
    explicit Block(bool bug) : bytes_(static_cast<char *>(zmalloc(kSize))) {
        std::memset(bytes_, 'x', kSize - (bug ? 1 : 0));
    }
    ~Block() { zfree(bytes_); }
    Block(const Block &) = delete;

    const char *begin() const { return bytes_; }
    const char *end() const { return bytes_ + kSize; }

  private:
    static constexpr size_t kSize = 100;
    char *bytes_;
};

void Branch(bool bug) {
    Block block(bug);
    if (block.end()[-1] == 'x') sink = 1;
}

void GrownBlock(bool bug) {
    char *block = static_cast<char *>(zrealloc(zcalloc(100), 200));
    if (block[bug ? 150 : 50] == 0) sink = 1;
    zfree(block);
}

// From here on the C++ library copies the bytes and reads them.
void String(bool bug) {
    Block block(bug);
    std::string text(block.begin(), block.end());
    text += "y";
    sink = text.find('y') == 100;
}

void Vector(bool bug) {
    Block block(bug);
    std::vector<char> bytes(block.begin(), block.end());
    bytes.insert(bytes.begin(), 'a');
    std::sort(bytes.begin(), bytes.end());
}

void Map(bool bug) {
    Block block(bug);
    std::map<std::string, int> map;
    map[std::string(block.begin(), block.end())]++;
    map[std::string(100, 'x')]++;
}

void Stream(bool bug) {
    Block block(bug);
    std::stringstream stream;
    stream.write(block.begin(), block.end() - block.begin());
    std::string word;
    stream >> word;
    sink = word.size() == 100;
}

}  // namespace

std::vector<Planted> AllPlanted() {
    const char *report = "use-of-uninitialized-value";
    return {
        {"Branch", Branch, report}, {"GrownBlock", GrownBlock, report},
        {"String", String, report}, {"Vector", Vector, report},
        {"Map", Map, report},       {"Stream", Stream, report},
    };
}

}  // namespace zmalloc_test
