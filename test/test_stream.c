/* SPDX-License-Identifier: MIT */
/*
 * test_stream.c: reading, and its memory. Writing is in test_stream_write.c, the ends
 * in test_stream_close.c, the pair in memory in test_stream_pair.c.
 */
#include "stream_fixture.h"

#include <signal.h>

SUITE(stream);

/* --- one call in a task ------------------------------------------------------------------- */

enum { READ, EXACTLY, LINE, UNTIL, PEEK };

/* Says "<result>:<text> ", or the error. */
ASYNC(reads, ARGS(coro_stream *, stream, int, how, size_t, size, const char *, separator),
      VARS(size_t n; int error;), SCRATCH(char text[65536];))
{
    ASYNC_BEGIN;
    memset(self->text, '~', sizeof self->text);
    if (self->how == READ)
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, self->size));
    else if (self->how == EXACTLY)
        AWAIT_CATCH(self->error, coro_stream_read_exactly(self->stream, self->text, self->size));
    else if (self->how == LINE)
        AWAIT_CATCH(self->error, self->n,
                    coro_stream_read_line(self->stream, self->text, self->size));
    else if (self->how == UNTIL)
        AWAIT_CATCH(self->error, self->n,
                    coro_stream_read_until(self->stream, self->text, self->size, self->separator,
                                           strlen(self->separator)));
    else
        AWAIT_CATCH(self->error, self->n, coro_stream_peek(self->stream, self->size));
    if (self->error != 0)
        say("%d ", self->error);
    else if (self->how == PEEK)
        say("peek%zu ", self->n);
    else if (self->how == EXACTLY)
        say("%zu:%.*s ", self->size, (int)(self->size < 99 ? self->size : 0), self->text);
    else
        say("%zu:%.*s ", self->n, (int)self->n, self->text);
    if (self->error == 0 && (self->how == LINE || self->how == UNTIL) && self->n < self->size)
        EQ(self->text[self->n], self->n > 0 ? '\0' : '~');
    ASYNC_END;
}

struct want {
    int how;
    size_t size;
    const char *separator;
};

/* One after the other; between them one more piece becomes readable. */
ASYNC(reads_all, ARGS(const struct want *, wants, size_t, count),
      VARS(coro_stream *stream; size_t i; coro_task *task;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    for (; self->i < self->count; self->i++) {
        self->task = coro_create_task(reads(self->stream, self->wants[self->i].how,
                                            self->wants[self->i].size,
                                            self->wants[self->i].separator));
        while (!coro_task_done(self->task)) {
            AWAIT(coro_yield());
            readable();
        }
        coro_task_release(self->task);
    }
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

#define READS(...)                                                                                 \
    do {                                                                                           \
        const struct want wants_[] = {__VA_ARGS__};                                                \
        EQ(RUN(reads_all(wants_, sizeof wants_ / sizeof wants_[0])), 0);                           \
    } while (0)

/* Each byte by itself. */
static void feed_bytes(const char *text)
{
    wire.has_gaps = true;
    for (; *text != '\0'; text++)
        feed(text, 1);
}

/* --- plain reads -------------------------------------------------------------------------- */

Test(stream, read_gives_what_is_there_and_no_more_than_asked_for)
{
    feed("hello", 5);
    feed("world", 5);
    feed("", 0);
    READS({READ, 3, ""}, {READ, 100, ""}, {READ, 0, ""}, {READ, 100, ""}, {READ, 9, ""},
          {READ, 9, ""});
    SAID("3:hel 2:lo 0: 5:world 0: 0: ");
    EQ(wire.recvs, 4); /* the end is asked for once, and nothing for a read of nothing */
}

Test(stream, a_read_takes_what_is_buffered_before_it_asks_for_more)
{
    feed("line\nrest", 9);
    READS({LINE, 10, ""}, {READ, 100, ""});
    SAID("5:line\n 4:rest ");
    EQ(wire.recvs, 1);
}

Test(stream, an_error_comes_behind_the_data_and_stays)
{
    feed("ab", 2);
    feed_error(CORO_ECONNRESET);
    READS({PEEK, 2, ""}, {LINE, 9, ""}, {READ, 9, ""}, {READ, 9, ""}, {EXACTLY, 1, ""},
          {UNTIL, 9, "x"}, {PEEK, 1, ""});
    SAID("peek2 -104 2:ab -104 -104 -104 -104 ");
    EQ(wire.recvs, 2);
}

Test(stream, a_closed_stream_is_null_and_reads_give_eclosed)
{
    coro_stream *none = NULL;
    size_t size = 1;
    EQ(RUN(reads(none, READ, 1, "")), 0);
    EQ(RUN(reads(none, LINE, 1, "")), 0);
    EQ(RUN(reads(none, UNTIL, 1, "x")), 0);
    SAID("-1001 -1001 -1001 ");
    EQ(*coro_stream_buffered(none, &size), '\0');
    EQ(size, 0);
    HOLDS(coro_stream_at_eof(none));
    coro_stream_consume(none, 0);
}

/* --- exact reads -------------------------------------------------------------------------- */

Test(stream, read_exactly_waits_for_all_pieces)
{
    feed_bytes("abcdefg");
    READS({EXACTLY, 3, ""}, {EXACTLY, 0, ""}, {EXACTLY, 4, ""});
    SAID("3:abc 0: 4:defg ");
}

Test(stream, c121_read_exactly_at_the_end_keeps_what_had_come)
{
    feed_bytes("abc");
    feed("", 0);
    READS({EXACTLY, 4, ""}, {EXACTLY, 4, ""}, {READ, 9, ""}, {EXACTLY, 1, ""});
    SAID("-1006 -1006 3:abc -1006 ");
}

static char large[200000], copy[200000];

ASYNC(reads_large, VARS(coro_stream *stream; size_t i, size; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    AWAIT(coro_stream_peek(self->stream, 1));
    AWAIT(coro_stream_read_exactly(self->stream, copy, sizeof copy));
    HOLDS(are_bytes(copy, sizeof copy));
    HOLDS(self->stream->in.data == NULL);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, a_large_exact_read_goes_into_the_callers_buffer)
{
    fill_bytes(large, sizeof large);
    feed(large, 100);
    feed(large + 100, sizeof large - 100);
    EQ(RUN(reads_large()), 0);
    EQ(wire.recvs, 2);
}

/* --- lines -------------------------------------------------------------------------------- */

Test(stream, lines_come_whole_and_the_last_needs_no_newline)
{
    feed("a\n\nbcd\nef", 9);
    feed("g", 1);
    feed("", 0);
    READS({LINE, 10, ""}, {LINE, 10, ""}, {LINE, 4, ""}, {LINE, 10, ""}, {LINE, 10, ""});
    SAID("2:a\n 1:\n 4:bcd\n 3:efg 0: ");
}

Test(stream, c119_a_line_beyond_the_limit_is_kept)
{
    feed_bytes("12345");
    feed("67\nrest\n", 8);
    READS({LINE, 4, ""}, {LINE, 7, ""}, {LINE, 8, ""}, {UNTIL, 4, "\n"}, {UNTIL, 5, "\n"});
    SAID("-1007 -1007 8:1234567\n -1007 5:rest\n ");
}

Test(stream, read_until_finds_separators_across_pieces)
{
    feed_bytes("ab\r\r\ncd\r\n\r\nababac");
    READS({UNTIL, 99, "\r\n"}, {UNTIL, 99, "\r\n\r\n"}, {UNTIL, 99, "abac"});
    SAID("5:ab\r\r\n 6:cd\r\n\r\n 6:ababac ");
}

Test(stream, read_until_at_the_end)
{
    feed("ab", 2);
    feed("", 0);
    READS({UNTIL, 99, "x"}, {UNTIL, 2, "xyz"}, {READ, 9, ""}, {UNTIL, 99, "x"});
    SAID("-1006 -1007 2:ab 0: ");
}

Test(stream, a_limit_or_separator_of_nothing_is_an_error)
{
    READS({UNTIL, 9, ""}, {UNTIL, 0, "x"}, {LINE, 0, ""});
    SAID("-22 -22 -22 ");
}

ASYNC(reads_long_line, VARS(coro_stream *stream; size_t n;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    AWAIT(self->n, coro_stream_read_line(self->stream, copy, sizeof copy));
    EQ(self->n, 60001);
    HOLDS(memcmp(copy, large, self->n) == 0);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, a_long_line_comes_in_many_pieces)
{
    memset(large, '-', sizeof large);
    large[60000] = '\n';
    for (size_t i = 0; i < 60; i++)
        feed(large + i * 1000, 1000);
    feed(large + 60000, 1);
    EQ(RUN(reads_long_line()), 0);
}

/* --- peek --------------------------------------------------------------------------------- */

ASYNC(peeks, VARS(coro_stream *stream; size_t n, size;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    AWAIT(self->n, coro_stream_peek(self->stream, 0));
    EQ(self->n, 0);
    AWAIT(self->n, coro_stream_peek(self->stream, 2));
    EQ(self->n, 5);
    HOLDS(memcmp(coro_stream_buffered(self->stream, &self->size), "hello", 5) == 0);
    coro_stream_consume(self->stream, 4);
    HOLDS(*coro_stream_buffered(self->stream, &self->size) == 'o' && self->size == 1);
    HOLDS(!coro_stream_at_eof(self->stream));
    AWAIT(self->n, coro_stream_peek(self->stream, 9));
    EQ(self->n, 1); /* the end */
    HOLDS(!coro_stream_at_eof(self->stream));
    coro_stream_consume(self->stream, 1);
    HOLDS(coro_stream_at_eof(self->stream));
    EQ(self->stream->in.capacity, 0); /* nothing is held for nothing */
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, peek_looks_ahead_and_consume_takes)
{
    feed("hello", 5);
    feed("", 0);
    EQ(RUN(peeks()), 0);
}

ASYNC(consumes_too_much)
{
    ASYNC_BEGIN;
    coro_stream_consume(open_wire(), 1);
    ASYNC_END;
}

Test(stream, consuming_more_than_is_buffered_traps, .signal = SIGABRT)
{
    (void)RUN(consumes_too_much());
}

/* --- one reader --------------------------------------------------------------------------- */

ASYNC(reads_twice, ARGS(int, how), VARS(coro_stream *stream; coro_task *first, *second;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    self->first = coro_create_task(reads(self->stream, self->how, 4, "cd"));
    AWAIT(coro_yield());
    readable();
    self->second = coro_create_task(reads(self->stream, UNTIL, 1, "x"));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    readable();
    AWAIT(coro_task_join(self->first));
  ASYNC_FINALLY:
    coro_task_release(self->first);
    coro_task_release(self->second);
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, f023_a_second_reader_is_told_busy_and_steals_no_byte)
{
    static const int hows[] = {EXACTLY, UNTIL, LINE};
    for (size_t i = 0; i < 3; i++) {
        memset(&wire, 0, sizeof wire);
        wire.has_gaps = true;
        said_size = 0;
        feed("ab", 2);
        feed("c", 1);
        feed(i == 2 ? "\n" : "d", 1);
        EQ(RUN(reads_twice(hows[i])), 0);
        SAID(i == 2 ? "-16 4:abc\n " : "-16 4:abcd ");
    }
}

/* --- cancel ------------------------------------------------------------------------------- */

ASYNC(cancels_and_reads, ARGS(int, how, size_t, size, size_t, events, size_t, total),
      VARS(coro_stream *stream; coro_task *task; size_t i; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    self->task = coro_create_task(reads(self->stream, self->how, self->size, "never"));
    for (; self->i < self->events; self->i++) {
        AWAIT(coro_yield());
        readable();
    }
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
    EQ(self->stream->wanted, 0);
    HOLDS(self->stream->reader == NULL);
    wire.has_gaps = false;
    AWAIT(coro_stream_read_exactly(self->stream, copy, self->total));
    HOLDS(are_bytes(copy, self->total));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, c122_a_cancelled_read_loses_no_byte)
{
    static const int hows[] = {READ, EXACTLY, UNTIL, LINE, PEEK};
    fill_bytes(large, sizeof large);
    for (size_t i = 0; i < 5; i++)
        for (size_t pieces = 0; pieces < 4; pieces++)
            for (size_t is_large = 0; is_large < 2; is_large++) {
                size_t piece = is_large ? 7000 : 1;
                if (hows[i] == READ && pieces > 0)
                    continue;
                if (is_large && (hows[i] == LINE || hows[i] == UNTIL))
                    continue; /* a newline is among so many */
                memset(&wire, 0, sizeof wire);
                wire.has_gaps = true;
                for (size_t k = 0; k < pieces; k++)
                    feed(large + k * piece, piece);
                EQ(RUN(cancels_and_reads(hows[i], 65000, pieces + 1, pieces * piece)), 0);
            }
}

ASYNC(read_beats_cancel, VARS(coro_stream *stream; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    self->task = coro_create_task(reads(self->stream, READ, 9, ""));
    AWAIT(coro_yield());
    feed("abc", 3);
    readable();
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_task_join(self->task));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, bytes_that_have_arrived_beat_a_cancel_that_comes_later)
{
    EQ(RUN(read_beats_cancel()), 0);
    SAID("3:abc ");
}

ASYNC(cannot_want, ARGS(size_t, size), VARS(coro_stream *stream; int error; char text[9];))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    wire.want_error = -28;
    AWAIT_CATCH(self->error, coro_stream_read_exactly(self->stream, self->text, self->size));
    EQ(self->error, -28);
    wire.want_error = 0;
    feed("c", 1);
    AWAIT(coro_stream_read_exactly(self->stream, self->text, self->size));
    HOLDS(memcmp(self->text, "abc", 3) == 0);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, f041_a_wait_that_the_system_refuses_fails_alone)
{
    feed("ab", 2);
    EQ(RUN(cannot_want(3)), 0);
}

/* --- memory ------------------------------------------------------------------------------- */

Test(stream, an_idle_stream_is_small)
{
    HOLDS(sizeof(coro_stream) <= 232);
}

Test(stream, each_allocation_that_fails_is_an_error_and_nothing_is_lost)
{
    int error = CORO_ENOMEM;
    for (size_t n = 1; error == CORO_ENOMEM; n++) {
        memset(&wire, 0, sizeof wire);
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        fill_bytes(large, sizeof large);
        feed(large, 1);
        feed(large + 1, sizeof large - 1);
        error = RUN(reads_large());
        HOLDS(error == 0 || error == CORO_ENOMEM);
        HOLDS(n < 50);
    }
    EQ(error, 0);
}

ASYNC(retries, VARS(coro_stream *stream; int error; size_t n;))
{
    ASYNC_BEGIN;
    self->stream = open_wire();
    memory.fail_at = memory.calls + 1;
    AWAIT_CATCH(self->error, coro_stream_read_exactly(self->stream, copy, 65536));
    EQ(self->error, CORO_ENOMEM);
    memory.fail_from = memory.calls + 1;
    AWAIT_CATCH(self->error, self->n, coro_stream_peek(self->stream, 3000));
    EQ(self->error, CORO_ENOMEM);
    memory.fail_from = 0;
    memory.fail_at = memory.calls + 1;
    AWAIT(self->n, coro_stream_peek(self->stream, 3000)); /* a smaller block will do */
    HOLDS(self->n >= 3000);
    AWAIT(coro_stream_read_exactly(self->stream, copy, 100000));
    HOLDS(are_bytes(copy, 100000));
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(stream, a_read_without_memory_can_be_tried_again)
{
    fill_bytes(large, sizeof large);
    feed(large, 100000);
    EQ(RUN(retries()), 0);
}
