/* SPDX-License-Identifier: MIT */
/*
 * http.c - the examples' parser of HTTP: any bytes, as a request and as a response, and the body
 * behind it. However they are cut, the head and the body are the same.
 */
#include "../../examples/common/http.c"

#include "../../examples/common/http_body.c"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void within(http_text text, const char *data, size_t size)
{
    HOLDS(text.size == 0 || (text.data >= data && text.data + text.size <= data + size));
}

/* The head, when it comes in pieces of `step` bytes. */
static size_t head_size(const char *data, size_t size, size_t step)
{
    size_t scanned = 0, found = 0;
    for (size_t have = step; found == 0 && have < size + step; have += step)
        found = http_head_size(data, have < size ? have : size, &scanned);
    HOLDS(found <= size);
    return found;
}

/* Taking a request, of which `first` bytes are there, then all, says what the two steps say. */
static void take(const char *data, size_t size, size_t first, size_t end)
{
    size_t scanned = 0, found;
    http_head head;
    int status = -1, taken = -1;
    if (first < end)
        HOLDS(http_take_request(&head, &taken, data, first, &scanned) == 0);
    found = http_take_request(&head, &taken, data, size, &scanned);
    HOLDS(found == end);
    if (end > 0)
        status = http_parse_request(&head, data, end);
    HOLDS(end == 0 || status == taken);
}

static void look_at(const http_head *head, const char *data, size_t size)
{
    uint64_t first, length;
    within(head->method, data, size);
    within(head->target, data, size);
    HOLDS(head->headers_count <= HTTP_HEADERS_MAX);
    for (size_t i = 0; i < head->headers_count; i++) {
        within(head->headers[i].name, data, size);
        within(head->headers[i].value, data, size);
    }
    if (http_parse_range(http_find(head, "range"), 1000, &first, &length) == HTTP_RANGE_PART)
        HOLDS(length > 0 && first < 1000 && length <= 1000 - first);
}

/* The bytes of the body, when it is shown in pieces of `step`; -1: its framing is broken. */
static long body_bytes(http_body body, const char *data, size_t size, size_t step)
{
    long bytes = 0;
    size_t at = 0, shown = step;
    while (at < size && body.state != HTTP_BODY_DONE) {
        size_t have = shown < size - at ? shown : size - at;
        http_text piece = {NULL, 0};
        ptrdiff_t used = http_body_next(&body, data + at, have, &piece);
        HOLDS(used >= -1 && used <= (ptrdiff_t)have);
        if (used < 0)
            return -1;
        within(piece, data + at, have);
        bytes += (long)piece.size;
        at += (size_t)used;
        if (used == 0 && have == size - at)
            break;
        shown = used == 0 ? shown + step : step;
    }
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    http_head head;
    http_body body;
    size_t end = head_size(text, size, size > 0 ? size : 1);
    HOLDS(head_size(text, size, 1) == end);
    take(text, size, size / 2, end);
    take(text, size, size, end);
    if (end == 0)
        return 0;
    if (http_parse_request(&head, text, end) == 0) {
        look_at(&head, text, end);
        http_body_begin_request(&body, &head);
        HOLDS(body_bytes(body, text + end, size - end, size) ==
              body_bytes(body, text + end, size - end, 1));
    }
    if (http_parse_response(&head, text, end) == 0) {
        look_at(&head, text, end);
        http_body_begin_response(&body, &head, false);
        (void)body_bytes(body, text + end, size - end, 3);
    }
    return 0;
}
