/* SPDX-License-Identifier: MIT */
/*
 * resp.h: the protocol of Redis on the wire (RESP2), for a server and a client.
 *
 * Nothing here reads or writes: the functions look at bytes that the caller has, and answer with
 * slices of them. Show the same bytes again, with more behind them, when some are missing: at
 * least `need` in all, so that a large value is not looked at for each packet.
 *
 *     request   *2\r\n $3\r\nGET\r\n $1\r\nk\r\n        resp_parse_command(), which reads
 *               GET k\r\n                               a line of words too
 *     reply     +OK\r\n  -ERR why\r\n  :42\r\n          resp_value_size(): is it all here?
 *               $5\r\nhello\r\n  $-1\r\n                resp_parse_value(): its tokens, of an
 *               *2\r\n :1\r\n :2\r\n                    array the head, then the elements
 *
 * Memory: nothing is allocated; a slice is valid as long as the bytes it was cut from.
 * Source: redis.io/docs/reference/protocol-spec. Part of coro-bench-server and of redis_client.
 */
#ifndef EXAMPLES_RESP_H
#define EXAMPLES_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    RESP_WORDS_MAX = 64,            /* of a request */
    RESP_LINE_MAX = 16 * 1024,      /* a line of words, a simple string, an error */
    RESP_BULK_MAX = 1024 * 1024,    /* one value */
    RESP_ELEMENTS_MAX = 1024 * 1024 /* of an array */
};

/* Some bytes of somebody else's, never zero-terminated. */
typedef struct resp_text {
    const char *data;
    size_t size;
} resp_text;

typedef struct resp_command {
    size_t count; /* 0: an empty line, which asks for nothing */
    resp_text words[RESP_WORDS_MAX];
    size_t need;       /* when some are missing */
    const char *error; /* when it is malformed: why */
} resp_command;

/* Bytes of a whole request; 0: some are missing; -1: malformed, and the connection is of no
 * more use. */
ptrdiff_t resp_parse_command(resp_command *command, const char *data, size_t size);

/* Is a word this one, in any case of letters? `word` is of capital letters only. */
static inline bool resp_is(resp_text text, const char *word)
{
    if (text.size != strlen(word))
        return false;
    for (size_t i = 0; i < strlen(word); i++) {
        if ((text.data[i] & ~('a' - 'A')) != word[i])
            return false;
    }
    return true;
}

typedef struct resp_value {
    char type;      /* one of + - : $ * */
    bool null;      /* $-1 or *-1 */
    int64_t number; /* :, and the number of elements of * */
    resp_text text; /* + - $ */
    size_t need;
    const char *error;
} resp_value;

/* One token of a reply: as resp_parse_command. */
ptrdiff_t resp_parse_value(resp_value *value, const char *data, size_t size);

/* How far a reply has been looked at; zeroed at its beginning. */
typedef struct resp_scan {
    size_t at;      /* bytes of whole tokens */
    size_t pending; /* tokens that are still missing, but for the first */
    bool begun;
    size_t need;
    const char *error;
} resp_scan;

/* Bytes of a whole reply, arrays with all their elements; 0: some are missing; -1: malformed. */
ptrdiff_t resp_value_size(resp_scan *scan, const char *data, size_t size);

/* "$5\r\n" and the like, with its end; the size of that. */
enum { RESP_HEAD_SIZE = 32 };
size_t resp_head(char text[RESP_HEAD_SIZE], char type, int64_t number);

#endif
