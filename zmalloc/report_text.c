#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "zmalloc/report_parts.h"

void zm_put(struct zm_text *text, const char *format, ...) {
    va_list arguments;
    size_t room = text->length < text->size ? text->size - text->length : 0;
    va_start(arguments, format);
    int length = vsnprintf(room != 0 ? text->buffer + text->length : NULL, room, format, arguments);
    va_end(arguments);
    if (length > 0) text->length += (size_t)length;
}

void zm_put_bytes(struct zm_text *text, size_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double scaled = (double)bytes;
    size_t unit = 0;
    for (; scaled >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++) scaled /= 1024;
    zm_put(text, unit == 0 ? "%9.0f %-3s" : "%9.2f %-3s", scaled, units[unit]);
}

/* ---- Names, which may be any bytes ---------------------------------------------- */

/* How many bytes a character of UTF-8 has that begins with this one; 0: none begins with it. */
static size_t utf8_bytes(unsigned char first) {
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The length of the character at the beginning of `text`; 0: there is none. */
static size_t utf8_length(const unsigned char *text) {
    const size_t length = utf8_bytes(text[0]);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
    }
    const bool too_long =
        (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    const bool no_character =
        (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f);
    return too_long || no_character ? 0 : length;
}

/* The quote, backslash or control character at the beginning of `text`; 0: it is another one.
 * U+0080 to U+009F are control characters too, of which U+009B begins a terminal's commands. */
static unsigned char special(const unsigned char *text) {
    if (text[0] < ' ' || text[0] == '"' || text[0] == '\\' || text[0] == 0x7f) return text[0];
    return text[0] == 0xc2 && text[1] >= 0x80 && text[1] < 0xa0 ? text[1] : 0;
}

/* Appends such a character. */
static void put_special(struct zm_text *text, unsigned char c, enum zmalloc_report_format format) {
    const bool is_control = c != '"' && c != '\\';
    if (!is_control) {
        zm_put(text, format == ZMALLOC_REPORT_TEXT ? "%c" : "\\%c", c);
    } else if (format == ZMALLOC_REPORT_JSON) {
        zm_put(text, "\\u%04x", c);
    } else if (format == ZMALLOC_REPORT_OPENMETRICS && c == '\n') {
        zm_put(text, "\\n");
    } else {
        zm_put(text, "?");
    }
}

void zm_put_name(struct zm_text *text, const char *name, enum zmalloc_report_format format) {
    const unsigned char *at = (const unsigned char *)name;
    while (*at != '\0') {
        const size_t length = utf8_length(at);
        if (special(at) != 0) {
            put_special(text, special(at), format);
        } else if (length != 0) {
            zm_put(text, "%.*s", (int)length, (const char *)at);
        } else {
            zm_put(text, "\xef\xbf\xbd");
        }
        at += length != 0 ? length : 1;
    }
}
