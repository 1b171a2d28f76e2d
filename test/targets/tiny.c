/* SPDX-License-Identifier: MIT */
/*
 * tiny.c - a whole program on a target without an operating system, heap or C library.
 *
 * Three tasks, in memory of this file: one blinks, one debounces a button, one echoes what an
 * interrupt has put into a mailbox. With scopes and joins a fourth supervises them: it awaits the
 * first with a timeout, catches that, awaits it again, and cancels the last.
 *
 * scripts/size.py links it with the kernel for small machines: nothing else may be needed, and
 * nothing may be missing. It also runs, on anything: the hardware is made up, its clock stands
 * still while tasks run and goes on while all sleep. Status 0: everything happened as it should.
 */
#include "kernel/kernel.h"

#include <coro/flag.h>
#include <coro/scope.h>

/* --- hardware ----------------------------------------------------------------------------- */

#define BYTES 5
#define PRESSES 2
#define BLINKS 6

static coro_time ticks, next_byte = 300;
static volatile unsigned char lamp, mailbox;
static unsigned char sent, blinked, echoed, pressed;
static coro_flag received;

/* Down for 128 ticks every 1024, and bouncing in the first 16 of them. */
static bool button_is_down(void)
{
    unsigned phase = (unsigned)ticks & 1023u;
    return phase < 128 && (phase >= 16 || phase & 4);
}

/* What the interrupt of a serial line would do: a byte every 300 ticks. */
static void tick(void)
{
    if (++ticks == next_byte && sent < BYTES) {
        next_byte = (coro_time)(next_byte + 300);
        mailbox = (unsigned char)('a' + sent++);
        coro_flag_set_from_isr(&received);
    }
}

static bool is_done(void);

/* --- backend ------------------------------------------------------------------------------ */

coro_time coro_bare_now(void)
{
    return ticks;
}

void coro_bare_wait(coro_loop *loop)
{
    coro_time deadline;
    while (!coro_flags_any(loop) && !is_done() &&
           !(coro_timers_next(loop, &deadline) && coro_time_reached(ticks, deadline)))
        tick();
}

/* --- tasks -------------------------------------------------------------------------------- */

ASYNC(blink)
{
    ASYNC_BEGIN;
    while (blinked < BLINKS) {
        lamp ^= 1;
        blinked++;
        AWAIT(coro_sleep(CORO_MS(500)));
    }
    ASYNC_END;
}

ASYNC(debounce, VARS(unsigned char steady; bool down;))
{
    ASYNC_BEGIN;
    while (pressed < PRESSES) {
        AWAIT(coro_sleep(CORO_MS(20)));
        self->steady = button_is_down() == self->down ? 0 : (unsigned char)(self->steady + 1);
        if (self->steady == 3) {
            self->steady = 0;
            self->down = !self->down;
            pressed = (unsigned char)(pressed + self->down);
        }
    }
    ASYNC_END;
}

ASYNC(echo)
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_flag_wait(&received));
        if (mailbox == 'a' + echoed)
            echoed++;
    }
    ASYNC_END;
}

static coro_loop loop;
static coro_task blink_task, debounce_task, echo_task;
static struct blink blink_frame;
static struct debounce debounce_frame;
static struct echo echo_frame;

#if CORO_SCOPES && CORO_JOINS
static unsigned char caught, cancelled;

ASYNC(supervise, VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    ASYNC_TRY;
    CORO_TIMEOUT(self->limit, CORO_MS(100)) {
        AWAIT(coro_shield(&blink_task));
    }
    ASYNC_CATCH(self->error);
    caught = (unsigned char)(self->error == CORO_ETIMEDOUT);
    ASYNC_END_TRY;
    AWAIT(coro_task_join(&blink_task));
  ASYNC_FINALLY:
    coro_task_cancel(&echo_task);
    AWAIT_CATCH(self->error, coro_task_join(&echo_task));
    cancelled = (unsigned char)(self->error == CORO_ECANCELED);
    ASYNC_END;
}

static coro_task supervise_task;
static struct supervise supervise_frame;

static bool is_done(void)
{
    return caught && cancelled;
}
#else
static bool is_done(void)
{
    return blinked == BLINKS && echoed == BYTES && pressed == PRESSES;
}
#endif

int main(void)
{
    int error = coro_loop_init(&loop, NULL);
    error |= coro_task_start_at(&loop, &blink_task, blink_at(&blink_frame));
    error |= coro_task_start_at(&loop, &debounce_task, debounce_at(&debounce_frame));
    error |= coro_task_start_at(&loop, &echo_task, echo_at(&echo_frame));
#if CORO_SCOPES && CORO_JOINS
    error |= coro_task_start_at(&loop, &supervise_task, supervise_at(&supervise_frame));
#endif
    while (error == 0 && !is_done())
        (void)coro_loop_run_once(&loop, true);
    return error != 0 || blinked != BLINKS || echoed != BYTES || pressed != PRESSES;
}

/* The names are for scripts/size.py, which reads their sizes out of the program. */
char size_of_header[sizeof(coro_header)];
char size_of_task[sizeof(coro_task) + sizeof(coro_header)];
