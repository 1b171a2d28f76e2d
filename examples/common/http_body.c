/* SPDX-License-Identifier: MIT */
/*
 * http_body.c: where does a body end, and which bytes are it?
 *
 *     LENGTH ──(left == 0)──────────────────────────────────────► DONE
 *     TO_EOF ──(the sender closes)──────────────────────────────► DONE
 *     CHUNK_LINE ──(size > 0)──► CHUNK_DATA ──► CHUNK_END ──┐
 *        ▲   └────(size == 0)──► TRAILER ──(empty line)─────┼───► DONE
 *        └──────────────────────────────────────────────────┘
 *
 * Invariant: next() never uses a byte behind the body's end, which may be the next message's.
 * Lines of the framing are taken whole, so they need no state of their own; they are bounded by
 * HTTP_CHUNK_LINE_MAX, so a sender cannot make us wait for ever with a growing buffer.
 */
#include "http.h"

#include <string.h>

void http_body_begin_request(http_body *body, const http_head *head)
{
    *body = (http_body){HTTP_BODY_DONE, 0, 0};
    if (head->chunked) {
        body->state = HTTP_BODY_CHUNK_LINE;
    } else if (head->has_length && head->length > 0) {
        body->state = HTTP_BODY_LENGTH;
        body->left = head->length;
    }
}

void http_body_begin_response(http_body *body, const http_head *head, bool was_head_request)
{
    http_body_begin_request(body, head);
    if (was_head_request || head->status < 200 || head->status == 204 || head->status == 304)
        body->state = HTTP_BODY_DONE;
    else if (!head->chunked && !head->has_length)
        body->state = HTTP_BODY_TO_EOF;
}

/* The size of the line at data with its line end, 0 if it is not complete, -1 if too long. */
static ptrdiff_t framing_line(const char *data, size_t size, size_t *text_size)
{
    const char *newline = memchr(data, '\n', size);
    if (newline == NULL)
        return size > HTTP_CHUNK_LINE_MAX ? -1 : 0;
    size_t length = (size_t)(newline - data);
    if (length > HTTP_CHUNK_LINE_MAX)
        return -1;
    *text_size = length > 0 && data[length - 1] == '\r' ? length - 1 : length;
    return (ptrdiff_t)length + 1;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* chunk-size [ chunk-ext ]: hexadecimal digits, then nothing, blanks or ";..." */
static bool parse_chunk_line(const char *data, size_t size, uint64_t *chunk)
{
    size_t at = 0;
    uint64_t value = 0;
    for (; at < size && hex_value(data[at]) >= 0; at++) {
        if (value > UINT64_MAX >> 4)
            return false;
        value = value << 4 | (unsigned)hex_value(data[at]);
    }
    if (at == 0)
        return false;
    while (at < size && (data[at] == ' ' || data[at] == '\t'))
        at++;
    *chunk = value;
    return at == size || data[at] == ';';
}

static ptrdiff_t take_data(http_body *body, const char *data, size_t size, http_text *piece,
                           enum http_body_state then)
{
    size_t take = body->left < size ? (size_t)body->left : size;
    *piece = (http_text){data, take};
    body->left -= take;
    if (body->left == 0)
        body->state = then;
    return (ptrdiff_t)take;
}

static ptrdiff_t take_line(http_body *body, const char *data, size_t size)
{
    size_t text_size = 0;
    ptrdiff_t used = framing_line(data, size, &text_size);
    if (used <= 0)
        return used;
    switch (body->state) {
    case HTTP_BODY_CHUNK_LINE:
        if (!parse_chunk_line(data, text_size, &body->left))
            return -1;
        body->state = body->left > 0 ? HTTP_BODY_CHUNK_DATA : HTTP_BODY_TRAILER;
        return used;
    case HTTP_BODY_CHUNK_END:
        if (text_size != 0)
            return -1;
        body->state = HTTP_BODY_CHUNK_LINE;
        return used;
    default:                            /* a trailer line: nobody here wants to know it */
        body->trailer_size += (size_t)used;
        if (body->trailer_size > HTTP_HEAD_MAX)
            return -1;
        if (text_size == 0)
            body->state = HTTP_BODY_DONE;
        return used;
    }
}

ptrdiff_t http_body_next(http_body *body, const char *data, size_t size, http_text *piece)
{
    *piece = (http_text){NULL, 0};
    switch (body->state) {
    case HTTP_BODY_DONE:
        return 0;
    case HTTP_BODY_TO_EOF:
        *piece = (http_text){data, size};
        return (ptrdiff_t)size;
    case HTTP_BODY_LENGTH:
        return take_data(body, data, size, piece, HTTP_BODY_DONE);
    case HTTP_BODY_CHUNK_DATA:
        return take_data(body, data, size, piece, HTTP_BODY_CHUNK_END);
    default:
        return take_line(body, data, size);
    }
}

bool http_body_eof(http_body *body)
{
    if (body->state == HTTP_BODY_TO_EOF)
        body->state = HTTP_BODY_DONE;
    return body->state == HTTP_BODY_DONE;
}
