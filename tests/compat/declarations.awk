# Turns a server's zmalloc.h into assertions that our "zmalloc.h" for it has the same declarations.
#
# Usage: awk -f declarations.awk ZMALLOC_H
#
# `TYPE NAME(PARAMETERS);` becomes DECLARED(NAME, TYPE, (PARAMETERS)), and `#define NAME OTHER`, by
# which Valkey renames functions, becomes RENAMED(NAME, OTHER); tests/compat/declarations.c defines
# the two.  Conditions around a declaration stay around it.  Anything that it cannot parse is an
# error, so that no declaration is left out in silence.

function fail(text) {
    print FILENAME ": cannot parse: " text >"/dev/stderr"
    failed = 1
    exit 1
}

# Removes __attribute__((...)), whose parentheses may be nested.
function without_attributes(text,    at, end, depth) {
    while ((at = index(text, "__attribute__")) != 0) {
        end = at + length("__attribute__")
        depth = 0
        for (; end <= length(text); end++) {
            if (substr(text, end, 1) == "(") depth++
            if (substr(text, end, 1) == ")" && --depth == 0) break
        }
        if (depth != 0 || end > length(text)) fail(text)
        text = substr(text, 1, at - 1) " " substr(text, end + 1)
    }
    return text
}

function declaration(text,    open, before, name, type, parameters, i, depth) {
    text = without_attributes(text)
    gsub(/[ \t\n]+/, " ", text)
    gsub(/^ | $/, "", text)
    open = index(text, "(")
    if (open == 0 || text !~ /\)$/) fail(text)
    before = substr(text, 1, open - 1)
    parameters = substr(text, open)
    for (i = 1; i <= length(parameters); i++) {
        if (substr(parameters, i, 1) == "(") depth++
        if (substr(parameters, i, 1) == ")" && --depth == 0 && i != length(parameters)) fail(text)
    }
    if (!match(before, /[A-Za-z_][A-Za-z0-9_]* ?$/)) fail(text)
    name = substr(before, RSTART)
    sub(/ $/, "", name)
    type = substr(before, 1, RSTART - 1)
    if (type !~ /^[a-z_][a-z0-9_ ]*[ *]+$/ || type ~ /(^| )(extern|inline|static|typedef) /) fail(text)
    sub(/ +$/, "", type)
    if (parameters ~ /^\( *\)$/) parameters = "(void)" # of Redis 7.0
    print "DECLARED(" name ", " type ", " parameters ")"
    declarations++
}

{ text = text $0 "\n" }

END {
    if (failed) exit 1
    gsub(/\\\n/, " ", text)
    gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", text)
    gsub(/\/\/[^\n]*/, "", text)
    count = split(text, line, "\n")
    statement = ""
    for (l = 1; l <= count; l++) {
        if (line[l] ~ /^[ \t]*#/) {
            if (statement !~ /^[ \t\n]*$/) fail(statement)
            if (line[l] ~ /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)/) print line[l]
            if (line[l] ~ /^#define [a-z_0-9]+ [a-z_0-9]+[ \t]*$/) {
                split(line[l], word, " ")
                print "RENAMED(" word[2] ", " word[3] ")"
            }
            continue
        }
        statement = statement line[l] "\n"
        while ((semicolon = index(statement, ";")) != 0) {
            declaration(substr(statement, 1, semicolon - 1))
            statement = substr(statement, semicolon + 1)
        }
    }
    if (statement !~ /^[ \t\n]*$/) fail(statement)
    if (declarations < 20) fail("only " declarations + 0 " declarations")
}
