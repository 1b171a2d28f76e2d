/* SPDX-License-Identifier: MIT */
/*
 * test_stream_close.c: the ends of a stream: shutdown_write, close, abort.
 */
#include "stream_fixture.h"

SUITE(stream_close);

static char large[100000];

#define SENT(text)                                                                                 \
    cr_assert(eq(sz, wire.sent_size, strlen(text)), "sent %.*s", (int)wire.sent_size, wire.sent);  \
    HOLDS(memcmp(wire.sent, (text), wire.sent_size) == 0)

/* Writes, and says how it ended: "a0 " or "a-32 ". */
ASYNC(writes, ARGS(coro_stream *, stream, char, name, const char *, data, size_t, size),
      VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, self->data, self->size));
    say("%c%d ", self->name, self->error);
    ASYNC_END;
}

/* --- half of it --------------------------------------------------------------------------- */

ASYNC(half_close, VARS(coro_stream *a, *b; size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 2), 0);
    AWAIT(coro_stream_write(self->a, "hello", 5));
    self->n = 1;
    coro_task_release(coro_create_task(writes(self->b, 'b', "answer", 6)));
    {
        coro_task *task = coro_create_task(coro_stream_shutdown_write(self->a));
        coro_task_cancel(task); /* the end is said all the same */
        coro_task_release(task);
    }
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, coro_stream_write(self->a, "!", 1));
    EQ(self->error, CORO_EPIPE);
    AWAIT(coro_stream_read_exactly(self->b, self->text, 5));
    HOLDS(memcmp(self->text, "hello", 5) == 0);
    AWAIT(self->n, coro_stream_read(self->b, self->text, 9));
    EQ(self->n, 0);
    AWAIT(coro_stream_shutdown_write(self->a)); /* again */
    AWAIT(coro_stream_read_exactly(self->a, self->text, 6));
    HOLDS(memcmp(self->text, "answer", 6) == 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(stream_close, f015_shutdown_sends_what_is_queued_first_and_reading_goes_on)
{
    EQ(RUN(half_close()), 0);
    SAID("b0 ");
}

ASYNC(shutdown_fails, VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.shutdown_error = -107;
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->stream));
    EQ(self->error, -107);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_close, a_shutdown_that_fails_says_so)
{
    EQ(RUN(shutdown_fails()), 0);
}

enum { SENT_LATER, NEVER_SENT, RESET, CANCELLED, SENT_IN_THE_LAST_MOMENT };

ASYNC(closes, ARGS(coro_stream **, place), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_close(self->place));
    say("close%d at %ld ", self->error, now_ms());
    ASYNC_END;
}

ASYNC(writable_after, ARGS(coro_duration, delay))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(self->delay));
    writable(SIZE_MAX);
    ASYNC_END;
}

ASYNC(closes_full, ARGS(int, how), VARS(coro_stream *stream; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 0;
    AWAIT(coro_stream_write(self->stream, "hello", 5));
    if (self->how == SENT_IN_THE_LAST_MOMENT) {
        coro_task_release(coro_create_task(writable_after(CORO_SECONDS(5))));
        AWAIT(coro_yield());
    }
    self->task = coro_create_task(closes(&self->stream));
    AWAIT(coro_sleep(CORO_SECONDS(1)));
    HOLDS(self->stream == NULL);
    HOLDS(!wire.closed);
    if (self->how == SENT_LATER)
        writable(SIZE_MAX);
    if (self->how == RESET) {
        wire.send_error = CORO_ECONNRESET;
        writable(1);
    }
    if (self->how == CANCELLED)
        coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    HOLDS(wire.closed);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

Test(stream_close, close_waits_until_all_is_sent)
{
    EQ(RUN(closes_full(SENT_LATER)), 0);
    SAID("close0 at 1000 ");
    SENT("hello");
    HOLDS(!wire.aborted);
}

#if CORO_HOSTED /* a close has a limit */
Test(stream_close, close_waits_five_seconds_and_aborts)
{
    EQ(RUN(closes_full(NEVER_SENT)), 0);
    SAID("close-110 at 5000 ");
    HOLDS(wire.aborted);
}
#endif

Test(stream_close, a_reset_ends_a_close)
{
    EQ(RUN(closes_full(RESET)), 0);
    SAID("close-104 at 1000 ");
    HOLDS(wire.aborted);
}

Test(stream_close, a_cancelled_close_aborts)
{
    EQ(RUN(closes_full(CANCELLED)), 0);
    SAID("close-125 at 1000 ");
    HOLDS(wire.aborted);
}

Test(stream_close, what_is_sent_in_the_last_moment_counts)
{
    EQ(RUN(closes_full(SENT_IN_THE_LAST_MOMENT)), 0);
    SAID("close0 at 5000 ");
    HOLDS(!wire.aborted);
    SENT("hello");
}

ASYNC(closes_when_cancelled, ARGS(size_t, room), VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = self->room;
    AWAIT(coro_stream_write(self->stream, "hello", 5));
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    EQ(self->error, CORO_ECANCELED);
    HOLDS(self->stream == NULL);
    HOLDS(wire.closed);
    ASYNC_END;
}

Test(stream_close, a_close_in_a_cancelled_task_does_its_work)
{
    EQ(RUN(closes_when_cancelled(SIZE_MAX)), 0);
    SENT("hello");
    memset(&wire, 0, sizeof wire);
    EQ(RUN(closes_when_cancelled(1)), 0);
    HOLDS(wire.aborted);
}

ASYNC(discards_a_close, VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    coro_discard(coro_stream_close(&self->stream));
    HOLDS(self->stream == NULL);
    HOLDS(wire.aborted);
    ASYNC_END;
}

Test(stream_close, a_close_that_is_never_awaited_but_discarded_aborts)
{
    EQ(RUN(discards_a_close()), 0);
}

ASYNC(reads_some, ARGS(coro_stream *, stream), VARS(size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
    say("read%d:%zu ", self->error, self->n);
    ASYNC_END;
}

ASYNC(closes_under_others, ARGS(bool, aborts), VARS(coro_stream *stream; coro_task *r, *w; int e;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 10;
    self->r = coro_create_task(reads_some(self->stream));
    self->w = coro_create_task(writes(self->stream, 'w', large, 100000));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    if (self->aborts) {
        coro_stream_abort(&self->stream);
    } else {
        coro_task_release(coro_create_task(closes(&self->stream)));
        AWAIT(coro_yield());
        writable(SIZE_MAX);
    }
    AWAIT(coro_task_join(self->r));
    AWAIT(coro_task_join(self->w));
  ASYNC_FINALLY:
    coro_task_release(self->r);
    coro_task_release(self->w);
    ASYNC_END;
}

Test(stream_close, c124_a_task_that_reads_sees_the_end_when_its_stream_is_closed)
{
    EQ(RUN(closes_under_others(false)), 0);
    HOLDS(strstr(said, "read0:0 ") != NULL);
    HOLDS(strstr(said, "w-32 ") != NULL);
    EQ(wire.sent_size, 100000); /* no hole */
}

Test(stream_close, an_abort_ends_reads_and_writes)
{
    EQ(RUN(closes_under_others(true)), 0);
    HOLDS(strstr(said, "read-1001:0 ") != NULL);
    HOLDS(strstr(said, "w-32 ") != NULL);
    HOLDS(wire.aborted);
}

ASYNC(aborts_a_close, VARS(coro_stream *stream, *copy; coro_task *closer; int error;))
{
    ASYNC_BEGIN;
    self->stream = self->copy = open_wire();
    wire.room = 2;
    AWAIT(coro_stream_write(self->stream, "hello", 5));
    self->closer = coro_create_task(coro_stream_close(&self->stream));
    HOLDS(self->stream == NULL);
    AWAIT(coro_yield());
    HOLDS(!coro_task_done(self->closer) && !wire.closed);
    coro_stream_abort(&self->copy);
    HOLDS(wire.aborted);
    AWAIT_CATCH(self->error, coro_task_join(self->closer));
    EQ(self->error, CORO_ECONNABORTED);
    coro_task_release(self->closer);
    ASYNC_END;
}

Test(stream_close, an_abort_ends_a_close_that_waits)
{
    EQ(RUN(aborts_a_close()), 0);
    SENT("he");
}

ASYNC(closes_without_memory, VARS(coro_stream *stream; coro_task *writer; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 5000;
    self->writer = coro_create_task(writes(self->stream, 'a', large, sizeof large));
    AWAIT(coro_yield());
    memory.fail_from = memory.calls + 1;
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    EQ(self->error, CORO_ENOMEM); /* the rest of what was begun cannot be kept */
    memory.fail_from = 0;
    HOLDS(wire.aborted);
    AWAIT(coro_task_join(self->writer));
    coro_task_release(self->writer);
    ASYNC_END;
}

Test(stream_close, without_memory_for_what_was_begun_it_is_an_abort)
{
    EQ(RUN(closes_without_memory()), 0);
    SAID("a-32 ");
}

ASYNC(hangs_up_without_memory, VARS(coro_stream *stream; coro_task *writer; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 5000;
    self->writer = coro_create_task(writes(self->stream, 'a', large, sizeof large));
    AWAIT(coro_yield());
    memory.fail_from = memory.calls + 1;
    coro_stream_hang_up(self->stream);
    memory.fail_from = 0;
    AWAIT(coro_task_join(self->writer));
    writable(SIZE_MAX);
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    EQ(self->error, CORO_EPIPE);
    HOLDS(wire.aborted && !wire.ended);
    EQ(wire.sent_size, 5000); /* nothing behind the hole */
    coro_task_release(self->writer);
    ASYNC_END;
}

Test(stream_close, a_hang_up_without_memory_for_what_was_begun_ends_the_sending)
{
    EQ(RUN(hangs_up_without_memory()), 0);
    SAID("a-32 ");
}

#if CORO_HOSTED /* set_close_limit */
/* --- how long ----------------------------------------------------------------------------- */

ASYNC(slow_close, VARS(coro_stream *a, *b; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 2), 0);
    EQ(coro_stream_set_close_limit(NULL, CORO_SECONDS(1)), CORO_EINVAL);
    EQ(coro_stream_set_close_limit(self->a, 0), CORO_EINVAL);
    EQ(coro_stream_set_close_limit(self->a, CORO_MS(70)), 0);
    AWAIT(coro_stream_write(self->a, "hello", 5));
    AWAIT_CATCH(self->error, coro_stream_close(&self->a));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(now_ms(), 70);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_close, waits_as_long_as_it_was_told)
{
    EQ(RUN(slow_close()), 0);
}
#endif
