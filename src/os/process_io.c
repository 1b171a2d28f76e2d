/* SPDX-License-Identifier: MIT */
/*
 * process_io.c - all that a child has to say, and the end of it.
 *
 *     communicate:  ┌ feed ────► stdin ─► its end      a child that does not listen is fine
 *                   ├ collect ◄─ stdout                all at the same time: nobody waits
 *                   ├ collect ◄─ stderr                for somebody who waits for him
 *                   └ wait_exit
 *
 * Each call holds the process: who closes it meanwhile closes its streams, which ends
 * these tasks, and leaves the rest to them.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <string.h>

#define ROOM_MIN 1024

/* --- bytes -------------------------------------------------------------------------------- */

void coro_bytes_free(coro_bytes *bytes)
{
    if (bytes->data != NULL)
        bytes->allocator.resize(bytes->allocator.context, bytes->data, bytes->capacity, 0);
    *bytes = (coro_bytes){.data = NULL};
}

bool coro_bytes_reserve(coro_bytes *bytes, size_t more)
{
    const coro_loop *loop = coro_loop_current();
    size_t need = bytes->size + more + 1, capacity = bytes->capacity;
    char *data;
    if (need <= capacity)
        return true;
    if (bytes->data == NULL)
        bytes->allocator = loop != NULL ? loop->pool.allocator
                                        : (coro_allocator){coro_heap_resize, NULL};
    capacity = capacity > 0 ? capacity : ROOM_MIN;
    while (capacity < need)
        capacity *= 2;
    data = bytes->allocator.resize(bytes->allocator.context, bytes->data, bytes->capacity,
                                   capacity);
    if (data == NULL)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

int coro_bytes_append(coro_bytes *bytes, const void *data, size_t size)
{
    if (!coro_bytes_reserve(bytes, size))
        return CORO_ENOMEM;
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    bytes->data[bytes->size] = '\0';
    return 0;
}

void coro_process_output_free(coro_process_output *output)
{
    coro_bytes_free(&output->out);
    coro_bytes_free(&output->err);
}

/* --- waits -------------------------------------------------------------------------------- */

static coro_process *hold(coro_process *process)
{
    process->holders++;
    return process;
}

static int may_use(const coro_process *process, const coro_loop *loop)
{
    if (process == NULL)
        return CORO_ECLOSED;
    return process->loop != loop ? CORO_EWRONGLOOP : 0;
}

ASYNC(wait_io, ARGS(coro_process *, process), VARS(coro_process *held; int error;))
{
    ASYNC_BEGIN;
    self->error = may_use(self->process, coro_driver_->loop);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->held = hold(self->process);
    AWAIT(coro_pipe_wait_hangup(self->held->out));
    AWAIT(coro_pipe_wait_hangup(self->held->err));
    AWAIT(coro_pipe_wait_hangup(self->held->terminal));
  ASYNC_FINALLY:
    if (self->held != NULL)
        coro_process_unref(self->held);
    ASYNC_END;
}

coro_void *coro_process_wait_io(coro_process *process)
{
    return (coro_void *)(void *)wait_io(process);
}

ASYNC(wait_both, RETURNS(int), ARGS(coro_process *, process),
      VARS(coro_process *held; int error, returncode;))
{
    ASYNC_BEGIN;
    self->error = may_use(self->process, coro_driver_->loop);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->held = hold(self->process);
    AWAIT(self->returncode, coro_process_wait_exit(self->held));
    AWAIT(wait_io(self->held));
    ASYNC_RETURN(self->returncode);
  ASYNC_FINALLY:
    if (self->held != NULL)
        coro_process_unref(self->held);
    ASYNC_END;
}

_Static_assert(offsetof(struct wait_both, result) == offsetof(coro_int, result), "a coro_int");

coro_int *coro_process_wait(coro_process *process)
{
    return (coro_int *)(void *)wait_both(process);
}

/* --- communicate -------------------------------------------------------------------------- */

static bool is_deaf(int error)
{
    return error == CORO_EPIPE || error == CORO_ECONNRESET;
}

ASYNC(feed, ARGS(coro_process *, process, const void *, input, size_t, size), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_stream_write(self->process->in, self->input, self->size));
    if (self->error == 0)
        AWAIT_CATCH(self->error, coro_stream_shutdown_write(self->process->in));
    if (self->error == CORO_ECANCELED)
        ASYNC_THROW(CORO_ECANCELED);
    coro_stream_abort(&self->process->in);
    if (self->error != 0 && !is_deaf(self->error))
        ASYNC_THROW(self->error);
    ASYNC_END;
}

/* What is buffered, as far as the limit allows. */
static int take(coro_stream *stream, coro_bytes *into, size_t limit)
{
    size_t size, room = limit - into->size;
    const char *data = coro_stream_buffered(stream, &size);
    int error = coro_bytes_append(into, data, size < room ? size : room);
    if (error == 0)
        coro_stream_consume(stream, size < room ? size : room);
    return error == 0 && size > room ? CORO_ELIMIT : error;
}

ASYNC(collect, ARGS(coro_stream **, place, coro_bytes *, into, size_t, limit),
      VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(self->n, coro_stream_peek(*self->place, 1));
        if (self->n == 0)
            break;
        self->error = take(*self->place, self->into, self->limit);
        if (self->error != 0)
            ASYNC_THROW(self->error);
    }
    ASYNC_END;
}

ASYNC(communicate,
      ARGS(coro_process *, process, const void *, input, size_t, size, size_t, limit,
           coro_process_output *, output),
      VARS(coro_process *held; coro_group group; int error;))
{
    ASYNC_BEGIN;
    self->output->returncode = CORO_PROCESS_RUNNING;
    self->error = may_use(self->process, coro_driver_->loop);
    if (self->error == 0 && self->process->terminal != NULL)
        self->error = CORO_EINVAL;
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->held = hold(self->process);
    CORO_GROUP(self->group) {
        if (self->held->in != NULL)
            coro_group_create_task(&self->group, feed(self->held, self->input, self->size));
        if (self->held->out != NULL)
            coro_group_create_task(&self->group, collect(&self->held->out, &self->output->out,
                                                         self->limit));
        if (self->held->err != NULL)
            coro_group_create_task(&self->group, collect(&self->held->err, &self->output->err,
                                                         self->limit));
        AWAIT(self->output->returncode, coro_process_wait_exit(self->held));
    }
  ASYNC_FINALLY:
    if (self->held != NULL)
        coro_process_unref(self->held);
    ASYNC_END;
}

coro_void *coro_process_communicate(coro_process *process, const void *input, size_t size,
                                    size_t limit, coro_process_output *output)
{
    coro_zero_(output, sizeof *output);
    return (coro_void *)(void *)communicate(process, input, size, limit, output);
}
