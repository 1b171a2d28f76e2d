/* SPDX-License-Identifier: MIT */
/*
 * url.h: http and https URLs, relative references, and one way to write each (RFC 3986).
 *
 *     base       http://example.org/a/b.html
 *     reference  ../c%7ed/./e?x=1#top
 *     result     http://example.org/c~d/e?x=1
 *
 * The result is normalised, so that a set of strings knows what was visited: scheme and host in
 * lower case, no default port, no dot segments, no fragment, capital hex digits, and unreserved
 * characters never escaped. Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_URL_H
#define EXAMPLES_CRAWL_URL_H

#include <stdbool.h>
#include <stddef.h>

enum {
    URL_SIZE_MAX = 2048,
    URL_HOST_SIZE_MAX = 256,
    URL_PORT_SIZE_MAX = 6,
    URL_ORIGIN_SIZE_MAX = 8 + URL_HOST_SIZE_MAX + URL_PORT_SIZE_MAX, /* "https://host:port" */
};

enum url_result {
    URL_OK,
    URL_OTHER_SCHEME,           /* mailto:, javascript:, ftp: ... */
    URL_INVALID,
    URL_TOO_LONG,
};

/*
 * Where the parts of a normalised URL are:
 *
 *     http://example.org:8080/a/b?q
 *            ^host       ^port^path
 */
typedef struct url {
    const char *text;           /* all of it, zero-terminated; somebody else's memory */
    size_t origin_size;         /* up to the path: "http://example.org:8080" */
    size_t path_size;           /* of the path alone, without "?q"; at least 1 */
} url;

/*
 * Resolves the reference (size bytes, as it stands in a page, blanks around it allowed) against
 * base; base may be NULL when the reference must be a whole URL. On URL_OK the text is in buffer
 * and *out points into it; base must not. Otherwise *out is as before.
 */
enum url_result url_resolve(const url *base, const char *reference, size_t size,
                            char buffer[URL_SIZE_MAX], url *out);

/* Reads what a person typed: like url_resolve without a base, "http://" may be missing. */
enum url_result url_from_person(const char *text, char buffer[URL_SIZE_MAX], url *out);

/* The path with its query, as a request's target. Borrowed from the URL. */
const char *url_target(const url *u);

/* What stands in a Host header: "example.org" or "example.org:8080". Returns its size. */
size_t url_authority(const url *u, const char **authority);

/* Host (brackets of an IPv6 address taken off) and port, for coro_open_connection. */
void url_host_port(const url *u, char host[URL_HOST_SIZE_MAX], char port[URL_PORT_SIZE_MAX]);

bool url_is_https(const url *u);
bool url_same_origin(const url *a, const url *b);

/* The same name or address; scheme and port may be others. */
bool url_same_host(const url *a, const url *b);

/*
 * The name to save it under, relative to a directory: the path decoded, with the query behind it
 * ("a?b", "index.html?b"). A path that ends in a slash gives a name that ends in one, "" for the
 * root.
 * False if no file may have that name: a part that is "." or ".." once decoded, or holds a slash
 * or a zero byte, or is too long.
 */
bool url_file_name(const url *u, char name[URL_SIZE_MAX]);

/* A sentence: why was it refused? */
const char *url_why(enum url_result result);

#endif
