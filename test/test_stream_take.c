/* SPDX-License-Identifier: MIT */
/*
 * test_stream_take.c: a stream in other hands than those of tasks: a filter above a pair.
 *
 *     tasks ─► flip ─ each byte ^ 0x80, an end is the byte 1 ─► a ═ pair ═ b ◄─ flip ◄─ tasks
 */
#include "loop_fixture.h"

#include "kernel/kernel.h"

#include <coro/stream.h>

SUITE(stream_take);

/* --- the filter --------------------------------------------------------------------------- */

enum { CHUNK = 16, END = 1 };

typedef struct flip {
    coro_stream stream; /* first */
    coro_stream_taker taker;
    coro_stream *inner;
    bool ended;
} flip;

static flip *flip_of(coro_stream *stream)
{
    return (flip *)(void *)stream;
}

static ptrdiff_t flip_recv(coro_stream *stream, void *buffer, size_t size)
{
    flip *self = flip_of(stream);
    unsigned char *bytes = buffer;
    ptrdiff_t count;
    if (self->ended)
        return 0;
    if (self->inner == NULL)
        return CORO_ECLOSED;
    count = coro_stream_try_read(self->inner, buffer, size);
    if (count == 0)
        return CORO_EINCOMPLETE; /* cut off */
    for (ptrdiff_t i = 0; i < count; i++) {
        self->ended |= bytes[i] == END;
        bytes[i] ^= 0x80;
    }
    return self->ended ? count - 1 : count;
}

static ptrdiff_t flip_send(coro_stream *stream, const coro_slice *slices, size_t count)
{
    const unsigned char *bytes = slices[0].data;
    unsigned char chunk[CHUNK];
    coro_slice out = {chunk, slices[0].size < CHUNK ? slices[0].size : CHUNK};
    HOLDS(count > 0);
    if (flip_of(stream)->inner == NULL)
        return CORO_EPIPE;
    for (size_t i = 0; i < out.size; i++)
        chunk[i] = bytes[i] ^ 0x80;
    return coro_stream_try_write(flip_of(stream)->inner, &out, 1);
}

static int flip_want(coro_stream *stream, unsigned direction)
{
    return coro_stream_want(flip_of(stream)->inner, direction);
}

static void flip_unwant(coro_stream *stream, unsigned direction)
{
    if (flip_of(stream)->inner != NULL)
        coro_stream_unwant(flip_of(stream)->inner, direction);
}

static int flip_shutdown_write(coro_stream *stream)
{
    static const char end = END;
    coro_slice out = {&end, 1};
    ptrdiff_t sent = coro_stream_try_write(flip_of(stream)->inner, &out, 1);
    return sent < 0 ? (int)sent : 0;
}

static void flip_close(coro_stream *stream, bool abort)
{
    flip *self = flip_of(stream);
    if (self->inner != NULL) {
        coro_stream_give_back(self->inner, CORO_STREAM_READ | CORO_STREAM_WRITE);
        if (abort)
            coro_stream_abort(&self->inner);
        else
            coro_stream_close_now(&self->inner);
    }
    free(self);
}

static int flip_fd(const coro_stream *stream)
{
    return coro_stream_fd(((const flip *)(const void *)stream)->inner);
}

static const coro_transport flip_transport = {
    .name = "flip",
    .recv = flip_recv,
    .send = flip_send,
    .want = flip_want,
    .unwant = flip_unwant,
    .shutdown_write = flip_shutdown_write,
    .close = flip_close,
    .fd = flip_fd,
    .says_end = true,
};

static void flip_ready(coro_stream_taker *taker, unsigned directions)
{
    coro_stream_ready(&coro_container_of(taker, flip, taker)->stream, directions);
}

static void flip_gone(coro_stream_taker *taker)
{
    flip *self = coro_container_of(taker, flip, taker);
    self->inner = NULL;
    coro_stream_ready(&self->stream, self->stream.wanted);
}

/* Takes *stream, and puts the filter there. */
static void put_filter(coro_stream **stream)
{
    flip *self = calloc(1, sizeof *self);
    self->taker = (coro_stream_taker){flip_ready, flip_gone};
    self->inner = *stream;
    coro_stream_init(&self->stream, &flip_transport);
    EQ(coro_stream_take(*stream, CORO_STREAM_READ | CORO_STREAM_WRITE, &self->taker), 0);
    *stream = &self->stream;
}

/* Filters above both ends, `depth` of them. */
static int open_filters(coro_stream **a, coro_stream **b, size_t capacity, size_t depth)
{
    int error = coro_stream_pair(a, b, capacity);
    for (size_t i = 0; error == 0 && i < depth; i++) {
        put_filter(a);
        put_filter(b);
    }
    return error;
}

/* --- bytes there and back ----------------------------------------------------------------- */

static char text[20000];

ASYNC(writes_all, ARGS(coro_stream *, stream), VARS(size_t at, n;))
{
    ASYNC_BEGIN;
    for (; self->at < sizeof text; self->at += self->n) {
        self->n = 1 + self->at % 700;
        if (self->n > sizeof text - self->at)
            self->n = sizeof text - self->at;
        AWAIT(coro_stream_write(self->stream, text + self->at, self->n));
    }
    AWAIT(coro_stream_shutdown_write(self->stream));
    ASYNC_END;
}

ASYNC(reads_all, ARGS(coro_stream *, stream), VARS(size_t at, n;), SCRATCH(char part[300];))
{
    ASYNC_BEGIN;
    do {
        AWAIT(self->n, coro_stream_read(self->stream, self->part, sizeof self->part));
        HOLDS(memcmp(self->part, text + self->at, self->n) == 0);
        self->at += self->n;
    } while (self->n > 0);
    EQ(self->at, sizeof text);
    ASYNC_END;
}

ASYNC(passes_text, ARGS(size_t, capacity, size_t, depth),
      VARS(coro_stream *a, *b; coro_group group; int error;))
{
    ASYNC_BEGIN;
    self->error = open_filters(&self->a, &self->b, self->capacity, self->depth);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, writes_all(self->a));
        coro_group_create_task(&self->group, reads_all(self->a));
        coro_group_create_task(&self->group, writes_all(self->b));
        coro_group_create_task(&self->group, reads_all(self->b));
    }
    EQ(coro_stream_fd(self->a), -1);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

static void fill_text(void)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i % 90 == 0 ? '\n' : 32 + i % 89);
}

Test(stream_take, a_filter_is_a_stream_like_others)
{
    static const size_t capacities[] = {1, 7, 500, 100000};
    fill_text();
    for (size_t i = 0; i < 4; i++)
        for (size_t depth = 1; depth <= 2; depth++)
            EQ(RUN(passes_text(capacities[i], depth)), 0);
}

Test(stream_take, without_memory_it_fails_and_nothing_leaks)
{
    fill_text();
    FAIL_EACH_ALLOCATION(passes_text(7, 1));
}

/* --- what was there before ---------------------------------------------------------------- */

ASYNC(upgrades, VARS(coro_stream *a, *b; size_t n; char got[40];))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    AWAIT(coro_stream_write(self->a, "go\n\xe8\xe9", 5)); /* "hi", flipped, comes along with it */
    AWAIT(self->n, coro_stream_read_line(self->b, self->got, sizeof self->got));
    EQ(self->n, 3);
    AWAIT(coro_stream_write(self->b, "good\n", 5)); /* still unsent when the filter comes */
    put_filter(&self->b);
    AWAIT(coro_stream_read_exactly(self->b, self->got, 2));
    HOLDS(memcmp(self->got, "hi", 2) == 0);
    AWAIT(coro_stream_write(self->b, "yes", 3));
    AWAIT(self->n, coro_stream_read_line(self->a, self->got, sizeof self->got));
    EQ(self->n, 5);
    put_filter(&self->a);
    AWAIT(coro_stream_read_exactly(self->a, self->got, 3));
    HOLDS(memcmp(self->got, "yes", 3) == 0);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(stream_take, bytes_that_are_buffered_go_through_the_filter_that_comes)
{
    EQ(RUN(upgrades()), 0);
}

/* --- whose it is -------------------------------------------------------------------------- */

static void ignore_ready(coro_stream_taker *taker, unsigned directions)
{
    (void)taker;
    say("ready %u ", directions);
}

static void ignore_gone(coro_stream_taker *taker)
{
    (void)taker;
    say("gone ");
}

#define EXPECT(error_, call)                                                                       \
    AWAIT_CATCH(self->error, call);                                                                \
    EQ(self->error, error_)

ASYNC(reads_one, ARGS(coro_stream *, stream), VARS(char got[1]; size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read(self->stream, self->got, 1));
    ASYNC_END;
}

ASYNC(is_taken, VARS(coro_stream *a, *b; coro_stream_taker taker; coro_task *task; size_t n;
                     int error; char got[9]; coro_slice line;))
{
    ASYNC_BEGIN;
    self->taker = (coro_stream_taker){ignore_ready, ignore_gone};
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    EQ(coro_stream_take(NULL, CORO_STREAM_READ, &self->taker), CORO_ECLOSED);
    self->task = coro_create_task(reads_one(self->a));
    AWAIT(coro_yield());
    EQ(coro_stream_take(self->a, CORO_STREAM_READ, &self->taker), CORO_EBUSY);
    EQ(coro_stream_take(self->a, CORO_STREAM_WRITE, &self->taker), 0);
    EXPECT(CORO_EBUSY, coro_stream_write(self->a, "x", 1));
#if CORO_HOSTED
    EXPECT(CORO_EBUSY, coro_stream_printf(self->a, "x"));
#endif
    EXPECT(CORO_EBUSY, coro_stream_drain(self->a));
    EXPECT(CORO_EBUSY, coro_stream_shutdown_write(self->a));
    EQ(coro_stream_unsent(self->a), 0);
    AWAIT(coro_stream_write(self->b, "x", 1));
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    EQ(coro_stream_take(self->a, CORO_STREAM_READ, &self->taker), 0);
    EQ(coro_stream_take(self->a, CORO_STREAM_READ, &self->taker), CORO_EBUSY);
    self->line = (coro_slice){"\n", 1};
    EXPECT(CORO_EBUSY, coro_stream_read(self->a, self->got, 1));
    EXPECT(CORO_EBUSY, coro_stream_read_exactly(self->a, self->got, 1));
    EXPECT(CORO_EBUSY, coro_stream_read_until(self->a, self->got, 1, "\n", 1));
    EXPECT(CORO_EBUSY, coro_stream_read_until_any(self->a, self->got, 1, &self->line, 1));
    EXPECT(CORO_EBUSY, coro_stream_read_line(self->a, self->got, 1));
    EXPECT(CORO_EBUSY, coro_stream_peek(self->a, 1));

    EQ(coro_stream_try_read(self->a, self->got, 9), CORO_EAGAIN);
    EQ(coro_stream_want(self->a, CORO_STREAM_READ), 0);
    AWAIT(coro_stream_write(self->b, "12345", 5));
    AWAIT(coro_yield());
    SAID("ready 1 ");
    coro_stream_give_back(self->a, CORO_STREAM_READ | CORO_STREAM_WRITE);
    AWAIT(coro_stream_read_exactly(self->a, self->got, 5));
    AWAIT(coro_stream_write(self->a, "back", 4));
    AWAIT(coro_stream_read_exactly(self->b, self->got, 4));
    HOLDS(memcmp(self->got, "back", 4) == 0);

    EQ(coro_stream_take(self->a, CORO_STREAM_WRITE, &self->taker), 0);
    AWAIT(coro_stream_close(&self->a));
    SAID("ready 1 gone ");
    EQ(coro_stream_take(self->b, CORO_STREAM_READ, &self->taker), 0);
    EQ(coro_stream_take(self->b, CORO_STREAM_WRITE, &self->taker), 0);
    coro_stream_abort(&self->b);
    SAID("ready 1 gone gone ");
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_take, what_is_taken_is_busy_for_tasks)
{
    EQ(RUN(is_taken()), 0);
}

/* --- trying ------------------------------------------------------------------------------- */

ASYNC(tries, VARS(coro_stream *a, *b; coro_stream_taker taker; coro_slice parts[3]; char got[9];))
{
    ASYNC_BEGIN;
    self->taker = (coro_stream_taker){ignore_ready, ignore_gone};
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    EQ(coro_stream_take(self->a, CORO_STREAM_READ | CORO_STREAM_WRITE, &self->taker), 0);
    self->parts[0] = (coro_slice){"12", 2};
    self->parts[1] = (coro_slice){"", 0};
    self->parts[2] = (coro_slice){"345", 3};
    EQ(coro_stream_try_write(self->a, self->parts, 3), 4);
    EQ(coro_stream_try_write(self->a, self->parts, 3), CORO_EAGAIN);
    EQ(coro_stream_sent(self->a), 4);
    EQ(coro_stream_want(self->a, CORO_STREAM_WRITE), 0);
    EQ(coro_stream_want(self->a, CORO_STREAM_WRITE), 0);
    EQ(coro_stream_want(self->a, CORO_STREAM_READ), 0);
    coro_stream_unwant(self->a, CORO_STREAM_READ);
    coro_stream_unwant(self->a, CORO_STREAM_WRITE);
    AWAIT(coro_stream_write(self->b, "x", 1));
    AWAIT(coro_stream_read_exactly(self->b, self->got, 4));
    AWAIT(coro_yield());
    SAID("");
    EQ(coro_stream_try_read(self->a, self->got, 9), 1);
    EQ(coro_stream_try_shutdown_write(self->a), 0);
    EQ(coro_stream_try_write(self->a, self->parts, 1), CORO_EPIPE);
    AWAIT(coro_stream_close(&self->b));
    EQ(coro_stream_try_read(self->a, self->got, 9), 0);
    coro_stream_give_back(self->a, CORO_STREAM_READ | CORO_STREAM_WRITE);
    coro_stream_close_now(&self->a);
    coro_stream_close_now(&self->a); /* NULL */
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_take, a_try_never_waits)
{
    EQ(RUN(tries()), 0);
}

/* What tasks have corked leaves before what the taker writes, and before an end. */
ASYNC(tries_behind, VARS(coro_stream *a, *b; coro_stream_taker taker; coro_slice part; size_t n;
                         char got[20];))
{
    ASYNC_BEGIN;
    self->taker = (coro_stream_taker){ignore_ready, ignore_gone};
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    AWAIT(coro_stream_write(self->a, "first", 5));
    EQ(coro_stream_take(self->a, CORO_STREAM_WRITE, &self->taker), 0);
    self->part = (coro_slice){"last", 4};
    EQ(coro_stream_try_write(self->a, &self->part, 1), CORO_EAGAIN);
    AWAIT(coro_stream_read_exactly(self->b, self->got, 5));
    SAID("ready 2 "); /* "t" has left, and there is room again */
    EQ(coro_stream_try_write(self->a, &self->part, 1), 4);
    coro_stream_give_back(self->a, CORO_STREAM_WRITE);
    AWAIT(coro_stream_write(self->a, "!", 1));
    EQ(coro_stream_take(self->a, CORO_STREAM_WRITE, &self->taker), 0);
    EQ(coro_stream_try_shutdown_write(self->a), CORO_EAGAIN);
    AWAIT(coro_stream_read_exactly(self->b, self->got, 5));
    HOLDS(memcmp(self->got, "last!", 5) == 0);
    AWAIT(self->n, coro_stream_read(self->b, self->got, 9));
    EQ(self->n, 0);
    SAID("ready 2 ready 2 ");
    EQ(coro_stream_try_shutdown_write(self->a), 0);
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_take, what_is_tried_comes_behind_what_is_unsent)
{
    EQ(RUN(tries_behind()), 0);
}

/* --- the end ------------------------------------------------------------------------------ */

ASYNC(is_pulled_from_beneath, VARS(coro_stream *a, *b, *inner; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_stream_pair(&self->a, &self->b, 4), 0);
    self->inner = self->a;
    put_filter(&self->a);
    self->task = coro_create_task(reads_one(self->a));
    AWAIT(coro_yield());
    coro_stream_abort(&self->inner);
    EXPECT(CORO_ECLOSED, coro_task_join(self->task));
    coro_task_release(self->task);
    AWAIT(coro_stream_write(self->a, "x", 1));
    EXPECT(CORO_EPIPE, coro_stream_drain(self->a));
  ASYNC_FINALLY:
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

Test(stream_take, a_filter_whose_stream_is_closed_beneath_it_fails)
{
    EQ(RUN(is_pulled_from_beneath()), 0);
}

/* The other side reads late: the end has to wait for room. */
ASYNC(closes_full, ARGS(coro_stream *, stream), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_write(self->stream, "1234", 4));
    AWAIT(coro_stream_drain(self->stream));
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream));
    say("closed %d at %ld ", self->error, now_ms());
    ASYNC_END;
}

ASYNC(reads_late, ARGS(long, ms), VARS(coro_stream *a, *b; coro_task *task; size_t n; char got[9];))
{
    ASYNC_BEGIN;
    EQ(open_filters(&self->a, &self->b, 4, 1), 0);
    self->task = coro_create_task(closes_full(self->a));
    AWAIT(coro_sleep(CORO_MS(self->ms)));
    AWAIT(coro_stream_read_exactly(self->b, self->got, 4));
    AWAIT(self->n, coro_stream_read(self->b, self->got, 9));
    EQ(self->n, 0);
  ASYNC_FINALLY:
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(stream_take, a_close_waits_until_its_end_could_be_said)
{
    EQ(RUN(reads_late(100)), 0);
    SAID("closed 0 at 100 ");
}

#if CORO_HOSTED /* a close has a limit */
Test(stream_take, but_five_seconds_at_most)
{
    EQ(RUN(reads_late(6000)), CORO_ECONNRESET);
    SAID("closed -110 at 5000 ");
}
#endif

ASYNC(shuts_down_full, VARS(coro_stream *a, *b; coro_task *task; size_t n; char got[9];))
{
    ASYNC_BEGIN;
    EQ(open_filters(&self->a, &self->b, 4, 1), 0);
    AWAIT(coro_stream_write(self->a, "1234", 4));
    AWAIT(coro_stream_drain(self->a));
    self->task = coro_create_task(coro_stream_shutdown_write(self->a));
    AWAIT(coro_yield());
    HOLDS(!coro_task_done(self->task));
    AWAIT(coro_stream_read_exactly(self->b, self->got, 4));
    AWAIT(self->n, coro_stream_read(self->b, self->got, 9));
    EQ(self->n, 0);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    AWAIT(coro_stream_write(self->b, "5678", 4)); /* the other half is still open */
    AWAIT(coro_stream_read_exactly(self->a, self->got, 4));
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->a));
    AWAIT(coro_stream_close(&self->b));
    ASYNC_END;
}

Test(stream_take, an_end_of_writing_waits_for_room)
{
    EQ(RUN(shuts_down_full()), 0);
}
