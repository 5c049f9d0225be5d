# Writes jemalloc's private_namespace.h: a line for each name that its sources define.
#
# Usage: awk -f private_namespace.awk SOURCE...
#
# A definition begins in the first column, and its name is before the first ( = [ or ;.
# The list may contain static names, whose renaming does no harm.  If a name is missing,
# //tests/symbols fails.

function emit(name) {
    # Public names have the prefix already; pthread_create must keep the system's name.
    if (name ~ /^[a-z][a-z_0-9]*$/ && name !~ /^je_|^(for|pthread_create)$|_(gen|define)$/ && !seen[name]++) {
        print "#define " name " JEMALLOC_N(" name ")"
    }
}

# ph_gen() defines functions; their names begin with its second argument.
/^ *ph_gen\(, / {
    split($2, prefix, ",")
    n = split("any empty enumerate_next enumerate_prepare first insert new remove remove_any remove_first", end)
    for (i = 1; i <= n; i++) emit(prefix[1] "_" end[i])
}

# A formatter has indented some definitions, as if they continued the line before.
/^    (bool|void) [a-z_0-9]+\(.*\) \{$/ { sub(/^ +/, "") }

/^[A-Za-z_]/ && !/^(static|typedef|extern)/ && before !~ /^static[^;]*$/ {
    text = $0
    sub(/^JEMALLOC_[A-Z_]+\([a-z_]*\)/, "", text)
    sub(/\(\*(JET_MUTABLE )?/, " ", text)
    if (sub(/[ \t]*[)(=;[].*/, "", text)) {
        sub(/.*[ \t*]/, "", text)
        emit(text)
    }
}

{ before = $0 }
