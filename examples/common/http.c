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

static bool is_token_char(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
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

bool http_text_is(http_text text, const char *word)
{
    return strlen(word) == text.size && text.size > 0 && memcmp(text.data, word, text.size) == 0;
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
    size_t at = *scanned > start ? *scanned : start;
    for (;;) {
        const char *newline = at < size ? memchr(data + at, '\n', size - at) : NULL;
        if (newline == NULL)
            break;
        size_t next = (size_t)(newline - data) + 1;
        if (next < size && data[next] == '\n')
            return next + 1;
        if (next + 1 < size && data[next] == '\r' && data[next + 1] == '\n')
            return next + 2;
        at = next;
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

/* Cuts the next line off the front of *rest, without its line end. False at the end. */
static bool next_line(http_text *rest, http_text *line)
{
    const char *newline = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    if (newline == NULL)
        return false;
    size_t size = (size_t)(newline - rest->data);
    *line = (http_text){rest->data, size};
    if (size > 0 && line->data[size - 1] == '\r')
        line->size--;
    rest->data += size + 1;
    rest->size -= size + 1;
    return true;
}

/* RFC 9110, 5.5: a value may hold blanks, tabs, visible characters and bytes from 0x80 on. */
static bool is_clean_value(http_text value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* 0, or 400 or 431. */
static int parse_headers(http_head *head, http_text rest, bool may_fold)
{
    http_text line;
    head->headers_count = 0;
    while (next_line(&rest, &line) && line.size > 0) {
        if (line.data[0] == ' ' || line.data[0] == '\t') {
            /* An old fold. A client may read it as blanks: the value goes on over the line end. */
            if (!may_fold || head->headers_count == 0 || !is_clean_value(line))
                return 400;
            http_text *value = &head->headers[head->headers_count - 1].value;
            value->size = (size_t)(line.data + line.size - value->data);
            continue;
        }
        const char *colon = memchr(line.data, ':', line.size);
        if (colon == NULL || colon == line.data)
            return 400;
        http_text name = {line.data, (size_t)(colon - line.data)};
        for (size_t i = 0; i < name.size; i++) {
            if (!is_token_char((unsigned char)name.data[i]))
                return 400;
        }
        http_text value = {colon + 1, line.size - name.size - 1};
        if (!is_clean_value(value))
            return 400;
        if (head->headers_count == HTTP_HEADERS_MAX)
            return 431;
        head->headers[head->headers_count++] = (http_header){name, trim(value)};
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

/* RFC 9112, 6.3. 0, 400 where the length is ambiguous, 501 for a coding we do not know. */
static int read_framing(http_head *head)
{
    bool has_coding = false, says_close = false;
    head->chunked = head->has_length = false;
    head->keep_alive = head->minor >= 1;
    for (size_t i = 0; i < head->headers_count; i++) {
        http_text name = head->headers[i].name, value = head->headers[i].value;
        if (http_text_is_nocase(name, "content-length")) {
            uint64_t length;
            if (!parse_number(value, &length) || (head->has_length && length != head->length))
                return 400;
            head->has_length = true;
            head->length = length;
        } else if (http_text_is_nocase(name, "transfer-encoding")) {
            if (has_coding || head->minor == 0)
                return 400;
            has_coding = true;
            head->chunked = http_text_is_nocase(value, "chunked");
        } else if (http_text_is_nocase(name, "connection")) {
            says_close = says_close || http_list_has(value, "close");
            head->keep_alive = head->keep_alive || http_list_has(value, "keep-alive");
        }
    }
    head->keep_alive = head->keep_alive && !says_close;
    if (has_coding && head->has_length)
        return 400;
    return has_coding && !head->chunked ? 501 : 0;
}

/* "HTTP/1.x". 0, 400, or 505 for another major version. */
static int parse_version(http_text text, int *minor)
{
    if (text.size != 8 || memcmp(text.data, "HTTP/", 5) != 0 || text.data[6] != '.')
        return 400;
    if (text.data[5] < '0' || text.data[5] > '9' || text.data[7] < '0' || text.data[7] > '9')
        return 400;
    if (text.data[5] != '1')
        return 505;
    *minor = text.data[7] - '0';
    return 0;
}

static int parse_request_line(http_head *head, http_text line)
{
    if (line.size > HTTP_LINE_MAX)
        return 414;
    const char *end = line.data + line.size;
    const char *space = line.size > 0 ? memchr(line.data, ' ', line.size) : NULL;
    if (space == NULL || space == line.data)
        return 400;
    head->method = (http_text){line.data, (size_t)(space - line.data)};
    for (size_t i = 0; i < head->method.size; i++) {
        if (!is_token_char((unsigned char)head->method.data[i]))
            return 400;
    }
    const char *target = space + 1;
    space = target < end ? memchr(target, ' ', (size_t)(end - target)) : NULL;
    if (space == NULL || space == target)
        return 400;
    head->target = (http_text){target, (size_t)(space - target)};
    for (size_t i = 0; i < head->target.size; i++) {
        unsigned char c = (unsigned char)target[i];
        if (c < '!' || c == 0x7f)
            return 400;
    }
    return parse_version((http_text){space + 1, (size_t)(end - space - 1)}, &head->minor);
}

/* RFC 9112, 3.2: a 1.1 request names its host, once. */
static int check_host(const http_head *head)
{
    size_t hosts = 0;
    for (size_t i = 0; i < head->headers_count; i++)
        hosts += http_text_is_nocase(head->headers[i].name, "host");
    return hosts > 1 || (hosts == 0 && head->minor >= 1) ? 400 : 0;
}

int http_parse_request(http_head *head, const char *data, size_t size)
{
    memset(head, 0, offsetof(http_head, headers));
    size_t start = skip_empty_lines(data, size);
    http_text rest = {data + start, size - start}, line;
    if (!next_line(&rest, &line))
        return 400;
    int status = parse_request_line(head, line);
    if (status == 0)
        status = parse_headers(head, rest, false);
    if (status == 0)
        status = check_host(head);
    if (status == 0)
        status = read_framing(head);
    return status;
}

int http_parse_response(http_head *head, const char *data, size_t size)
{
    memset(head, 0, offsetof(http_head, headers));
    size_t start = skip_empty_lines(data, size);
    http_text rest = {data + start, size - start}, line;
    if (!next_line(&rest, &line) || line.size < 12 || line.data[8] != ' ')
        return -1;
    if (parse_version((http_text){line.data, 8}, &head->minor) != 0)
        return -1;
    uint64_t status;
    if (!parse_number((http_text){line.data + 9, 3}, &status) || status < 100)
        return -1;
    if (line.size > 12 && line.data[12] != ' ')
        return -1;
    head->status = (int)status;
    return parse_headers(head, rest, true) == 0 && read_framing(head) == 0 ? 0 : -1;
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
