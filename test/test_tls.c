/* SPDX-License-Identifier: MIT */
/* TLS streams: bytes, ends, errors. Over a pair in memory, on the virtual clock. */
#define _GNU_SOURCE
#include "tls_fixture.h"

#include <coro/task.h>

TestSuite(tls, .timeout = TEST_TIMEOUT_S, .init = make_world, .fini = end_world);

/* --- bytes -------------------------------------------------------------------------------- */

ASYNC(both_ways, ARGS(size_t, capacity, size_t, size), VARS(int error;))
{
    ASYNC_BEGIN;
    fill_message();
    AWAIT(open_ends(self->capacity));
    AWAIT(move(ends.client, ends.server, self->size));
    AWAIT(move(ends.server, ends.client, self->size));
    AWAIT(end_one(ends.client, ends.server));
    AWAIT(end_one(ends.server, ends.client));
  ASYNC_FINALLY:
    AWAIT_CATCH(self->error, coro_stream_close(&ends.client));
    AWAIT_CATCH(self->error, coro_stream_close(&ends.server));
    ASYNC_END;
}

Test(tls, moves_bytes_both_ways)
{
    EQ(RUN(both_ways(100000, 10)), 0);
    EQ(RUN(both_ways(100000, 16384)), 0);
    EQ(RUN(both_ways(100000, 300000)), 0);
}

Test(tls, f063_records_that_come_byte_by_byte_are_whole_in_the_end)
{
    EQ(RUN(both_ways(1, 600)), 0);
}

Test(tls, works_through_a_pipe_narrower_than_a_record)
{
    EQ(RUN(both_ways(1000, 40000)), 0);
}

Test(tls, works_with_version_1_2)
{
    coro_tls_context_release(client_context);
    client_context = NEW_CLIENT(.max_version = CORO_TLS_1_2);
    EQ(RUN(both_ways(1, 600)), 0);
    EQ(RUN(both_ways(100000, 40000)), 0);
}

Test(tls, each_allocation_may_fail)
{
    static struct both_ways frame;
    FAIL_EACH_ALLOCATION(both_ways_at(&frame, 1000, 20000));
}

/* The pipe is full, and nothing can be kept: the connection ends. */
ASYNC(nothing_kept, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100));
    memory.fail_from = memory.calls + 1;
    AWAIT_CATCH(self->error, coro_stream_write(ends.client, message, 10000));
    EQ(self->error, CORO_ENOMEM);
    memory.fail_from = 0;
    AWAIT_CATCH(self->error, coro_stream_write(ends.client, "x", 1));
    EQ(self->error, CORO_ENOMEM); /* it stays */
    coro_stream_abort(&ends.client);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls, a_record_that_cannot_be_kept_ends_the_connection)
{
    EQ(RUN(nothing_kept()), 0);
}

ASYNC(slices, VARS(coro_slice list[4]; size_t n;))
{
    ASYNC_BEGIN;
    fill_message();
    AWAIT(open_ends(100000));
    self->list[0] = (coro_slice){message, 10};
    self->list[1] = (coro_slice){message + 10, 20};
    self->list[2] = (coro_slice){message + 30, 20000};
    self->list[3] = (coro_slice){message + 20030, 5};
    AWAIT(coro_stream_writev(ends.client, self->list, 4));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 20035));
    HOLDS(memcmp(message, heard_bytes, 20035) == 0);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls, sends_slices_in_order_small_ones_in_one_record)
{
    EQ(RUN(slices()), 0);
}

/* What a read leaves of a record makes nobody ready: the next read has to look. */
ASYNC(pending, VARS(char c; size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    AWAIT(coro_stream_write(ends.client, "abcdef", 6));
    AWAIT(coro_stream_drain(ends.client));
    for (self->n = 0; self->n < 6; self->n++) {
        AWAIT(coro_stream_read_exactly(ends.server, &self->c, 1));
        EQ(self->c, "abcdef"[self->n]);
    }
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls, f063_bytes_that_openssl_holds_are_read_without_an_event)
{
    EQ(RUN(pending()), 0);
}

/* --- cancels ------------------------------------------------------------------------------ */

/* Cancelled in the middle, the rest of the write arrives all the same: no record is torn. */
ASYNC(cancelled_write, VARS(coro_task *task; int error; size_t n;))
{
    ASYNC_BEGIN;
    fill_message();
    AWAIT(open_ends(500));
    EQ(coro_stream_set_write_limits(ends.client, 100, 100), 0);
    self->task = coro_create_task(coro_stream_write(ends.client, message, sizeof message));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 100));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    coro_task_release(self->task);
    self->task = coro_create_task(coro_stream_write(ends.client, "the end", 7));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes + 100, sizeof message - 100));
    HOLDS(memcmp(heard_bytes, message, sizeof message) == 0);
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 7));
    HOLDS(memcmp(heard_bytes, "the end", 7) == 0);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls, f063_a_write_that_is_cancelled_in_the_middle_of_it_tears_no_record)
{
    EQ(RUN(cancelled_write()), 0);
}

ASYNC(cancelled_read, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(1000));
    self->task = coro_create_task(coro_stream_read_exactly(ends.server, heard_bytes, 6));
    AWAIT(coro_stream_write(ends.client, "abc", 3));
    AWAIT(coro_sleep(1));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    coro_task_release(self->task);
    AWAIT(coro_stream_write(ends.client, "def", 3));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 6));
    HOLDS(memcmp(heard_bytes, "abcdef", 6) == 0);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls, a_cancelled_read_loses_nothing)
{
    EQ(RUN(cancelled_read()), 0);
}

/* --- ends --------------------------------------------------------------------------------- */

ASYNC(half_closed, VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    AWAIT(coro_stream_write(ends.client, "last", 4));
    AWAIT(coro_stream_shutdown_write(ends.client));
    AWAIT_CATCH(self->error, coro_stream_write(ends.client, "x", 1));
    EQ(self->error, CORO_EPIPE);
    AWAIT(self->n, coro_stream_read(ends.server, heard_bytes, 10));
    EQ(self->n, 4);
    AWAIT(self->n, coro_stream_read(ends.server, heard_bytes, 10));
    EQ(self->n, 0);
    AWAIT(coro_stream_write(ends.server, "answer", 6)); /* the other direction is open */
    AWAIT(coro_stream_read_exactly(ends.client, heard_bytes, 6));
    HOLDS(memcmp(heard_bytes, "answer", 6) == 0);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls, goes_on_reading_after_its_own_end)
{
    EQ(RUN(half_closed()), 0);
}

/* Whoever reads late gets all, and then the end: it is not cut off. */
ASYNC(closed_early, VARS(size_t n;))
{
    ASYNC_BEGIN;
    fill_message();
    AWAIT(open_ends(100000));
    AWAIT(coro_stream_write(ends.client, message, 20000));
    AWAIT(coro_stream_close(&ends.client));
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 20000));
    HOLDS(memcmp(heard_bytes, message, 20000) == 0);
    AWAIT(self->n, coro_stream_read(ends.server, heard_bytes, 1));
    EQ(self->n, 0);
    HOLDS(coro_stream_at_eof(ends.server));
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls, f061_data_and_the_end_that_come_together_are_data_and_then_the_end)
{
    EQ(RUN(closed_early()), 0);
}

ASYNC(cut_off, VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    AWAIT(coro_stream_write(ends.client, "data", 4));
    AWAIT(coro_stream_drain(ends.client));
    EQ(coro_stream_try_shutdown_write(coro_tls_of(ends.client)->inner), 0);
    AWAIT(self->n, coro_stream_read(ends.server, heard_bytes, 10));
    EQ(self->n, 4);
    AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.server, heard_bytes, 10));
    EQ(self->error, CORO_ETRUNCATED);
    HOLDS(!coro_stream_at_eof(ends.server));
    AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.server, heard_bytes, 10));
    EQ(self->error, CORO_ETRUNCATED); /* it stays */
    coro_stream_abort(&ends.client);
    AWAIT(coro_stream_close(&ends.server));
    ASYNC_END;
}

Test(tls, an_end_that_nobody_has_said_is_an_error_of_its_own)
{
    EQ(RUN(cut_off()), 0);
}

ASYNC(reset_by_peer, VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100000));
    coro_stream_abort(&ends.client);
    AWAIT_CATCH(self->error, self->n, coro_stream_read(ends.server, heard_bytes, 10));
    EQ(self->error, CORO_ECONNRESET);
    AWAIT_CATCH(self->error, coro_stream_write(ends.server, "x", 1));
    AWAIT_CATCH(self->error, coro_stream_drain(ends.server));
    EQ(self->error, CORO_ECONNRESET);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls, an_error_of_the_stream_beneath_comes_through)
{
    EQ(RUN(reset_by_peer()), 0);
}

/* The other side reads nothing: close has its limit. */
ASYNC(stalled_close, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100));
    AWAIT(coro_stream_write(ends.client, message, 10000));
    AWAIT_CATCH(self->error, coro_stream_close(&ends.client));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(now_ms(), 30000);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls, closing_is_bounded_in_time)
{
    EQ(RUN(stalled_close()), 0);
}

/* Who does not wait any more cuts it off. */
ASYNC(cancelled_close, VARS(coro_task *task; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100));
    AWAIT(coro_stream_write(ends.client, message, 10000));
    self->task = coro_create_task(coro_stream_close(&ends.client));
    AWAIT(coro_yield());
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->error, CORO_ECANCELED);
    coro_task_release(self->task);
    AWAIT_CATCH(self->error, coro_stream_read_exactly(ends.server, heard_bytes, 10000));
    EQ(self->error, CORO_ECONNRESET);
    coro_stream_abort(&ends.server);
    ASYNC_END;
}

Test(tls, a_close_that_is_cancelled_aborts)
{
    EQ(RUN(cancelled_close()), 0);
}

ASYNC(write_after_close_has_begun, VARS(coro_task *task; coro_stream *other; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_ends(100));
    self->other = ends.client;
    AWAIT(coro_stream_write(ends.client, message, 10000));
    self->task = coro_create_task(coro_stream_close(&ends.client));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, coro_stream_write(self->other, "x", 1));
    EQ(self->error, CORO_EPIPE);
    AWAIT(coro_stream_read_exactly(ends.server, heard_bytes, 10000));
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    AWAIT(close_ends());
    ASYNC_END;
}

Test(tls, c139_what_is_written_during_the_close_is_refused_and_what_was_before_arrives)
{
    EQ(RUN(write_after_close_has_begun()), 0);
}
