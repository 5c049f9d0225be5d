#include "tests/faults/declared.h"

#include <cctype>
#include <regex>

namespace zmalloc_test {
namespace {

// Removes comments, C++'s extern "C", and directives.
std::string Plain(std::string text) {
    text = std::regex_replace(text, std::regex(R"(/\*([^*]|\*+[^*/])*\*+/)"), " ");
    text = std::regex_replace(text, std::regex(R"(\\\n)"), " ");
    text = std::regex_replace(text, std::regex(R"(#ifdef __cplusplus\n[^#]*#endif)"), "\n");
    return std::regex_replace(text, std::regex(R"((^|\n) *#[^\n]*)"), "\n");
}

bool InName(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The position after the parenthesis that closes the one at `at`.
size_t AfterParentheses(const std::string &text, size_t at) {
    int depth = 0;
    for (; at < text.size(); at++) {
        if (text[at] == '(') depth++;
        if (text[at] == ')' && --depth == 0) return at + 1;
    }
    return at;
}

std::string NameIn(const std::string &declaration) {
    size_t at = 0;
    while ((at = declaration.find('(', at)) != std::string::npos) {
        size_t end = at;
        while (end > 0 && declaration[end - 1] == ' ') end--;
        size_t begin = end;
        while (begin > 0 && InName(declaration[begin - 1])) begin--;
        const std::string name = declaration.substr(begin, end - begin);
        if (name != "ZM_ATTR") return name;
        at = AfterParentheses(declaration, at);
    }
    return "";
}

}  // namespace

std::set<std::string> DeclaredFunctions(const std::string &header) {
    std::set<std::string> names;
    std::string declaration;
    int depth = 0;
    for (char c : Plain(header)) {
        const bool outside = depth == 0;
        if (c == '{') depth++;
        if (c == '}') depth--;
        if (outside && c != ';' && c != '{') declaration += c;
        if (depth != 0 || (c != ';' && c != '}')) continue;
        const std::string name = NameIn(declaration);
        if (!name.empty() && declaration.find("typedef") == std::string::npos) names.insert(name);
        declaration.clear();
    }
    return names;
}

}  // namespace zmalloc_test
