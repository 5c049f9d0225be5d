// Feeds the readers of /proc and of cgroups from memory.  Where that is simple, compares them with
// a plain reading of the same text.
#include <algorithm>
#include <climits>
#include <cstring>
#include <sstream>
#include <vector>

#include "tests/fuzz/input.h"
#include "zmalloc/os/linux_proc.h"
#include "zmalloc/os/os.h"

namespace zmalloc_test {
namespace {

// A string in a block of exactly its size.
class Text {
  public:
    explicit Text(const std::string &text)
        : at_(static_cast<char *>(std::malloc(text.size() + 1))), size_(text.size()) {
        std::memcpy(at_, text.c_str(), size_ + 1);
    }
    ~Text() { std::free(at_); }
    Text(const Text &) = delete;

    char *at() { return at_; }
    bool Holds(const char *p) const { return p >= at_ && p <= at_ + size_; }

  private:
    char *at_;
    size_t size_;
};

// A text that is handed out in pieces.
struct Pieces {
    std::string text;
    size_t piece;
    size_t done = 0;

    static ssize_t Read(void *source, char *buffer, size_t size) {
        Pieces *self = static_cast<Pieces *>(source);
        const size_t length = std::min({size, self->piece, self->text.size() - self->done});
        std::memcpy(buffer, self->text.data() + self->done, length);
        self->done += length;
        return static_cast<ssize_t>(length);
    }
};

constexpr size_t kBuffer = 1024;

// The expected lines: cut where they are too long, and at a NUL.
std::vector<std::string> Lines(const std::string &text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line.substr(0, kBuffer - 1).c_str());
    }
    return lines;
}

// Reads a number after blanks, saturated; returns false if there is none.
bool Number(const std::string &text, size_t *end, size_t *value) {
    size_t at = text.find_first_not_of(" \t");
    if (at == std::string::npos || std::isdigit(static_cast<unsigned char>(text[at])) == 0) {
        return false;
    }
    unsigned __int128 number = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; at++) {
        number = number * 10 + static_cast<unsigned>(text[at] - '0');
        if (number > SIZE_MAX) number = SIZE_MAX;
    }
    *end = at;
    *value = static_cast<size_t>(number);
    return true;
}

void Smaps(Input *input) {
    Pieces pieces = {"", 1 + input->Below(4096)};
    const std::string fields[] = {"Rss:", "Private_Dirty:", "VmHWM:", "", "R"};
    const std::string field = fields[input->Below(5)];
    pieces.text = input->Rest();
    zm_linux_lines lines;
    char buffer[kBuffer];
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, Pieces::Read, &pieces);
    unsigned __int128 sum = 0;
    for (const std::string &line : Lines(pieces.text)) {
        size_t end, value;
        if (line.compare(0, field.size(), field) != 0) continue;
        const std::string rest = line.substr(field.size());
        if (!Number(rest, &end, &value) || rest.compare(end, 3, " kB") != 0) continue;
        sum += static_cast<unsigned __int128>(value) * 1024;
        if (sum > SIZE_MAX) sum = SIZE_MAX;
    }
    FUZZ_CHECK(zm_linux_smaps_sum(&lines, field.c_str()) == static_cast<size_t>(sum));
}

void Stat(Input *input) {
    const int i = static_cast<int>(input->Below(64)) - 2;
    const std::string rest = input->Rest();
    std::vector<char> exact(rest.begin(), rest.end());
    long long value = 0;
    const int told = zm_linux_stat_field(exact.data(), exact.size(), i, &value);
    FUZZ_CHECK(told == 0 || told == 1);
    // Field 2 is a name; the text before the first field is no field.
    FUZZ_CHECK(told == 0 || i == 1 || i >= 3);
    FUZZ_CHECK(told == 0 || rest.find_first_of("0123456789") != std::string::npos);
}

void Statm(Input *input) {
    const std::string text = input->Rest().c_str();
    Text statm(text);
    size_t pages = 0, end = 0, mapped, resident = 0;
    const bool expected = Number(text, &end, &mapped) && Number(text.substr(end), &end, &resident);
    FUZZ_CHECK(zm_linux_statm_resident(statm.at(), &pages) == expected);
    FUZZ_CHECK(!expected || pages == resident);
}

void Mount(Input *input) {
    Text line(input->Rest());
    zm_linux_mount mount;
    if (!zm_linux_parse_mount(line.at(), &mount)) return;
    FUZZ_CHECK(mount.version == 1 || mount.version == 2);
    FUZZ_CHECK(line.Holds(mount.root) && line.Holds(mount.point) && mount.root < mount.point);
}

void CgroupPath(Input *input) {
    const int version = 1 + static_cast<int>(input->Below(2));
    Pieces pieces = {"", 1 + input->Below(4096)};
    pieces.text = input->Rest();
    zm_linux_lines lines;
    char buffer[kBuffer];
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, Pieces::Read, &pieces);
    const char *path = zm_linux_cgroup_path(&lines, version);
    FUZZ_CHECK(path == nullptr || (path > buffer && path + std::strlen(path) < buffer + kBuffer));
    FUZZ_CHECK(path == nullptr || pieces.text.find(path) != std::string::npos);
}

void CgroupBelow(Input *input) {
    const size_t length = input->Below(256);
    Text path(input->Bytes(length)), mounted(input->Rest());
    const char *below = zm_linux_cgroup_below(path.at(), mounted.at());
    FUZZ_CHECK(below == nullptr || *below == '\0' || (*below == '/' && path.Holds(below)));
}

void HierarchicalLimit(Input *input) {
    Pieces pieces = {input->Rest(), SIZE_MAX};
    zm_linux_lines stat;
    char buffer[kBuffer];
    zm_linux_lines_begin(&stat, buffer, sizeof buffer, Pieces::Read, &pieces);
    const size_t limit = zm_linux_hierarchical_limit(&stat);
    FUZZ_CHECK(limit == 0 || pieces.text.find("hierarchical_memory_limit ") != std::string::npos);
}

void Size(Input *input) {
    const std::string text = input->Rest().c_str();
    Text size(text);
    const char *at = size.at();
    size_t value = 0, end = 0, expected = 0;
    const bool is_number = Number(text, &end, &expected);
    FUZZ_CHECK(zm_linux_parse_size(&at, &value) == is_number);
    FUZZ_CHECK(at == size.at() + (is_number ? end : 0) && value == expected);
}

void Mappings(Input *input) {
    Pieces pieces = {"", 1 + input->Below(4096)};
    pieces.text = input->Rest();
    zm_linux_lines lines;
    char buffer[kBuffer];
    size_t seen = 0;
    zm_linux_lines_begin(&lines, buffer, sizeof buffer, Pieces::Read, &pieces);
    const bool found = zm_linux_smaps_mappings(
        &lines,
        [](const zm_os_mapping *mapping, void *count) {
            FUZZ_CHECK(std::strlen(mapping->name) < 80);
            ++*static_cast<size_t *>(count);
        },
        &seen);
    FUZZ_CHECK(found == (seen != 0));
}

void (*const kReaders[])(Input *) = {
    Smaps, Stat, Statm, Mount, CgroupPath, CgroupBelow, HierarchicalLimit, Size, Mappings};

}  // namespace
}  // namespace zmalloc_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    using zmalloc_test::kReaders;
    zmalloc_test::Input input(data, size);
    kReaders[input.Below(sizeof kReaders / sizeof kReaders[0])](&input);
    return 0;
}
