/* SPDX-License-Identifier: MIT */
/*
 * resp.c - PING, SET and GET of Redis, from memory; the parser is the examples'.
 *
 * The replies to all requests of one read leave in one system call, because small
 * writes of one turn do. A value that is being sent is held, so that a SET meanwhile
 * leaves it alone.
 */
#include "server.h"
#include "store.h"

#include "../../examples/common/resp.h"

#include <string.h>

/* What is to be written: pieces, and a value that is held until they have been. */
typedef struct reply {
    coro_slice pieces[3];
    size_t count;
    store_value *held;
    char head[RESP_HEAD_SIZE];
} reply;

static void say(reply *to, const char *line)
{
    to->pieces[0] = (coro_slice){line, strlen(line)};
    to->count = 1;
}

static void say_bulk(reply *to, const char *data, size_t size)
{
    to->pieces[0] = (coro_slice){to->head, resp_head(to->head, '$', (int64_t)size)};
    to->pieces[1] = (coro_slice){data, size};
    to->pieces[2] = (coro_slice){"\r\n", 2};
    to->count = 3;
}

static void answer(store *all, const resp_command *command, reply *to)
{
    const resp_text *words = command->words;
    to->count = 0;
    if (command->count == 0)
        return;
    if (resp_is(words[0], "GET") && command->count == 2) {
        to->held = store_get(all, words[1].data, words[1].size);
        if (to->held == NULL)
            say(to, "$-1\r\n");
        else
            say_bulk(to, to->held->data, to->held->size);
    } else if (resp_is(words[0], "SET") && command->count == 3) {
        bool set = store_set(all, words[1].data, words[1].size, words[2].data, words[2].size);
        say(to, set ? "+OK\r\n" : "-OOM out of memory\r\n");
    } else if (resp_is(words[0], "PING") && command->count == 1) {
        say(to, "+PONG\r\n");
    } else if (resp_is(words[0], "PING") && command->count == 2) {
        say_bulk(to, words[1].data, words[1].size);
    } else {
        say(to, "-ERR unknown command, or its arguments are not those\r\n");
    }
}

/* The request that is buffered: its size, 0 and how many bytes to wait for, or -1 and a reply. */
static ptrdiff_t take_request(const char *data, size_t size, store *all, reply *to, size_t *need)
{
    resp_command command;
    ptrdiff_t used = resp_parse_command(&command, data, size);
    *need = command.need;
    if (used > 0) {
        answer(all, &command, to);
    } else if (used < 0) {
        to->pieces[0] = (coro_slice){"-ERR Protocol error: ", 21};
        to->pieces[1] = (coro_slice){command.error, strlen(command.error)};
        to->pieces[2] = (coro_slice){"\r\n", 2};
        to->count = 3;
    }
    return used;
}

ASYNC(resp, ARGS(coro_stream *, stream, void *, context),
      VARS(const char *data; size_t have, need; ptrdiff_t used; reply reply;))
{
    ASYNC_BEGIN;
    while (self->used >= 0) {
        self->data = coro_stream_buffered(self->stream, &self->have);
        self->used = take_request(self->data, self->have, self->context, &self->reply,
                                  &self->need);
        if (self->used == 0) {
            AWAIT(self->have, coro_stream_peek(self->stream, self->need));
            if (self->have < self->need)
                break;
            continue;
        }
        if (self->reply.count > 0)
            AWAIT(coro_stream_writev(self->stream, self->reply.pieces, self->reply.count));
        store_release(self->reply.held);
        self->reply.held = NULL;
        if (self->used > 0)
            coro_stream_consume(self->stream, (size_t)self->used);
    }
  ASYNC_FINALLY:
    store_release(self->reply.held);
    ASYNC_END;
}

coro_handler bench_resp(void)
{
    return CORO_HANDLER(resp);
}
