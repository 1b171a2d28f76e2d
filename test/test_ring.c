/* SPDX-License-Identifier: MIT */
/*
 * test_ring.c: bytes from one producer to one consumer, the first first; what finds no room is
 * counted.
 */
#include "loop_fixture.h"

#include <coro/ring.h>

SUITE(ring);

static uint8_t bytes[4];
static coro_ring ring;

static void empty_ring(void)
{
    ring = (coro_ring)CORO_RING_INIT(bytes);
}

Test(ring, bytes_come_out_in_the_order_they_went_in)
{
    empty_ring();
    for (int round = 0; round < 100; round++) { /* the indices wrap at 256 */
        for (uint8_t i = 0; i < 3; i++)
            EQ(coro_ring_put_from_isr(&ring, (uint8_t)(10 * i + round)), true);
        for (uint8_t i = 0; i < 3; i++)
            EQ(coro_ring_get_nowait(&ring), (uint8_t)(10 * i + round));
    }
    EQ(coro_ring_get_nowait(&ring), CORO_EEMPTY);
    EQ(ring.lost, 0);
}

Test(ring, a_byte_that_finds_no_room_is_counted_and_not_kept)
{
    empty_ring();
    for (uint8_t i = 0; i < 4; i++)
        EQ(coro_ring_put_from_isr(&ring, i), true);
    EQ(coro_ring_put_from_isr(&ring, 4), false);
    EQ(ring.lost, 1);
    EQ(coro_ring_get_nowait(&ring), 0);
    EQ(coro_ring_put_from_isr(&ring, 5), true);
    for (int expected = 1; expected < 4; expected++)
        EQ(coro_ring_get_nowait(&ring), expected);
    EQ(coro_ring_get_nowait(&ring), 5);
}

ASYNC(reader, VARS(int error, byte;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_ring_wait(&ring));
        if (self->error != 0)
            break;
        while ((self->byte = coro_ring_get_nowait(&ring)) >= 0)
            say("%c@%ld ", self->byte, now_ms());
    }
    say("%s ", coro_error_name(self->error));
    ASYNC_END;
}

ASYNC(bytes_at_times, VARS(coro_task *reader;))
{
    ASYNC_BEGIN;
    self->reader = coro_create_task(reader());
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_ring_put_from_isr(&ring, 'a');
    coro_ring_put_from_isr(&ring, 'b');
    AWAIT(coro_sleep(CORO_MS(2)));
    coro_ring_put_from_isr(&ring, 'c');
    AWAIT(coro_sleep(CORO_MS(1)));
    coro_task_cancel(self->reader);
    AWAIT(coro_task_join(self->reader));
    coro_task_release(self->reader);
    ASYNC_END;
}

Test(ring, who_waits_is_woken_once_for_all_that_came)
{
    empty_ring();
    EQ(RUN(bytes_at_times()), 0);
    SAID("a@1 b@1 c@3 CORO_ECANCELED ");
}

ASYNC(two_readers, VARS(coro_task *reader; int error;))
{
    ASYNC_BEGIN;
    self->reader = coro_create_task(reader());
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, coro_ring_wait(&ring));
    EQ(self->error, CORO_EBUSY);
    coro_task_cancel(self->reader);
    coro_task_release(self->reader);
    ASYNC_END;
}

Test(ring, a_second_reader_is_refused)
{
    empty_ring();
    EQ(RUN(two_readers()), 0);
}
