# Writes a header that renames mimalloc's names for its own files: _mi_NAME becomes mi_private_NAME,
# and __mi_NAME mi_private__NAME.  Of 3.x it also renames two without such a prefix.
#
# Usage: awk -f private_names.awk SOURCE...
#
# A program may link another release of mimalloc.  Its functions of these names, and its data, would
# not fit ours, and the linker could take them without a word.  If a name is missing, //tests/symbols
# fails.

{
    gsub(/[^A-Za-z0-9_]+/, " ")
    for (i = split($0, words, " "); i > 0; i--) {
        name = words[i]
        if (seen[name]++) continue
        rest = name
        if (sub(/^_mi_/, "_", rest) || sub(/^__mi_/, "__", rest) || sub(/^t?heap_main$/, "_&", rest)) {
            print "#define " name " mi_private" rest
        }
    }
}
