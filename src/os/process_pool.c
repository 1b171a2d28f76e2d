/* SPDX-License-Identifier: MIT */
/*
 * process_pool.c - calls that leave the process, and their answers.
 *
 *     call ─► idle: a place ─► no worker there? start one ─► { index, size } data ─►┐
 *                 ▲                                                                │ worker
 *                 └── back, its worker well or ended ◄── { error, size } reply ◄───┘
 *
 * A place is a worker, or room for one. A call has a place for itself until it is over, so
 * what is between the two ends of a socket is one request or one reply. Whatever is
 * left in the middle (cancelled, closed, crashed, too long) ends the worker: nobody
 * could tell what the next bytes are.
 *
 * Both sides are the same program with the same list, so a function is its index.
 */
#define _GNU_SOURCE
#include <coro/process_pool.h>

#include "internal.h"

#include <coro/queue.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define WORKER_MARK "coro-worker" /* argv[1] */
#define WORKER_FD 3

typedef struct request {
    uint64_t index, size;
} request;

typedef struct answer {
    int64_t error;
    uint64_t size;
} answer;

typedef struct place {
    coro_process *process; /* NULL: room for one */
    coro_stream *stream;
} place;

struct coro_process_pool {
    coro_loop *loop;
    coro_queue idle; /* of places' pointers */
    unsigned holders; /* its owner, each call, its close */
    unsigned count;
    char program[PATH_MAX];
    place *places[]; /* the queue's buffer, and behind it all of them */
};

static const coro_worker *known; /* what coro_worker_main was given */

/* --- in a worker ---------------------------------------------------------------------------- */

static bool read_all(void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        ssize_t count = coro_sys.recv(WORKER_FD, at, size, 0);
        if (count == 0 || (count < 0 && errno != EINTR))
            return false;
        at += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool write_all(const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        ssize_t count = coro_sys.send(WORKER_FD, at, size, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR)
            return false;
        at += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool serve_one(const coro_worker *workers)
{
    coro_bytes reply = {.data = NULL};
    request request;
    answer answer;
    void *data;
    bool well;
    if (!read_all(&request, sizeof request))
        return false;
    data = malloc(request.size > 0 ? request.size : 1);
    if (data == NULL || !read_all(data, request.size))
        return false;
    answer.error = workers[request.index].function(data, request.size, &reply);
    answer.size = reply.size;
    well = write_all(&answer, sizeof answer) && write_all(reply.data, reply.size);
    coro_bytes_free(&reply);
    free(data);
    return well;
}

void coro_worker_main(int argc, char **argv, const coro_worker *workers)
{
    known = workers;
    if (argc != 2 || strcmp(argv[1], WORKER_MARK) != 0)
        return;
    while (serve_one(workers))
        continue;
    exit(0);
}

/* --- the pool ------------------------------------------------------------------------------- */

static size_t size_of(unsigned workers)
{
    return sizeof(coro_process_pool) + workers * (sizeof(place *) + sizeof(place));
}

static place *place_of(coro_process_pool *pool, unsigned i)
{
    return (place *)(void *)(pool->places + pool->count) + i;
}

coro_process_pool *coro_process_pool_new(unsigned workers)
{
    coro_loop *loop = coro_loop_current();
    coro_process_pool *pool;
    ssize_t size;
    CORO_CHECK(loop != NULL, "coro_process_pool_new needs a running loop");
    CORO_CHECK(known != NULL, "call coro_worker_main first thing in main(): a worker is this "
                              "program, executed once more");
    CORO_CHECK(workers > 0, "a pool needs at least one worker");
    pool = coro_pool_take_(&loop->pool, size_of(workers));
    if (pool == NULL)
        return NULL;
    coro_zero_(pool, size_of(workers));
    pool->loop = loop;
    pool->holders = 1;
    pool->count = workers;
    size = coro_sys.readlink("/proc/self/exe", pool->program, sizeof pool->program - 1);
    if (size < 0)
        memcpy(pool->program, "/proc/self/exe", sizeof "/proc/self/exe");
    coro_queue_init(&pool->idle, pool->places, sizeof *pool->places, workers);
    for (unsigned i = 0; i < workers; i++)
        (void)coro_queue_put_nowait(&pool->idle, &(place *){place_of(pool, i)});
    return pool;
}

unsigned coro_process_pool_workers(const coro_process_pool *pool)
{
    coro_process_pool *all = (coro_process_pool *)(uintptr_t)pool;
    unsigned count = 0;
    for (unsigned i = 0; i < pool->count; i++) {
        const place *each = place_of(all, i);
        count += each->process != NULL &&
                 coro_process_returncode(each->process) == CORO_PROCESS_RUNNING;
    }
    return count;
}

static void unref(coro_process_pool *pool)
{
    if (--pool->holders == 0)
        coro_pool_give_(&pool->loop->pool, pool, size_of(pool->count));
}

static void end_worker(place *place)
{
    coro_stream_abort(&place->stream);
    coro_process_abort(&place->process);
}

/* --- a call --------------------------------------------------------------------------------- */

/* The stream to a worker; *childs is its end. */
static int connect_place(place *place, int *childs)
{
    int fds[2], error;
    if (coro_sys.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return -errno;
    error = coro_pipe_open(&place->stream, &place->stream, fds[0]);
    if (error == 0) {
        *childs = fds[1];
        return 0;
    }
    coro_sys.close(fds[0]);
    coro_sys.close(fds[1]);
    return error;
}

ASYNC(start_worker, ARGS(coro_process_pool *, pool, place *, place),
      VARS(const char *argv[3]; coro_process_options options; coro_process_fd fd; int error;
           bool open;))
{
    ASYNC_BEGIN;
    end_worker(self->place); /* the one that has died */
    self->error = connect_place(self->place, &self->fd.ours);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->open = true;
    self->fd.childs = WORKER_FD;
    self->argv[0] = self->pool->program;
    self->argv[1] = WORKER_MARK;
    self->options.fds = &self->fd;
    self->options.fds_count = 1;
    self->options.new_group = true; /* ^C is for us */
    AWAIT(self->place->process, coro_create_subprocess_exec(self->argv, &self->options));
  ASYNC_FINALLY:
    if (self->open)
        coro_sys.close(self->fd.ours);
    ASYNC_END;
}

static bool is_well(const place *place)
{
    return place->stream != NULL && place->process != NULL &&
           coro_process_returncode(place->process) == CORO_PROCESS_RUNNING;
}

/* What an error on the way to a worker and back means. */
static int meaning_of(int error)
{
    if (error == CORO_EINCOMPLETE || error == CORO_EPIPE || error == CORO_ECONNRESET)
        return CORO_ECRASHED;
    return error;
}

ASYNC(exchange,
      ARGS(place *, place, uint64_t, index, const void *, data, size_t, size, size_t, limit,
           coro_bytes *, reply),
      VARS(request request; answer answer; coro_slice slices[2]; int error;))
{
    ASYNC_BEGIN;
    self->request.index = self->index;
    self->request.size = self->size;
    self->slices[0] = (coro_slice){&self->request, sizeof self->request};
    self->slices[1] = (coro_slice){self->data, self->size};
    AWAIT(coro_stream_writev(self->place->stream, self->slices, 2));
    AWAIT(coro_stream_read_exactly(self->place->stream, &self->answer, sizeof self->answer));
    if (self->answer.size > self->limit)
        ASYNC_THROW(CORO_ELIMIT);
    if (!coro_bytes_reserve(self->reply, (size_t)self->answer.size))
        ASYNC_THROW(CORO_ENOMEM);
    AWAIT(coro_stream_read_exactly(self->place->stream, self->reply->data,
                                   (size_t)self->answer.size));
    self->reply->size = (size_t)self->answer.size;
    self->reply->data[self->reply->size] = '\0';
    ASYNC_END;
}

ASYNC(pool_call,
      ARGS(coro_process_pool *, pool, const char *, name, const void *, data, size_t, size, size_t,
           limit, coro_bytes *, reply),
      VARS(place *place; uint64_t index; int error; bool held; struct exchange exchange;))
{
    ASYNC_BEGIN;
    if (self->pool == NULL)
        ASYNC_THROW(CORO_ECLOSED);
    if (self->pool->loop != coro_driver_->loop)
        ASYNC_THROW(CORO_EWRONGLOOP);
    self->pool->holders++;
    self->held = true;
    while (known[self->index].name != NULL && strcmp(known[self->index].name, self->name) != 0)
        self->index++;
    if (known[self->index].name == NULL)
        ASYNC_THROW(CORO_ENOENT);
    AWAIT(coro_queue_get(&self->pool->idle, &self->place));
    if (!is_well(self->place))
        AWAIT(start_worker(self->pool, self->place));
    AWAIT_CATCH(self->error,
                exchange_at(&self->exchange, self->place, self->index, self->data, self->size,
                            self->limit, self->reply));
    if (self->error != 0 || !is_well(self->place))
        end_worker(self->place);
    if (self->error != 0)
        ASYNC_THROW(self->pool->idle.shut ? CORO_ECLOSED : meaning_of(self->error));
    if (self->exchange.answer.error != 0)
        ASYNC_THROW((int)self->exchange.answer.error);
  ASYNC_FINALLY:
    if (self->place != NULL && (self->pool->idle.shut || self->place->process == NULL))
        end_worker(self->place);
    if (self->place != NULL)
        (void)coro_queue_put_nowait(&self->pool->idle, &self->place);
    if (self->held)
        unref(self->pool);
    ASYNC_END;
}

coro_void *coro_process_pool_call(coro_process_pool *pool, const char *name, const void *data,
                                  size_t size, size_t limit, coro_bytes *reply)
{
    coro_zero_(reply, sizeof *reply);
    return (coro_void *)(void *)pool_call(pool, name, data, size, limit, reply);
}

/* --- its end -------------------------------------------------------------------------------- */

/* No more calls; those that run find their stream closed. */
static void shut(coro_process_pool *pool)
{
    coro_queue_shutdown(&pool->idle, true);
    for (unsigned i = 0; i < pool->count; i++)
        coro_stream_abort(&place_of(pool, i)->stream);
}

ASYNC(close_pool, ARGS(coro_process_pool *, pool), VARS(unsigned i;))
{
    ASYNC_BEGIN;
    if (self->pool != NULL)
        shut(self->pool);
    for (; self->pool != NULL && self->i < self->pool->count; self->i++)
        AWAIT(coro_process_close(&place_of(self->pool, self->i)->process));
  ASYNC_FINALLY:
    for (self->i = 0; self->pool != NULL && self->i < self->pool->count; self->i++)
        end_worker(place_of(self->pool, self->i)); /* of those that were not waited for */
    if (self->pool != NULL)
        unref(self->pool);
    ASYNC_END;
}

coro_void *coro_process_pool_close(coro_process_pool **place)
{
    coro_process_pool *pool = *place;
    struct close_pool *call = close_pool(pool);
    *place = NULL;
    if (call->coro.error != 0 && pool != NULL) { /* no memory to wait, but it does its work */
        shut(pool);
        for (unsigned i = 0; i < pool->count; i++)
            end_worker(place_of(pool, i));
        unref(pool);
    }
    return (coro_void *)(void *)call;
}
