/* SPDX-License-Identifier: MIT */
/* redis_client.c: asks a Redis server, one request at a time, several in one write, and listens to
 * a channel. The parser of replies, which needs no loop, is common/resp.c. */
#include "common/resp.h"

#include <coro/coro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One request of words, up to the first NULL; *size is its length. From malloc, or NULL. */
static char *request_of(const char *const *words, size_t *size)
{
    size_t count = 0, room = RESP_HEAD_SIZE;
    char *text, *end;
    for (; words[count] != NULL; count++)
        room += RESP_HEAD_SIZE + strlen(words[count]) + 2;
    text = end = malloc(room);
    if (text == NULL)
        return NULL;
    end += resp_head(end, '*', (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(words[i]);
        end += resp_head(end, '$', (int64_t)length);
        memcpy(end, words[i], length);
        memcpy(end + length, "\r\n", 2);
        end += length + 2;
    }
    *size = (size_t)(end - text);
    return text;
}

ASYNC(ask, ARGS(coro_stream *, stream, const char *const *, words), VARS(char *text; size_t size;))
{
    ASYNC_BEGIN;
    self->text = request_of(self->words, &self->size);
    if (self->text == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_stream_write(self->stream, self->text, self->size));
  ASYNC_FINALLY:
    free(self->text);
    ASYNC_END;
}

static void print_reply(const char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        resp_value value;
        at += (size_t)resp_parse_value(&value, data + at, size - at);
        if (value.null)
            printf(" (nothing)");
        else if (value.type == ':')
            printf(" %lld", (long long)value.number);
        else if (value.type != '*')
            printf(" %s%.*s", value.type == '-' ? "error: " : "", (int)value.text.size,
                   value.text.data);
    }
    printf("\n");
}

/* Wait for a whole reply, and print it behind what was asked. */
ASYNC(show_reply, ARGS(coro_stream *, stream, const char *, asked),
      VARS(resp_scan scan; const char *data; size_t have; ptrdiff_t size;))
{
    ASYNC_BEGIN;
    for (;;) {
        self->data = coro_stream_buffered(self->stream, &self->have);
        self->size = resp_value_size(&self->scan, self->data, self->have);
        if (self->size != 0)
            break;
        AWAIT(self->have, coro_stream_peek(self->stream, self->scan.need));
        if (self->have < self->scan.need)
            ASYNC_THROW(CORO_EINCOMPLETE);
    }
    if (self->size < 0) {
        fprintf(stderr, "redis_client: not a reply: %s\n", self->scan.error);
        ASYNC_THROW(CORO_EINVAL);
    }
    printf("%s ->", self->asked);
    print_reply(self->data, (size_t)self->size);
    coro_stream_consume(self->stream, (size_t)self->size);
    ASYNC_END;
}

static const char *const set[] = {"SET", "greeting", "hello, world", NULL};
static const char *const get[] = {"GET", "greeting", NULL};
static const char *const missing[] = {"GET", "no such key", NULL};
static const char *const incr[] = {"INCR", "counter", NULL};
static const char *const wrong[] = {"INCR", "greeting", NULL};
static const char *const del[] = {"DEL", "greeting", "counter", NULL};
static const char *const subscribe[] = {"SUBSCRIBE", "news", NULL};
static const char *const publish[] = {"PUBLISH", "news", "it rains", NULL};

/* A second connection listens, and the first one speaks. */
ASYNC(listen_to_news, ARGS(const char *, host, const char *, port, coro_stream *, speaker),
      VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection(self->host, self->port, NULL));
    AWAIT(ask(self->stream, subscribe));
    AWAIT(show_reply(self->stream, "SUBSCRIBE"));
    AWAIT(ask(self->speaker, publish));
    AWAIT(show_reply(self->speaker, "PUBLISH"));
    AWAIT(show_reply(self->stream, "news"));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, host, const char *, port), VARS(coro_stream *stream; int i;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection(self->host, self->port, NULL));
    AWAIT(ask(self->stream, del));
    AWAIT(show_reply(self->stream, "DEL"));
    AWAIT(ask(self->stream, set));
    AWAIT(show_reply(self->stream, "SET"));
    AWAIT(ask(self->stream, get));
    AWAIT(show_reply(self->stream, "GET"));
    AWAIT(ask(self->stream, missing));
    AWAIT(show_reply(self->stream, "GET"));
    for (self->i = 0; self->i < 3; self->i++) /* they leave together, and so do the replies */
        AWAIT(ask(self->stream, incr));
    AWAIT(ask(self->stream, wrong));
    for (self->i = 0; self->i < 4; self->i++)
        AWAIT(show_reply(self->stream, "INCR"));
    AWAIT(coro_wait_for(listen_to_news(self->host, self->port, self->stream), CORO_SECONDS(5)));
    AWAIT(ask(self->stream, del));
    AWAIT(show_reply(self->stream, "DEL"));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 2 ? argv[2] : "127.0.0.1", argc > 1 ? argv[1] : "6379"));
}
