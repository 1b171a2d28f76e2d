/* SPDX-License-Identifier: MIT */
/*
 * test_server_wrap.c: a connection's stream is replaced by another one before its handler runs.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(server_wrap);

/* --- a wrap: after "hi" each byte is another one on the wire -------------------------------- */

static void scramble(char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] ^= 0x55;
}

ASYNC(relay_scrambled, ARGS(coro_stream *, from, coro_stream *, to), VARS(size_t n;),
      SCRATCH(char data[100];))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->from, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        scramble(self->data, self->n);
        AWAIT(coro_stream_write(self->to, self->data, self->n));
    }
    AWAIT(coro_stream_shutdown_write(self->to));
    ASYNC_END;
}

ASYNC(relay_both, ARGS(coro_stream *, one, coro_stream *, other), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, relay_scrambled(self->one, self->other));
        AWAIT(relay_scrambled(self->other, self->one));
    }
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->one));
    AWAIT(coro_stream_close(&self->other));
    ASYNC_END;
}

static int wrap_error, wrapping;

ASYNC(greet_and_scramble, ARGS(coro_stream **, place),
      VARS(coro_stream *mine, *other; coro_task *task; char text[2];))
{
    ASYNC_BEGIN;
    wrapping++;
    AWAIT(coro_stream_read_exactly(*self->place, self->text, 2));
    HOLDS(memcmp(self->text, "hi", 2) == 0);
    if (wrap_error != 0)
        ASYNC_THROW(wrap_error);
    if (coro_stream_pair(&self->mine, &self->other, 64) != 0)
        ASYNC_THROW(CORO_ENOMEM);
    self->task = coro_create_task(relay_both(*self->place, self->other));
    if (self->task == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    coro_task_release(self->task);
    self->other = NULL;
    *self->place = self->mine;
    self->mine = NULL;
  ASYNC_FINALLY:
    wrapping--;
    coro_stream_abort(&self->mine);
    coro_stream_abort(&self->other);
    ASYNC_END;
}

static int wrap_context;

static coro_void *scrambles(coro_stream **stream, void *context)
{
    HOLDS(context == &wrap_context);
    return (coro_void *)(void *)greet_and_scramble(stream);
}

static const coro_server_options wrapped = {.wrap = scrambles, .wrap_context = &wrap_context};

/* --- clients ---------------------------------------------------------------------------------- */

/* Says what it gets for a greeting and some bytes, and how it ends. */
ASYNC(client, ARGS(const char *, port, const char *, greeting),
      VARS(coro_stream *stream; size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT(coro_stream_write(self->stream, self->greeting, strlen(self->greeting)));
    memcpy(self->text, "abcd", 4);
    scramble(self->text, 4);
    if (strcmp(self->greeting, "hi") == 0)
        AWAIT(coro_stream_write(self->stream, self->text, 4));
    AWAIT(coro_stream_shutdown_write(self->stream));
    do {
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
        scramble(self->text, self->n);
        if (self->error == 0)
            say("%.*s", (int)self->n, self->text);
    } while (self->error == 0 && self->n > 0);
    say("[%d] ", self->error);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(serves, ARGS(coro_handler, handler, const char *, greeting),
      VARS(coro_server *server; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(self->handler, NULL, "127.0.0.1", "0", &wrapped));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(client(self->port, self->greeting));
    wrap_error = 0; /* it lives */
    if (strcmp(self->greeting, "hi") != 0)
        AWAIT(client(self->port, "hi"));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server_wrap, the_handler_has_the_stream_that_the_wrap_left)
{
    EQ(RUN_NET(serves(CORO_HANDLER(echo), "hi")), 0);
    SAID("abcd[0] ");
}

ASYNC(closes_by_another_pointer, ARGS(coro_stream *, stream, void *, context),
      VARS(coro_stream *mine; char text[4];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_fd(self->stream), -1);
    self->mine = self->stream;
    AWAIT(coro_stream_read_exactly(self->mine, self->text, 4));
    AWAIT(coro_stream_write(self->mine, "bye", 3));
    AWAIT(coro_stream_close(&self->mine));
    ASYNC_END;
}

Test(server_wrap, a_wrapped_stream_may_be_closed_by_its_handler)
{
    EQ(RUN_NET(serves(CORO_HANDLER(closes_by_another_pointer), "hi")), 0);
    SAID("bye[0] ");
}

/* --- failures --------------------------------------------------------------------------------- */

Test(server_wrap, a_wrap_that_fails_costs_one_connection_and_is_one_report)
{
    wrap_error = CORO_EIO;
    EQ(RUN_NET_LOUD(serves(CORO_HANDLER(echo), "hi ")), 0);
    HOLDS(strstr(said, "abcd[0] ") != NULL);
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EIO);
}

Test(server_wrap, a_client_that_goes_away_while_it_is_wrapped_is_no_news)
{
    static const int errors[] = {CORO_ECONNRESET, CORO_EPIPE, CORO_EINCOMPLETE, CORO_ETIMEDOUT};
    EQ(RUN_NET(serves(CORO_HANDLER(echo), "h")), 0);
    SAID("[0] abcd[0] ");
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        wrap_error = errors[i];
        EQ(RUN_NET(serves(CORO_HANDLER(echo), "hi ")), 0);
    }
}

ASYNC(close_and_fail, ARGS(coro_stream **, place))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_close(self->place));
    ASYNC_THROW(CORO_ECONNRESET);
    ASYNC_END;
}

static coro_void *closes(coro_stream **stream, void *context)
{
    (void)context;
    return (coro_void *)(void *)close_and_fail(stream);
}

ASYNC(serves_closing_wrap, VARS(coro_server *server; coro_server_options options; char port[8];))
{
    ASYNC_BEGIN;
    self->options.wrap = closes;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &self->options));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(client(self->port, ""));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server_wrap, a_wrap_that_fails_may_have_closed_the_stream)
{
    EQ(RUN_NET(serves_closing_wrap()), 0);
    SAID("[0] ");
}

Test(server_wrap, without_memory_a_connection_ends_and_nothing_leaks)
{
    memory.fail_at = 0;
    do {
        memory.calls = memory.failed = 0;
        memory.fail_at++;
        (void)RUN_NET_LOUD(serves(CORO_HANDLER(echo), "hi"));
    } while (memory.failed > 0);
    HOLDS(memory.fail_at > 3);
}

/* --- slow ones -------------------------------------------------------------------------------- */

ASYNC(says_nothing, ARGS(const char *, port),
      VARS(coro_stream *stream; size_t n; int error; char byte;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, &self->byte, 1));
    say("silent%d ", self->error);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(serves_beside_a_slow_one, VARS(coro_server *server; coro_task *slow; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &wrapped));
    memcpy(self->port, port_text(self->server), 8);
    self->slow = coro_create_task(says_nothing(self->port));
    while (wrapping == 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(client(self->port, "hi"));
    EQ(coro_server_connections(self->server), 1);
    AWAIT(coro_server_shutdown(self->server, 0));
    EQ(wrapping, 0);
    AWAIT(coro_task_join(self->slow));
  ASYNC_FINALLY:
    coro_task_release(self->slow);
    ASYNC_END;
}

Test(server_wrap, a_slow_client_holds_up_nobody_and_a_shutdown_ends_its_wrap)
{
    EQ(RUN_NET(serves_beside_a_slow_one()), 0);
    SAID("abcd[0] silent-104 ");
}

/* --- misuse ----------------------------------------------------------------------------------- */

ASYNC(leave_nothing, ARGS(coro_stream **, place))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_close(self->place));
    ASYNC_END;
}

static coro_void *leaves_nothing(coro_stream **stream, void *context)
{
    (void)context;
    return (coro_void *)(void *)leave_nothing(stream);
}

ASYNC(serves_nothing, VARS(coro_server *server; coro_server_options options; char port[8];))
{
    ASYNC_BEGIN;
    self->options.wrap = leaves_nothing;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", &self->options));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(client(self->port, "hi"));
    ASYNC_END;
}

Test(server_wrap, without_an_error_and_without_a_stream_is_a_bug, .signal = SIGABRT)
{
    (void)RUN_NET(serves_nothing());
}
