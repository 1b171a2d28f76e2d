/* SPDX-License-Identifier: MIT */
/*
 * http.h: HTTP/1.1 on the wire, for a server (httpd) and a client (crawl).
 *
 * Nothing here reads or writes: the functions look at bytes that the caller has, and answer with
 * slices of them. A message is a head (one start line, headers, a blank line) and a body:
 *
 *     GET /a%20b?q=1 HTTP/1.1\r\n          http_head_size()     is it all here?
 *     Host: example.org\r\n                http_parse_request() or http_parse_response()
 *     Range: bytes=0-9\r\n                 http_find(), http_parse_range()
 *     \r\n
 *     ...body...                           http_body_begin(), http_body_next(), http_body_eof()
 *
 * Memory: nothing is allocated; a slice is valid as long as the bytes it was cut from.
 * Sources: RFC 9110 (meaning) and RFC 9112 (wire format); section numbers stand at the code.
 * Part of both example programs, and of test/test_http.c.
 */
#ifndef EXAMPLES_HTTP_H
#define EXAMPLES_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    HTTP_LINE_MAX = 4096,       /* the start line */
    HTTP_HEAD_MAX = 16384,      /* start line and headers together */
    HTTP_HEADERS_MAX = 64,
    HTTP_CHUNK_LINE_MAX = 256,  /* a chunk's size line with its extensions; one trailer line */
    HTTP_DATE_SIZE = 32,        /* "Sun, 06 Nov 1994 08:49:37 GMT" and its zero */
};

/* Some bytes of somebody else's; data is NULL when there is nothing, and never zero-terminated. */
typedef struct http_text {
    const char *data;
    size_t size;
} http_text;

typedef struct http_header {
    http_text name;
    http_text value;            /* without the blanks around it */
} http_header;

typedef struct http_head {
    http_text method;           /* requests only */
    http_text target;           /* requests only */
    int status;                 /* responses only, 100 .. 999 */
    int minor;                  /* of HTTP/1.minor */
    bool keep_alive;            /* the sender is willing to go on on this connection */
    bool chunked;               /* Transfer-Encoding: chunked */
    bool has_length;
    uint64_t length;            /* Content-Length, when has_length */
    size_t headers_count;
    http_header headers[HTTP_HEADERS_MAX];
} http_head;

/*
 * The size of the head at the start of data, with its blank line (and empty lines before it, which
 * are skipped: RFC 9112, 2.2), or 0 while it is not complete. *scanned is 0 at first, and keeps
 * the place to look on from, so that a head that comes byte by byte costs no square time.
 */
size_t http_head_size(const char *data, size_t size, size_t *scanned);

/* The size of the start line that data begins with, as far as it is there. */
size_t http_line_size(const char *data, size_t size);

/*
 * Parses a complete head. 0, or the status to answer with: 400, 414, 431, 501, 505. On failure
 * the head's method and target are what was understood until then, perhaps nothing.
 */
int http_parse_request(http_head *head, const char *data, size_t size);

/*
 * Both in one look, for whoever answers at once: the size of the request's head, or 0 while it is
 * not complete. *status is then 0, or what to answer.
 */
size_t http_take_request(http_head *head, int *status, const char *data, size_t size,
                         size_t *scanned);

/* As http_parse_request for a response's head: 0, or -1 if this is not HTTP/1.x. */
int http_parse_response(http_head *head, const char *data, size_t size);

/* The value of the first header of this name (any case), or a slice whose data is NULL. */
http_text http_find(const http_head *head, const char *name);

/* Is word an element of the comma-separated list, in any case? */
bool http_list_has(http_text list, const char *word);

/* Are they the same, byte by byte? In any case of letters? */
static inline bool http_text_is(http_text text, const char *word)
{
    return text.size > 0 && text.size == strlen(word) &&
           memcmp(text.data, word, strlen(word)) == 0;
}
bool http_text_is_nocase(http_text text, const char *word);

/*
 * What a Range header asks of a thing of `size` bytes.
 * HTTP_RANGE_WHOLE: no range, one that may be ignored (several ranges, another unit, nonsense);
 * HTTP_RANGE_PART: *first and *length are set, length > 0; HTTP_RANGE_NONE: answer 416.
 */
enum http_range { HTTP_RANGE_WHOLE, HTTP_RANGE_PART, HTTP_RANGE_NONE };
enum http_range http_parse_range(http_text value, uint64_t size, uint64_t *first,
                                 uint64_t *length);

/* Writes seconds since 1970 as RFC 9110's IMF-fixdate. False if the year has not four digits. */
bool http_date(char text[HTTP_DATE_SIZE], int64_t seconds);

/* The words of a status: "Not Found". "Unknown" for a number that is not in our table. */
const char *http_reason(int status);

/*
 * Takes the framing off a body, a piece at a time. The caller shows what it has; next() says how
 * many of those bytes it used and which of them belong to the body, until done is true.
 */
enum http_body_state {
    HTTP_BODY_LENGTH,           /* left bytes to come */
    HTTP_BODY_TO_EOF,           /* until the sender closes */
    HTTP_BODY_CHUNK_LINE,       /* chunked: a size line */
    HTTP_BODY_CHUNK_DATA,       /* left bytes of this chunk to come */
    HTTP_BODY_CHUNK_END,        /* the line end after them */
    HTTP_BODY_TRAILER,          /* lines until an empty one */
    HTTP_BODY_DONE,
};

typedef struct http_body {
    enum http_body_state state;
    uint64_t left;
    size_t trailer_size;        /* bytes of trailer lines seen: bounded */
} http_body;

/* A request has no body unless a header says so; a response has one, maybe up to the end. */
void http_body_begin_request(http_body *body, const http_head *head);
void http_body_begin_response(http_body *body, const http_head *head, bool was_head_request);

/*
 * Looks at size > 0 bytes. Returns how many are used; *piece is the part of them that is body
 * (perhaps none). 0 with no piece: show more than this. -1: the framing is broken.
 */
ptrdiff_t http_body_next(http_body *body, const char *data, size_t size, http_text *piece);

/* The sender closed. True if the body may end here; false if something is missing. */
bool http_body_eof(http_body *body);

#endif
