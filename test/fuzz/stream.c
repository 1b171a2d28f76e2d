/* SPDX-License-Identifier: MIT */
/*
 * stream.c - reads of every kind against a model that has all bytes in one array.
 *
 *     input = capacity of the pair, then: what to do, how much, bytes...
 *     model = sent[at .. size), and whether the end was said
 *
 * For each read the model says what must come of it: so many bytes, an error that
 * takes none, or nothing yet; that one is given up after a while, and must lose no
 * byte either. `./dev fuzz` builds it with libFuzzer; with driver.c it is a test.
 */
#include <coro/coro.h>
#include <coro/test.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { SENT_MAX = 1 << 16, WAITS = 1 };

static struct {
    const uint8_t *input;
    size_t left;
    char sent[SENT_MAX];
    size_t at, size;
    bool ended;
} model;

static unsigned next_byte(void)
{
    return model.left > 0 ? (model.left--, *model.input++) : 0;
}

/* Bytes of the input, at most `most`. */
static coro_slice next_bytes(size_t most)
{
    coro_slice slice = {model.input, most < model.left ? most : model.left};
    model.input += slice.size;
    model.left -= slice.size;
    return slice;
}

static size_t have(void)
{
    return model.size - model.at;
}

/* --- what must come of it: 0 with *n, an error, or WAITS ---------------------------------- */

static bool ends_with(const char *data, size_t size, coro_slice separator)
{
    return size >= separator.size &&
           memcmp(data + size - separator.size, separator.data, separator.size) == 0;
}

static int expect_until(const coro_slice *separators, size_t count, size_t limit, bool is_line,
                        size_t *n)
{
    *n = 0;
    if (limit == 0)
        return CORO_EINVAL;
    for (size_t i = 0; i < count; i++)
        if (separators[i].size == 0)
            return CORO_EINVAL;
    for (size_t end = 1; end <= have() && end <= limit; end++)
        for (size_t i = 0; i < count; i++)
            if (ends_with(model.sent + model.at, end, separators[i])) {
                *n = end;
                return 0;
            }
    if (have() >= limit)
        return CORO_ELIMIT;
    if (!model.ended)
        return WAITS;
    *n = is_line ? have() : 0;
    return is_line || have() == 0 ? 0 : CORO_EINCOMPLETE;
}

static int expect_at_least(size_t least)
{
    return have() >= least ? 0 : model.ended ? CORO_EINCOMPLETE : WAITS;
}

/* --- what comes of it --------------------------------------------------------------------- */

static void check(int expected, int error, const char *text, size_t n)
{
    REQUIRE(error == (expected == WAITS ? CORO_ETIMEDOUT : expected));
    if (error == 0) {
        REQUIRE(n <= have() && memcmp(text, model.sent + model.at, n) == 0);
        model.at += n;
    }
}

ASYNC(read_until, ARGS(coro_stream *, stream, int, kind),
      VARS(coro_slice separators[2]; size_t limit, n, expected_n; int expected, error;),
      SCRATCH(char text[256];))
{
    ASYNC_BEGIN;
    self->limit = next_byte();
    self->separators[0] = self->kind == 0 ? (coro_slice){"\n", 1} : next_bytes(next_byte() % 4);
    self->separators[1] = self->kind == 2 ? next_bytes(next_byte() % 4) : (coro_slice){NULL, 0};
    self->expected = expect_until(self->separators, self->kind == 2 ? 2 : 1, self->limit,
                                  self->kind == 0, &self->expected_n);
    if (self->kind == 0)
        AWAIT_CATCH(self->error, self->n,
                    coro_wait_for(coro_stream_read_line(self->stream, self->text, self->limit),
                                  CORO_MS(1)));
    else if (self->kind == 1)
        AWAIT_CATCH(self->error, self->n,
                    coro_wait_for(coro_stream_read_until(self->stream, self->text, self->limit,
                                                         self->separators[0].data,
                                                         self->separators[0].size),
                                  CORO_MS(1)));
    else
        AWAIT_CATCH(self->error, self->n,
                    coro_wait_for(coro_stream_read_until_any(self->stream, self->text, self->limit,
                                                             self->separators, 2),
                                  CORO_MS(1)));
    REQUIRE(self->error != 0 || self->n == self->expected_n);
    REQUIRE(self->error != 0 || self->n == 0 || self->n == self->limit ||
            self->text[self->n] == '\0');
    check(self->expected, self->error, self->text, self->n);
    ASYNC_END;
}

ASYNC(read_some, ARGS(coro_stream *, stream, bool, exactly), VARS(size_t limit, n; int error;),
      SCRATCH(char text[256];))
{
    ASYNC_BEGIN;
    self->limit = next_byte();
    if (self->exactly) {
        AWAIT_CATCH(self->error,
                    coro_wait_for(coro_stream_read_exactly(self->stream, self->text, self->limit),
                                  CORO_MS(1)));
        check(expect_at_least(self->limit), self->error, self->text, self->limit);
        ASYNC_RETURN();
    }
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_stream_read(self->stream, self->text, self->limit), CORO_MS(1)));
    REQUIRE(self->error != 0 || (self->n == 0) == (self->limit == 0 || have() == 0));
    REQUIRE(self->error != 0 || self->n <= self->limit);
    check(self->limit == 0 || have() > 0 || model.ended ? 0 : WAITS, self->error, self->text,
          self->n);
    ASYNC_END;
}

ASYNC(look_ahead, ARGS(coro_stream *, stream), VARS(size_t least, n; const char *data; int error;))
{
    size_t size; /* not across an await */
    ASYNC_BEGIN;
    self->least = next_byte();
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_stream_peek(self->stream, self->least), CORO_MS(1)));
    if (self->error != 0) {
        check(WAITS, self->error, NULL, 0);
        REQUIRE(expect_at_least(self->least) == WAITS);
        ASYNC_RETURN();
    }
    REQUIRE(self->n >= self->least || (model.ended && self->n == have()));
    self->data = coro_stream_buffered(self->stream, &size);
    REQUIRE(size == self->n);
    size = next_byte();
    size = size < self->n ? size : self->n;
    check(0, 0, self->data, size);
    coro_stream_consume(self->stream, size);
    ASYNC_END;
}

ASYNC(write_some, ARGS(coro_stream *, stream), VARS(coro_slice data; int error;))
{
    ASYNC_BEGIN;
    self->data = next_bytes(next_byte());
    if (self->data.size > SENT_MAX - model.size)
        self->data.size = SENT_MAX - model.size;
    AWAIT_CATCH(self->error,
                coro_stream_write(self->stream, self->data.data, self->data.size));
    REQUIRE(self->error == (model.ended ? CORO_EPIPE : 0));
    if (self->error == 0 && self->data.size > 0) {
        memcpy(model.sent + model.size, self->data.data, self->data.size);
        model.size += self->data.size;
    }
    ASYNC_END;
}

/* Told when all has arrived, which may be never. */
ASYNC(say_end, ARGS(coro_stream *, stream), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->stream));
    ASYNC_END;
}

ASYNC(run_input, VARS(coro_stream *a, *b; coro_task *end; unsigned what;))
{
    ASYNC_BEGIN;
    REQUIRE(coro_stream_pair(&self->a, &self->b, 1 + next_byte()) == 0);
    REQUIRE(coro_stream_set_write_limits(self->a, SIZE_MAX / 2, 0) == 0);
    while (model.left > 0) {
        self->what = next_byte() % 9;
        if (self->what < 2) {
            AWAIT(write_some(self->a));
        } else if (self->what < 5) {
            AWAIT(read_until(self->b, (int)self->what - 2));
        } else if (self->what < 7) {
            AWAIT(read_some(self->b, self->what == 6));
        } else if (self->what == 7) {
            AWAIT(look_ahead(self->b));
        } else if (self->end == NULL) {
            self->end = coro_create_task(say_end(self->a));
            AWAIT(coro_yield());
            model.ended = true;
        }
    }
  ASYNC_FINALLY:
    coro_task_release(self->end);
    coro_stream_abort(&self->a);
    coro_stream_abort(&self->b);
    ASYNC_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    model.input = data;
    model.left = size;
    model.at = model.size = 0;
    model.ended = false;
    REQUIRE(coro_test_run(run_input()) == 0);
    return 0;
}
