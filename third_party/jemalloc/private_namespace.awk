# Lists what preprocessed C defines with external linkage, as the lines of
# jemalloc's private_namespace.h.
#
# Usage: awk -v roots="DIR1/ DIR2/" -v prefix=je_ -f private_namespace.awk FILE
#
# Only text that comes from below the roots counts.  Names that begin with the
# prefix have it already; those that begin with _ are the system's.

# Also array bounds, which can hold parentheses.
function strip_attributes(text,    at, rest, depth, c, i) {
    gsub(/__extension__|__restrict__|__restrict/, " ", text)
    while (match(text, /__attribute__|__attribute|__asm__|__asm|__declspec|_Alignas|__typeof__/)) {
        at = RSTART
        rest = substr(text, RSTART + RLENGTH)
        depth = 0
        for (i = 1; i <= length(rest); i++) {
            c = substr(rest, i, 1)
            if (c == "(") depth++
            if (c == ")" && --depth == 0) break
        }
        text = substr(text, 1, at - 1) " " substr(rest, i + 1)
    }
    gsub(/\[[^][]*\]/, "", text)
    gsub(/[ \t]+/, " ", text)
    return text
}

function emit(name) {
    if (name != "" && name !~ /^_/ && index(name, prefix) != 1 && !(name in seen)) {
        seen[name] = found = 1
        print "#define " name " JEMALLOC_N(" name ")"
    }
}

function last_word(text) {
    sub(/[ ]+$/, "", text)
    return match(text, /[A-Za-z_][A-Za-z_0-9]*$/) ? substr(text, RSTART) : ""
}

function internal(text) {
    return (" " text " ") ~ /[^A-Za-z_0-9](static|typedef|_Static_assert)[^A-Za-z_0-9]/
}

# type name(parameters), just before its body.
function function_definition(text,    at) {
    at = index(text, "(")
    if (!internal(text)) emit(last_word(substr(text, 1, at - 1)))
}

# Anything that ends with a semicolon: only variables are of interest.
function declaration(text,    at, n, i, piece, initialised) {
    text = strip_attributes(text)
    initialised = index(text, "=")
    sub(/=.*/, "", text)
    sub(/^ +/, "", text)
    sub(/ +$/, "", text)
    if (internal(text) || text ~ /^(struct|union|enum)( [A-Za-z_0-9]+)?$/) return
    if (text ~ /^extern / && !initialised) return
    at = index(text, "(")
    if (at) {
        # A pointer to a function, or else a mere prototype.
        text = substr(text, at + 1)
        if (text !~ /^ *\*/) return
        sub(/[()].*/, "", text)
        emit(last_word(text))
        return
    }
    n = split(text, piece, ",")
    if (piece[1] !~ /[ *]/) return
    for (i = 1; i <= n; i++) emit(last_word(piece[i]))
}

BEGIN { n_roots = split(roots, root, " ") }

/^#(line)? *[0-9]+ "/ {
    ours = 0
    path = substr($0, index($0, "\"") + 1)
    sub(/^\.\//, "", path)
    for (i = 1; i <= n_roots; i++) if (index(path, root[i]) == 1) ours = 1
    next
}

# Pragmas.
/^#/ { next }

!ours { next }

{
    line = $0
    gsub(/"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/, "0", line)
    while (match(line, depth ? "[{}]" : "[{};]")) {
        c = substr(line, RSTART, 1)
        if (!depth) text = text " " substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + 1)
        if (c == "{") {
            if (!depth++) {
                text = strip_attributes(text)
                body = (text ~ /\) *$/ && index(text, "=") == 0)
                if (body) function_definition(text)
            }
        } else if (c == "}") {
            if (!--depth && body) text = ""
        } else {
            declaration(text)
            text = ""
        }
    }
    if (!depth) text = text " " line
}

END {
    if (depth || !found) {
        print FILENAME ": not understood" > "/dev/stderr"
        exit 1
    }
}
