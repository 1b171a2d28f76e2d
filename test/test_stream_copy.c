/* SPDX-License-Identifier: MIT */
/*
 * test_stream_copy.c: from one stream to another, in memory; and the close that both
 * sides agree on.
 */
#include "stream_fixture.h"

SUITE(stream_copy);

static char large[200000], copied[200000];

/* Four ends: source ═ from, to ═ sink. */
typedef struct four {
    coro_stream *source, *from, *to, *sink;
} four;

static int open_four(four *all, size_t capacity)
{
    int error = coro_stream_pair(&all->source, &all->from, capacity);
    return error != 0 ? error : coro_stream_pair(&all->to, &all->sink, capacity);
}

static void abort_four(four *all)
{
    coro_stream_abort(&all->source);
    coro_stream_abort(&all->from);
    coro_stream_abort(&all->to);
    coro_stream_abort(&all->sink);
}

ASYNC(writes_and_ends, ARGS(coro_stream *, stream, const char *, data, size_t, size))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_write(self->stream, self->data, self->size));
    AWAIT(coro_stream_shutdown_write(self->stream));
    ASYNC_END;
}

/* Copies, and says what came of it: "5 " or "-32 ". */
ASYNC(copies, ARGS(coro_stream *, from, coro_stream *, to, size_t, limit),
      VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_stream_copy(self->from, self->to, self->limit));
    if (self->error == CORO_ENOMEM)
        ASYNC_THROW(CORO_ENOMEM);
    if (self->error != 0)
        say("%d ", self->error);
    else
        say("%zu ", self->n);
    ASYNC_END;
}

/* --- all of it ---------------------------------------------------------------------------- */

ASYNC(copies_all, ARGS(size_t, capacity, size_t, size),
      VARS(four all; coro_group group; size_t n; int error;))
{
    ASYNC_BEGIN;
    self->error = open_four(&self->all, self->capacity);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, writes_and_ends(self->all.source, large, self->size));
        coro_group_create_task(&self->group, copies(self->all.from, self->all.to, SIZE_MAX));
        AWAIT(coro_stream_read_exactly(self->all.sink, copied, self->size));
    }
    HOLDS(memcmp(copied, large, self->size) == 0);
    HOLDS(!coro_stream_at_eof(self->all.sink)); /* no end is said */
    HOLDS(self->all.from->in.data == NULL);
  ASYNC_FINALLY:
    abort_four(&self->all);
    ASYNC_END;
}

Test(stream_copy, passes_all_on_until_the_end)
{
    static const size_t capacities[] = {1, 100, 70000};
    fill_bytes(large, sizeof large);
    for (size_t i = 0; i < 3; i++) {
        said_size = 0;
        EQ(RUN(copies_all(capacities[i], sizeof large)), 0);
        SAID("200000 ");
    }
}

Test(stream_copy, without_memory_it_fails_and_nothing_leaks)
{
    fill_bytes(large, sizeof large);
    FAIL_EACH_ALLOCATION(copies_all(100, 3000));
}

ASYNC(copies_some, VARS(four all; size_t n; char text[20]; coro_task *reader;))
{
    ASYNC_BEGIN;
    EQ(open_four(&self->all, 100), 0);
    AWAIT(coro_stream_write(self->all.source, "line\nbodyrest", 13));
    AWAIT(self->n, coro_stream_read_line(self->all.from, self->text, 20));
    AWAIT(coro_stream_write(self->all.to, "head ", 5)); /* corked: it leaves first */
    AWAIT(copies(self->all.from, self->all.to, 0));
    AWAIT(copies(self->all.from, self->all.to, 4));
    AWAIT(coro_stream_write(self->all.to, " tail", 5));
    AWAIT(coro_stream_read_exactly(self->all.sink, self->text, 14));
    HOLDS(memcmp(self->text, "head body tail", 14) == 0);
    AWAIT(coro_stream_read_exactly(self->all.from, self->text, 4)); /* what the limit has left */
    HOLDS(memcmp(self->text, "rest", 4) == 0);
    SAID("0 4 ");
  ASYNC_FINALLY:
    abort_four(&self->all);
    ASYNC_END;
}

Test(stream_copy, ends_at_its_limit_and_leaves_the_rest)
{
    EQ(RUN(copies_some()), 0);
}

/* A stream copied to itself is an echo; two copies are a proxy. */
ASYNC(proxies, VARS(four all; coro_group group; char text[9];))
{
    ASYNC_BEGIN;
    EQ(open_four(&self->all, 3), 0);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, copies(self->all.from, self->all.to, 7));
        coro_group_create_task(&self->group, copies(self->all.to, self->all.from, 7));
        coro_group_create_task(&self->group, copies(self->all.sink, self->all.sink, 7));
        coro_group_create_task(&self->group,
                               coro_stream_write(self->all.source, "message", 7));
        AWAIT(coro_stream_read_exactly(self->all.source, self->text, 7));
    }
    HOLDS(memcmp(self->text, "message", 7) == 0);
  ASYNC_FINALLY:
    abort_four(&self->all);
    ASYNC_END;
}

Test(stream_copy, opposite_directions_of_the_two_are_free)
{
    EQ(RUN(proxies()), 0);
    SAID("7 7 7 ");
}

/* --- who else wants to -------------------------------------------------------------------- */

#define EXPECT(error_, call)                                                                       \
    AWAIT_CATCH(self->error, call);                                                                \
    EQ(self->error, error_)

ASYNC(disturbs, VARS(four all; coro_task *task; size_t n; int error; char text[9]; coro_slice end;))
{
    ASYNC_BEGIN;
    EQ(open_four(&self->all, 100), 0);
    self->end = (coro_slice){"\n", 1};
    self->task = coro_create_task(copies(self->all.from, self->all.to, 5));
    AWAIT(coro_yield());
    EXPECT(CORO_EBUSY, coro_stream_read(self->all.from, self->text, 9));
    EXPECT(CORO_EBUSY, coro_stream_read_exactly(self->all.from, self->text, 9));
    EXPECT(CORO_EBUSY, coro_stream_read_line(self->all.from, self->text, 9));
    EXPECT(CORO_EBUSY, coro_stream_read_until(self->all.from, self->text, 9, "x", 1));
    EXPECT(CORO_EBUSY, coro_stream_read_until_any(self->all.from, self->text, 9, &self->end, 1));
    EXPECT(CORO_EBUSY, coro_stream_peek(self->all.from, 1));
    AWAIT_CATCH(self->error, coro_stream_copy(self->all.from, self->all.sink, 1));
    EQ(self->error, CORO_EBUSY);
    EXPECT(CORO_EBUSY, coro_stream_write(self->all.to, "x", 1));
    EXPECT(CORO_EBUSY, coro_stream_copy(self->all.sink, self->all.to, 1));
    EXPECT(CORO_EBUSY, coro_stream_shutdown_write(self->all.to));
    AWAIT(coro_stream_write(self->all.source, "12345", 5));
    AWAIT(coro_task_join(self->task));
    AWAIT(coro_stream_read_exactly(self->all.sink, self->text, 5));
    HOLDS(memcmp(self->text, "12345", 5) == 0);
    EXPECT(CORO_ECLOSED, coro_stream_copy(NULL, self->all.to, 1));
    EXPECT(CORO_EPIPE, coro_stream_copy(self->all.from, NULL, 1));
    AWAIT(coro_stream_shutdown_write(self->all.to));
    EXPECT(CORO_EPIPE, coro_stream_copy(self->all.from, self->all.to, 1));
    AWAIT(coro_stream_write(self->all.source, "x", 1));
    AWAIT(self->n, coro_stream_read(self->all.from, self->text, 9)); /* it is free again */
  ASYNC_FINALLY:
    coro_task_release(self->task);
    abort_four(&self->all);
    ASYNC_END;
}

Test(stream_copy, f023_who_reads_or_writes_meanwhile_is_told_busy_and_steals_no_byte)
{
    EQ(RUN(disturbs()), 0);
    SAID("5 ");
}

/* A task waits to read, or to write: the copy is the one that is told. */
ASYNC(comes_second, VARS(four all; coro_task *reader, *writer; size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    EQ(open_four(&self->all, 4), 0);
    EQ(coro_stream_set_write_limits(self->all.to, 0, 0), 0);
    self->reader = coro_create_task(coro_stream_read_exactly(self->all.from, self->text, 2));
    self->writer = coro_create_task(coro_stream_write(self->all.to, large, 9));
    AWAIT(coro_yield());
    EXPECT(CORO_EBUSY, coro_stream_copy(self->all.from, self->all.sink, 1));
    EXPECT(CORO_EBUSY, coro_stream_copy(self->all.sink, self->all.to, 1));
    AWAIT(coro_stream_write(self->all.source, "ab", 2));
    AWAIT(coro_task_join(self->reader));
    HOLDS(memcmp(self->text, "ab", 2) == 0);
    AWAIT(coro_stream_read_exactly(self->all.sink, copied, 9));
    AWAIT(coro_task_join(self->writer));
  ASYNC_FINALLY:
    coro_task_release(self->reader);
    coro_task_release(self->writer);
    abort_four(&self->all);
    ASYNC_END;
}

Test(stream_copy, f023_a_copy_that_comes_second_is_told_busy)
{
    EQ(RUN(comes_second()), 0);
}

/* --- cut short ---------------------------------------------------------------------------- */

enum {
    CANCEL_READING,
    FROM_CLOSED,
    FROM_HUNG_UP,
    CANCEL_WRITING,
    FROM_RESET,
    TO_CLOSED,
    TO_HUNG_UP,
    TO_GONE,
    ENDINGS
};

ASYNC(is_cut_short, ARGS(int, how), VARS(four all; coro_task *task; char text[9];))
{
    ASYNC_BEGIN;
    EQ(open_four(&self->all, 4), 0);
    self->task = coro_create_task(copies(self->all.from, self->all.to, SIZE_MAX));
    if (self->how >= CANCEL_WRITING) {
        AWAIT(coro_stream_write(self->all.source, "12345678", 8)); /* "5678" finds no room */
        AWAIT(coro_sleep(1));
    }
    AWAIT(coro_sleep(1));
    if (self->how == CANCEL_READING || self->how == CANCEL_WRITING)
        coro_task_cancel(self->task);
    else if (self->how == FROM_CLOSED)
        AWAIT(coro_stream_close(&self->all.from));
    else if (self->how == FROM_HUNG_UP)
        coro_stream_hang_up(self->all.from);
    else if (self->how == TO_HUNG_UP)
        coro_stream_hang_up(self->all.to);
    else if (self->how == FROM_RESET)
        coro_stream_abort(&self->all.source);
    else if (self->how == TO_CLOSED)
        coro_stream_abort(&self->all.to);
    else
        coro_stream_abort(&self->all.sink);
    if (self->how == FROM_RESET) /* behind the data */
        AWAIT(coro_stream_read_exactly(self->all.sink, self->text, 8));
    AWAIT(coro_task_join(self->task));
    if (self->how == CANCEL_READING) {
        AWAIT(coro_stream_write(self->all.source, "abcd", 4));
        AWAIT(coro_stream_read_exactly(self->all.from, self->text, 4));
        HOLDS(memcmp(self->text, "abcd", 4) == 0);
    } else if (self->how >= CANCEL_WRITING && self->how != FROM_RESET) {
        AWAIT(coro_stream_read_exactly(self->all.from, self->text, 4));
        HOLDS(memcmp(self->text, "5678", 4) == 0);
    }
  ASYNC_FINALLY:
    coro_task_release(self->task);
    abort_four(&self->all);
    ASYNC_END;
}

Test(stream_copy, loses_no_byte_however_it_ends)
{
    static const char *const ends[ENDINGS] = {
        [CANCEL_READING] = "-125 ", [FROM_CLOSED] = "-1001 ", [FROM_HUNG_UP] = "0 ",
        [CANCEL_WRITING] = "-125 ", [FROM_RESET] = "-104 ",   [TO_CLOSED] = "-32 ",
        [TO_HUNG_UP] = "-32 ",      [TO_GONE] = "-104 "};
    for (int how = 0; how < ENDINGS; how++) {
        said_size = 0;
        said[0] = '\0';
        EQ(RUN(is_cut_short(how)), 0);
        cr_expect(eq(str, said, TEXT(ends[how])), "ending %d", how);
    }
}

/* Both sides are always ready: others have their turn all the same. */
ASYNC(counts_turns, ARGS(int *, turns))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_yield());
        ++*self->turns;
    }
    ASYNC_END;
}

static void feed_again(void)
{
    wire.piece = wire.pieces_count = 0;
    wire.stream.state = 0;
    for (size_t i = 0; i < PIECES_MAX - 1; i++)
        feed(large + i * 16, 16);
    feed(large, 0);
}

ASYNC(copies_without_waiting, VARS(coro_stream *wire, *a, *b; coro_task *task; int turns, i;
                                   size_t n; int error;))
{
    ASYNC_BEGIN;
    self->wire = open_wire();
    EQ(coro_stream_pair(&self->a, &self->b, 100000), 0);
    self->task = coro_create_task(counts_turns(&self->turns));
    for (; self->i < 10; self->i++) {
        feed_again();
        AWAIT(self->n, coro_stream_copy(self->wire, self->a, SIZE_MAX));
        EQ(self->n, (PIECES_MAX - 1) * 16);
    }
    HOLDS(self->turns > 0);
  ASYNC_FINALLY:
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    coro_task_release(self->task);
    coro_stream_abort(&self->wire);
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_copy, others_have_their_turn)
{
    EQ(RUN(copies_without_waiting()), 0);
}

ASYNC(of_another_loop, VARS(coro_stream *a, *b; coro_loop *own; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    self->own = self->a->loop;
    self->a->loop = NULL;
    EXPECT(CORO_EWRONGLOOP, coro_stream_copy(self->a, self->b, 1));
    EXPECT(CORO_EWRONGLOOP, coro_stream_copy(self->b, self->a, 1));
    self->a->loop = self->own;
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_copy, both_are_of_the_running_loop)
{
    EQ(RUN(of_another_loop()), 0);
}

#if CORO_HOSTED /* close_graceful */
/* --- a close that both agree on ----------------------------------------------------------- */

/* The other side goes on for a while, then ends. */
ASYNC(talks_on, ARGS(coro_stream *, stream, long, ms), VARS(size_t i; int error; char text[9];
                                                            size_t n;))
{
    ASYNC_BEGIN;
    for (; self->i < 10; self->i++) {
        AWAIT_CATCH(self->error, coro_stream_write(self->stream, large, 1000));
        AWAIT(coro_sleep(CORO_MS(self->ms) / 10));
    }
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
    say("got %zu/%d ", self->n, self->error);
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(closes_gracefully, ARGS(coro_stream **, stream, coro_duration, limit), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_close_graceful(self->stream, self->limit));
    HOLDS(*self->stream == NULL || self->error == CORO_ENOMEM); /* then it is still there */
    say("closed %d at %ld ", self->error, now_ms());
    coro_stream_abort(self->stream);
    ASYNC_END;
}

ASYNC(parts, ARGS(long, ms, coro_duration, limit, long, cancel_at),
      VARS(coro_stream *a, *b; coro_task *one, *other; int error;))
{
    ASYNC_BEGIN;
    self->error = coro_stream_pair(&self->a, &self->b, 100);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->other = coro_create_task(talks_on(self->b, self->ms));
    self->b = NULL;
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, coro_stream_write(self->a, "bye", 3));
    self->one = coro_create_task(closes_gracefully(&self->a, self->limit));
    if (self->cancel_at >= 0) {
        AWAIT(coro_sleep(CORO_MS(self->cancel_at)));
        coro_task_cancel(self->one);
    }
    AWAIT_CATCH(self->error, coro_task_join(self->one));
    AWAIT_CATCH(self->error, coro_task_join(self->other));
  ASYNC_FINALLY:
    coro_task_release(self->one);
    coro_task_release(self->other);
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_copy, f017_a_graceful_close_reads_on_until_the_other_side_ends)
{
    EQ(RUN(parts(100, CORO_SECONDS(1), -1)), 0);
    SAID("got 3/0 closed 0 at 100 ");
}

ASYNC(closes_without_memory, VARS(coro_stream *a, *b; int error;))
{
    ASYNC_BEGIN;
    self->error = coro_stream_pair(&self->a, &self->b, 100);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    AWAIT_CATCH(self->error, closes_gracefully(&self->a, CORO_MS(1)));
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_copy, a_graceful_close_without_memory_leaves_the_stream_as_it_is)
{
    FAIL_EACH_ALLOCATION(closes_without_memory());
}

Test(stream_copy, f017_but_not_beyond_its_limit)
{
    EQ(RUN(parts(2000, CORO_SECONDS(1), -1)), 0);
    SAID("closed -110 at 1000 got 3/0 "); /* no reset: what was sent arrives */
}

Test(stream_copy, f017_a_graceful_close_that_is_cancelled_aborts)
{
    EQ(RUN(parts(2000, CORO_SECONDS(1), 500)), 0);
    SAID("closed -125 at 500 got 0/-104 ");
}

ASYNC(closes_null, VARS(coro_stream *none, *a, *b; int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_close_graceful(&self->none, CORO_SECONDS(1)));
    EQ(coro_stream_pair(&self->a, &self->b, 100), 0);
    coro_discard(coro_stream_close_graceful(&self->a, CORO_SECONDS(1)));
    HOLDS(self->a != NULL); /* never started */
    coro_stream_abort(&self->b);
    AWAIT_CATCH(self->error, coro_stream_close_graceful(&self->a, CORO_SECONDS(1)));
    EQ(self->error, CORO_ECONNRESET);
    HOLDS(self->a == NULL);
    ASYNC_END;
}

Test(stream_copy, a_graceful_close_frees_in_any_case)
{
    EQ(RUN(closes_null()), 0);
}
#endif
