/* SPDX-License-Identifier: MIT */
/*
 * signals.c - from a signal handler into the loops that listen.
 *
 *     handler (any thread, any moment)           loop's thread
 *     ───────────────────────────────            ────────────────────────────
 *     hubs ─► hub ─► hub                         inbox ─► hub.message runs:
 *              │ pending |= bit                   pending = 0, and for each
 *              └ posted? else post ─────────►     listener and waiter: its bits
 *
 * The handler touches atomics and the lock-free inbox, nothing else, and keeps
 * errno. A storm of one signal sets the same bit again, and posts once.
 *
 * A hub is a loop that listens. `lock` guards the list's changes and the counts;
 * the handler walks the list without it. So a hub that has left the list is
 * freed only when no handler is under way (`handling`) and its message is in no
 * inbox (`posted`).
 *
 * Threads: hubs' listeners and waiters belong to their loop's thread.
 */
#define _GNU_SOURCE
#include <coro/signals.h>

#include <coro/remote.h>

#include "kernel/wait.h"
#include "poll/sys.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SIGNALS 64
#define NEVER                                                                                      \
    (CORO_SIGNAL(SIGKILL) | CORO_SIGNAL(SIGSTOP) | CORO_SIGNAL(SIGSEGV) | CORO_SIGNAL(SIGBUS) |    \
     CORO_SIGNAL(SIGFPE) | CORO_SIGNAL(SIGILL))

typedef struct hub {
    coro_message message; /* first: it is what the inbox has of us */
    _Atomic(struct hub *) next;
    coro_remote *remote;    /* of the loop; tells which one it is */
    atomic_uint pending[2]; /* signals 1..32, 33..64: lock-free everywhere */
    atomic_int posted;      /* the message is on its way */
    unsigned users;         /* listeners, waiters, a delivery */
    bool left;              /* the list: the message frees it */
    coro_signals *listeners;
    coro_signals *cursor; /* the next to be told, while a function may close any of them */
    coro_waiters waiters;
} hub;

static _Atomic(hub *) hubs;
static atomic_uint handling;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned listening[SIGNALS + 1]; /* how often */
static struct sigaction before[SIGNALS + 1];

/* --- the handler -------------------------------------------------------------------------- */

static void on_signal(int signo)
{
    int saved = errno;
    unsigned bit = 1u << ((signo - 1) & 31);
    atomic_fetch_add(&handling, 1);
    for (hub *each = atomic_load(&hubs); each != NULL; each = atomic_load(&each->next)) {
        atomic_fetch_or(&each->pending[signo > 32], bit);
        if (!atomic_exchange(&each->posted, 1) &&
            coro_remote_post(each->remote, &each->message) != 0)
            atomic_store(&each->posted, 0); /* the loop is closed */
    }
    atomic_fetch_sub(&handling, 1);
    errno = saved;
}

static int install(int signo)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (listening[signo]++ > 0)
        return 0;
    sigfillset(&action.sa_mask);
    if (coro_sys.sigaction(signo, &action, &before[signo]) == 0)
        return 0;
    listening[signo] = 0;
    return -errno;
}

/* Somebody's handler that was put over ours stays. */
static void restore(int signo)
{
    struct sigaction now;
    if (--listening[signo] > 0)
        return;
    if (coro_sys.sigaction(signo, NULL, &now) == 0 && now.sa_handler == on_signal)
        coro_sys.sigaction(signo, &before[signo], NULL);
}

static void restore_below(uint64_t set, int end)
{
    for (int signo = 1; signo < end; signo++)
        if (set & CORO_SIGNAL(signo))
            restore(signo);
}

static int install_all(uint64_t set)
{
    for (int signo = 1; signo <= SIGNALS; signo++) {
        int error = set & CORO_SIGNAL(signo) ? install(signo) : 0;
        if (error != 0) {
            restore_below(set, signo);
            return error;
        }
    }
    return 0;
}

/* --- hubs --------------------------------------------------------------------------------- */

static void deliver(coro_message *message);

static void hub_free(hub *self)
{
    coro_remote_release(self->remote);
    free(self);
}

static hub *hub_new(coro_loop *loop)
{
    hub *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->message.run = deliver;
    atomic_init(&self->next, NULL);
    atomic_init(&self->pending[0], 0);
    atomic_init(&self->pending[1], 0);
    atomic_init(&self->posted, 0);
    self->remote = coro_remote_open(loop);
    if (self->remote != NULL)
        return self;
    free(self);
    return NULL;
}

static hub *hub_find(const coro_loop *loop)
{
    hub *each = atomic_load(&hubs);
    while (each != NULL && (void *)each->remote != (void *)loop->inbox)
        each = atomic_load(&each->next);
    return each;
}

static void unlink_hub(hub *self)
{
    _Atomic(hub *) *place = &hubs;
    while (atomic_load(place) != self)
        place = &atomic_load(place)->next;
    atomic_store(place, atomic_load(&self->next)); /* its own next stays, for who stands on it */
}

/* Off the list already: free it when nobody can be standing on it, nor its message under way. */
static void hub_retire(hub *self)
{
    while (atomic_load(&handling) > 0)
        sched_yield();
    if (atomic_load(&self->posted))
        self->left = true;
    else
        hub_free(self);
}

/* The loop begins to listen for a set, once more. */
static int hub_enter(coro_loop *loop, uint64_t set, hub **out)
{
    hub *self;
    int error = CORO_ENOMEM;
    if (set == 0 || set & NEVER)
        return CORO_EINVAL;
    pthread_mutex_lock(&lock);
    self = loop->inbox != NULL ? hub_find(loop) : NULL;
    if (self == NULL && (self = hub_new(loop)) != NULL) {
        atomic_store(&self->next, atomic_load(&hubs));
        atomic_store(&hubs, self);
    }
    if (self != NULL && (error = install_all(set)) == 0)
        self->users++;
    if (self != NULL && self->users == 0)
        unlink_hub(self);
    pthread_mutex_unlock(&lock);
    if (self != NULL && self->users == 0)
        hub_retire(self);
    *out = self;
    return error;
}

static void hub_leave(hub *self, uint64_t set)
{
    bool last = --self->users == 0;
    pthread_mutex_lock(&lock);
    restore_below(set, SIGNALS + 1);
    if (last)
        unlink_hub(self);
    pthread_mutex_unlock(&lock);
    if (last)
        hub_retire(self);
}

/* --- delivery ----------------------------------------------------------------------------- */

static int lowest(uint64_t set)
{
    int signo = 1;
    while (!(set & CORO_SIGNAL(signo)))
        signo++;
    return signo;
}

static uint64_t waited_for(const coro_task *task)
{
    return (uint64_t)task->wait.a.size | (uint64_t)task->wait.b.size << 32;
}

static void wake(coro_task *task, int signo)
{
    task->wait.a.pointer = NULL;
    task->wait.a.number = signo;
    coro_wait_done(task, 0);
}

static int take(coro_signals *signals)
{
    int signo = lowest(signals->pending);
    signals->pending &= signals->pending - 1;
    return signo;
}

/* Its function may be called once more: the cursor stays as long as something is pending. */
static void tell(hub *self, coro_signals *listener)
{
    coro_task *task = listener->function == NULL ? coro_waiters_pop(&listener->waiters) : NULL;
    int signo = task != NULL || listener->function != NULL ? take(listener) : 0;
    if (task != NULL)
        wake(task, signo);
    if (listener->function == NULL || listener->pending == 0)
        self->cursor = listener->next;
    if (listener->function != NULL)
        listener->function(signo, listener->context);
}

static void tell_listeners(hub *self, uint64_t set)
{
    for (coro_signals *each = self->listeners; each != NULL; each = each->next)
        each->pending |= each->set & set;
    self->cursor = self->listeners;
    while (self->cursor != NULL)
        if (self->cursor->pending != 0)
            tell(self, self->cursor);
        else
            self->cursor = self->cursor->next;
}

static void tell_waiters(hub *self, uint64_t set)
{
    coro_waiters waiters = self->waiters;
    self->waiters.first = NULL;
    for (coro_task *task; (task = coro_waiters_pop(&waiters)) != NULL;) {
        uint64_t wanted = waited_for(task);
        if (wanted & set) {
            hub_leave(self, wanted);
            wake(task, lowest(wanted & set));
        } else {
            coro_waiters_push(&self->waiters, task);
        }
    }
}

static void deliver(coro_message *message)
{
    hub *self = (hub *)message;
    uint64_t set;
    if (self->left) {
        hub_free(self);
        return;
    }
    atomic_store(&self->posted, 0);
    set = atomic_exchange(&self->pending[0], 0);
    set |= (uint64_t)atomic_exchange(&self->pending[1], 0) << 32;
    self->users++;
    tell_listeners(self, set);
    tell_waiters(self, set);
    hub_leave(self, 0);
}

/* --- the first of a set ------------------------------------------------------------------- */

static int wait_start(coro_task *task, coro_call *call)
{
    uint64_t set = (uint64_t)call->delay;
    hub *self;
    int error = hub_enter(task->driver.loop, set, &self);
    if (error != 0)
        return error;
    task->wait.object = self;
    task->wait.a.size = (size_t)(set & (sizeof(size_t) > 4 ? UINT64_MAX : UINT32_MAX));
    task->wait.b.size = sizeof(size_t) > 4 ? 0 : (size_t)(set >> 32);
    coro_waiters_push(&self->waiters, task);
    return CORO_PENDING_;
}

static bool wait_cancel(coro_task *task)
{
    hub *self = task->wait.object;
    coro_waiters_remove(&self->waiters, task);
    hub_leave(self, waited_for(task));
    return true;
}

static const coro_wait_type wait_type = {"signal", wait_cancel, NULL, NULL, false};

CORO_LEAF(coro_signal_wait, &wait_type, wait_start, sizeof(int));

coro_int *coro_signal_wait(uint64_t set)
{
    coro_call *call = coro_call_new_(&coro_signal_wait_call_);
    if (call->coro.error == 0)
        call->delay = (coro_duration)set; /* the record's one place of 64 bits */
    return (coro_int *)call;
}

/* --- listeners ---------------------------------------------------------------------------- */

static int begin_to_listen(coro_loop *loop, coro_signals *signals, uint64_t set)
{
    hub *self;
    int error = hub_enter(loop, set, &self);
    if (error != 0)
        return error;
    *signals = (coro_signals){.next = self->listeners, .hub = self, .set = set};
    self->listeners = signals;
    return 0;
}

int coro_signals_open(coro_signals *signals, uint64_t set)
{
    CORO_CHECK(coro_loop_current() != NULL, "coro_signals_open needs a running loop");
    return begin_to_listen(coro_loop_current(), signals, set);
}

int coro_signals_call(coro_loop *loop, coro_signals *signals, uint64_t set,
                      void (*function)(int signo, void *context), void *context)
{
    int error;
    CORO_CHECK(function != NULL, "coro_signals_call needs a function to call");
    coro_check_thread(loop);
    error = begin_to_listen(loop, signals, set);
    if (error != 0)
        return error;
    signals->function = function;
    signals->context = context;
    return 0;
}

bool coro_signals_close(coro_signals *signals)
{
    hub *self = signals->hub;
    coro_signals **place;
    coro_task *task;
    if (self == NULL)
        return false;
    for (place = &self->listeners; *place != signals;)
        place = &(*place)->next;
    *place = signals->next;
    if (self->cursor == signals)
        self->cursor = signals->next;
    signals->hub = NULL;
    if ((task = coro_waiters_pop(&signals->waiters)) != NULL)
        coro_wait_done(task, CORO_ECLOSED);
    hub_leave(self, signals->set);
    return true;
}

static int next_start(coro_task *task, coro_call *call)
{
    coro_signals *signals = call->object;
    if (signals->hub == NULL)
        return CORO_ECLOSED;
    if (signals->function != NULL)
        return CORO_EINVAL;
    if (signals->waiters.first != NULL)
        return CORO_EBUSY;
    if (signals->pending != 0) {
        call->result.number = take(signals);
        return 0;
    }
    task->wait.object = signals;
    coro_waiters_push(&signals->waiters, task);
    return CORO_PENDING_;
}

static bool next_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_signals *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type next_type = {"signals", next_cancel, NULL, NULL, false};

CORO_LEAF(coro_signals_next, &next_type, next_start, sizeof(int));

coro_int *coro_signals_next(coro_signals *signals)
{
    coro_call *call = coro_call_new_(&coro_signals_next_call_);
    if (call->coro.error == 0)
        call->object = signals;
    return (coro_int *)call;
}
