/* SPDX-License-Identifier: MIT */
/* TLS with peers that break the rules, over streams that go away, and over TLS. */
#define _GNU_SOURCE
#include "tls_fixture.h"

#include <coro/task.h>

TestSuite(tls_peers, .timeout = TEST_TIMEOUT_S, .init = make_world, .fini = end_world);

/* --- hostile peers ------------------------------------------------------------------------ */

static void put_raw(coro_stream *stream, const void *data, size_t size)
{
    coro_slice slice = {data, size};
    EQ(coro_stream_try_write(coro_tls_of(stream)->inner, &slice, 1), size);
}

ASYNC(expects, ARGS(int, expected), VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.server, heard_bytes, 10));
    EQ(self->error, self->expected);
    AWAIT_CATCH(self->error, coro_stream_write(ends.server, "x", 1));
    AWAIT_CATCH(self->error, coro_stream_drain(ends.server));
    EQ(self->error, self->expected);
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

ASYNC(large_record)
{
    static char record[5 + 17408] = {0x17, 3, 3, 0x44, 0};
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    put_raw(ends.client, record, sizeof record);
    AWAIT(expects(CORO_EPROTO));
    ASYNC_END;
}

Test(tls_peers, f063_a_record_of_17_kib_is_refused)
{
    EQ(RUN(large_record()), 0);
}

ASYNC(changed_record)
{
    static const char record[5 + 30] = {0x17, 3, 3, 0, 30};
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    put_raw(ends.client, record, sizeof record);
    AWAIT(expects(CORO_EPROTO));
    ASYNC_END;
}

Test(tls_peers, a_record_that_somebody_else_has_made_is_refused)
{
    EQ(RUN(changed_record()), 0);
}

static void update_key(coro_stream *stream, int kind)
{
    EQ(SSL_key_update(ssl_of(stream), kind), 1);
    EQ(SSL_do_handshake(ssl_of(stream)), 1);
}

ASYNC(few_key_updates, VARS(int i;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    for (self->i = 0; self->i < 100; self->i++) {
        update_key(ends.client, SSL_KEY_UPDATE_REQUESTED);
        AWAIT(coro_stream_write(ends.client, "abc", 3));
        AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 3));
        AWAIT(coro_stream_write(ends.server, "abc", 3));
        AWAIT(coro_stream_read_exactly(ends.client, heard_bytes, 3));
    }
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_peers, keys_may_change_as_often_as_data_comes)
{
    EQ(RUN(few_key_updates()), 0);
}

ASYNC(many_key_updates)
{
    ASYNC_BEGIN;
    AWAIT(open_ends(1000000));
    for (int i = 0; i < 1000; i++)
        update_key(ends.client, SSL_KEY_UPDATE_NOT_REQUESTED);
    AWAIT(expects(CORO_EPROTO));
    ASYNC_END;
}

Test(tls_peers, f063_a_flood_of_key_updates_is_cut_off)
{
    EQ(RUN(many_key_updates()), 0);
}

/* Each is answered, and data is between them: what is unsent is bounded all the same. */
ASYNC(unread_answers, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(1000));
    do {
        update_key(ends.client, SSL_KEY_UPDATE_REQUESTED);
        AWAIT_CATCH(self->error, coro_stream_write(ends.client, "a", 1));
        if (self->error == 0)
            AWAIT_CATCH(self->error, coro_stream_read_exactly(ends.server, heard_bytes, 1));
        HOLDS(coro_buffer_size(&coro_tls_of(ends.server)->out) <= 256u * 1024);
    } while (self->error == 0);
    AWAIT(expects(CORO_EPROTO));
    ASYNC_END;
}

Test(tls_peers, f063_who_asks_for_answers_and_does_not_read_them_is_cut_off)
{
    EQ(RUN(unread_answers()), 0);
}

/* TLS 1.2: a client that wants to negotiate anew is told that nobody does, and talks on. */
ASYNC(renegotiation, VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    SSL_clear_options(ssl_of(ends.client), SSL_OP_NO_RENEGOTIATION);
    EQ(SSL_renegotiate(ssl_of(ends.client)), 1);
    SSL_do_handshake(ssl_of(ends.client));
    AWAIT(coro_stream_write(ends.server, "abc", 3));
    AWAIT_CATCH(self->error, self->n, coro_wait_for(coro_stream_read(ends.server, heard_bytes, 9),
                                                    CORO_SECONDS(1)));
    EQ(self->error, CORO_ETIMEDOUT); /* refused by a warning, which the client's OpenSSL minds */
    AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.client, heard_bytes, 10));
    EQ(self->error, CORO_EPROTO);
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls_peers, f063_renegotiation_is_refused)
{
    coro_tls_context_release(client_context);
    client_context = NEW_CLIENT(.max_version = CORO_TLS_1_2);
    EQ(RUN(renegotiation()), 0);
}

/* --- TLS over TLS ------------------------------------------------------------------------- */

ASYNC(twice, ARGS(size_t, capacity, size_t, size), VARS(int error;))
{
    ASYNC_BEGIN;
    fill_message();
    AWAIT(open_ends(self->capacity));
    AWAIT(shake_hands());
    if (ends.client_error == CORO_ENOMEM || ends.server_error == CORO_ENOMEM)
        ASYNC_THROW(CORO_ENOMEM);
    EQ(ends.client_error, 0);
    EQ(ends.server_error, 0);
    AWAIT(move(ends.client, ends.server, self->size));
    AWAIT(move(ends.server, ends.client, self->size));
    AWAIT(end_one(ends.client, ends.server));
    AWAIT(end_one(ends.server, ends.client));
  ASYNC_FINALLY:
    AWAIT_CATCH(self->error, coro_stream_close(&ends.client));
    AWAIT_CATCH(self->error, coro_stream_close(&ends.server));
    ASYNC_END;
}

Test(tls_peers, goes_over_tls_as_well)
{
    EQ(RUN(twice(100000, 40000)), 0);
    EQ(RUN(twice(50, 1000)), 0); /* narrower than any record, but not than the last one */
    EQ(RUN(twice(1000, 40000)), 0);
}

Test(tls_peers, each_allocation_of_tls_over_tls_may_fail)
{
    static struct twice frame;
    FAIL_EACH_ALLOCATION(twice_at(&frame, 3000, 10000));
}

/* --- beneath ------------------------------------------------------------------------------ */

ASYNC(taken_away, VARS(coro_stream *inner; size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    self->inner = coro_tls_of(ends.client)->inner;
    coro_stream_abort(&self->inner);
    EQ(coro_stream_want(ends.client, CORO_STREAM_READ), CORO_ECLOSED); /* who is over it, untried */
    AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.client, heard_bytes, 10));
    EQ(self->error, CORO_ECONNABORTED);
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls_peers, survives_that_the_stream_beneath_is_aborted_by_somebody_else)
{
    EQ(RUN(taken_away()), 0);
}

/* While records wait for room beneath: that these cannot leave either is no news. */
ASYNC(taken_away_full, VARS(coro_stream *inner; size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(1000));
    AWAIT_CATCH(self->error, coro_wait_for(coro_stream_write(ends.client, message, 200000), 1));
    EQ(self->error, CORO_ETIMEDOUT);
    HOLDS(coro_tls_of(ends.client)->out.data != NULL);
    self->inner = coro_tls_of(ends.client)->inner;
    coro_stream_abort(&self->inner);
    AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.client, heard_bytes, 10));
    EQ(self->error, CORO_ECONNABORTED);
    AWAIT_CATCH(self->error, coro_stream_drain(ends.client));
    EQ(self->error, CORO_ECONNABORTED);
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls_peers, the_first_error_of_a_connection_stays)
{
    EQ(RUN(taken_away_full()), 0);
}

/* The client's first bytes are read by whoever finds out what it speaks: they are not lost. */
ASYNC(start_late, VARS(coro_task *task; size_t n;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&ends.client, &ends.server, 100000), 0);
    ends.options.server_name = "localhost";
    self->task = coro_create_task(coro_start_tls(&ends.client, client_context, &ends.options));
    AWAIT(self->n, coro_stream_peek(ends.server, 100));
    HOLDS(self->n >= 100);
    AWAIT(coro_start_tls(&ends.server, server_context, NULL));
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    AWAIT(coro_stream_write(ends.client, "abc", 3));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 3));
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls_peers, begins_with_what_is_buffered_already)
{
    EQ(RUN(start_late()), 0);
}
