/* SPDX-License-Identifier: MIT */
/*
 * readiness.c - waiting for descriptors that somebody else reads and writes.
 *
 *     coro_wait_fd ─► poll(2): ready? ─► done
 *         └► a record of the descriptor ─► coro_fd_want ─► ... an edge ... ─► poll(2) again
 *                 ├ reading: a task, or a callback
 *                 └ writing: a task, or a callback
 *
 * What an edge meant may be over when we hear of it, for the owner reads without
 * telling us. So the system is asked once more, by poll, before anybody is woken;
 * a callback stays in the ready queue as long as poll says yes.
 *
 * Invariants. R1: a record exists while a side of it is taken or its callback
 * runs; the system watches the descriptor exactly then. R2: a taken side is wanted
 * (poll.h), or its callback is in the ready queue or runs.
 */
#define _GNU_SOURCE
#include "poll.h"
#include "sys.h"

#include "kernel/kernel.h"

#include <coro/readiness.h>

#include <errno.h>

_Static_assert((int)CORO_READABLE == (int)CORO_FD_READ &&
                   (int)CORO_WRITABLE == (int)CORO_FD_WRITE,
               "directions are the same inside and outside");

#define BOTH (CORO_READABLE | CORO_WRITABLE)

typedef struct side {
    struct watched *owner;
    unsigned direction;
    coro_task *task;        /* either */
    coro_callback function; /* or */
    void *context;
    coro_handle call;
} side;

typedef struct watched {
    coro_fd fd;
    coro_loop *loop;
    side sides[2];   /* reading, writing */
    unsigned in_use; /* by functions that are at work on it */
    struct watched *next, **place;
} watched;

/* All of a loop: they leave it before it closes. */
typedef struct watch_list {
    coro_hook closer; /* first */
    coro_loop *loop;
    watched *first;
} watch_list;

static side *side_of(watched *self, unsigned direction)
{
    return &self->sides[direction == CORO_WRITABLE];
}

static bool is_taken(const side *self)
{
    return self->task != NULL || self->function != NULL;
}

/* Those of `events` that are so now; CORO_EBADF. */
static int ask(int fd, unsigned events)
{
    struct pollfd one = {.fd = fd};
    int count;
    one.events |= events & CORO_READABLE ? POLLIN : 0;
    one.events |= events & CORO_WRITABLE ? POLLOUT : 0;
    do
        count = coro_sys.poll(&one, 1, 0);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return -errno;
    if (one.revents & POLLNVAL)
        return CORO_EBADF;
    if (one.revents & (POLLERR | POLLHUP))
        return (int)events;
    return (one.revents & POLLIN ? CORO_READABLE : 0) |
           (one.revents & POLLOUT ? CORO_WRITABLE : 0);
}

/* --- records ------------------------------------------------------------------------------ */

static void descriptor_ready(coro_fd *fd, unsigned directions);

/* These directions have no waiter any more. */
static void leave(watched *self, unsigned directions)
{
    for (unsigned i = 0; i < 2; i++) {
        side *each = &self->sides[i];
        if (!(directions & each->direction))
            continue;
        each->task = NULL;
        each->function = NULL;
        coro_handle_cancel(&each->call);
    }
    if (self->fd.loop != NULL)
        coro_fd_unwant(&self->fd, directions);
}

/* When nobody waits any more the loop lets go of the descriptor. */
static void forget_if_free(watched *self)
{
    if (is_taken(&self->sides[0]) || is_taken(&self->sides[1]) || self->in_use > 0)
        return;
    *self->place = self->next;
    if (self->next != NULL)
        self->next->place = self->place;
    (void)coro_fd_detach(&self->fd);
    coro_pool_give_(&self->loop->pool, self, sizeof *self);
}

static void list_close(coro_hook *closer)
{
    watch_list *list = (watch_list *)closer;
    for (watched *each; (each = list->first) != NULL;) {
        leave(each, BOTH);
        forget_if_free(each);
    }
    coro_pool_give_(&list->loop->pool, list, sizeof *list);
}

static watch_list *list_of(coro_loop *loop)
{
    watch_list *list;
    for (coro_hook *each = loop->closers; each != NULL; each = each->next)
        if (each->run == list_close)
            return (watch_list *)each;
    list = coro_pool_take_(&loop->pool, sizeof *list);
    if (list == NULL)
        return NULL;
    *list = (watch_list){{NULL, list_close, false}, loop, NULL};
    coro_loop_add_closer(loop, &list->closer);
    return list;
}

/* The record of fd, if it has one; *busy: it is somebody's of this library. */
static watched *find(coro_loop *loop, int fd, bool *busy)
{
    coro_fd *record = coro_fd_find(loop, fd);
    *busy = record != NULL && record->ready != descriptor_ready;
    return record == NULL || *busy ? NULL : coro_container_of(record, watched, fd);
}

static watched *make(coro_loop *loop, int fd, int *error)
{
    watch_list *list = list_of(loop);
    watched *self = list != NULL ? coro_pool_take_(&loop->pool, sizeof *self) : NULL;
    *error = CORO_ENOMEM;
    if (self == NULL)
        return NULL;
    coro_zero_(self, sizeof *self);
    *error = coro_fd_open(loop, &self->fd, fd, descriptor_ready);
    if (*error != 0) {
        coro_pool_give_(&loop->pool, self, sizeof *self);
        return NULL;
    }
    self->loop = loop;
    self->sides[0].owner = self->sides[1].owner = self;
    self->sides[0].direction = CORO_READABLE;
    self->sides[1].direction = CORO_WRITABLE;
    self->next = list->first;
    self->place = &list->first;
    if (self->next != NULL)
        self->next->place = &self->next;
    list->first = self;
    return self;
}

/* --- tasks -------------------------------------------------------------------------------- */

/* The directions that a task waits for. */
static unsigned wanted_by(const watched *self, const coro_task *task)
{
    return (self->sides[0].task == task ? CORO_READABLE : 0u) |
           (self->sides[1].task == task ? CORO_WRITABLE : 0u);
}

static void end_task(watched *self, coro_task *task, int ready, int error)
{
    unsigned events = wanted_by(self, task);
    leave(self, events);
    task->wait.a.number = ready & (int)events;
    coro_wait_done(task, error);
}

static int wait_begin(watched *self, coro_task *task, unsigned events)
{
    int error = 0;
    for (unsigned i = 0; i < 2 && error == 0; i++)
        if (events & self->sides[i].direction) {
            self->sides[i].task = task;
            error = coro_fd_want(&self->fd, self->sides[i].direction);
        }
    if (error != 0)
        leave(self, events);
    return error;
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_loop *loop = task->driver.loop;
    unsigned events = (unsigned)call->b.number;
    int fd = call->a.number, ready, error;
    bool busy;
    watched *self;
    call->result.number = 0;
    if (events == 0 || events & ~(unsigned)BOTH)
        return CORO_EINVAL;
    if (loop->backend->fds == NULL)
        return CORO_ENOSYS;
    self = find(loop, fd, &busy);
    if (busy || (self != NULL && ((events & CORO_READABLE && is_taken(&self->sides[0])) ||
                                  (events & CORO_WRITABLE && is_taken(&self->sides[1])))))
        return CORO_EBUSY;
    ready = ask(fd, events);
    if (ready < 0)
        return ready;
    call->result.number = ready;
    if (ready > 0)
        return 0;
    if (self == NULL)
        self = make(loop, fd, &error);
    if (self == NULL)
        return error;
    error = wait_begin(self, task, events);
    if (error != 0) {
        forget_if_free(self);
        return error;
    }
    task->wait.object = self;
    return CORO_PENDING_;
}

static bool wait_cancel(coro_task *task)
{
    watched *self = task->wait.object;
    leave(self, wanted_by(self, task));
    forget_if_free(self);
    return true;
}

static const coro_wait_type wait_type = {"descriptor", wait_cancel, NULL, NULL, false};

CORO_LEAF(coro_wait_fd, &wait_type, wait_start, sizeof(int));

coro_int *coro_wait_fd(int fd, unsigned events)
{
    coro_call *call = coro_call_new_(&coro_wait_fd_call_);
    if (call->coro.error == 0) {
        call->a.number = fd;
        call->b.number = (int)events;
    }
    return (coro_int *)call;
}

/* --- callbacks ---------------------------------------------------------------------------- */

static void run(void *context);

/* Call it in the next turn if there is reason to, else when there is. */
static int arm(side *self)
{
    watched *owner = self->owner;
    int ready = ask(owner->fd.fd, self->direction);
    if (ready == 0)
        return coro_fd_want(&owner->fd, self->direction);
    if (ready > 0)
        coro_loop_call_soon(owner->loop, &self->call, run, self);
    return ready < 0 ? ready : 0;
}

static void run(void *context)
{
    side *self = context;
    watched *owner = self->owner;
    owner->in_use++;
    self->function(self->context);
    owner->in_use--;
    /* It may have removed itself, and may be here again. */
    if (self->function != NULL && !coro_handle_pending(&self->call) &&
        !(owner->fd.wanted & self->direction) && arm(self) != 0)
        leave(owner, self->direction);
    forget_if_free(owner);
}

static int add(coro_loop *loop, int fd, unsigned direction, coro_callback function, void *context)
{
    watched *self;
    side *place;
    bool busy;
    int error = CORO_EBADF;
    CORO_CHECK(function != NULL, "a reader or writer needs a function to call");
    coro_check_here(loop);
    if (loop->backend->fds == NULL)
        return CORO_ENOSYS;
    self = find(loop, fd, &busy);
    if (busy || (self != NULL && side_of(self, direction)->task != NULL))
        return CORO_EBUSY;
    if (self == NULL)
        self = make(loop, fd, &error);
    if (self == NULL)
        return error;
    place = side_of(self, direction);
    place->context = context;
    if (place->function != NULL) {
        place->function = function;
        return 0;
    }
    place->function = function;
    error = arm(place);
    if (error != 0) {
        leave(self, direction);
        forget_if_free(self);
    }
    return error;
}

static bool take_away(coro_loop *loop, int fd, unsigned direction)
{
    bool busy;
    watched *self = find(loop, fd, &busy);
    coro_check_here(loop);
    if (self == NULL || side_of(self, direction)->function == NULL)
        return false;
    leave(self, direction);
    forget_if_free(self);
    return true;
}

int coro_loop_add_reader(coro_loop *loop, int fd, coro_callback function, void *context)
{
    return add(loop, fd, CORO_READABLE, function, context);
}

int coro_loop_add_writer(coro_loop *loop, int fd, coro_callback function, void *context)
{
    return add(loop, fd, CORO_WRITABLE, function, context);
}

bool coro_loop_remove_reader(coro_loop *loop, int fd)
{
    return take_away(loop, fd, CORO_READABLE);
}

bool coro_loop_remove_writer(coro_loop *loop, int fd)
{
    return take_away(loop, fd, CORO_WRITABLE);
}

/* --- events ------------------------------------------------------------------------------- */

/* What is known of a side: ready, an error, or that it has to wait on. */
static void tell(side *self, int ready)
{
    watched *owner = self->owner;
    if (ready >= 0 && !(ready & (int)self->direction))
        ready = coro_fd_want(&owner->fd, self->direction);
    if (ready == 0)
        return;
    if (self->task != NULL)
        end_task(owner, self->task, ready > 0 ? ready : 0, ready < 0 ? ready : 0);
    else if (ready > 0)
        coro_loop_call_soon(owner->loop, &self->call, run, self);
    else
        leave(owner, self->direction);
}

static void tell_all(watched *self, unsigned directions, int ready)
{
    self->in_use++;
    for (unsigned i = 0; i < 2; i++)
        if (directions & self->sides[i].direction && is_taken(&self->sides[i]))
            tell(&self->sides[i], ready);
    self->in_use--;
    forget_if_free(self);
}

/* An edge, or the number is another file's now: then it is negative. */
static void descriptor_ready(coro_fd *fd, unsigned directions)
{
    watched *self = coro_container_of(fd, watched, fd);
    tell_all(self, directions, fd->fd >= 0 ? ask(fd->fd, directions) : CORO_EBADF);
}

void coro_notify_closing(int fd)
{
    coro_loop *loop = coro_loop_current();
    watched *self;
    bool busy;
    CORO_CHECK(loop != NULL, "coro_notify_closing needs a running loop");
    self = find(loop, fd, &busy);
    if (self != NULL)
        tell_all(self, BOTH, CORO_ECLOSED);
}
