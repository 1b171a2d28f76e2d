/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - how other threads reach a loop.
 *
 *     thread A ─┐ push                     take: all at once, turned round
 *     thread B ─┼──────► head ─► m3 ─► m2 ─► m1    ════►   first ─► m1 ─► m2 ─► m3
 *     thread C ─┘                                          run 1,024 a turn
 *
 * A stack of messages that any number of threads push to by compare-and-swap and
 * one empties by exchange (Treiber 1986); nothing is popped singly, so there is
 * no ABA. Turned round it is the order of arrival.
 *
 * When must a push end the loop's sleep? Both sides publish first and look then:
 *
 *     loop:   sleeping = 1;  is head empty?  ─► sleep        all of it sequentially
 *     thread: push;          is sleeping 1?  ─► 0, wake      consistent
 *
 * so at least one of them sees the other (Dekker). While the loop runs, a push
 * is 5 ns; the system call is for a loop that sleeps, and once for each sleep.
 *
 * Life: `users` counts the references that users hold; while there is one, the
 * loop is not stuck. `holders` counts who may touch the memory: each user, and
 * the loop. At the loop's close head becomes CLOSED, which no push replaces.
 *
 * Threads: what is atomic, any; the rest is the loop's.
 */
#include <coro/remote.h>

#include "kernel/backend.h"
#include "thread.h"

#include <stdatomic.h>
#include <stdlib.h>

#define BATCH_MAX 1024 /* messages a turn, so that I/O has its turn as well */

struct coro_remote {
    coro_inbox inbox; /* loop thread, from here... */
    coro_loop *loop;
    coro_message *first, *last; /* taken, not yet run */
    bool counted;               /* in loop->sources */
    bool closing;               /* these are the last messages */
    _Alignas(64) _Atomic(coro_message *) head; /* ...any thread, from here */
    atomic_int sleeping;
    atomic_uint users, holders;
};

static coro_message closed_mark;
#define CLOSED (&closed_mark)

/* --- posting ------------------------------------------------------------------------------ */

static void wake(coro_remote *remote)
{
    if (atomic_load(&remote->sleeping) && atomic_exchange(&remote->sleeping, 0))
        remote->inbox.waker->wake(remote->inbox.waker);
}

/* Lock-free, and a signal handler may call it. */
int coro_remote_post(coro_remote *remote, coro_message *message)
{
    coro_message *head = atomic_load_explicit(&remote->head, memory_order_relaxed);
    do {
        if (head == CLOSED)
            return CORO_ECLOSED;
        message->next = head;
    } while (!atomic_compare_exchange_weak(&remote->head, &head, message));
    wake(remote);
    return 0;
}

/* --- taking ------------------------------------------------------------------------------- */

/* Take what is there over to the loop's own list; head becomes `next`. */
static void take_over(coro_remote *self, coro_message *next)
{
    coro_message *taken = atomic_exchange(&self->head, next);
    coro_message *turned = NULL, *last = taken;
    while (taken != NULL) {
        coro_message *below = taken->next;
        taken->next = turned;
        turned = taken;
        taken = below;
    }
    if (turned == NULL)
        return;
    if (self->first == NULL)
        self->first = turned;
    else
        self->last->next = turned;
    self->last = last;
}

static void run(coro_remote *self, unsigned count)
{
    while (self->first != NULL && count-- > 0) {
        coro_message *message = self->first;
        self->first = message->next;
        message->run(message); /* the message is its owner's again */
    }
}

/* Asked before the head is taken: who let go had posted before. */
static void take(coro_inbox *inbox)
{
    coro_remote *self = (coro_remote *)inbox;
    bool used = atomic_load(&self->users) > 0;
    if (atomic_load_explicit(&self->head, memory_order_relaxed) != NULL)
        take_over(self, NULL);
    if (self->first != NULL)
        run(self, BATCH_MAX);
    if (!used && self->counted && self->first == NULL && atomic_load(&self->users) == 0) {
        self->counted = false;
        self->loop->sources--;
    }
}

static bool inbox_sleep(coro_inbox *inbox)
{
    coro_remote *self = (coro_remote *)inbox;
    atomic_store(&self->sleeping, 1);
    if (self->first == NULL && atomic_load(&self->head) == NULL &&
        !(self->counted && atomic_load(&self->users) == 0))
        return true;
    atomic_store(&self->sleeping, 0);
    return false;
}

static void inbox_awake(coro_inbox *inbox)
{
    atomic_store_explicit(&((coro_remote *)inbox)->sleeping, 0, memory_order_relaxed);
}

/* --- life --------------------------------------------------------------------------------- */

static void let_go(coro_remote *remote)
{
    if (atomic_fetch_sub(&remote->holders, 1) != 1)
        return;
    remote->inbox.waker->free(remote->inbox.waker);
    free(remote);
}

static void inbox_close(coro_inbox *inbox)
{
    coro_remote *self = (coro_remote *)inbox;
    self->closing = true;
    take_over(self, CLOSED);
    while (self->first != NULL)
        run(self, BATCH_MAX);
    self->loop->inbox = NULL;
    self->loop->attention &= (uint8_t)~CORO_ATTEND_INBOX_;
    self->loop = NULL;
    let_go(self);
}

bool coro_inbox_closing(const coro_inbox *inbox)
{
    return inbox == NULL || ((const coro_remote *)inbox)->closing;
}

static coro_remote *make(coro_loop *loop)
{
    size_t size = (sizeof(coro_remote) + 63) / 64 * 64;
    coro_remote *remote = loop->backend->waker != NULL ? aligned_alloc(64, size) : NULL;
    if (remote == NULL)
        return NULL;
    coro_zero_(remote, sizeof *remote);
    remote->inbox = (coro_inbox){take, inbox_sleep, inbox_awake, inbox_close, NULL, 0};
    remote->loop = loop;
    atomic_init(&remote->head, NULL);
    atomic_init(&remote->sleeping, 0);
    atomic_init(&remote->users, 0);
    atomic_init(&remote->holders, 1);
    remote->inbox.waker = loop->backend->waker(loop);
    if (remote->inbox.waker == NULL) {
        free(remote);
        return NULL;
    }
    loop->inbox = &remote->inbox;
    loop->attention |= CORO_ATTEND_INBOX_;
    return remote;
}

coro_remote *coro_remote_open(coro_loop *loop)
{
    coro_remote *remote = (coro_remote *)loop->inbox;
    if (remote == NULL && (remote = make(loop)) == NULL)
        return NULL;
    if (!remote->counted) {
        remote->counted = true;
        loop->sources++;
    }
    return coro_remote_retain(remote);
}

coro_remote *coro_remote_retain(coro_remote *remote)
{
    atomic_fetch_add(&remote->holders, 1);
    atomic_fetch_add(&remote->users, 1);
    return remote;
}

/* The last user wakes the loop, which may be stuck now, and should say so. */
void coro_remote_release(coro_remote *remote)
{
    if (remote == NULL)
        return;
    if (atomic_fetch_sub(&remote->users, 1) == 1)
        wake(remote);
    let_go(remote);
}

/* --- flags -------------------------------------------------------------------------------- */

static atomic_int *posted(coro_remote_flag *flag)
{
    return (atomic_int *)&flag->posted;
}

/* Cleared before it is set: a set that comes now posts anew. */
static void run_flag(coro_message *message)
{
    coro_remote_flag *flag = (coro_remote_flag *)message;
    atomic_store(posted(flag), 0);
    coro_flag_set(&flag->flag);
}

void coro_remote_flag_init(coro_remote_flag *flag)
{
    *flag = (coro_remote_flag){.message = {NULL, run_flag}, .flag = CORO_FLAG_INIT};
    atomic_init(posted(flag), 0);
}

int coro_remote_flag_set(coro_remote *remote, coro_remote_flag *flag)
{
    int error;
    if (atomic_exchange(posted(flag), 1))
        return 0;
    error = coro_remote_post(remote, &flag->message);
    if (error != 0)
        atomic_store(posted(flag), 0);
    return error;
}
