/* SPDX-License-Identifier: MIT */
/*
 * http.c: what the bytes of an HTTP/1.1 head say.
 *
 *     data ──► lines ──► start line: method SP target SP version, or version SP status SP words
 *                   └──► name ":" value   ──► framing: how long is the body, may we go on after it
 *
 * A server that reads a message otherwise than a proxy before it can be fooled into seeing two
 * requests where there is one. So whatever is ambiguous is refused, never guessed: a blank before
 * a colon, a folded line, two lengths, a length beside chunked, a lone CR, a zero byte.
 *
 * Body framing is in http_body.c.
 */
#define _POSIX_C_SOURCE 200809L
#include "http.h"

#include <string.h>
#include <time.h>

enum { VERSION_SIZE = 8 };             /* "HTTP/1.1" */

/* What a byte may be part of. RFC 9110, 5.6.2 and 5.5: a value may hold blanks, tabs, visible
 * characters and bytes from 0x80 on. A line's end is of no kind. */
enum { TOKEN = 1, TARGET = 2, VALUE = 4 };

#define T (TOKEN | TARGET | VALUE)
#define U (TARGET | VALUE)
#define V VALUE
#define SIXTEEN(kind)                                                                              \
    kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind
static const unsigned char kinds[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, V, 0, 0, 0, 0, 0, 0,     /* tab */
    SIXTEEN(0),
    V, T, U, T, T, T, T, T, U, U, T, T, U, T, T, U,     /* blank !"#$%&'()*+,-./ */
    T, T, T, T, T, T, T, T, T, T, U, U, U, U, U, U,     /* 0-9 :;<=>? */
    U, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T,     /* @ A-O */
    T, T, T, T, T, T, T, T, T, T, T, U, U, U, T, T,     /* P-Z [\]^_ */
    SIXTEEN(T),                                         /* ` a-o */
    T, T, T, T, T, T, T, T, T, T, T, U, T, U, T, 0,     /* p-z {|}~ DEL */
    SIXTEEN(U), SIXTEEN(U), SIXTEEN(U), SIXTEEN(U),
    SIXTEEN(U), SIXTEEN(U), SIXTEEN(U), SIXTEEN(U),
};
#undef T
#undef U
#undef V
#undef SIXTEEN

/* The first byte that is not of this kind; there is one, for the line has an end. */
static inline const char *skip(const char *at, unsigned kind)
{
    for (;; at += 4) {
        if (!(kinds[(unsigned char)at[0]] & kind))
            return at;
        if (!(kinds[(unsigned char)at[1]] & kind))
            return at + 1;
        if (!(kinds[(unsigned char)at[2]] & kind))
            return at + 2;
        if (!(kinds[(unsigned char)at[3]] & kind))
            return at + 3;
    }
}

/* What is behind the line end here, CR LF or a bare LF; NULL: none is here. */
static const char *behind_line_end(const char *at)
{
    if (*at == '\r')
        at++;
    return *at == '\n' ? at + 1 : NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static http_text trim(http_text text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

bool http_text_is_nocase(http_text text, const char *word)
{
    if (strlen(word) != text.size)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (lower(text.data[i]) != lower(word[i]))
            return false;
    }
    return true;
}

/* The same for a clean name or value, and a word of small letters and hyphens: only a CR, which is
 * not clean, could be taken for a hyphen. */
static inline bool is_word(http_text text, const char *word)
{
    const uint64_t small = UINT64_C(0x2020202020202020);
    size_t size = strlen(word), at = 0;
    if (text.size != size)
        return false;
    for (size_t step; at < size; at += step) {
        uint64_t ours = 0, theirs = 0;
        step = size - at < sizeof ours ? size - at : sizeof ours;
        memcpy(&ours, word + at, step);
        memcpy(&theirs, text.data + at, step);
        if ((theirs | small) != (ours | small))
            return false;
    }
    return true;
}

bool http_list_has(http_text list, const char *word)
{
    while (list.size > 0) {
        const char *comma = memchr(list.data, ',', list.size);
        size_t size = comma != NULL ? (size_t)(comma - list.data) : list.size;
        if (http_text_is_nocase(trim((http_text){list.data, size}), word))
            return true;
        size_t step = comma != NULL ? size + 1 : size;
        list.data += step;
        list.size -= step;
    }
    return false;
}

http_text http_find(const http_head *head, const char *name)
{
    for (size_t i = 0; i < head->headers_count; i++) {
        if (http_text_is_nocase(head->headers[i].name, name))
            return head->headers[i].value;
    }
    return (http_text){NULL, 0};
}

/* Empty lines before a start line are skipped: some clients send one after a body. */
static size_t skip_empty_lines(const char *data, size_t size)
{
    size_t at = 0;
    while (at < size && (data[at] == '\n' || (data[at] == '\r' && at + 1 < size
                                              && data[at + 1] == '\n')))
        at += data[at] == '\n' ? 1 : 2;
    return at;
}

size_t http_head_size(const char *data, size_t size, size_t *scanned)
{
    size_t start = skip_empty_lines(data, size);
    const char *end = data + size, *at = data + (*scanned > start ? *scanned : start);
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        if (at < end && *at == '\n')
            return (size_t)(at - data) + 1;
        if (end - at > 1 && at[0] == '\r' && at[1] == '\n')
            return (size_t)(at - data) + 2;
    }
    /* The newline that ends the head may be among the last two bytes seen: look at them again. */
    *scanned = size > start + 2 ? size - 2 : start;
    return 0;
}

size_t http_line_size(const char *data, size_t size)
{
    size_t start = skip_empty_lines(data, size);
    const char *newline = start < size ? memchr(data + start, '\n', size - start) : NULL;
    return newline != NULL ? (size_t)(newline - data) - start : size - start;
}

/* An old fold. A client may read it as blanks: the value goes on over the line end. What is behind
 * its line; NULL: it is none, or no header is before it. */
static const char *parse_fold(http_head *head, const char *at)
{
    if ((*at != ' ' && *at != '\t') || head->headers_count == 0)
        return NULL;
    http_text *value = &head->headers[head->headers_count - 1].value;
    const char *end = skip(at, VALUE);
    value->size = (size_t)(end - value->data);
    return behind_line_end(end);
}

/* The headers up to a blank line, or to `end`, before which a line ends. 0, or 400 or 431. *rest
 * is behind the blank line, if there is one. */
static int parse_headers(http_head *head, const char *at, const char *end, bool may_fold,
                         const char **rest)
{
    for (const char *next; at < end; at = next) {
        const char *name = at, *colon = skip(at, TOKEN), *value, *value_end;
        if (colon == name) {
            *rest = behind_line_end(at);
            if (*rest != NULL)
                return 0;
            next = may_fold ? parse_fold(head, at) : NULL;
            if (next == NULL)
                return 400;
            continue;
        }
        if (*colon != ':')
            return 400;
        for (value = colon + 1; *value == ' ' || *value == '\t';)
            value++;
        value_end = skip(value, VALUE);
        next = behind_line_end(value_end);
        if (next == NULL)
            return 400;
        while (value_end > value && (value_end[-1] == ' ' || value_end[-1] == '\t'))
            value_end--;
        if (head->headers_count == HTTP_HEADERS_MAX)
            return 431;
        head->headers[head->headers_count++] = (http_header){
            {name, (size_t)(colon - name)}, {value, (size_t)(value_end - value)}};
    }
    return 0;
}

/* Digits only, at most 64 bits: "+5", "5 " and "0x5" are refused. */
static bool parse_number(http_text text, uint64_t *number)
{
    uint64_t value = 0;
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

typedef struct framing {
    bool has_coding, says_close;
} framing;

/* A header that says how long the body is, or what comes after it. False: it is ambiguous. */
static bool read_framing(http_head *head, framing *seen, http_text name, http_text value)
{
    if (is_word(name, "content-length")) {
        uint64_t length;
        if (!parse_number(value, &length) || (head->has_length && length != head->length))
            return false;
        head->has_length = true;
        head->length = length;
    } else if (is_word(name, "transfer-encoding")) {
        if (seen->has_coding || head->minor == 0)
            return false;
        seen->has_coding = true;
        head->chunked = is_word(value, "chunked");
    } else if (is_word(name, "connection")) {
        seen->says_close = seen->says_close || http_list_has(value, "close");
        head->keep_alive = head->keep_alive || http_list_has(value, "keep-alive");
    }
    return true;
}

/* RFC 9112, 6.3. 0, 400 where the length is ambiguous, 501 for a coding we do not know. And 3.2: a
 * 1.1 request names its host, once. */
static int read_headers(http_head *head, bool is_request)
{
    framing seen = {false, false};
    size_t hosts = 0;
    head->keep_alive = head->minor >= 1;
    for (size_t i = 0; i < head->headers_count; i++) {
        const http_header *each = &head->headers[i];
        if (is_word(each->name, "host"))
            hosts++;
        else if (!read_framing(head, &seen, each->name, each->value))
            return 400;
    }
    head->keep_alive = head->keep_alive && !seen.says_close;
    if (seen.has_coding && head->has_length)
        return 400;
    if (is_request && (hosts > 1 || (hosts == 0 && head->minor >= 1)))
        return 400;
    return seen.has_coding && !head->chunked ? 501 : 0;
}

/* "HTTP/1.x", with a line that goes on. 0, 400, or 505 for another major version. */
static inline int parse_version(const char *at, int *minor)
{
    if (memcmp(at, "HTTP/", 5) != 0 || at[6] != '.')
        return 400;
    if (at[5] < '0' || at[5] > '9' || at[7] < '0' || at[7] > '9')
        return 400;
    *minor = at[7] - '0';
    return at[5] == '1' ? 0 : 505;
}

/* "GET /a%20b HTTP/1.1"; *line becomes what is behind it. 0, 400, 505. */
static int parse_request_line(http_head *head, const char **line, const char *end)
{
    const char *method = *line, *target, *version;
    const char *space = skip(method, TOKEN);
    if (space == method || *space != ' ')
        return 400;
    head->method = (http_text){method, (size_t)(space - method)};
    target = space + 1;
    space = skip(target, TARGET);
    if (space == target || *space != ' ')
        return 400;
    head->target = (http_text){target, (size_t)(space - target)};
    version = space + 1;
    if (end - version < VERSION_SIZE + 1 || behind_line_end(version + VERSION_SIZE) == NULL)
        return 400;
    *line = behind_line_end(version + VERSION_SIZE);
    return parse_version(version, &head->minor);
}

/* Where the head begins, and *end: behind the last of its line ends; NULL if it has none. */
static const char *begin(http_head *head, const char *data, size_t size, const char **end)
{
    memset(head, 0, offsetof(http_head, headers));
    size_t start = skip_empty_lines(data, size);
    while (size > start && data[size - 1] != '\n')
        size--;
    *end = data + size;
    return size > start ? data + start : NULL;
}

/* The line end of the line at `at`; one is before `end`. */
static const char *line_end(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline - (newline > at && newline[-1] == '\r');
}

/* 0, or what to answer; *rest: behind the head's blank line; NULL: that is not here. */
static inline int parse_request(http_head *head, const char *data, size_t size, const char **rest)
{
    const char *end, *at = begin(head, data, size, &end);
    *rest = NULL;
    if (at == NULL)
        return 400;
    if (end - at > HTTP_LINE_MAX && line_end(at, end) - at > HTTP_LINE_MAX)
        return 414;
    int status = parse_request_line(head, &at, end);
    if (status == 0)
        status = parse_headers(head, at, end, false, rest);
    return status == 0 ? read_headers(head, true) : status;
}

int http_parse_request(http_head *head, const char *data, size_t size)
{
    const char *rest;
    return parse_request(head, data, size, &rest);
}

size_t http_take_request(http_head *head, int *status, const char *data, size_t size,
                         size_t *scanned)
{
    if (*scanned == 0) {
        const char *rest;
        *status = parse_request(head, data, size, &rest);
        if (rest != NULL)
            return (size_t)(rest - data);
    }
    size = http_head_size(data, size, scanned);
    if (size > 0)
        *status = http_parse_request(head, data, size);
    return size;
}

int http_parse_response(http_head *head, const char *data, size_t size)
{
    const char *end, *at = begin(head, data, size, &end);
    if (at == NULL)
        return -1;
    const char *line = line_end(at, end), *rest;
    size_t size_of_line = (size_t)(line - at);
    uint64_t status;
    if (size_of_line < 12 || at[8] != ' ' || parse_version(at, &head->minor) != 0)
        return -1;
    if (!parse_number((http_text){at + 9, 3}, &status) || status < 100)
        return -1;
    if (size_of_line > 12 && at[12] != ' ')
        return -1;
    head->status = (int)status;
    if (parse_headers(head, behind_line_end(line), end, true, &rest) != 0)
        return -1;
    return read_headers(head, false) == 0 ? 0 : -1;
}

enum http_range http_parse_range(http_text value, uint64_t size, uint64_t *first,
                                 uint64_t *length)
{
    static const char unit[] = "bytes=";
    if (value.size < sizeof unit - 1
        || !http_text_is_nocase((http_text){value.data, sizeof unit - 1}, unit))
        return HTTP_RANGE_WHOLE;
    http_text range = trim((http_text){value.data + sizeof unit - 1,
                                       value.size - (sizeof unit - 1)});
    const char *dash = range.size > 0 ? memchr(range.data, '-', range.size) : NULL;
    if (dash == NULL)
        return HTTP_RANGE_WHOLE;
    http_text left = {range.data, (size_t)(dash - range.data)};
    http_text right = {dash + 1, range.size - left.size - 1};
    uint64_t from, to = UINT64_MAX;
    if (left.size == 0) {                       /* "-500": the last 500 bytes */
        if (!parse_number(right, &to))
            return HTTP_RANGE_WHOLE;
        if (to == 0 || size == 0)
            return HTTP_RANGE_NONE;
        *first = to < size ? size - to : 0;
        *length = size - *first;
        return HTTP_RANGE_PART;
    }
    if (!parse_number(left, &from) || (right.size > 0 && !parse_number(right, &to)) || to < from)
        return HTTP_RANGE_WHOLE;
    if (from >= size)
        return HTTP_RANGE_NONE;
    *first = from;
    *length = (to < size ? to : size - 1) - from + 1;
    return HTTP_RANGE_PART;
}

bool http_date(char text[HTTP_DATE_SIZE], int64_t seconds)
{
    /* Not strftime: its names of days and months follow the locale. */
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t when = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&when, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        return false;
    unsigned year = (unsigned)(tm.tm_year + 1900);
    const unsigned parts[] = {(unsigned)tm.tm_mday, year / 100, year % 100, (unsigned)tm.tm_hour,
                              (unsigned)tm.tm_min, (unsigned)tm.tm_sec};
    static const unsigned char places[] = {5, 12, 14, 17, 20, 23};
    memcpy(text, "Day, 00 Mon 0000 00:00:00 GMT", 30);
    memcpy(text, days + (size_t)3 * (unsigned)tm.tm_wday, 3);
    memcpy(text + 8, months + (size_t)3 * (unsigned)tm.tm_mon, 3);
    for (size_t i = 0; i < sizeof places; i++) {
        text[places[i]] = (char)('0' + parts[i] / 10 % 10);
        text[places[i] + 1] = (char)('0' + parts[i] % 10);
    }
    return true;
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {
        {200, "OK"}, {204, "No Content"}, {206, "Partial Content"},
        {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
        {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"},
        {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {408, "Request Timeout"}, {410, "Gone"},
        {413, "Content Too Large"}, {414, "URI Too Long"}, {416, "Range Not Satisfiable"},
        {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == status)
            return table[i].reason;
    }
    return "Unknown";
}
