/* SPDX-License-Identifier: MIT */
/*
 * test_protocol.c: the callbacks of a protocol, the order in which they come, and what they may do.
 *
 * A recorder logs each of its callbacks. The test holds the other end of its stream: him.
 */
#include "loop_fixture.h"

#include <coro/protocol.h>
#include <coro/run.h>

SUITE(protocol);

typedef struct recorder {
    coro_protocol protocol; /* first */
    coro_protocol *successor;
    size_t size_at_made; /* bytes to write in connection_made */
    const char *last_words; /* to write at the end, and to stay connected for */
    bool closes_when_told, aborts_when_told, pauses;
    char place[3];
} recorder;

static char large[100000];

static recorder *of(coro_protocol *self)
{
    return (recorder *)(void *)self;
}

static void made(coro_protocol *self)
{
    say("made ");
    HOLDS(!coro_protocol_is_closing(self) && coro_protocol_is_reading(self));
    if (of(self)->size_at_made > 0)
        EQ(coro_protocol_write(self, large, of(self)->size_at_made), 0);
}

static void received(coro_protocol *self, const void *data, size_t size)
{
    say("got(%.*s) ", (int)size, (const char *)data);
    if (of(self)->pauses)
        coro_protocol_pause_reading(self);
    if (of(self)->closes_when_told)
        coro_protocol_close(self);
    if (of(self)->aborts_when_told)
        coro_protocol_abort(self);
    if (of(self)->successor != NULL)
        EQ(coro_protocol_replace(self, of(self)->successor), 0);
}

static bool ended(coro_protocol *self)
{
    say("eof ");
    if (of(self)->last_words == NULL)
        return false;
    EQ(coro_protocol_write(self, of(self)->last_words, strlen(of(self)->last_words)), 0);
    return true;
}

static void lost(coro_protocol *self, int error)
{
    say("lost(%s) ", error == 0 ? "" : coro_error_name(error));
    HOLDS(coro_protocol_is_closing(self) && !coro_protocol_is_reading(self));
    HOLDS(coro_protocol_stream(self) == NULL);
    EQ(coro_protocol_write(self, "x", 1), CORO_EPIPE);
}

static void paused(coro_protocol *self)
{
    (void)self;
    say("pause ");
}

static void resumed(coro_protocol *self)
{
    (void)self;
    say("resume ");
}

static const coro_protocol_type recording = {
    .connection_made = made,
    .data_received = received,
    .eof_received = ended,
    .connection_lost = lost,
    .pause_writing = paused,
    .resume_writing = resumed,
};

static void *give_place(coro_protocol *self, size_t *size)
{
    *size = sizeof of(self)->place;
    return of(self)->place;
}

static void place_filled(coro_protocol *self, size_t size)
{
    received(self, of(self)->place, size);
}

static const coro_protocol_type buffering = {
    .connection_made = made,
    .eof_received = ended,
    .connection_lost = lost,
    .get_buffer = give_place,
    .buffer_updated = place_filled,
};

static recorder subject;
static coro_stream *him;
static coro_task *connection;

ASYNC(connected, ARGS(coro_stream *, stream))
{
    ASYNC_BEGIN;
    AWAIT(coro_protocol_run(&self->stream, &subject.protocol));
    HOLDS(self->stream == NULL);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

/* The connection's task has taken its first step. */
ASYNC(connect_subject, ARGS(const coro_protocol_type *, type, size_t, capacity),
      VARS(coro_stream *mine;))
{
    ASYNC_BEGIN;
    coro_protocol_init(&subject.protocol, self->type);
    EQ(coro_stream_pair(&self->mine, &him, self->capacity), 0);
    connection = coro_create_task(connected(self->mine));
    HOLDS(connection != NULL);
    AWAIT(coro_yield());
    ASYNC_END;
}

ASYNC(connection_ends, ARGS(int, expected), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_task_join(connection));
    EQ(self->error, self->expected);
    coro_task_release(connection);
    AWAIT(coro_stream_close(&him));
    ASYNC_END;
}

/* What he reads next is this. */
ASYNC(he_reads, ARGS(const char *, text), VARS(size_t n; char line[32];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->n, coro_stream_read_exactly(him, self->line, strlen(self->text)));
    EQ(self->n, 0);
    HOLDS(memcmp(self->line, self->text, strlen(self->text)) == 0);
    ASYNC_END;
}

/* --- the order ---------------------------------------------------------------------------- */

ASYNC(a_visit)
{
    ASYNC_BEGIN;
    AWAIT(connect_subject(&recording, 64));
    SAID("made ");
    AWAIT(coro_stream_write(him, "one", 3));
    AWAIT(coro_sleep(1));
    AWAIT(coro_stream_write(him, "two", 3));
    AWAIT(coro_stream_shutdown_write(him));
    AWAIT(connection_ends(0));
    SAID("made got(one) got(two) eof lost() ");
    ASYNC_END;
}

Test(protocol, is_made_gets_data_an_end_and_is_lost)
{
    EQ(RUN(a_visit()), 0);
}

ASYNC(stays_for_last_words, VARS(size_t n; char rest[8];))
{
    ASYNC_BEGIN;
    subject.last_words = "bye";
    AWAIT(connect_subject(&recording, 64));
    AWAIT(coro_stream_shutdown_write(him));
    AWAIT(he_reads("bye"));
    SAID("made eof ");
    EQ(coro_protocol_write_eof(&subject.protocol), 0);
    EQ(coro_protocol_write_eof(&subject.protocol), 0);
    EQ(coro_protocol_write(&subject.protocol, "x", 1), CORO_EPIPE);
    AWAIT(self->n, coro_stream_read(him, self->rest, sizeof self->rest));
    EQ(self->n, 0);
    coro_protocol_close(&subject.protocol);
    coro_protocol_close(&subject.protocol);
    AWAIT(connection_ends(0));
    SAID("made eof lost() ");
    EQ(coro_protocol_write_eof(&subject.protocol), CORO_EPIPE);
    ASYNC_END;
}

Test(protocol, may_stay_after_the_end_to_write)
{
    EQ(RUN(stays_for_last_words()), 0);
}

ASYNC(its_own_buffer)
{
    ASYNC_BEGIN;
    AWAIT(connect_subject(&buffering, 64));
    AWAIT(coro_stream_write(him, "seven..", 7));
    AWAIT(coro_stream_close(&him));
    AWAIT(connection_ends(0));
    SAID("made got(sev) got(en.) got(.) eof lost() ");
    ASYNC_END;
}

Test(protocol, may_give_the_buffer_itself)
{
    EQ(RUN(its_own_buffer()), 0);
}

/* --- close and abort ---------------------------------------------------------------------- */

ASYNC(closes_with_data_unsent, VARS(int i;))
{
    ASYNC_BEGIN;
    subject.closes_when_told = true;
    subject.size_at_made = 10;
    AWAIT(connect_subject(&recording, 4));
    AWAIT(coro_stream_write(him, "go", 2));
    AWAIT(coro_sleep(1));
    SAID("made got(go) "); /* it is still sending */
    for (self->i = 0; self->i < 10; self->i++)
        AWAIT(he_reads("#"));
    AWAIT(connection_ends(0));
    SAID("made got(go) lost() ");
    ASYNC_END;
}

Test(protocol, that_closes_sends_first_and_gets_nothing_more)
{
    memset(large, '#', sizeof large);
    EQ(RUN(closes_with_data_unsent()), 0);
}

ASYNC(aborts, VARS(int error; size_t n; char rest[8];))
{
    ASYNC_BEGIN;
    subject.aborts_when_told = true;
    subject.size_at_made = 10;
    AWAIT(connect_subject(&recording, 4));
    AWAIT(coro_stream_write(him, "go", 2));
    AWAIT(coro_task_join(connection));
    SAID("made got(go) lost() ");
    AWAIT_CATCH(self->error, self->n, coro_stream_read(him, self->rest, sizeof self->rest));
    EQ(self->error, CORO_ECONNRESET);
    AWAIT(connection_ends(0));
    ASYNC_END;
}

Test(protocol, that_aborts_sends_nothing_more)
{
    EQ(RUN(aborts()), 0);
}

ASYNC(is_reset)
{
    ASYNC_BEGIN;
    AWAIT(connect_subject(&recording, 4));
    coro_stream_abort(&him);
    AWAIT(connection_ends(0));
    SAID("made lost(CORO_ECONNRESET) ");
    ASYNC_END;
}

Test(protocol, is_told_why_it_was_lost)
{
    EQ(RUN(is_reset()), 0);
}

ASYNC(is_cancelled)
{
    ASYNC_BEGIN;
    subject.size_at_made = 10;
    AWAIT(connect_subject(&recording, 4));
    coro_task_cancel(connection);
    AWAIT(connection_ends(CORO_ECANCELED));
    SAID("made lost(CORO_ECANCELED) ");
    ASYNC_END;
}

Test(protocol, whose_task_is_cancelled_is_told)
{
    EQ(RUN(is_cancelled()), 0);
}

ASYNC(connects_twice, VARS(coro_stream *mine, *other; int error;))
{
    ASYNC_BEGIN;
    AWAIT(connect_subject(&recording, 4));
    EQ(coro_stream_pair(&self->mine, &self->other, 4), 0);
    AWAIT_CATCH(self->error, coro_protocol_run(&self->mine, &subject.protocol));
    EQ(self->error, CORO_EALREADY);
    HOLDS(self->mine != NULL);
    coro_stream_abort(&self->mine);
    coro_stream_abort(&self->other);
    coro_protocol_abort(&subject.protocol);
    AWAIT(connection_ends(0));
    SAID("made lost() ");
    ASYNC_END;
}

Test(protocol, has_one_connection_at_a_time)
{
    EQ(RUN(connects_twice()), 0);
}

/* --- too fast ----------------------------------------------------------------------------- */

ASYNC(writes_too_much, VARS(size_t n; char some[1000];))
{
    ASYNC_BEGIN;
    subject.size_at_made = sizeof large;
    AWAIT(connect_subject(&recording, 1000));
    SAID("made pause ");
    EQ(coro_protocol_write(&subject.protocol, "more", 4), 0); /* it was only a request */
    for (self->n = 0; self->n < 80; self->n++)
        AWAIT(coro_stream_read_exactly(him, self->some, sizeof self->some));
    SAID("made pause ");
    for (self->n = 0; self->n < 10; self->n++)
        AWAIT(coro_stream_read_exactly(him, self->some, sizeof self->some));
    AWAIT(coro_sleep(1));
    SAID("made pause resume ");
    coro_protocol_close(&subject.protocol);
    for (self->n = 0; self->n < 10; self->n++)
        AWAIT(coro_stream_read_exactly(him, self->some, sizeof self->some));
    AWAIT(he_reads("more"));
    AWAIT(connection_ends(0));
    SAID("made pause resume lost() ");
    ASYNC_END;
}

Test(protocol, is_asked_to_pause_and_to_go_on)
{
    EQ(RUN(writes_too_much()), 0);
}

ASYNC(writes_to_its_stream)
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_write(coro_protocol_stream(&subject.protocol), large, sizeof large));
    ASYNC_END;
}

ASYNC(writes_behind_a_write, VARS(coro_task *writer; size_t n; char some[1000];))
{
    ASYNC_BEGIN;
    AWAIT(connect_subject(&recording, 1000));
    self->writer = coro_create_task(writes_to_its_stream());
    AWAIT(coro_yield());
    HOLDS(!coro_task_done(self->writer));
    EQ(coro_protocol_write(&subject.protocol, "more", 4), CORO_EBUSY);
    for (; self->n < sizeof large; self->n += sizeof self->some)
        AWAIT(coro_stream_read_exactly(him, self->some, sizeof self->some));
    AWAIT(coro_task_join(self->writer));
    coro_task_release(self->writer);
    EQ(coro_protocol_write(&subject.protocol, "more", 4), 0);
    AWAIT(he_reads("more")); /* once */
    coro_protocol_close(&subject.protocol);
    AWAIT(connection_ends(0));
    SAID("made lost() ");
    ASYNC_END;
}

Test(protocol, does_not_write_into_the_middle_of_a_write_that_waits)
{
    EQ(RUN(writes_behind_a_write()), 0);
}

ASYNC(reader_pauses)
{
    ASYNC_BEGIN;
    subject.pauses = true;
    AWAIT(connect_subject(&recording, 64));
    AWAIT(coro_stream_write(him, "one", 3));
    AWAIT(coro_sleep(1));
    HOLDS(!coro_protocol_is_reading(&subject.protocol));
    AWAIT(coro_stream_write(him, "two", 3));
    AWAIT(coro_sleep(1));
    SAID("made got(one) ");
    coro_protocol_resume_reading(&subject.protocol);
    AWAIT(coro_sleep(1));
    SAID("made got(one) got(two) ");
    coro_protocol_close(&subject.protocol); /* while it pauses */
    AWAIT(connection_ends(0));
    SAID("made got(one) got(two) lost() ");
    ASYNC_END;
}

Test(protocol, gets_nothing_while_it_has_paused)
{
    EQ(RUN(reader_pauses()), 0);
}

/* --- set_protocol ------------------------------------------------------------------------- */

static recorder successor;

ASYNC(hands_over)
{
    ASYNC_BEGIN;
    coro_protocol_init(&successor.protocol, &buffering);
    subject.successor = &successor.protocol;
    EQ(coro_protocol_replace(&successor.protocol, &subject.protocol), CORO_EPIPE);
    AWAIT(connect_subject(&recording, 64));
    EQ(coro_protocol_replace(&subject.protocol, &subject.protocol), CORO_EALREADY);
    AWAIT(coro_stream_write(him, "12345", 5));
    AWAIT(coro_sleep(1));
    SAID("made got(12345) ");
    AWAIT(coro_stream_write(him, "67890", 5));
    AWAIT(coro_sleep(1));
    SAID("made got(12345) got(678) got(90) ");
    HOLDS(coro_protocol_is_closing(&subject.protocol));
    coro_protocol_close(&successor.protocol);
    AWAIT(connection_ends(0));
    SAID("made got(12345) got(678) got(90) lost() ");
    ASYNC_END;
}

Test(protocol, can_be_replaced_in_the_middle)
{
    EQ(RUN(hands_over()), 0);
}

/* --- memory ------------------------------------------------------------------------------- */

static void made_short_of_memory(coro_protocol *self)
{
    int error = coro_protocol_write(self, large, sizeof large);
    HOLDS(error == 0 || error == CORO_ENOMEM);
}

static const coro_protocol_type short_of_all = {
    .connection_made = made_short_of_memory,
    .data_received = received,
    .connection_lost = lost,
    .resume_writing = resumed,
};

ASYNC(short_of_memory, VARS(coro_stream *mine, *other; int error; coro_group group;))
{
    ASYNC_BEGIN;
    memset(&subject, 0, sizeof subject);
    coro_protocol_init(&subject.protocol, &short_of_all);
    self->error = coro_stream_pair(&self->mine, &self->other, 1000);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    AWAIT(coro_stream_write(self->other, "hello", 5));
    AWAIT(coro_stream_shutdown_write(self->other));
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, coro_protocol_run(&self->mine, &subject.protocol));
        AWAIT(coro_sleep(1));
        coro_stream_abort(&self->other);
    }
  ASYNC_FINALLY:
    coro_stream_abort(&self->mine);
    coro_stream_abort(&self->other);
    HOLDS(subject.protocol.run == NULL);
    HOLDS(self->coro.error == 0 || self->coro.error == CORO_ENOMEM);
    ASYNC_END;
}

#if CORO_HOSTED /* coro_run_with */
ASYNC(writes_without_memory)
{
    ASYNC_BEGIN;
    AWAIT(connect_subject(&recording, 64));
    exhaust_memory();
    EQ(coro_protocol_write(&subject.protocol, "lost", 4), CORO_ENOMEM);
    memory.fail_from = 0;
    HOLDS(!coro_protocol_is_closing(&subject.protocol)); /* nothing else has happened */
    EQ(coro_protocol_write(&subject.protocol, "kept", 4), 0);
    AWAIT(he_reads("kept"));
    coro_protocol_close(&subject.protocol);
    AWAIT(connection_ends(0));
    SAID("made lost() ");
    ASYNC_END;
}

Test(protocol, a_write_without_memory_writes_nothing)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL}};
    EQ(coro_run_with(writes_without_memory(), &options), 0);
    EQ(memory.blocks, 0);
}
#endif

Test(protocol, each_allocation_may_fail)
{
    static struct short_of_memory frame;
    FAIL_EACH_ALLOCATION(short_of_memory_at(&frame));
}
