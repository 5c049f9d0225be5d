# Expands one of jemalloc's .in headers, as config.status would.
#
# Usage: awk -f expand_header.awk DEFINES... TEMPLATE
#
# The files DEFINES have lines `NAME` and `NAME=value`, and comments.  @name@ in the template
# becomes the value.  In *_defs.h.in, `#undef NAME` becomes a #define, or a comment if no file
# has NAME; in other templates an #undef stays as it is.

FILENAME != ARGV[ARGC - 1] {
    if (/^#/) next
    at = index($0, "=")
    if (at) {
        value[substr($0, 1, at - 1)] = substr($0, at + 1)
    } else {
        value[$0] = ""
    }
    next
}

FILENAME ~ /_defs\.h\.in$/ && /^#undef [A-Za-z_0-9]+$/ {
    if ($2 in value) {
        print "#define " $2 (value[$2] == "" ? "" : " " value[$2])
    } else {
        print "/* " $0 " */"
    }
    next
}

{
    done = ""
    while (match($0, /@[a-z_]+@/)) {
        name = substr($0, RSTART + 1, RLENGTH - 2)
        if (!(name in value)) {
            print FILENAME ": no value for @" name "@" > "/dev/stderr"
            exit 1
        }
        done = done substr($0, 1, RSTART - 1) value[name]
        $0 = substr($0, RSTART + RLENGTH)
    }
    print done $0
}
