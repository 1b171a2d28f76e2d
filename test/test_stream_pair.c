/* SPDX-License-Identifier: MIT */
/*
 * test_stream_pair.c: two streams in memory, and all of a stream's operations at random
 * against what they should give.
 */
#include "loop_fixture.h"

#include <coro/stream.h>
#include <coro/test.h>

SUITE(stream_pair);

static char large[200000];

/* Recognisable bytes: newlines among them, and the separator below. */
static void fill_bytes(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31 + i / 251);
}

/* --- the pair ----------------------------------------------------------------------------- */

ASYNC(makes_pairs, VARS(coro_stream *a, *b; size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 0), CORO_EINVAL);
    EQ(coro_stream_pair(&self->a, &self->b, SIZE_MAX), CORO_EINVAL);
    self->error = coro_stream_pair(&self->a, &self->b, 4);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    AWAIT(coro_stream_write(self->a, "ping", 4));
    AWAIT(self->n, coro_stream_read(self->b, self->text, 9));
    EQ(self->n, 4);
    AWAIT(coro_stream_write(self->b, "pong", 4));
    AWAIT(coro_stream_close(&self->b)); /* what is on its way arrives */
    AWAIT(self->n, coro_stream_read(self->a, self->text, 9));
    EQ(self->n, 4);
    AWAIT(self->n, coro_stream_read(self->a, self->text, 9));
    EQ(self->n, 0);
    AWAIT(coro_stream_write(self->a, "!", 1));
    AWAIT_CATCH(self->error, coro_stream_drain(self->a));
    EQ(self->error, CORO_EPIPE);
    self->error = 0;
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(stream_pair, what_one_writes_the_other_reads)
{
    int error = CORO_ENOMEM;
    for (size_t n = 1; error == CORO_ENOMEM && n < 50; n++) {
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        error = RUN(makes_pairs());
    }
    EQ(error, 0);
}

static coro_stream *foreign[2];

ASYNC(makes_foreign_pair)
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&foreign[0], &foreign[1], 8), 0);
    AWAIT(coro_stream_write(foreign[1], "x", 1));
    ASYNC_END;
}

ASYNC(uses_foreign_pair, VARS(size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_stream_read(foreign[0], self->text, 9));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_stream_write(foreign[0], "!", 1));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_stream_writev(foreign[0], (const coro_slice[]){{"!", 1}}, 1));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_stream_drain(foreign[0]));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(foreign[0]));
    EQ(self->error, CORO_EWRONGLOOP);
    ASYNC_END;
}

ASYNC(reads_foreign_pair, VARS(size_t n; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read(foreign[0], self->text, 9));
    EQ(self->n, 1); /* nothing was lost */
    ASYNC_END;
}

ASYNC(closes_foreign_pair, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_close(&foreign[0]));
    EQ(self->error, CORO_EWRONGLOOP);
    HOLDS(foreign[0] == NULL); /* it is gone all the same */
    ASYNC_END;
}

ASYNC(meets_the_end, VARS(size_t n; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read(foreign[1], self->text, 9));
  ASYNC_FINALLY:
    coro_stream_abort(&foreign[1]);
    ASYNC_END;
}

Test(stream_pair, is_of_the_loop_that_made_it)
{
    coro_loop second;
    open_loop();
    EQ(coro_loop_run_until_complete(&loop, makes_foreign_pair()), 0);
    EQ(init_loop(&second), 0);
    EQ(coro_loop_run_until_complete(&second, uses_foreign_pair()), 0);
    EQ(coro_loop_run_until_complete(&loop, reads_foreign_pair()), 0);
    EQ(coro_loop_run_until_complete(&second, closes_foreign_pair()), 0);
    coro_loop_close(&second);
    EQ(coro_loop_run_until_complete(&loop, meets_the_end()), CORO_ECONNRESET);
    close_loop();
}

ASYNC(reads_one, ARGS(coro_stream *, stream), VARS(size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
    say("%d:%zu ", self->error, self->n);
    ASYNC_END;
}

ASYNC(aborts_pair, VARS(coro_stream *a, *b; coro_task *reader; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    self->reader = coro_create_task(reads_one(self->a));
    AWAIT(coro_yield());
    coro_stream_abort(&self->b);
    AWAIT(coro_task_join(self->reader));
    SAID("-104:0 ");
    AWAIT(coro_stream_write(self->a, "x", 1));
    AWAIT_CATCH(self->error, coro_stream_drain(self->a));
    EQ(self->error, CORO_ECONNRESET);
  ASYNC_FINALLY:
    coro_task_release(self->reader);
    coro_stream_abort(&self->a);
    ASYNC_END;
}

Test(stream_pair, an_abort_is_a_reset_for_the_other_side)
{
    EQ(RUN(aborts_pair()), 0);
}

ASYNC(never_answered, VARS(coro_stream *a, *b; size_t n; char byte;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    AWAIT(self->n, coro_stream_read(self->a, &self->byte, 1));
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_pair, a_read_that_nothing_can_wake_is_a_deadlock)
{
    EQ(RUN_LOUD(never_answered()), CORO_EDEADLK);
    EQ(heard.list[0].kind, CORO_REPORT_DEADLOCK);
}

/* --- against a model ---------------------------------------------------------------------- */

enum { READ, EXACTLY, LINE, UNTIL, PEEK };

static uint32_t random_state = 1;

static size_t random_below(size_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

/* Random reads of a stream that is known: byte for byte the same. */
ASYNC(random_reader, ARGS(coro_stream *, stream, size_t, total),
      VARS(size_t at, n, size; int how, error;), SCRATCH(char text[3000];))
{
    ASYNC_BEGIN;
    while (self->at < self->total) {
        self->how = (int)random_below(5);
        self->n = self->size = 1 + random_below(random_below(9) == 0 ? 3000 : 80);
        if (self->how == READ) {
            AWAIT(self->n, coro_stream_read(self->stream, self->text, self->size));
        } else if (self->how == EXACTLY) {
            AWAIT_CATCH(self->error,
                        coro_stream_read_exactly(self->stream, self->text, self->size));
            self->n = self->error == 0 ? self->size : 0;
        } else if (self->how == LINE) {
            AWAIT_CATCH(self->error, self->n,
                        coro_stream_read_line(self->stream, self->text, self->size));
        } else if (self->how == UNTIL) {
            AWAIT_CATCH(self->error, self->n,
                        coro_stream_read_until(self->stream, self->text, self->size,
                                               "\x1f\x3e", 2));
        } else {
            AWAIT(self->n, coro_stream_peek(self->stream, self->size));
            self->n = self->n < self->size ? self->n : self->size;
            memcpy(self->text, coro_stream_buffered(self->stream, &self->size), self->n);
            coro_stream_consume(self->stream, self->n);
        }
        if (self->how == LINE || self->how == UNTIL)
            self->n = self->error == 0 ? self->n : 0;
        HOLDS(self->at + self->n <= self->total);
        HOLDS(memcmp(self->text, large + self->at, self->n) == 0);
        self->at += self->n;
    }
    ASYNC_END;
}

ASYNC(random_writer, ARGS(coro_stream *, stream, size_t, total), VARS(size_t at, n;))
{
    ASYNC_BEGIN;
    while (self->at < self->total) {
        self->n = 1 + random_below(random_below(9) == 0 ? 9000 : 90);
        if (self->n > self->total - self->at)
            self->n = self->total - self->at;
        AWAIT(coro_stream_write(self->stream, large + self->at, self->n));
        self->at += self->n;
        if (random_below(3) == 0)
            AWAIT(coro_yield());
    }
    AWAIT(coro_stream_shutdown_write(self->stream));
    ASYNC_END;
}

ASYNC(random_pair, ARGS(size_t, capacity, size_t, total),
      VARS(coro_stream *a, *b; coro_group group;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, self->capacity), 0);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, random_writer(self->a, self->total));
        coro_group_create_task(&self->group, random_reader(self->b, self->total));
        coro_group_create_task(&self->group, random_writer(self->b, self->total));
        coro_group_create_task(&self->group, random_reader(self->a, self->total));
    }
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(stream_pair, random_reads_and_writes_are_one_sequence_of_bytes)
{
    static const size_t capacities[] = {1, 7, 500, 4096, 100000};
    fill_bytes(large, sizeof large);
    for (size_t i = 0; i < 5; i++)
        EQ(RUN(random_pair(capacities[i], sizeof large)), 0);
}

#if CORO_HOSTED /* coro/test.h */
Test(stream_pair, in_any_order_of_tasks)
{
    fill_bytes(large, sizeof large);
    for (uint64_t seed = 1; seed <= 100; seed++) {
        random_state = (uint32_t)seed;
        EQ(coro_test_run_seed(random_pair(1 + random_below(2000), 10000), seed), 0);
    }
}
#endif
