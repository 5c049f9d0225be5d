#include "tests/sbom/json.h"

namespace json {
namespace {

class Parser {
  public:
    explicit Parser(const std::string &text) : text_(text) {}

    Value Document() {
        Value value = Any();
        Space();
        return ok_ && at_ == text_.size() ? value : Value();
    }

  private:
    Value Any() {
        Space();
        if (Take('{')) return Object();
        if (Take('[')) return List();
        if (Take('"')) return {Value::Kind::kText, Text(), {}, {}};
        const size_t begin = at_;
        while (at_ < text_.size() && std::string(" \n,]}").find(text_[at_]) == std::string::npos) {
            at_++;
        }
        return {Value::Kind::kOther, text_.substr(begin, at_ - begin), {}, {}};
    }

    Value List() {
        Value value;
        value.kind = Value::Kind::kList;
        Space();
        if (Take(']')) return value;
        do {
            value.list.push_back(Any());
            Space();
        } while (ok_ && Take(','));
        Want(']');
        return value;
    }

    Value Object() {
        Value value;
        value.kind = Value::Kind::kObject;
        Space();
        if (Take('}')) return value;
        do {
            Space();
            Want('"');
            const std::string name = Text();
            Space();
            Want(':');
            ok_ = value.object.emplace(name, Any()).second && ok_;
            Space();
        } while (ok_ && Take(','));
        Want('}');
        return value;
    }

    // Reads a string after its first quotation mark.
    std::string Text() {
        const size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        const std::string text = begin <= text_.size() ? text_.substr(begin, at_ - begin) : "";
        Want('"');
        return text;
    }

    void Space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) at_++;
    }
    bool Take(char c) { return at_ < text_.size() && text_[at_] == c && ++at_; }
    void Want(char c) { ok_ = Take(c) && ok_; }

    const std::string &text_;
    size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace

const Value &Value::operator[](const std::string &name) const {
    static const Value nothing;
    const auto found = object.find(name);
    return found == object.end() ? nothing : found->second;
}

Value Parse(const std::string &text) { return Parser(text).Document(); }

}  // namespace json
