/* SPDX-License-Identifier: MIT */
/*
 * watch_path.c - coro_path_watch: inotify, an event at a time.
 *
 *     the system's queue ─► read ─► buffer ─► one event ─► the task that waits
 *
 * A rename in a folder is two events of the system's with one number (cookie), which
 * stand in a row; the second may be in the next read. So more is read behind a
 * "moved from" at the end of the buffer: what follows it with its number makes a
 * pair, anything else, or nothing, says that it went elsewhere.
 */
#define _GNU_SOURCE
#include "kernel/kernel.h"
#include "poll/poll.h"
#include "poll/sys.h"

#include <coro/watch_path.h>

#include <errno.h>
#include <string.h>

#define MASK                                                                                       \
    (IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO |            \
     IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define BUFFER_SIZE 4096

struct coro_path_watch {
    coro_fd fd;
    coro_loop *loop;
    coro_task *waiter; /* wait.a: where its event goes */
    size_t begin, end; /* of what is in the buffer */
    bool gone;
    _Alignas(struct inotify_event) char buffer[BUFFER_SIZE];
};

/* --- from the system ---------------------------------------------------------------------- */

/* More, behind what is there: 0, CORO_EAGAIN or an error. */
static int read_more(coro_path_watch *self)
{
    ssize_t count;
    memmove(self->buffer, self->buffer + self->begin, self->end - self->begin);
    self->end -= self->begin;
    self->begin = 0;
    if (!coro_fd_may_try(&self->fd, CORO_FD_READ))
        return CORO_EAGAIN;
    do
        count = coro_sys.read(self->fd.fd, self->buffer + self->end, BUFFER_SIZE - self->end);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno != EWOULDBLOCK)
        return -errno;
    if (count < 0)
        coro_fd_drained(&self->fd, CORO_FD_READ);
    self->end += count > 0 ? (size_t)count : 0;
    return count > 0 ? 0 : CORO_EAGAIN;
}

/* What is in the buffer from a place on, or NULL. */
static const struct inotify_event *event_at(const coro_path_watch *self, size_t at)
{
    return at < self->end ? (const void *)(self->buffer + at) : NULL;
}

static size_t size_of(const struct inotify_event *event)
{
    return sizeof *event + event->len; /* with its name */
}

/* --- one event ---------------------------------------------------------------------------- */

static coro_path_kind kind_of(uint32_t mask)
{
    static const struct {
        uint32_t mask;
        coro_path_kind kind;
    } kinds[] = {
        {IN_Q_OVERFLOW, CORO_PATH_OVERFLOW},
        {IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED, CORO_PATH_GONE},
        {IN_CREATE | IN_MOVED_TO, CORO_PATH_CREATED},
        {IN_DELETE | IN_MOVED_FROM, CORO_PATH_DELETED},
        {IN_CLOSE_WRITE, CORO_PATH_WRITTEN},
        {IN_MODIFY, CORO_PATH_MODIFIED},
        {IN_ATTRIB, CORO_PATH_CHANGED},
    };
    size_t i = 0;
    while (i + 1 < sizeof kinds / sizeof kinds[0] && !(mask & kinds[i].mask))
        i++;
    return kinds[i].kind;
}

static void copy_name(char *to, const struct inotify_event *event)
{
    size_t size = event->len > 0 ? strnlen(event->name, event->len) : 0;
    size = size < CORO_PATH_NAME_MAX ? size : CORO_PATH_NAME_MAX;
    memcpy(to, event->name, size);
    to[size] = '\0';
}

/* The second half of a rename, if it is the next. */
static void take_pair(coro_path_watch *self, coro_path_event *to, uint32_t cookie)
{
    const struct inotify_event *second = event_at(self, self->begin);
    if (second == NULL || !(second->mask & IN_MOVED_TO) || second->cookie != cookie)
        return;
    memcpy(to->from, to->name, sizeof to->from);
    copy_name(to->name, second);
    to->kind = CORO_PATH_MOVED;
    self->begin += size_of(second);
}

/* 0: *to is the next event; CORO_EAGAIN, or an error. */
static int take(coro_path_watch *self, coro_path_event *to)
{
    const struct inotify_event *event;
    uint32_t cookie;
    if (self->gone)
        return CORO_EEOF;
    if (self->begin == self->end) {
        int error = read_more(self);
        if (error != 0)
            return error;
    }
    event = event_at(self, self->begin);
    to->kind = kind_of(event->mask);
    to->is_folder = (event->mask & IN_ISDIR) != 0;
    to->from[0] = '\0';
    copy_name(to->name, event);
    cookie = event->mask & IN_MOVED_FROM ? event->cookie : 0;
    self->begin += size_of(event);
    if (cookie != 0 && self->begin == self->end)
        (void)read_more(self); /* whatever it says: this event is here */
    if (cookie != 0)
        take_pair(self, to, cookie);
    self->gone = to->kind == CORO_PATH_GONE;
    return 0;
}

/* --- waiting ------------------------------------------------------------------------------ */

static void end(coro_path_watch *self, int error)
{
    coro_task *task = self->waiter;
    self->waiter = NULL;
    task->wait.a.pointer = NULL;
    coro_wait_done(task, error);
}

static void watch_ready(coro_fd *fd, unsigned directions)
{
    coro_path_watch *self = coro_container_of(fd, coro_path_watch, fd);
    int error = take(self, self->waiter->wait.a.pointer);
    (void)directions;
    if (error == CORO_EAGAIN) {
        error = coro_fd_want(fd, CORO_FD_READ);
        if (error == 0)
            return;
    }
    end(self, error);
}

static int next_start(coro_task *task, coro_call *call)
{
    coro_path_watch *self = call->object;
    int error;
    if (self == NULL)
        return CORO_ECLOSED;
    if (self->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    if (self->waiter != NULL)
        return CORO_EBUSY;
    error = take(self, call->a.pointer);
    if (error != CORO_EAGAIN)
        return error;
    error = coro_fd_want(&self->fd, CORO_FD_READ);
    if (error != 0)
        return error;
    self->waiter = task;
    task->wait.object = self;
    task->wait.a = call->a;
    return CORO_PENDING_;
}

static bool next_cancel(coro_task *task)
{
    coro_path_watch *self = task->wait.object;
    coro_fd_unwant(&self->fd, CORO_FD_READ);
    self->waiter = NULL;
    return true;
}

static const coro_wait_type next_type = {"path watch", next_cancel, NULL, NULL, false};

CORO_LEAF(coro_path_watch_next, &next_type, next_start, 0);

coro_void *coro_path_watch_next(coro_path_watch *watch, coro_path_event *event)
{
    return coro_call_of_(&coro_path_watch_next_call_, watch, event);
}

/* --- life --------------------------------------------------------------------------------- */

static int open_at(coro_path_watch *self, const char *path)
{
    int error, fd = coro_sys.inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return -errno;
    error = coro_sys.inotify_add_watch(fd, path, MASK) < 0 ? -errno : 0;
    if (error == 0)
        error = coro_fd_open(self->loop, &self->fd, fd, watch_ready);
    if (error != 0)
        coro_sys.close(fd);
    return error;
}

int coro_path_watch_open(coro_path_watch **watch, const char *path)
{
    coro_loop *loop = coro_loop_current();
    coro_path_watch *self;
    int error;
    CORO_CHECK(loop != NULL, "coro_path_watch_open needs a running loop");
    self = coro_pool_take_(&loop->pool, sizeof *self);
    if (self == NULL)
        return CORO_ENOMEM;
    coro_zero_(self, offsetof(coro_path_watch, buffer));
    self->loop = loop;
    error = open_at(self, path);
    if (error != 0) {
        coro_pool_give_(&loop->pool, self, sizeof *self);
        return error;
    }
    *watch = self;
    return 0;
}

void coro_path_watch_close(coro_path_watch **watch)
{
    coro_path_watch *self = *watch;
    *watch = NULL;
    if (self == NULL)
        return;
    if (self->waiter != NULL)
        end(self, CORO_ECLOSED);
    coro_fd_close(&self->fd);
    coro_pool_give_(&self->loop->pool, self, sizeof *self);
}
