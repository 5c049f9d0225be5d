// A JSON document as a tree.
#ifndef ZMALLOC_TESTS_SBOM_JSON_H_
#define ZMALLOC_TESTS_SBOM_JSON_H_

#include <map>
#include <string>
#include <vector>

namespace json {

struct Value {
    enum class Kind { kNothing, kText, kList, kObject, kOther } kind = Kind::kNothing;
    std::string text;  // of a string, a number, true, false or null
    std::vector<Value> list;
    std::map<std::string, Value> object;

    // A member, or nothing.
    const Value &operator[](const std::string &name) const;
};

// Returns nothing when the text is no JSON document.  Strings keep their escapes.
Value Parse(const std::string &text);

}  // namespace json

#endif  // ZMALLOC_TESTS_SBOM_JSON_H_
