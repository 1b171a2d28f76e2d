/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - waiting on Linux.
 *
 *     slots[fd] ──► {generation, coro_fd *}
 *         ▲
 *     event.data = fd │ generation << 32       an event for a closed one is dropped
 *
 * Registration is edge-triggered and stays: reading first, writing added once it is needed,
 * nothing ever taken back but by the close. So a connection costs two epoll_ctl in its life,
 * and waiting for it none. The explicit EPOLL_CTL_DEL before a close is for descriptors that a
 * child has inherited: the system removes a registration with the file's last descriptor only.
 *
 * Events are asked for by the hundred, and delivered 8 a turn, or until 64 KiB are read: so
 * the buffers of one turn are the next one's, while the processor's cache has them.
 *
 * Sleeping to the nanosecond: epoll_pwait2; where it is missing (Linux < 5.11,
 * valgrind) a timerfd; without that, milliseconds, rounded up. Never early.
 * A loop without any descriptor, and with tasks to run, makes no system call.
 * The thread's timer slack is 1 ns while a loop is open (50 us otherwise).
 *
 * Other threads wake it by an eventfd, edge-triggered too and so never read: one call a wake.
 */
#define _GNU_SOURCE
#include "poll.h"
#include "sys.h"

#include <errno.h>
#include <stdlib.h>

#define EVENTS_MAX 256
#define TURN_BYTES (64u << 10)
#define EVENT_BYTES (8u << 10) /* so many at least: 8 events */
#define SLOTS_MIN 64
#define NO_SLOT UINT64_MAX /* the data of an event that says only "wake up" */

typedef struct slot {
    coro_fd *record;
    uint32_t generation;
} slot;

typedef struct poller {
    int epoll;
    int timer;           /* a timerfd, or -1 */
    coro_time timer_set; /* to this */
    bool coarse, no_timer; /* no epoll_pwait2 here; no timerfd either */
    long slack;          /* of the thread, before us */
    unsigned forks;      /* coro_forks, when all of this was made */
    slot *slots;         /* by descriptor */
    size_t slots_count, slots_room; /* what is behind the count is not touched */
    size_t records;        /* in slots */
    coro_fd *queued, *due; /* to be called without an event; those of this round */
    int begin, end;        /* events that are not delivered yet */
    struct epoll_event events[EVENTS_MAX];
} poller;

typedef struct event_waker {
    coro_waker waker;
    int fd;
    unsigned forks;
} event_waker;

static poller *poller_of(const coro_loop *loop)
{
    return loop->backend_data;
}

/* All that the system does for a loop goes by descriptors that a forked child shares: what it did
 * with them would happen to its parent. */
static void check_process(const poller *self)
{
    CORO_CHECK(self->forks == coro_forks, "this loop is the parent's: after a fork call "
                                          "coro_loop_fork_reset in the child, or exec");
}

/* --- descriptors -------------------------------------------------------------------------- */

static int grow(coro_loop *loop, size_t least)
{
    poller *self = poller_of(loop);
    coro_allocator *memory = &loop->pool.allocator;
    size_t room = self->slots_room > 0 ? self->slots_room : SLOTS_MIN;
    slot *slots = self->slots;
    while (room < least)
        room *= 2;
    if (room > self->slots_room)
        slots = memory->resize(memory->context, slots, self->slots_room * sizeof *slots,
                               room * sizeof *slots);
    if (slots == NULL)
        return CORO_ENOMEM;
    self->slots = slots;
    self->slots_room = room;
    while (self->slots_count < least)
        self->slots[self->slots_count++] = (slot){NULL, 0};
    return 0;
}

static void fd_queue(coro_fd *record)
{
    poller *self = poller_of(record->loop);
    if (record->queued)
        return;
    record->queued = true;
    record->next = self->queued;
    self->queued = record;
}

static void unqueue(coro_fd **list, const coro_fd *record)
{
    while (*list != NULL && *list != record)
        list = &(*list)->next;
    if (*list != NULL)
        *list = record->next;
}

/* The number was closed behind our back, and is another file's now: whoever waits for the old
 * one finds out by EBADF. The record leaves the loop when it has been told. */
static void orphan(coro_fd *record)
{
    record->fd = -1;
    fd_queue(record);
}

static int fd_open(coro_fd *record)
{
    poller *self = poller_of(record->loop);
    size_t index = (size_t)record->fd;
    if (index >= self->slots_count) {
        int error = grow(record->loop, index + 1);
        if (error != 0)
            return error;
    }
    if (self->slots[index].record != NULL)
        orphan(self->slots[index].record);
    else
        self->records++;
    self->slots[index].record = record;
    self->slots[index].generation++;
    return 0;
}

static int fd_watch(coro_fd *record, unsigned direction)
{
    poller *self = poller_of(record->loop);
    int op = record->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    struct epoll_event event = {.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET};
    int result;
    check_process(self);
    if (record->fd < 0)
        return CORO_EBADF;
    if (direction & CORO_FD_WRITE)
        event.events |= EPOLLOUT;
    event.data.u64 =
        (uint64_t)self->slots[record->fd].generation << 32 | (uint32_t)record->fd;
    result = coro_sys.epoll_ctl(self->epoll, op, record->fd, &event);
    if (result != 0 && (errno == EEXIST || errno == ENOENT)) /* closed behind our back once */
        result = coro_sys.epoll_ctl(
            self->epoll, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, record->fd, &event);
    if (result != 0 && errno == EPERM) { /* a regular file, a directory */
        record->plain = true;
        record->registered = CORO_FD_READ | CORO_FD_WRITE;
        record->drained = 0;
        return 0;
    }
    if (result != 0)
        return -errno;
    record->registered |= CORO_FD_READ | (uint8_t)direction;
    return 0;
}

static void fd_close(coro_fd *record)
{
    poller *self = poller_of(record->loop);
    slot *own = record->fd >= 0 ? &self->slots[record->fd] : NULL;
    check_process(self);
    if (record->queued) {
        unqueue(&self->queued, record);
        unqueue(&self->due, record);
    }
    if (own == NULL || own->record != record)
        return;
    if (record->registered) {
        struct epoll_event unused = {0}; /* Linux before 2.6.9 wants one */
        coro_sys.epoll_ctl(self->epoll, EPOLL_CTL_DEL, record->fd, &unused);
    }
    own->record = NULL;
    own->generation++;
    self->records--;
}

static coro_fd *fd_find(coro_loop *loop, int fd)
{
    poller *self = poller_of(loop);
    return (size_t)fd < self->slots_count ? self->slots[fd].record : NULL;
}

static const struct coro_fd_ops fd_ops = {fd_open, fd_watch, fd_queue, fd_close, fd_find};

/* --- events ------------------------------------------------------------------------------- */

static void tell(coro_fd *record, unsigned directions)
{
    directions &= record->wanted;
    coro_fd_unwant(record, directions);
    if (record->fd < 0)
        record->loop = NULL;
    if (directions != 0)
        record->ready(record, directions); /* the record may be gone now */
}

static void deliver(poller *self, const struct epoll_event *event)
{
    uint32_t number = (uint32_t)event->data.u64;
    uint32_t generation = (uint32_t)(event->data.u64 >> 32);
    unsigned directions = 0;
    coro_fd *record;
    if (number >= self->slots_count || self->slots[number].generation != generation)
        return;
    record = self->slots[number].record;
    if (record == NULL)
        return;
    if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        directions |= CORO_FD_READ;
    if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        directions |= CORO_FD_WRITE;
    if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLPRI)) /* urgent bytes end a recv, too */
        record->closed |= CORO_FD_READ;
    if (event->events & EPOLLHUP)
        record->closed |= CORO_FD_WRITE;
    record->drained &= (uint8_t)~directions;
    record->doubted &= (uint8_t)~directions;
    tell(record, directions);
}

/* Those that are called without an event; one that queues itself again has to wait. */
static void deliver_queued(poller *self)
{
    self->due = self->queued;
    self->queued = NULL;
    while (self->due != NULL) {
        coro_fd *record = self->due;
        self->due = record->next;
        record->queued = false;
        record->drained &= (uint8_t)~record->wanted;
        tell(record, record->wanted);
    }
}

/* --- sleeping ----------------------------------------------------------------------------- */

static coro_time clock_now(void)
{
    struct timespec now;
    coro_sys.clock_gettime(CLOCK_MONOTONIC, &now);
    return (coro_time)now.tv_sec * CORO_TICK_HZ_ + now.tv_nsec;
}

static coro_time epoll_now(coro_loop *loop)
{
    check_process(poller_of(loop));
    return clock_now();
}

static bool set_timer(poller *self, coro_time deadline)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(deadline / CORO_TICK_HZ_),
                                           .tv_nsec = (long)(deadline % CORO_TICK_HZ_)}};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = NO_SLOT}};
    if (self->no_timer)
        return false;
    if (self->timer < 0) {
        self->timer = coro_sys.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        self->timer_set = CORO_FOREVER;
        self->no_timer = self->timer < 0 || coro_sys.epoll_ctl(self->epoll, EPOLL_CTL_ADD,
                                                               self->timer, &event) != 0;
    }
    if (!self->no_timer && self->timer_set != deadline) {
        self->no_timer = coro_sys.timerfd_settime(self->timer, TFD_TIMER_ABSTIME, &when, NULL) != 0;
        self->timer_set = deadline;
    }
    return !self->no_timer;
}

static int sleep_until(poller *self, coro_time deadline)
{
    int timeout_ms = -1;
    if (deadline != CORO_FOREVER) {
        coro_duration left = deadline - clock_now();
        if (left <= 0)
            return coro_sys.epoll_wait(self->epoll, self->events, EVENTS_MAX, 0);
        if (!self->coarse) {
            int count = coro_sys.epoll_wait_ns(self->epoll, self->events, EVENTS_MAX, left);
            if (count >= 0 || (errno != ENOSYS && errno != EPERM))
                return count;
            self->coarse = true; /* or forbidden, as some sandboxes do with what they do not know */
        }
        if (!set_timer(self, deadline)) {
            left = left / 1000000 + 1;
            timeout_ms = left < INT_MAX ? (int)left : INT_MAX;
        }
    }
    return coro_sys.epoll_wait(self->epoll, self->events, EVENTS_MAX, timeout_ms);
}

/* As many as a turn gets. While some are left the loop does not go on without asking for them. */
static void deliver_some(coro_loop *loop, poller *self)
{
    for (loop->received = 0; self->begin < self->end && loop->received < TURN_BYTES;
         loop->received += EVENT_BYTES)
        deliver(self, &self->events[self->begin++]);
    if (self->begin < self->end)
        loop->attention |= CORO_ATTEND_EVENTS_;
    else
        loop->attention &= (uint8_t)~CORO_ATTEND_EVENTS_;
}

/* A loop that has no descriptor, and tasks to run, learns nothing from the system: other threads'
 * posts are in the inbox. (An idle one takes the waker's event out, for who watches the loop.) */
static int ask(coro_loop *loop, poller *self)
{
    if (self->records == 0 && loop->ready != NULL)
        return 0;
    return coro_sys.epoll_wait(self->epoll, self->events, EVENTS_MAX, 0);
}

static void ask_for_events(coro_loop *loop, poller *self, coro_time deadline)
{
    bool sleeps = deadline > loop->now && self->queued == NULL &&
                  (loop->inbox == NULL || loop->inbox->sleep(loop->inbox));
    int count = sleeps ? sleep_until(self, deadline) : ask(loop, self);
    if (sleeps && loop->inbox != NULL)
        loop->inbox->awake(loop->inbox);
    CORO_CHECK(count >= 0 || errno == EINTR,
               "a loop can no longer wait: did the program close its epoll descriptor?");
    self->begin = 0;
    self->end = count > 0 ? count : 0;
}

static void epoll_wait_until(coro_loop *loop, coro_time deadline)
{
    poller *self = poller_of(loop);
    if (self->begin == self->end)
        ask_for_events(loop, self, deadline);
    deliver_some(loop, self);
    if (self->queued != NULL)
        deliver_queued(self);
}

/* --- waking ------------------------------------------------------------------------------- */

static void event_wake(coro_waker *waker)
{
    static const uint64_t one = 1;
    int saved = errno; /* a signal handler may be calling */
    event_waker *self = (event_waker *)waker;
    ssize_t written =
        self->forks == coro_forks ? coro_sys.write(self->fd, &one, sizeof one) : 0;
    (void)written; /* a full counter has woken the loop before */
    errno = saved;
}

static void event_free(coro_waker *waker)
{
    coro_sys.close(((event_waker *)waker)->fd);
    free(waker);
}

/* From the heap, not from the loop: it outlives the loop. */
static coro_waker *event_waker_new(coro_loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = NO_SLOT}};
    event_waker *waker = malloc(sizeof *waker);
    if (waker == NULL)
        return NULL;
    waker->waker = (coro_waker){event_wake, event_free};
    waker->forks = coro_forks;
    waker->fd = coro_sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (waker->fd >= 0 &&
        coro_sys.epoll_ctl(poller_of(loop)->epoll, EPOLL_CTL_ADD, waker->fd, &event) == 0)
        return &waker->waker;
    if (waker->fd >= 0)
        coro_sys.close(waker->fd);
    free(waker);
    return NULL;
}

/* --- life --------------------------------------------------------------------------------- */

static int epoll_open(coro_loop *loop, const coro_loop_options *options)
{
    coro_allocator *memory = &loop->pool.allocator;
    poller *self = memory->resize(memory->context, NULL, 0, sizeof *self);
    (void)options;
    if (self == NULL)
        return CORO_ENOMEM;
    coro_zero_(self, sizeof *self);
    self->timer = -1;
    self->epoll = coro_sys.epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll < 0) {
        int error = -errno;
        memory->resize(memory->context, self, sizeof *self, 0);
        return error;
    }
    coro_forks_count();
    self->forks = coro_forks;
    self->slack = coro_sys.prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    coro_sys.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    loop->backend_data = self;
    return 0;
}

/* Descriptors that are still open would be nobody's: they are closed. */
static void epoll_close(coro_loop *loop)
{
    poller *self = poller_of(loop);
    coro_allocator *memory = &loop->pool.allocator;
    check_process(self);
    for (coro_fd *each = self->queued; each != NULL; each = each->next)
        if (each->fd < 0)
            each->loop = NULL;
    for (size_t i = 0; i < self->slots_count; i++)
        if (self->slots[i].record != NULL)
            coro_fd_close(self->slots[i].record);
    if (self->timer >= 0)
        coro_sys.close(self->timer);
    coro_sys.close(self->epoll);
    if (self->slack > 0)
        coro_sys.prctl(PR_SET_TIMERSLACK, self->slack, 0, 0, 0);
    if (self->slots != NULL)
        memory->resize(memory->context, self->slots, self->slots_room * sizeof(slot), 0);
    memory->resize(memory->context, self, sizeof *self, 0);
    loop->backend_data = NULL;
}

/* An epoll descriptor is readable itself when one of those that it watches is ready. */
static int epoll_descriptor(const coro_loop *loop)
{
    return poller_of(loop)->epoll;
}

/* --- in a child of a fork ----------------------------------------------------------------- */

/* A descriptor of ours takes the place of one that is shared: its number stays. */
static int replace(int shared, int ours)
{
    int error = ours < 0 || coro_sys.dup3(ours, shared, O_CLOEXEC) < 0 ? -errno : 0;
    if (ours >= 0)
        coro_sys.close(ours);
    return error;
}

static int replace_all(poller *self, coro_waker *const *wakers, unsigned count)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = NO_SLOT}};
    int error = replace(self->epoll, coro_sys.epoll_create1(EPOLL_CLOEXEC));
    for (unsigned i = 0; i < count && error == 0; i++) {
        event_waker *waker = (event_waker *)wakers[i];
        error = replace(waker->fd, coro_sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        if (error == 0 &&
            coro_sys.epoll_ctl(self->epoll, EPOLL_CTL_ADD, waker->fd, &event) != 0)
            error = -errno;
        waker->forks = error == 0 ? coro_forks : waker->forks;
    }
    return error;
}

/* The new epoll knows no descriptor: those that are waited for are told to it, the others when
 * they are. One that it refuses is tried by its owner, who hears why. */
static int epoll_fork_reset(coro_loop *loop, coro_waker *const *wakers, unsigned count)
{
    poller *self = poller_of(loop);
    int error = self->forks != coro_forks ? replace_all(self, wakers, count) : 0;
    if (error != 0 || self->forks == coro_forks)
        return error;
    if (self->timer >= 0)
        coro_sys.close(self->timer);
    self->timer = -1;
    self->forks = coro_forks;
    for (size_t i = 0; i < self->slots_count; i++) {
        coro_fd *record = self->slots[i].record;
        if (record == NULL || record->plain)
            continue;
        record->registered = 0;
        if (record->wanted && fd_watch(record, record->wanted) != 0)
            fd_queue(record);
    }
    return 1;
}

const coro_backend coro_epoll_backend = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .now = epoll_now,
    .wait = epoll_wait_until,
    .waker = event_waker_new,
    .descriptor = epoll_descriptor,
    .fork_reset = epoll_fork_reset,
    .fds = &fd_ops,
};
