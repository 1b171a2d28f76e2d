/* SPDX-License-Identifier: MIT */
/*
 * url.c: take a reference apart, put it together with its base, write it the normal way.
 *
 *     reference ──split()──► scheme? authority? path query?
 *                                 │  RFC 3986, 5.2.2: what is missing comes from the base
 *                                 ▼
 *     "http[s]://" + authority ► + path without dots ──► + "?" query          in struct build
 *
 * Pages are written by people: blanks around the reference are dropped, line ends and tabs within
 * it too (as browsers do), a backslash and other characters that a URL cannot have are escaped.
 */
#include "url.h"

#include "../common/percent.h"

#include <string.h>

/* A piece of the reference; data NULL: not there (which is not the same as empty). */
struct part {
    const char *data;
    size_t size;
};

struct reference {
    struct part scheme, authority, path, query;
};

/* Where the result grows. `full` once something did not fit: then the result is refused. */
struct build {
    char *text;
    size_t used;
    bool full;
};

static void put(struct build *build, char c)
{
    if (build->used + 1 >= URL_SIZE_MAX)
        build->full = true;
    else
        build->text[build->used++] = c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Leaves out what browsers leave out. The result has at most the input's size. */
static size_t clean(const char *text, size_t size, char *out)
{
    size_t used = 0;
    while (size > 0 && (unsigned char)text[0] <= ' ') {
        text++;
        size--;
    }
    while (size > 0 && (unsigned char)text[size - 1] <= ' ')
        size--;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            out[used++] = text[i];
    }
    return used;
}

static bool is_scheme(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = lower(text[i]);
        bool letter = c >= 'a' && c <= 'z';
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !other))
            return false;
    }
    return size > 0;
}

static size_t span_until(const char *text, size_t size, const char *stops)
{
    size_t i = 0;
    while (i < size && (text[i] == '\0' || strchr(stops, text[i]) == NULL))
        i++;
    return i;
}

/* The regular expression of RFC 3986, appendix B, by hand. The fragment is dropped. */
static struct reference split(const char *text, size_t size)
{
    struct reference r = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    size = span_until(text, size, "#");
    size_t colon = span_until(text, size, ":/?");
    if (colon < size && text[colon] == ':' && is_scheme(text, colon)) {
        r.scheme = (struct part){text, colon};
        text += colon + 1;
        size -= colon + 1;
    }
    if (size >= 2 && text[0] == '/' && text[1] == '/') {
        r.authority = (struct part){text + 2, span_until(text + 2, size - 2, "/?")};
        text += r.authority.size + 2;
        size -= r.authority.size + 2;
    }
    r.path = (struct part){text, span_until(text, size, "?")};
    if (r.path.size < size)
        r.query = (struct part){text + r.path.size + 1, size - r.path.size - 1};
    return r;
}

/* Appends escaped text in normal form; `also` are the reserved characters that may stay. */
static void put_escaped(struct build *build, const char *text, size_t size, const char *also)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        int byte = percent_byte(text + i, size - i);
        unsigned char c = byte >= 0 ? (unsigned char)byte : (unsigned char)text[i];
        bool stays = percent_is_unreserved(c);
        if (byte < 0)                   /* a lone '%' is what it is: it becomes "%25" */
            stays = stays || (c != 0 && strchr(also, c) != NULL);
        else
            i += 2;
        if (stays) {
            put(build, (char)c);
        } else {
            put(build, '%');
            put(build, digits[c >> 4]);
            put(build, digits[c & 15]);
        }
    }
}

static void put_text(struct build *build, const char *text)
{
    for (; *text != '\0'; text++)
        put(build, *text);
}

/* Copies host[:port] in normal form. False if it is none: user names are refused too. */
static bool put_authority(struct build *build, struct part authority, unsigned usual_port)
{
    const char *text = authority.data;
    size_t size = authority.size, host;
    bool literal = size > 0 && text[0] == '[';
    host = span_until(text, size, literal ? "]" : ":");
    if (literal && host++ == size)
        return false;
    if (host == 0 || host >= URL_HOST_SIZE_MAX)
        return false;
    for (size_t i = 0; i < host; i++) {
        char c = lower(text[i]);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'
            || c == '_';
        if (!plain && !(literal && (c == ':' || c == '[' || c == ']')))
            return false;
        put(build, c);
    }
    if (host == size || (text[host] == ':' && host + 1 == size))
        return true;
    unsigned long port = 0;
    if (text[host] != ':')
        return false;
    for (size_t i = host + 1; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || port > 65535)
            return false;
        port = port * 10 + (unsigned long)(text[i] - '0');
    }
    if (port == 0 || port > 65535)
        return false;
    if (port == usual_port)
        return true;
    put(build, ':');
    for (unsigned long scale = 10000; scale > 0; scale /= 10) {
        if (port >= scale)
            put(build, (char)('0' + port / scale % 10));
    }
    return true;
}

/* RFC 3986, 5.2.4, on a path that is being built: `start` is where its first slash stands. */
static void put_path(struct build *build, size_t start, const char *path, size_t size)
{
    while (size > 0 && !build->full) {
        size_t slash = path[0] == '/';
        size_t length = slash + span_until(path + slash, size - slash, "/");
        size_t before = build->used;
        put(build, '/');
        put_escaped(build, path + slash, length - slash, "!$&'()*+,;=:@");
        path += length;
        size -= length;
        const char *segment = build->text + before;
        size_t written = build->used - before;
        if (written == 3 && segment[1] == '.' && segment[2] == '.') {
            build->used = before;
            while (build->used > start && build->text[--build->used] != '/')
                continue;
        } else if (written != 2 || segment[1] != '.') {
            continue;
        } else {
            build->used = before;
        }
        if (size == 0)                  /* "a/.." and "a/." name directories */
            put(build, '/');
    }
}

/* Path and query of the result, which has no authority of its own. */
static void put_relative(struct build *build, const url *base, const struct reference *r)
{
    const char *base_path = base->text + base->origin_size;
    size_t start = build->used;
    if (r->path.size == 0) {
        const char *rest = base_path + base->path_size;
        put_path(build, start, base_path, base->path_size);
        if (r->query.data == NULL)
            put_text(build, rest);
    } else if (r->path.data[0] == '/') {
        put_path(build, start, r->path.data, r->path.size);
    } else {
        char merged[2 * URL_SIZE_MAX];
        size_t keep = base->path_size;
        while (keep > 0 && base_path[keep - 1] != '/')
            keep--;
        memcpy(merged, base_path, keep);
        memcpy(merged + keep, r->path.data, r->path.size);
        put_path(build, start, merged, keep + r->path.size);
    }
}

static bool scheme_is(struct part scheme, const char *name)
{
    if (scheme.size != strlen(name))
        return false;
    for (size_t i = 0; i < scheme.size; i++) {
        if (lower(scheme.data[i]) != name[i])
            return false;
    }
    return true;
}

enum url_result url_resolve(const url *base, const char *reference, size_t size,
                            char buffer[URL_SIZE_MAX], url *out)
{
    char cleaned[URL_SIZE_MAX];
    struct build build = {buffer, 0, false};
    if (size >= sizeof cleaned)
        return URL_TOO_LONG;
    size = clean(reference, size, cleaned);
    struct reference r = split(cleaned, size);
    bool is_https = r.scheme.data == NULL ? base != NULL && url_is_https(base)
                                          : scheme_is(r.scheme, "https");
    if (r.scheme.data != NULL && !is_https && !scheme_is(r.scheme, "http"))
        return URL_OTHER_SCHEME;
    if (r.authority.data == NULL && (base == NULL || r.scheme.data != NULL))
        return URL_INVALID;
    size_t origin_size;
    if (r.authority.data != NULL) {
        put_text(&build, is_https ? "https://" : "http://");
        if (!put_authority(&build, r.authority, is_https ? 443 : 80))
            return URL_INVALID;
        origin_size = build.used;
        put_path(&build, origin_size, r.path.data, r.path.size);
    } else {
        origin_size = build.used = base->origin_size;
        memcpy(buffer, base->text, origin_size);
        put_relative(&build, base, &r);
    }
    if (build.used == origin_size)
        put(&build, '/');
    /* A query may have been copied from the base: the path ends before it. */
    size_t path_size = span_until(buffer + origin_size, build.used - origin_size, "?");
    if (r.query.data != NULL) {
        put(&build, '?');
        put_escaped(&build, r.query.data, r.query.size, "!$&'()*+,;=:@/?");
    }
    if (build.full)
        return URL_TOO_LONG;
    buffer[build.used] = '\0';
    *out = (url){buffer, origin_size, path_size};
    return URL_OK;
}

enum url_result url_from_person(const char *text, char buffer[URL_SIZE_MAX], url *out)
{
    char whole[URL_SIZE_MAX];
    size_t size = strlen(text);
    if (strstr(text, "://") != NULL)
        return url_resolve(NULL, text, size, buffer, out);
    if (size + 7 >= sizeof whole)
        return URL_TOO_LONG;
    memcpy(whole, "http://", 7);
    memcpy(whole + 7, text, size);
    return url_resolve(NULL, whole, size + 7, buffer, out);
}

const char *url_target(const url *u)
{
    return u->text + u->origin_size;
}

bool url_is_https(const url *u)
{
    return u->text[4] == 's'; /* "http:" or "https:" */
}

size_t url_authority(const url *u, const char **authority)
{
    size_t before = url_is_https(u) ? 8 : 7;
    *authority = u->text + before;
    return u->origin_size - before;
}

/* The host in an authority, brackets and all: "[::1]" of "[::1]:8080". */
static size_t host_size_of(const char *text, size_t size)
{
    return text[0] == '[' ? span_until(text, size, "]") + 1 : span_until(text, size, ":");
}

void url_host_port(const url *u, char host[URL_HOST_SIZE_MAX], char port[URL_PORT_SIZE_MAX])
{
    const char *text;
    size_t size = url_authority(u, &text);
    size_t at = host_size_of(text, size), skip = text[0] == '[';
    memcpy(host, text + skip, at - 2 * skip);
    host[at - 2 * skip] = '\0';
    bool is_https = url_is_https(u);
    memcpy(port, is_https ? "443" : "80", is_https ? 4 : 3);
    if (at < size && text[at] == ':') {
        size_t port_size = size - at - 1;
        memcpy(port, text + at + 1, port_size);
        port[port_size] = '\0';
    }
}

bool url_same_origin(const url *a, const url *b)
{
    return a->origin_size == b->origin_size && memcmp(a->text, b->text, a->origin_size) == 0;
}

bool url_same_host(const url *a, const url *b)
{
    const char *one, *other;
    size_t size = url_authority(a, &one), other_size = url_authority(b, &other);
    size = host_size_of(one, size);
    return size == host_size_of(other, other_size) && memcmp(one, other, size) == 0;
}

bool url_file_name(const url *u, char name[URL_SIZE_MAX])
{
    const char *path = url_target(u) + 1;
    size_t left = u->path_size - 1, used = 0;
    while (left > 0) {
        size_t size = span_until(path, left, "/");
        char *part = name + used;
        ptrdiff_t part_size = percent_decode(path, size, part, URL_SIZE_MAX - used);
        if (part_size <= 0 || strlen(part) != (size_t)part_size || strchr(part, '/') != NULL
            || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
            return false;
        used += (size_t)part_size;
        if (size < left)
            name[used++] = '/';
        size_t step = size < left ? size + 1 : size;
        path += step;
        left -= step;
    }
    const char *query = url_target(u) + u->path_size;
    if (*query != '\0' && (used == 0 || name[used - 1] == '/')) {
        static const char index[] = "index.html";
        if (used + sizeof index > URL_SIZE_MAX)
            return false;
        memcpy(name + used, index, sizeof index - 1);
        used += sizeof index - 1;
    }
    for (; *query != '\0'; query++) {
        if (used + 1 >= URL_SIZE_MAX)
            return false;
        name[used++] = *query == '/' ? '|' : *query;
    }
    name[used] = '\0';
    return true;
}

const char *url_why(enum url_result result)
{
    switch (result) {
    case URL_OK:
        return "fine";
    case URL_OTHER_SCHEME:
        return "not an http or https URL";
    case URL_TOO_LONG:
        return "longer than 2047 bytes";
    case URL_INVALID:
        break;
    }
    return "not a valid URL";
}
