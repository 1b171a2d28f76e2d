/* SPDX-License-Identifier: MIT */
/*
 * sdcc.c - a coroutine on 8-bit machines for which only SDCC compiles: a sleep, a flag, calls of
 * the library and of its own, with results, with an error. The clock is made up: who is idle
 * sleeps a tick, and each 30th sets the flag, as an interrupt would. What must come out is known
 * to the tick.
 *
 * ucsim's processors have a window to the simulator, a byte (-I if=...): `p` and a character says
 * it, `s` stops.
 */
#include <coro/bare.h>
#include <coro/barrier.h>
#include <coro/flag.h>

#if defined(__SDCC_mcs51)
static volatile __xdata __at(0xffff) unsigned char window;
#elif defined(__SDCC_stm8)
#define window (*(volatile unsigned char *)0x7fff)
#else
static __sfr __at(0xff) window;
#endif

#define ROUNDS 3

static coro_loop loop;
static coro_task task;
static coro_flag flag = CORO_FLAG_INIT;
static coro_barrier barrier;
static unsigned slept, sum;

static void say(const char *text)
{
    for (; *text != '\0'; text++) {
        window = 'p';
        window = *text;
    }
    window = 's';
    for (;;) {
    }
}

/* Both are the port's: SDCC has no weak symbols. */
void coro_trap(const char *file, int line, const char *what)
{
    (void)file, (void)line, (void)what;
    say("trap\n");
}

void coro_bare_idle(coro_duration ticks)
{
    (void)ticks;
    coro_bare_tick_from_isr();
    if (++slept % 30 == 0)
        coro_flag_set_from_isr(&flag);
}

ASYNC(doubled, RETURNS(unsigned), ARGS(unsigned, number))
{
    ASYNC_BEGIN;
    AWAIT(coro_yield());
    ASYNC_RETURN(2 * self->number);
    ASYNC_END;
}

ASYNC(fails)
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_EIO);
  ASYNC_FINALLY:
    AWAIT(coro_yield());
    sum += 1000;
    ASYNC_END;
}

/* Asleep until 20, 50 and 80; the flag is set at 30, 60 and 90. */
ASYNC(worker, ARGS(unsigned char, rounds),
      VARS(unsigned char round; unsigned result; size_t index; int error; struct doubled inner;
           struct fails bad;))
{
    ASYNC_BEGIN;
    for (self->round = 0; self->round < self->rounds; self->round++) {
        AWAIT(coro_sleep(CORO_MS(20)));
        AWAIT(coro_flag_wait(&flag));
        AWAIT(self->result, doubled_at(&self->inner, slept));
        self->index = 1;
        AWAIT(self->index, coro_barrier_wait(&barrier));
        sum += self->result + self->index;
    }
    ASYNC_TRY;
        AWAIT(fails_at(&self->bad));
        sum += 5000;
    ASYNC_CATCH(self->error);
        AWAIT(coro_yield());
    ASYNC_END_TRY;
    ASYNC_END;
}

static struct worker frame;

int main(void)
{
    (void)coro_loop_init(&loop, NULL);
    coro_barrier_init(&barrier, 1);
    (void)coro_task_start_at(&loop, &task, worker_at(&frame, ROUNDS));
    while (slept < 100)
        (void)coro_loop_run_once(&loop, true);
    say(sum == 2 * (30 + 60 + 90) + 1000 && frame.error == CORO_EIO &&
                frame.coro.state == CORO_STATE_FINISHED_
            ? "ok\n"
            : "wrong\n");
    return 0;
}
