/* SPDX-License-Identifier: MIT */
/*
 * resp.c - the examples' parser of Redis's protocol: any bytes, as requests and as replies. However
 * they are cut, what is understood is the same; what is asked for is never there already.
 */
#include "../../examples/common/resp.c"

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

static void within(resp_text text, const char *data, size_t size)
{
    HOLDS(text.size == 0 || (text.data >= data && text.data + text.size <= data + size));
}

/* Whole requests, one after another: how many bytes they are. */
static size_t requests(const char *data, size_t size)
{
    resp_command command;
    size_t at = 0;
    for (;;) {
        ptrdiff_t used = resp_parse_command(&command, data + at, size - at);
        HOLDS(used >= -1 && used <= (ptrdiff_t)(size - at));
        HOLDS(used >= 0 || command.error != NULL);
        HOLDS(used != 0 || command.need > size - at);
        if (used <= 0)
            return at;
        HOLDS(command.count <= RESP_WORDS_MAX);
        for (size_t i = 0; i < command.count; i++)
            within(command.words[i], data + at, (size_t)used);
        at += (size_t)used;
    }
}

/* A reply that comes in pieces of `step` bytes. */
static ptrdiff_t reply(const char *data, size_t size, size_t step)
{
    resp_scan scan = {0};
    ptrdiff_t found = 0;
    for (size_t have = 0;;) {
        have += step < size - have ? step : size - have;
        found = resp_value_size(&scan, data, have);
        HOLDS(found >= -1 && found <= (ptrdiff_t)have);
        HOLDS(found >= 0 || scan.error != NULL);
        HOLDS(found != 0 || scan.need > have);
        if (found != 0 || have == size)
            return found;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t whole = requests(text, size);
    ptrdiff_t found = reply(text, size, size);
    HOLDS(requests(text, whole) == whole);
    for (size_t step = 1; step < 8; step += 3)
        HOLDS(reply(text, size, step) == found);
    return 0;
}
