/* SPDX-License-Identifier: MIT */
/*
 * mime.c: a table of endings, and a look at the first bytes for names without a known one
 * ("Makefile", "LICENSE").
 *
 * Types are those of the IANA registry; text is declared to be UTF-8, as nearly all of it is.
 */
#include "mime.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define TEXT "text/plain; charset=utf-8"

static const struct {
    const char *ending;
    const char *type;
} table[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"xml", "application/xml"},
    {"csv", "text/csv; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"txt", TEXT},
    {"c", TEXT},
    {"h", TEXT},
    {"cc", TEXT},
    {"cpp", TEXT},
    {"hpp", TEXT},
    {"py", TEXT},
    {"sh", TEXT},
    {"rs", TEXT},
    {"go", TEXT},
    {"toml", TEXT},
    {"ini", TEXT},
    {"log", TEXT},
    {"yml", "application/yaml"},
    {"yaml", "application/yaml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"svg", "image/svg+xml"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"ico", "image/vnd.microsoft.icon"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"wav", "audio/wav"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"ttf", "font/ttf"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
};

const char *mime_by_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash != NULL ? slash : name, '.');
    if (dot == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcasecmp(dot + 1, table[i].ending) == 0)
            return table[i].type;
    }
    return NULL;
}

/* Control characters that text has: tab, line feed, form feed, carriage return, escape. */
static bool is_text_byte(unsigned char c)
{
    return c >= ' ' ? c != 0x7f : c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == 0x1b;
}

const char *mime_by_content(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        size_t more = 0;
        if (bytes[i] < 0x80 && !is_text_byte(bytes[i]))
            return "application/octet-stream";
        if (bytes[i] >= 0x80) {                         /* the length of a UTF-8 sequence */
            more = bytes[i] >= 0xf0 ? 3 : bytes[i] >= 0xe0 ? 2 : 1;
            if (bytes[i] < 0xc2 || bytes[i] > 0xf4)
                return "application/octet-stream";
        }
        for (; more > 0 && i + 1 < size; more--) {      /* the look may end within one */
            if ((bytes[++i] & 0xc0) != 0x80)
                return "application/octet-stream";
        }
    }
    return TEXT;
}
