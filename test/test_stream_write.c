/* SPDX-License-Identifier: MIT */
/*
 * test_stream_write.c: writing to a stream.
 */
#include "stream_fixture.h"

#include <wchar.h>

SUITE(stream_write);

static char large[300000], got[300000];

#define SENT(text)                                                                                 \
    cr_assert(eq(sz, wire.sent_size, strlen(text)), "sent %.*s", (int)wire.sent_size, wire.sent);  \
    HOLDS(memcmp(wire.sent, (text), wire.sent_size) == 0)

static char letters[300000]; /* of one writer */

static const char *letters_of(char letter, size_t size)
{
    memset(letters, letter, size);
    return letters;
}

/* Writes, and says how it ended: "a0 " or "a-32 ". */
ASYNC(writes, ARGS(coro_stream *, stream, char, name, const char *, data, size_t, size),
      VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, self->data, self->size));
    say("%c%d ", self->name, self->error);
    ASYNC_END;
}

/* A character that the C locale cannot write. */
ASYNC(prints_nonsense, VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    AWAIT_CATCH(self->error, coro_stream_printf(self->stream, "a%lc", (wint_t)0x20ac));
    EQ(self->error, CORO_EINVAL);
    EQ(coro_stream_unsent(self->stream), 0); /* nothing of it */
    AWAIT(coro_stream_printf(self->stream, "%s", "b"));
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, text_that_cannot_be_made_is_an_error_and_is_not_written)
{
    EQ(RUN(prints_nonsense()), 0);
    EQ(wire.sent_size, 1);
    EQ(wire.sent[0], 'b');
}

/* --- small and large ---------------------------------------------------------------------- */

ASYNC(small_writes, VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    AWAIT(coro_stream_write(self->stream, "one ", 4));
    AWAIT(coro_stream_write(self->stream, "", 0));
    AWAIT(coro_stream_printf(self->stream, "%s %d ", "two", 3));
    AWAIT(coro_stream_writev(self->stream,
                             (const coro_slice[]){{"4", 1}, {NULL, 0}, {"5 ", 2}}, 3));
    EQ(wire.sends, 0);
    EQ(coro_stream_unsent(self->stream), 13);
    AWAIT(coro_yield());
    EQ(wire.sends, 1);
    EQ(coro_stream_unsent(self->stream), 0);
    EQ(coro_stream_sent(self->stream), 13);
    EQ(self->stream->out.capacity, 0);
    AWAIT(coro_stream_write(self->stream, "end", 3));
    AWAIT(coro_stream_drain(self->stream));
    EQ(wire.sends, 2);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, small_writes_of_one_turn_leave_together)
{
    EQ(RUN(small_writes()), 0);
    SENT("one two 3 45 end");
    HOLDS(!wire.aborted && !wire.ended);
}

ASYNC(batches, VARS(coro_stream *stream; int i;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    for (self->i = 0; self->i < 58; self->i++) { /* three turns of 16, then one a turn */
        AWAIT(coro_stream_write(self->stream, letters_of('a', 100), self->i < 48 ? 100 : 1));
        if (self->i >= 16)
            EQ(self->stream->out.capacity,
               self->i < 48 ? 2048u : self->i < 53 ? 2048u >> (self->i - 48) : 64u);
        if (self->i >= 48 || self->i % 16 == 15)
            AWAIT(coro_yield());
    }
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, a_batch_of_small_writes_takes_one_block_of_the_last_batches_size)
{
    EQ(RUN(batches()), 0);
    EQ(wire.sends, 13);
}

ASYNC(large_write, VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    AWAIT(coro_stream_write(self->stream, large, 10));
    AWAIT(coro_stream_write(self->stream, large + 10, sizeof large - 10));
    EQ(wire.sends, 1);
    EQ(wire.sent_size, sizeof large);
    EQ(wire.largest_count, 2);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, a_large_write_leaves_at_once_with_what_is_corked_before_it)
{
    fill_bytes(large, sizeof large);
    EQ(RUN(large_write()), 0);
    HOLDS(are_bytes(wire.sent, sizeof large));
}

ASYNC(many_slices, VARS(coro_stream *stream;), SCRATCH(coro_slice slices[100];))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    for (size_t i = 0; i < 100; i++)
        self->slices[i] = (coro_slice){large + i * 1000, 1000};
    AWAIT(coro_stream_writev(self->stream, self->slices, 100));
    EQ(wire.sent_size, 100000);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, a_hundred_slices_are_one_write)
{
    fill_bytes(large, sizeof large);
    EQ(RUN(many_slices()), 0);
    HOLDS(are_bytes(wire.sent, 100000));
    EQ(wire.largest_count, 8);
}

ASYNC(long_text, VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    AWAIT(coro_stream_printf(self->stream, "%0*d", 255, 1));
    AWAIT(coro_stream_printf(self->stream, "%0*d", 256, 2));
    AWAIT(coro_stream_printf(self->stream, "%0*d|", 100000, 3));
    AWAIT(coro_stream_printf(self->stream, "%s", ""));
    coro_discard(coro_stream_printf(self->stream, "%s", "never"));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, printf_takes_text_of_any_length)
{
    EQ(RUN(long_text()), 0);
    EQ(wire.sent_size, 255 + 256 + 100001);
    EQ(wire.sent[254], '1');
    EQ(wire.sent[255 + 255], '2');
    EQ(wire.sent[wire.sent_size - 2], '3');
    EQ(wire.sent[wire.sent_size - 1], '|');
}

/* --- waiting ------------------------------------------------------------------------------ */

ASYNC(water_marks, VARS(coro_stream *stream; coro_task *task;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 1000;
    AWAIT(coro_stream_write(self->stream, large, 66536)); /* 65536 unsent: just not too much */
    self->task = coro_create_task(writes(self->stream, 'a', large + 66536, 100));
    AWAIT(coro_sleep(CORO_MS(1)));
    SAID("");
    EQ(coro_stream_unsent(self->stream), 65636);
    HOLDS(self->stream->out.capacity <= 65536); /* it waits in its own memory */
    writable(65636 - 16385);
    AWAIT(coro_yield());
    SAID("");
    writable(1);
    AWAIT(coro_yield());
    SAID("a0 ");
    writable(SIZE_MAX);
    EQ(wire.sent_size, 66636);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, f021_a_write_waits_above_the_high_mark_until_the_low_one)
{
    fill_bytes(large, sizeof large);
    EQ(RUN(water_marks()), 0);
    HOLDS(are_bytes(wire.sent, 66636));
}

ASYNC(drains, VARS(coro_stream *stream; int error; coro_scope limit;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 0;
    EQ(coro_stream_set_write_limits(self->stream, 10, 11), CORO_EINVAL);
    EQ(coro_stream_set_write_limits(self->stream, 10, 3), 0);
    AWAIT(coro_stream_write(self->stream, "12345", 5));
    AWAIT_CATCH(self->error, coro_wait_for(coro_stream_drain(self->stream), CORO_MS(1)));
    EQ(self->error, CORO_ETIMEDOUT);
    writable(2);
    AWAIT(coro_stream_drain(self->stream));
    EQ(coro_stream_unsent(self->stream), 3);
    writable(SIZE_MAX);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, drain_waits_for_the_low_mark)
{
    EQ(RUN(drains()), 0);
    SENT("12345");
}

/* Three writers of 40000 bytes each; the wire takes `step` at a time. */
ASYNC(three_writers, ARGS(size_t, step), VARS(coro_stream *stream; coro_group group;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.accept = self->step;
    wire.room = 0;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, writes(self->stream, 'a', large, 100000));
        coro_group_create_task(&self->group, writes(self->stream, 'b', large + 100000, 100000));
        coro_group_create_task(&self->group, writes(self->stream, 'c', large + 200000, 100000));
        while (wire.sent_size < 300000) {
            AWAIT(coro_yield());
            writable(1000);
        }
    }
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, f018_short_writes_of_one_byte_keep_order_and_writers_do_not_mix)
{
    fill_bytes(large, sizeof large);
    EQ(RUN(three_writers(1)), 0);
    HOLDS(are_bytes(wire.sent, 300000));
    SAID("a0 b0 c0 ");
}

/* --- cancel ------------------------------------------------------------------------------- */

ASYNC(cancels_writers, ARGS(size_t, room),
      VARS(coro_stream *stream; coro_task *a, *b, *c; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = self->room;
    self->a = coro_create_task(writes(self->stream, 'a', large, 100000));
    self->b = coro_create_task(writes(self->stream, 'b', letters_of('b', 100000), 100000));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    coro_task_cancel(self->a);
    coro_task_cancel(self->b);
    AWAIT_CATCH(self->error, coro_task_join(self->a));
    EQ(coro_stream_sent(self->stream), self->room);
    self->c = coro_create_task(writes(self->stream, 'c', "end", 3));
    AWAIT(coro_yield());
    writable(SIZE_MAX);
    AWAIT(coro_task_join(self->c));
  ASYNC_FINALLY:
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->c);
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, f022_a_write_that_is_cancelled_before_its_first_byte_writes_nothing)
{
    fill_bytes(large, sizeof large);
    EQ(RUN(cancels_writers(0)), 0);
    SAID("a-125 b-125 c0 ");
    SENT("end");
}

Test(stream_write, f022_a_write_that_is_cancelled_in_its_middle_leaves_no_hole)
{
    fill_bytes(large, sizeof large);
    EQ(RUN(cancels_writers(5000)), 0);
    SAID("a-125 b-125 c0 ");
    EQ(wire.sent_size, 100003);
    HOLDS(are_bytes(wire.sent, 100000));
    HOLDS(memcmp(wire.sent + 100000, "end", 3) == 0);
}

ASYNC(cancels_without_memory, VARS(coro_stream *stream; coro_task *a; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 5000;
    self->a = coro_create_task(writes(self->stream, 'a', large, 65536 + 5000 + 65536));
    AWAIT(coro_yield());
    memory.fail_at = memory.calls + 1;
    coro_task_cancel(self->a);
    AWAIT_CATCH(self->error, coro_task_join(self->a));
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, "end", 3));
    EQ(self->error, CORO_EPIPE); /* nothing may follow a hole */
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    EQ(self->error, CORO_EPIPE);
  ASYNC_FINALLY:
    coro_task_release(self->a);
    ASYNC_END;
}

Test(stream_write, a_cancel_without_memory_for_the_rest_ends_the_stream)
{
    EQ(RUN(cancels_without_memory()), 0);
    SAID("a-125 ");
    HOLDS(wire.aborted);
}

ASYNC(text_in_a_cancelled_task, ARGS(coro_stream *, stream), VARS(int error;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, coro_stream_printf(self->stream, "%d", 1));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, "2", 1));
    say("%d ", self->error);
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->stream));
    say("%d ", self->error);
    ASYNC_END;
}

ASYNC(writes_cancelled, VARS(coro_stream *stream; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    self->task = coro_create_task(text_in_a_cancelled_task(self->stream));
    AWAIT(coro_task_join(self->task));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, in_a_cancelled_task_nothing_is_written_but_an_end_is_said)
{
    EQ(RUN(writes_cancelled()), 0);
    SAID("-125 -125 -125 ");
    SENT("");
    HOLDS(wire.ended);
}

/* --- errors ------------------------------------------------------------------------------- */

ASYNC(fails_with_writers, VARS(coro_stream *stream; coro_task *a, *b, *c; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = 5;
    self->a = coro_create_task(writes(self->stream, 'a', large, 100000));
    self->b = coro_create_task(writes(self->stream, 'b', large, 10));
    AWAIT(coro_yield());
    wire.send_error = CORO_ECONNRESET;
    writable(5);
    AWAIT(coro_yield());
    SAID("a-104 b-104 ");
    EQ(self->stream->out.capacity, 0);
    EQ(coro_stream_unsent(self->stream), 0);
    self->c = coro_create_task(writes(self->stream, 'c', large, 10));
    AWAIT(coro_task_join(self->c));
    AWAIT_CATCH(self->error, coro_stream_drain(self->stream));
    EQ(self->error, CORO_ECONNRESET);
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->stream));
    EQ(self->error, CORO_ECONNRESET);
    EQ(wire.sends, 3); /* nobody tries again */
  ASYNC_FINALLY:
    coro_task_release(self->a);
    coro_task_release(self->b);
    coro_task_release(self->c);
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

Test(stream_write, f010_a_reset_wakes_all_writers_and_stays)
{
    EQ(RUN(fails_with_writers()), CORO_ECONNRESET); /* close could not send all */
    SAID("a-104 b-104 c-104 ");
    HOLDS(wire.aborted);
}

ASYNC(refused_want, ARGS(size_t, room), VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.room = self->room;
    wire.want_error = -28;
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, large, 100000));
    EQ(self->error, -28);
    wire.want_error = 0;
    wire.room = SIZE_MAX;
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, large, 100000));
    say("%d ", self->error);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream_write, f041_a_wait_that_the_system_refuses_fails_one_write_if_it_has_sent_nothing)
{
    EQ(RUN(refused_want(0)), 0);
    SAID("0 ");
}

Test(stream_write, f041_but_all_that_follow_if_it_left_a_hole)
{
    EQ(RUN(refused_want(10)), 0);
    SAID("-28 ");
}

ASYNC(writes_to_null, VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_write(self->stream, "x", 1));
    EQ(self->error, CORO_EPIPE);
    AWAIT_CATCH(self->error, coro_stream_printf(self->stream, "%d", 1));
    EQ(self->error, CORO_EPIPE);
    AWAIT_CATCH(self->error, coro_stream_drain(self->stream));
    EQ(self->error, CORO_EPIPE);
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->stream));
    EQ(self->error, CORO_EPIPE);
    AWAIT(coro_stream_close(&self->stream));
    coro_stream_abort(&self->stream);
    EQ(coro_stream_unsent(NULL) + coro_stream_sent(NULL), 0);
    ASYNC_END;
}

Test(stream_write, c124_a_closed_stream_is_null_and_writes_give_epipe)
{
    EQ(RUN(writes_to_null()), 0);
}

/* --- each allocation ---------------------------------------------------------------------- */

ASYNC(writes_with_little_memory, VARS(coro_stream *a, *b; coro_task *task; int error, i;))
{
    ASYNC_BEGIN;
    self->error = coro_stream_pair(&self->a, &self->b, 100);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->task = coro_create_task(writes(self->a, 'a', large, 70000));
    if (self->task == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_stream_read_exactly(self->b, got, 70000));
    HOLDS(memcmp(got, large, 70000) == 0);
    AWAIT(coro_task_join(self->task));
    for (; self->i < 50; self->i++)
        AWAIT(coro_stream_write(self->a, large + self->i, 1));
    AWAIT(coro_stream_printf(self->a, "%c%c", large[50], large[51]));
    AWAIT(coro_stream_read_exactly(self->b, got, 52));
    HOLDS(memcmp(got, large, 52) == 0);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(stream_write, each_allocation_that_fails_loses_nothing)
{
    int error = CORO_ENOMEM;
    size_t n, failures = 0;
    fill_bytes(large, sizeof large);
    for (n = 1; n < 200; n++) {
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        error = RUN(writes_with_little_memory());
        HOLDS(error == 0 || error == CORO_ENOMEM);
        failures += error != 0;
        if (memory.calls < n)
            break;
    }
    HOLDS(n < 200 && failures > 0);
    EQ(error, 0);
}
