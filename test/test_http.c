/* SPDX-License-Identifier: MIT */
/* test_http.c: the HTTP parser of the examples, the paths and types that httpd makes of it. */
#include "helper.h"

#include "../examples/common/http.h"
#include "../examples/common/percent.h"
#include "../examples/httpd/mime.h"
#include "../examples/httpd/path.h"

#include <stdio.h>
#include <string.h>

SUITE(http);

/* The framework compares char *, without const. */
#define TEXT(text) ((char *)(text))

#define HOST "Host: example.org\r\n"

static int parse(http_head *head, const char *text)
{
    return http_parse_request(head, text, strlen(text));
}

static http_text text_of(const char *text)
{
    return (http_text){text, strlen(text)};
}

Test(http, request_line_and_headers_are_cut_into_slices)
{
    http_head head;
    cr_assert(eq(int, parse(&head, "GET /a?b=1 HTTP/1.1\r\n" HOST
                            "X-Y:  two words \t\r\n\r\n"), 0));
    cr_expect(http_text_is(head.method, "GET"));
    cr_expect(http_text_is(head.target, "/a?b=1"));
    cr_expect(eq(int, head.minor, 1));
    cr_expect(eq(sz, head.headers_count, 2));
    cr_expect(http_text_is(http_find(&head, "x-y"), "two words"));
    cr_expect(http_find(&head, "x-z").data == NULL);
    cr_expect(head.keep_alive);
    cr_expect(not(head.has_length || head.chunked));
}

Test(http, malformed_requests_get_the_right_status)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", 0},
        {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0},
        {"GET / HTTP/1.1\nHost: x\n\n", 0},
        {"GET / HTTP/1.0\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET / a HTTP/1.1\r\n" HOST "\r\n", 400},
        {" GET / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"GET / HTTP/1.12\r\n" HOST "\r\n", 400},
        {"GET / http/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501},
        {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head head;
        cr_expect(eq(int, parse(&head, rows[i].text), rows[i].status), "row %s", rows[i].text);
    }
}

Test(http, a_zero_byte_in_a_header_is_refused)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
    http_head head;
    cr_expect(eq(int, http_parse_request(&head, text, sizeof text - 1), 400));
}

Test(http, long_lines_and_many_headers_have_their_own_statuses)
{
    static char text[HTTP_HEAD_MAX];
    http_head head;
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    strcpy(text + HTTP_LINE_MAX, " HTTP/1.1\r\n" HOST "\r\n");
    cr_expect(eq(int, parse(&head, text), 414));

    strcpy(text, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < HTTP_HEADERS_MAX - 1; i++)
        strcat(text, "a: b\r\n");
    size_t size = strlen(text);
    strcpy(text + size, "\r\n");
    cr_expect(eq(int, parse(&head, text), 0));
    strcpy(text + size, "a: b\r\n\r\n");
    cr_expect(eq(int, parse(&head, text), 431));
}

Test(http, head_size_finds_the_end_wherever_the_bytes_are_cut)
{
    static const char *const rows[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\r\n",
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        size_t size = strlen(rows[row]), scanned = 0;
        for (size_t i = 0; i < size; i++)
            cr_expect(eq(sz, http_head_size(rows[row], i, &scanned), 0), "row %zu at %zu", row, i);
        cr_expect(eq(sz, http_head_size(rows[row], size, &scanned), size), "row %zu", row);
        char more[128];
        strcpy(more, rows[row]);
        strcat(more, "GET /2");
        scanned = 0;
        cr_expect(eq(sz, http_head_size(more, strlen(more), &scanned), size), "row %zu", row);
    }
}

Test(http, a_request_is_taken_as_soon_as_it_is_whole_and_not_before)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0},
        {"\r\n\nGET / HTTP/1.1\nHost: x\n\n", 0},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zip\r\n\r\n", 501},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        size_t size = strlen(rows[row].text), scanned = 0;
        char more[128];
        http_head head;
        int status;
        snprintf(more, sizeof more, "%sGET /2 HTTP/1.1\r\n", rows[row].text);
        for (size_t i = 0; i < size; i++)
            cr_expect(eq(sz, http_take_request(&head, &status, more, i, &scanned), 0),
                      "row %zu at %zu", row, i);
        for (int at_once = 0; at_once < 2; at_once++, scanned = 0) {
            size_t have = at_once ? strlen(more) : size;
            status = -1;
            cr_expect(eq(sz, http_take_request(&head, &status, more, have, &scanned), size),
                      "row %zu", row);
            cr_expect(eq(int, status, rows[row].status), "row %zu", row);
            if (status == 0)
                cr_expect(http_text_is(head.target, "/"), "row %zu", row);
        }
    }
}

Test(http, line_size_tells_a_long_line_before_its_end_came)
{
    cr_expect(eq(sz, http_line_size("\r\nGET /", 7), 5));
    cr_expect(eq(sz, http_line_size("GET / HTTP/1.1\r\nX", 17), 15));
}

Test(http, keep_alive_follows_version_and_header)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", true},
        {"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" HOST "Connection: close\r\nConnection: keep-alive\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head head;
        cr_expect(eq(int, parse(&head, rows[i].text), 0));
        cr_expect(eq(int, head.keep_alive, rows[i].keep_alive), "row %s", rows[i].text);
    }
}

Test(http, responses_are_parsed_and_nonsense_is_refused)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", 200},
        {"HTTP/1.0 404\r\n\r\n", 404},
        {"HTTP/1.1 301 \r\nLocation: /x\r\n\r\n", 301},
        {"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", 200},
        {"HTTP/1.1 20 OK\r\n\r\n", -1},
        {"HTTP/1.1 099 OK\r\n\r\n", -1},
        {"HTTP/2.0 200 OK\r\n\r\n", -1},
        {"HTTP/1.1 2000 OK\r\n\r\n", -1},
        {"HTTP/1.1  200\r\n\r\n", -1},
        {"SSH-2.0-OpenSSH\r\n\r\n", -1},
        {"\r\n", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head head;
        int error = http_parse_response(&head, rows[i].text, strlen(rows[i].text));
        cr_expect(eq(int, error < 0 ? error : head.status, rows[i].status), "row %s", rows[i].text);
    }
}

Test(http, ranges)
{
    static const struct {
        const char *value;
        uint64_t size;
        enum http_range range;
        uint64_t first, length;
    } rows[] = {
        {"bytes=0-0", 10, HTTP_RANGE_PART, 0, 1},
        {"bytes=2-5", 10, HTTP_RANGE_PART, 2, 4},
        {"Bytes=2-5", 10, HTTP_RANGE_PART, 2, 4},
        {"bytes=2-", 10, HTTP_RANGE_PART, 2, 8},
        {"bytes=2-99", 10, HTTP_RANGE_PART, 2, 8},
        {"bytes=-3", 10, HTTP_RANGE_PART, 7, 3},
        {"bytes=-30", 10, HTTP_RANGE_PART, 0, 10},
        {"bytes=10-", 10, HTTP_RANGE_NONE, 0, 0},
        {"bytes=-0", 10, HTTP_RANGE_NONE, 0, 0},
        {"bytes=0-", 0, HTTP_RANGE_NONE, 0, 0},
        {"bytes=-5", 0, HTTP_RANGE_NONE, 0, 0},
        {"bytes=5-2", 10, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=0-1,3-4", 10, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=", 10, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=-", 10, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=a-b", 10, HTTP_RANGE_WHOLE, 0, 0},
        {"lines=0-1", 10, HTTP_RANGE_WHOLE, 0, 0},
        {"bytes=0-18446744073709551615", 10, HTTP_RANGE_PART, 0, 10},
        {"bytes=0-18446744073709551616", 10, HTTP_RANGE_WHOLE, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t first = 0, length = 0;
        enum http_range range = http_parse_range(text_of(rows[i].value), rows[i].size, &first,
                                                 &length);
        cr_expect(eq(int, range, rows[i].range), "row %s", rows[i].value);
        cr_expect(eq(u64, first, rows[i].first), "row %s", rows[i].value);
        cr_expect(eq(u64, length, rows[i].length), "row %s", rows[i].value);
    }
}

Test(http, dates_have_the_fixed_form)
{
    char text[HTTP_DATE_SIZE];
    cr_assert(http_date(text, 784111777));
    cr_expect(eq(str, text, TEXT("Sun, 06 Nov 1994 08:49:37 GMT")));
    cr_assert(http_date(text, 0));
    cr_expect(eq(str, text, TEXT("Thu, 01 Jan 1970 00:00:00 GMT")));
    cr_expect(not(http_date(text, (int64_t)1 << 40)));
}

/* Feeds a body in steps of `step` bytes at most; "!" at the end: broken, "?": not complete. */
static void feed(http_body *body, const char *data, size_t size, size_t step, char *out,
                 size_t *used)
{
    size_t shown = 0, at = 0;
    *out = '\0';
    while (body->state != HTTP_BODY_DONE) {
        http_text piece = {NULL, 0};
        ptrdiff_t taken = shown > 0 ? http_body_next(body, data + at, shown, &piece) : 0;
        if (taken < 0) {
            strcat(out, "!");
            break;
        }
        if (piece.size > 0)
            strncat(out, piece.data, piece.size);
        at += (size_t)taken;
        shown -= (size_t)taken;
        if (taken == 0 && at + shown == size) {
            strcat(out, "?");
            break;
        }
        if (taken == 0)
            shown += at + shown + step <= size ? step : size - at - shown;
    }
    *used = at;
}

Test(http, bodies_end_where_their_framing_says)
{
    static const struct {
        const char *headers, *data, *body;
        size_t used;
    } rows[] = {
        {"", "GET", "", 0},
        {"Content-Length: 0\r\n", "GET", "", 0},
        {"Content-Length: 5\r\n", "helloGET", "hello", 5},
        {"Content-Length: 5\r\n", "hel", "hel?", 3},
        {"Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\nGET", "hello", 15},
        {"Transfer-Encoding: chunked\r\n", "3;a=b\r\nhel\r\n2 \r\nlo\r\n0\r\nX: y\r\n\r\nGET",
         "hello", 31},
        {"Transfer-Encoding: chunked\r\n", "A\n0123456789\n00\n\nGET", "0123456789", 17},
        {"Transfer-Encoding: chunked\r\n", "5\r\nhel", "hel?", 6},
        {"Transfer-Encoding: chunked\r\n", "5\r\nhello0\r\n\r\n", "hello!", 8},
        {"Transfer-Encoding: chunked\r\n", "x\r\nhello", "!", 0},
        {"Transfer-Encoding: chunked\r\n", "5 6\r\nhello", "!", 0},
        {"Transfer-Encoding: chunked\r\n", "-5\r\nhello", "!", 0},
        {"Transfer-Encoding: chunked\r\n", "11112222333344445\r\nhello", "!", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step = 1; step < 50; step += 6) {
            char text[256] = "POST / HTTP/1.1\r\n" HOST, out[64];
            http_head head;
            http_body body;
            size_t used;
            strcat(strcat(text, rows[i].headers), "\r\n");
            cr_assert(eq(int, parse(&head, text), 0));
            http_body_begin_request(&body, &head);
            feed(&body, rows[i].data, strlen(rows[i].data), step, out, &used);
            cr_expect(eq(str, out, TEXT(rows[i].body)), "row %zu step %zu", i, step);
            cr_expect(eq(sz, used, rows[i].used), "row %zu step %zu", i, step);
        }
    }
}

Test(http, framing_lines_without_end_are_refused)
{
    static char endless[HTTP_HEAD_MAX];
    http_body body = {HTTP_BODY_CHUNK_LINE, 0, 0};
    http_text piece;
    memset(endless, '0', sizeof endless);
    cr_expect(eq(int, (int)http_body_next(&body, endless, sizeof endless, &piece), -1));

    body.state = HTTP_BODY_TRAILER;
    int lines = 0;
    while (http_body_next(&body, "Some: trailer\r\n", 15, &piece) > 0 && lines < 100000)
        lines++;
    cr_expect(lt(int, lines, 2000));
}

Test(http, a_response_body_may_end_with_the_connection)
{
    static const struct {
        const char *text;
        bool head_request, ends_at_eof;
        enum http_body_state state;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", false, true, HTTP_BODY_TO_EOF},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, false, HTTP_BODY_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, true, HTTP_BODY_DONE},
        {"HTTP/1.1 304 Not\r\nContent-Length: 3\r\n\r\n", false, true, HTTP_BODY_DONE},
        {"HTTP/1.1 204 No\r\n\r\n", false, true, HTTP_BODY_DONE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, false,
         HTTP_BODY_CHUNK_LINE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        http_head head;
        http_body body;
        cr_assert(eq(int, http_parse_response(&head, rows[i].text, strlen(rows[i].text)), 0));
        http_body_begin_response(&body, &head, rows[i].head_request);
        cr_expect(eq(int, body.state, rows[i].state), "row %zu", i);
        cr_expect(eq(int, http_body_eof(&body), rows[i].ends_at_eof), "row %zu", i);
    }
}

/* Requests with bytes changed, dropped and doubled: whatever comes, the slices lie in the data. */
Test(http, any_bytes_are_read_safely)
{
    static const char seed[] = "GET /a/../b%20c?d HTTP/1.1\r\nHost: example.org\r\n"
        "Range: bytes=0-9\r\nContent-Length: 5\r\nConnection: close, x\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    srand(1);
    for (int round = 0; round < 50000; round++) {
        char *data = malloc(sizeof seed), path[PATH_SIZE_MAX];
        cr_assert(data != NULL);
        size_t size = sizeof seed - 1, scanned = 0;
        memcpy(data, seed, size);
        for (int i = rand() % 4; i >= 0; i--)
            data[(size_t)rand() % size] = (char)(rand() % 3 == 0 ? rand() : "\r\n: %/"[rand() % 6]);
        size -= (size_t)(rand() % 3 == 0 ? rand() : 0) % size;
        char *exact = realloc(data, size);      /* so that a sanitizer sees a step too far */
        data = exact != NULL ? exact : data;
        http_head head;
        if (http_parse_request(&head, data, size) == 0) {
            cr_assert(head.target.data >= data);
            cr_assert(head.target.data + head.target.size <= data + size);
            (void)path_from_target(head.target, path);
            (void)http_list_has(http_find(&head, "connection"), "close");
        }
        (void)http_parse_response(&head, data, size);
        (void)http_head_size(data, size, &scanned);
        http_body body = {HTTP_BODY_CHUNK_LINE, 0, 0};
        http_text piece;
        for (size_t at = 0; at < size;) {
            ptrdiff_t used = http_body_next(&body, data + at, size - at, &piece);
            if (used <= 0)
                break;
            at += (size_t)used;
        }
        free(data);
    }
}

Test(http, paths_stay_below_the_root)
{
    static const struct {
        const char *target, *path;
        int status;
    } rows[] = {
        {"/", "", 0},
        {"/a", "a", 0},
        {"/a/", "a/", 0},
        {"/a/b%20c?x=/../y", "a/b c", 0},
        {"//a///b//", "a/b/", 0},
        {"/./a/./b/.", "a/b/", 0},
        {"/a/../b", "b", 0},
        {"/a/b/..", "a/", 0},
        {"/a/..", "", 0},
        {"http://example.org/a", "a", 0},
        {"http://example.org", "", 0},
        {"HTTP://example.org?q", "", 0},
        {"/%252e%252e/x", "%2e%2e/x", 0},
        {"/...", "...", 0},
        {"/..", NULL, 400},
        {"/../etc/passwd", NULL, 400},
        {"/a/../../etc/passwd", NULL, 400},
        {"/%2e%2e/etc/passwd", NULL, 400},
        {"/.%2E/etc/passwd", NULL, 400},
        {"/a/%2e%2e/%2e%2e/x", NULL, 400},
        {"/..%2fetc%2fpasswd", NULL, 404},
        {"/a%2fb", NULL, 404},
        {"/a%00b", NULL, 400},
        {"/a%", NULL, 400},
        {"/a%2", NULL, 400},
        {"/a%zz", NULL, 400},
        {"a", NULL, 400},
        {"*", NULL, 400},
        {"https://example.org/a", NULL, 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[PATH_SIZE_MAX];
        int status = path_from_target(text_of(rows[i].target), path);
        cr_expect(eq(int, status, rows[i].status), "row %s", rows[i].target);
        if (status == 0 && rows[i].path != NULL)
            cr_expect(eq(str, path, TEXT(rows[i].path)), "row %s", rows[i].target);
    }
}

Test(http, the_longest_target_fits)
{
    static char target[HTTP_LINE_MAX + 1];
    char path[PATH_SIZE_MAX];
    memset(target, 'a', HTTP_LINE_MAX);
    target[0] = '/';
    cr_expect(eq(int, path_from_target(text_of(target), path), 0));
    cr_expect(eq(sz, strlen(path), HTTP_LINE_MAX - 1));
    target[HTTP_LINE_MAX - 1] = '/';
    cr_expect(eq(int, path_from_target(text_of(target), path), 0));
    cr_expect(eq(sz, strlen(path), HTTP_LINE_MAX - 1));
}

Test(http, percent_coding_goes_both_ways)
{
    char coded[64], plain[64];
    cr_expect(eq(int, (int)percent_encode("a b/\xc3\xa9?", 7, "/", coded, sizeof coded), 15));
    cr_expect(eq(str, coded, TEXT("a%20b/%C3%A9%3F")));
    cr_expect(eq(int, (int)percent_decode("a%20b%c3%A9", 11, plain, sizeof plain), 5));
    cr_expect(eq(str, plain, TEXT("a b\xc3\xa9")));
    cr_expect(eq(int, (int)percent_decode("a%2", 3, plain, sizeof plain), -1));
    cr_expect(eq(int, (int)percent_decode("abc", 3, plain, 3), -2));
    cr_expect(eq(int, (int)percent_decode("abc", 3, plain, 4), 3));
    cr_expect(eq(int, (int)percent_encode("\xff", 1, "", coded, 3), -2));
    cr_expect(eq(int, (int)percent_encode("\xff", 1, "", coded, 4), 3));
}

Test(http, types_come_from_the_name_or_from_the_bytes)
{
    cr_expect(eq(str, TEXT(mime_by_name("a/b.HTML")), TEXT("text/html; charset=utf-8")));
    cr_expect(eq(str, TEXT(mime_by_name("x.tar.gz")), TEXT("application/gzip")));
    cr_expect(mime_by_name("a.d/Makefile") == NULL);
    cr_expect(mime_by_name("x.unknown") == NULL);
    static const char text[] = "text/plain; charset=utf-8", binary[] = "application/octet-stream";
    cr_expect(eq(str, TEXT(mime_by_content("gr\xc3\xbc\xc3\x9f\n", 7)), TEXT(text)));
    cr_expect(eq(str, TEXT(mime_by_content("cut \xe2\x82", 6)), TEXT(text)));
    cr_expect(eq(str, TEXT(mime_by_content("", 0)), TEXT(text)));
    cr_expect(eq(str, TEXT(mime_by_content("\x7f" "ELF\2\1\1\0", 8)), TEXT(binary)));
    cr_expect(eq(str, TEXT(mime_by_content("latin \xfc", 7)), TEXT(binary)));
    cr_expect(eq(str, TEXT(mime_by_content("\xc3(", 2)), TEXT(binary)));
}
