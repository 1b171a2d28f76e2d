/* SPDX-License-Identifier: MIT */
/*
 * sendfile.c - a file into a stream: by the system alone where it can.
 *
 *     step ─► transport->sendfile ─► bytes, or it would block: wait, and again
 *                  └─► neither (TLS, a device...) ─► from now on pread ─► block ─► try_write
 *
 * The pump of src/stream/copy.c takes the writing of the stream, and a step is an
 * await of its own. What sendfile cannot do is not asked why: the copy's two calls
 * know better which side has failed. Reading a file may block; a step reads little.
 */
#define _GNU_SOURCE
#include "internal.h"

#include "stream/internal.h"

#include <coro/async.h>

#define PIECE_MAX ((size_t)256 * 1024) /* others want to have their turn */
#define BLOCK_SIZE ((size_t)16 * 1024)

typedef struct file_pump {
    coro_pump pump; /* first */
    int file;
    int64_t offset;  /* of the next byte that is to leave */
    char *block;     /* bytes from there on, when they are copied... */
    size_t at, have; /* ...of which these are left */
    bool is_copied;
} file_pump;

/* --- pieces ------------------------------------------------------------------------------- */

/* Each: bytes that have left, 0 at the file's end, CORO_EAGAIN, or an error. */

static ptrdiff_t copy_piece(file_pump *self, size_t size)
{
    coro_pool *pool = &self->pump.to->loop->pool;
    coro_slice piece;
    ptrdiff_t count;
    if (self->block == NULL)
        self->block = coro_pool_take_(pool, BLOCK_SIZE);
    if (self->block == NULL)
        return CORO_ENOMEM;
    if (self->have == 0) {
        do
            count = coro_sys.pread(self->file, self->block, size < BLOCK_SIZE ? size : BLOCK_SIZE,
                                   (off_t)self->offset);
        while (count < 0 && errno == EINTR);
        if (count <= 0)
            return count == 0 ? 0 : -errno;
        self->at = 0;
        self->have = (size_t)count;
    }
    piece = (coro_slice){self->block + self->at, self->have};
    count = coro_stream_try_write(self->pump.to, &piece, 1);
    if (count > 0) {
        self->at += (size_t)count;
        self->have -= (size_t)count;
    }
    return count;
}

static ptrdiff_t send_piece(file_pump *self, size_t size)
{
    coro_stream *to = self->pump.to;
    ptrdiff_t count = CORO_ENOSYS;
    if (!self->is_copied && to->transport->sendfile != NULL) {
        count = to->transport->sendfile(to, self->file, self->offset,
                                        size < PIECE_MAX ? size : PIECE_MAX);
        if (count > 0)
            to->sent += (size_t)count;
        if (count == CORO_EPIPE || count == CORO_ECONNRESET)
            return coro_send_go_on(to, (int)count);
        if (count >= 0 || count == CORO_EAGAIN)
            return count;
    }
    self->is_copied = true;
    return copy_piece(self, size);
}

static int step_start(coro_task *task, coro_call *call)
{
    file_pump *self = call->object;
    coro_pump *pump = &self->pump;
    ptrdiff_t count;
    if (pump->to == NULL)
        return CORO_EPIPE;
    count = coro_stream_try_write(pump->to, NULL, 0); /* what was written before */
    if (count == 0) {
        count = send_piece(self, pump->left);
        pump->is_over = count == 0;
    }
    if (count == CORO_EAGAIN)
        return coro_pump_wait(pump, task, CORO_STREAM_WRITE);
    if (count < 0)
        return (int)count;
    self->offset += count;
    pump->left -= (size_t)count;
    return 0;
}

static const coro_wait_type step_type = {"stream sendfile", coro_pump_cancel, NULL, NULL, false};

CORO_LEAF(send_step, &step_type, step_start, 0);

static CORO_NODISCARD coro_void *send_step(file_pump *self)
{
    coro_call *call = coro_call_new_(&send_step_call_);
    if (call->coro.error == 0)
        call->object = self;
    return (coro_void *)call;
}

/* --- the whole ---------------------------------------------------------------------------- */

ASYNC(send_file, RETURNS(size_t),
      ARGS(coro_stream *, stream, int, file, int64_t, offset, size_t, count),
      VARS(file_pump pump; coro_loop *loop; int error;))
{
    ASYNC_BEGIN;
    self->loop = coro_loop_current();
    if (self->stream != NULL && self->stream->loop != self->loop)
        ASYNC_THROW(CORO_EWRONGLOOP);
    if (self->offset < 0)
        ASYNC_THROW(CORO_EINVAL);
    self->error = coro_pump_write_to(&self->pump.pump, self->stream);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->pump.file = self->file;
    self->pump.offset = self->offset;
    self->pump.pump.left = self->count;
    while (self->pump.pump.left > 0 && !self->pump.pump.is_over)
        AWAIT(send_step(&self->pump));
    ASYNC_RETURN(self->count - self->pump.pump.left);
  ASYNC_FINALLY:
    coro_pump_end(&self->pump.pump);
    if (self->pump.block != NULL)
        coro_pool_give_(&self->loop->pool, self->pump.block, BLOCK_SIZE);
    if (self->pump.offset > self->offset)
        (void)coro_sys.lseek(self->file, (off_t)self->pump.offset, SEEK_SET);
    ASYNC_END;
}

coro_size *coro_stream_sendfile(coro_stream *stream, int file, int64_t offset, size_t count)
{
    return (coro_size *)(void *)send_file(stream, file, offset, count);
}
