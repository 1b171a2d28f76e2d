/* SPDX-License-Identifier: MIT */
/*
 * stress.c - what only shows with real interrupts: the clock wraps, and events come faster
 * than tasks are done with them. With every board of examples/firmware; status 0: all held.
 *
 *     interrupt ──flag──► counter      every tick, while three tasks keep the loop busy
 *     interrupt ──ring──► reader       bytes of a known sequence: none lost, none twice
 *     reader ──queue──► checker        between two tasks, two items long
 *     sleepers: they wake in order, not early, at most 2 ticks late, over the wrap
 *
 * The clock begins shortly before it wraps: -DCORO_FIRST_TICK=-700.
 */
#include "board.h"
#include "quiet_bench.h"

#include <coro/queue.h>
#include <coro/task.h>
#if CORO_SCOPES
#include <coro/scope.h>
#endif

#define TICKS 2000
#define BYTES_A_TICK 3

static uint8_t ring_bytes[16];
static coro_ring ring = CORO_RING_INIT(ring_bytes);
static coro_flag ticked = CORO_FLAG_INIT;
static volatile uint16_t isr_ticks, isr_bytes;
static volatile uint8_t isr_refused;
static uint16_t counted, wakes, read, checked, slept, busy;
static uint8_t failed;
static bool stopping;

void bench_tick_from_isr(void)
{
    if (isr_ticks == TICKS)
        return;
    isr_ticks++;
    coro_flag_set_from_isr(&ticked);
    for (uint8_t i = 0; i < BYTES_A_TICK; i++)
        if (coro_ring_put_from_isr(&ring, (uint8_t)isr_bytes))
            isr_bytes++;
        else
            isr_refused++;
}

/* Sets of the flag while it is set are one; but the last one is never lost. */
ASYNC(counter)
{
    ASYNC_BEGIN;
    while (counted != TICKS) {
        AWAIT(coro_flag_wait(&ticked));
        wakes++;
        counted = isr_ticks;
    }
    stopping = true;
    ASYNC_END;
}

static uint8_t items[2];
static coro_queue queue;

ASYNC(reader, VARS(int byte; uint8_t item;))
{
    ASYNC_BEGIN;
    while (!stopping || read != isr_bytes) {
        AWAIT(coro_ring_wait(&ring));
        while ((self->byte = coro_ring_get_nowait(&ring)) >= 0) {
            self->item = (uint8_t)self->byte;
            read++;
            AWAIT(coro_queue_put(&queue, &self->item));
        }
        if (counted == TICKS)
            break;
    }
    coro_queue_shutdown(&queue, false);
    ASYNC_END;
}

ASYNC(checker, VARS(uint8_t item; int error;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_queue_get(&queue, &self->item));
        if (self->error != 0)
            break;
        EXPECT(self->item == (uint8_t)checked, 2);
        checked++;
    }
    EXPECT(self->error == CORO_ECLOSED, 3);
    ASYNC_END;
}

ASYNC(sleeper, ARGS(coro_duration, delay), VARS(coro_time begin;))
{
    ASYNC_BEGIN;
    while (!stopping) {
        self->begin = coro_bare_now();
        AWAIT(coro_sleep(self->delay));
        coro_duration late =
            (coro_duration)((coro_time)(coro_bare_now() - self->begin) - (coro_time)self->delay);
        EXPECT(late >= 0, 4);
        EXPECT(late <= 2, 5);
        slept++;
    }
    ASYNC_END;
}

ASYNC(worker)
{
    ASYNC_BEGIN;
    while (!stopping) {
        AWAIT(coro_yield());
        busy++;
        if (busy % 16 == 0)
            AWAIT(coro_sleep(1));
    }
    ASYNC_END;
}

#if CORO_SCOPES
/* A timeout around a wait that an interrupt would end much later, and a cancel of one. */
static coro_flag never_set = CORO_FLAG_INIT;

ASYNC(waits_for_ever)
{
    ASYNC_BEGIN;
    AWAIT(coro_flag_wait(&never_set));
    ASYNC_END;
}

ASYNC(impatient, VARS(coro_scope limit; struct waits_for_ever frame; int error; uint16_t times;))
{
    ASYNC_BEGIN;
    while (!stopping) {
        ASYNC_TRY;
        CORO_TIMEOUT(self->limit, CORO_MS(15)) {
            AWAIT(waits_for_ever_at(&self->frame));
        }
        ASYNC_CATCH(self->error);
        EXPECT(self->error == CORO_ETIMEDOUT, 6);
        ASYNC_END_TRY;
        EXPECT(never_set.waiter == NULL, 7);
        self->times++;
    }
    EXPECT(self->times > 100, 8);
    ASYNC_END;
}
#endif

static coro_loop loop;
static coro_task tasks[10];
static struct counter counter_frame;
static struct reader reader_frame;
static struct checker checker_frame;
static struct sleeper sleeper_frame[3];
static struct worker worker_frame[3];

#define START(index, call) EXPECT(coro_task_start_at(&loop, &tasks[index], call) == 0, 9)

int main(void)
{
    EXPECT(coro_loop_init(&loop, NULL) == 0, 9);
    coro_queue_init(&queue, items, 1, 2);
    START(0, counter_at(&counter_frame));
    START(1, reader_at(&reader_frame));
    START(2, checker_at(&checker_frame));
    for (uint8_t i = 0; i < 3; i++) {
        START(3 + i, sleeper_at(&sleeper_frame[i], (coro_duration)(7 + 4 * i)));
        START(6 + i, worker_at(&worker_frame[i]));
    }
#if CORO_SCOPES
    static struct impatient impatient_frame;
    START(9, impatient_at(&impatient_frame));
#endif
    board_init(&loop);
    for (uint16_t after = 0; after < 100;) {
        (void)coro_loop_run_once(&loop, true);
        after = (uint16_t)(after + stopping);
    }
    EXPECT(coro_bare_now() < 5000, 10); /* it has wrapped */
    EXPECT(counted == TICKS && wakes > TICKS / 2 && wakes <= TICKS, 11);
    EXPECT(isr_refused == 0 && ring.lost == 0, 12);
    EXPECT(isr_bytes == TICKS * BYTES_A_TICK && read == isr_bytes && checked == read, 13);
    EXPECT(slept > 3 * TICKS / 20 && busy > TICKS, 14);
    board_exit(failed);
}
