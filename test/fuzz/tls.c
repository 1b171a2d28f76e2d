/* SPDX-License-Identifier: MIT */
/*
 * tls.c - arbitrary bytes where records should be, in pieces of any size.
 *
 *     input: [ how ][ size of the pieces ][ bytes... ]
 *
 *     how & 1   the victim is a server, not a client
 *     how & 2   the bytes come after a handshake, not in its place
 *
 * Both sides have no certificate, and TLS 1.2's way to do without: so a run needs no
 * key of ours, and costs little. Whatever comes, the victim's calls end, with an
 * error or without, and nothing is left.
 */
#include <coro/coro.h>
#include <coro/test.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static coro_tls_context *client, *server;

static coro_tls_context *choose(void *context, const char *name)
{
    (void)context, (void)name;
    return server;
}

static void make_contexts(void)
{
    static const coro_tls_context_options options = {.verify = CORO_TLS_VERIFY_NONE,
                                                     .max_version = CORO_TLS_1_2,
                                                     .ciphers = "AECDH-AES128-SHA:@SECLEVEL=0",
                                                     .choose = choose};
    if (coro_tls_client_context(&client, &options) != 0 ||
        coro_tls_server_context(&server, &options) != 0)
        abort();
}

/* Read until the end, or an error, and close. */
ASYNC(listen_to, ARGS(coro_stream *, stream), VARS(size_t n; int error;), SCRATCH(char text[300];))
{
    ASYNC_BEGIN;
    do
        AWAIT_CATCH(self->error, self->n,
                    coro_stream_read(self->stream, self->text, sizeof self->text));
    while (self->error == 0 && self->n > 0);
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, "answer", 6));
  ASYNC_FINALLY:
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(suffer, ARGS(coro_stream *, stream, bool, is_server), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error,
                coro_start_tls(&self->stream, self->is_server ? server : client, NULL));
    AWAIT(listen_to(self->stream));
    ASYNC_END;
}

/* The next piece has left: it moves *done on. False: the victim has gone. */
static bool send_piece(coro_stream *stream, const uint8_t *data, size_t size, size_t piece,
                       size_t *done)
{
    size_t rest = size - *done;
    coro_slice slice = {data + *done, rest < piece ? rest : piece};
    ptrdiff_t sent = coro_stream_try_write(stream, &slice, 1);
    *done += sent > 0 ? (size_t)sent : 0;
    return sent > 0;
}

/* The bytes, piece by piece, beneath whatever has been agreed on. */
ASYNC(feed, ARGS(coro_stream *, stream, const uint8_t *, data, size_t, size, size_t, piece),
      VARS(size_t done;))
{
    ASYNC_BEGIN;
    while (self->done < self->size &&
           send_piece(self->stream, self->data, self->size, self->piece, &self->done))
        AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC(one_input, ARGS(const uint8_t *, data, size_t, size),
      VARS(coro_stream *victim, *other, *beneath; coro_task *task; int error; bool is_server;))
{
    ASYNC_BEGIN;
    self->is_server = self->data[0] & 1;
    if (coro_stream_pair(&self->victim, &self->other, 1 << 20) != 0)
        abort();
    self->beneath = self->other;
    self->task = coro_create_task(suffer(self->victim, self->is_server));
    if (self->data[0] & 2)
        AWAIT(coro_start_tls(&self->other, self->is_server ? client : server, NULL));
    AWAIT(feed(self->beneath, self->data + 2, self->size - 2, 1 + self->data[1]));
    coro_stream_abort(&self->other);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    coro_task_release(self->task);
    ASYNC_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (client == NULL)
        make_contexts();
    if (coro_test_run(one_input(data, size)) != 0)
        abort();
    return 0;
}
