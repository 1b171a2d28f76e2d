/* SPDX-License-Identifier: MIT */
/*
 * coro/signals.h - Unix signals, as something to wait for.
 *
 *     AWAIT(self->signo, coro_signal_wait(CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM)));
 *
 * waits for the first of a set; before and after, the signals do what they did.
 * Who wants to hear of each one, without a gap, keeps a listener:
 *
 *     error = coro_signals_open(&self->signals, CORO_SIGNAL(SIGHUP) | CORO_SIGNAL(SIGUSR1));
 *     for (;;) {
 *         AWAIT(self->signo, coro_signals_next(&self->signals));
 *         ...
 *     }
 *   ASYNC_FINALLY:
 *     coro_signals_close(&self->signals);
 *
 * or has a function called, in the loop's thread, between two tasks:
 *
 *     error = coro_signals_call(loop, &hangups, CORO_SIGNAL(SIGHUP), reload, &config);
 *
 * A signal reaches every loop, and in it every listener, that listens for it.
 * The same signal twice before it was taken is once, as in the system itself;
 * of several, the lowest number comes first. System calls are restarted
 * (SA_RESTART). When nobody listens any more the old handler is back.
 *
 * While somebody listens the loop does not call itself deadlocked.
 * Memory: listeners are the caller's; a loop that listens takes some of the heap.
 * Threads: the loop's. A signal may arrive in any.
 */
#ifndef CORO_SIGNALS_H
#define CORO_SIGNALS_H

#include <coro/loop.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

/* A set of signals: CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM). Numbers are 1 to 64. */
#define CORO_SIGNAL(signo) ((uint64_t)1 << ((signo) - 1))

typedef struct coro_signals { /* private; zeroed is closed */
    struct coro_signals *next;
    void *hub;
    uint64_t set, pending;
    coro_waiters waiters;
    void (*function)(int signo, void *context);
    void *context;
} coro_signals;

/*
 * Wait for the first signal of a set: its number. Suspends. CORO_EINVAL: the set
 * is empty, or has one that cannot be waited for (SIGKILL, SIGSTOP, and SIGSEGV,
 * SIGBUS, SIGFPE, SIGILL, which mean the program itself); CORO_ENOMEM, or the
 * system's error.
 */
CORO_API CORO_NODISCARD coro_int *coro_signal_wait(uint64_t set);

/*
 * Listen from now on, in the running loop. 0, or an error as above; nothing is
 * open then. Never suspends. Opening an open listener is a bug.
 */
CORO_API CORO_NODISCARD int coro_signals_open(coro_signals *signals, uint64_t set);

/* The next signal's number. CORO_ECLOSED: it is closed; CORO_EBUSY: another task waits here. */
CORO_API CORO_NODISCARD coro_int *coro_signals_next(coro_signals *signals);

/*
 * The same, but for each signal function(signo, context) is called: in the loop, outside of
 * tasks, never inside the handler; it may close the listener, and free it. asyncio's
 * add_signal_handler; any number may listen for one signal. 0, or an error as above.
 * coro_signals_next on it is CORO_EINVAL. Loop thread, whether the loop runs or not.
 */
CORO_API CORO_NODISCARD int coro_signals_call(coro_loop *loop, coro_signals *signals, uint64_t set,
                                              void (*function)(int signo, void *context),
                                              void *context);

/* Stop; who waits there gets CORO_ECLOSED. Signals not taken are forgotten. False: it was closed,
 * and nothing happens. */
CORO_API bool coro_signals_close(coro_signals *signals);

CORO_END_DECLS

#endif

#endif
