/* SPDX-License-Identifier: MIT */
/*
 * offload.c - the handshake in threads: signatures take milliseconds, a turn of the loop does not.
 *
 *     loop     what has come ─► desk.in        desk.out ─► sent, or kept ─► more? again
 *                                  │               ▲
 *     thread                    bio_read       bio_write
 *                                  └── SSL_do_handshake ──┘
 *
 * The thread has no part in the stream beneath, nor in the loop's memory: a desk
 * stands between them, filled before it goes and emptied when it is back. While it is
 * away (T3 in transport.c) `ssl` is the thread's alone; the lane's lock passes it on.
 * An executor's await outlasts a cancel, and the time limit, until the thread has
 * let go; then the handshake ends as it would have in the loop. There is one step in
 * a thread for all that has come, and none for nothing.
 *
 * The handshake may end before all of the desk was read: the rest is the beginning of
 * the data, and is read from there.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include "thread/thread.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE 1024 /* and who comes then waits for room */

/* --- the desk ------------------------------------------------------------------------------- */

static bool has_unread(const coro_tls_desk *desk)
{
    return desk->head < desk->tail;
}

ptrdiff_t coro_tls_desk_read(coro_tls *tls, char *buffer, size_t size)
{
    coro_tls_desk *desk = tls->desk;
    if (has_unread(desk)) {
        size = desk->tail - desk->head < size ? desk->tail - desk->head : size;
        memcpy(buffer, desk->in + desk->head, size);
        desk->head += size;
        return (ptrdiff_t)size;
    }
    if (tls->is_away)
        return desk->behind;
    coro_tls_desk_free(tls);
    return coro_stream_try_read(tls->inner, buffer, size);
}

int coro_tls_desk_write(coro_tls_desk *desk, const char *data, size_t size)
{
    if (size > CORO_TLS_UNSENT_MAX - desk->out_size)
        return CORO_EPROTO;
    if (size > desk->out_capacity - desk->out_size) {
        size_t capacity = 2 * (desk->out_size + size);
        char *larger = realloc(desk->out, capacity);
        if (larger == NULL)
            return CORO_ENOMEM;
        desk->out = larger;
        desk->out_capacity = capacity;
    }
    memcpy(desk->out + desk->out_size, data, size);
    desk->out_size += size;
    return 0;
}

void coro_tls_desk_free(coro_tls *tls)
{
    if (tls->desk == NULL)
        return;
    free(tls->desk->out);
    coro_pool_give_(&tls->stream.loop->pool, tls->desk, sizeof *tls->desk);
    tls->desk = NULL;
}

/* --- there and back ------------------------------------------------------------------------- */

/* Who begins needs nothing for it. */
static bool is_to_begin(const coro_tls *tls)
{
    return !tls->context->is_server && SSL_in_before(tls->ssl);
}

/* Put what has come on the desk. 0, CORO_EAGAIN if there is nothing to do with it, or an error. */
static int fill(coro_tls *tls)
{
    coro_tls_desk *desk = tls->desk;
    ptrdiff_t count;
    if (tls->error != 0)
        return tls->error;
    if (desk == NULL) {
        desk = coro_pool_take_(&tls->stream.loop->pool, sizeof *desk);
        if (desk == NULL)
            return CORO_ENOMEM;
        coro_zero_(desk, offsetof(coro_tls_desk, in));
        tls->desk = desk;
    }
    count = coro_stream_try_read(tls->inner, desk->in, sizeof desk->in);
    desk->head = 0;
    desk->tail = count > 0 ? (size_t)count : 0;
    desk->behind = count > 0 ? CORO_EAGAIN : (int)count;
    return count == CORO_EAGAIN && !is_to_begin(tls) ? CORO_EAGAIN : 0;
}

/* What is on the desk leaves; what it has come to, all in all. */
static int empty(coro_tls *tls, int outcome)
{
    coro_tls_desk *desk = tls->desk;
    int error;
    if (tls->inner == NULL)
        return coro_tls_fail(tls, CORO_ECONNABORTED);
    error = desk->out_size > 0 ? coro_tls_put(tls, desk->out, desk->out_size) : 0;
    desk->out_size = 0;
    if (error == 0)
        error = coro_tls_flush(tls);
    if (outcome == 0 && !has_unread(desk))
        coro_tls_desk_free(tls);
    if (error == 0 || error == CORO_EAGAIN || (outcome != 0 && outcome != CORO_EAGAIN))
        return outcome;
    return coro_tls_fail(tls, error);
}

static coro_executor *threads_of(coro_loop *loop, const coro_tls_context *context)
{
    static const char purpose[] = "handshakes";
    return coro_loop_executor(loop, purpose, context->threads, QUEUE);
}

typedef struct shaking {
    coro_tls *tls;
    const coro_tls_options *options;
    int outcome;
} shaking;

static int shake(void *argument, void **result)
{
    shaking *self = argument;
    (void)result;
    self->outcome = coro_tls_shake(self->tls, self->options);
    return 0;
}

ASYNC(shake_in_thread, RETURNS(int), ARGS(shaking, step),
      VARS(coro_executor *threads; void *unused; int error;))
{
    ASYNC_BEGIN;
    self->threads = threads_of(coro_driver_->loop, self->step.tls->context);
    if (self->threads == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    do {
        self->error = fill(self->step.tls);
        if (self->error != 0)
            ASYNC_RETURN(self->error);
        self->step.tls->is_away = true;
        AWAIT_CATCH(self->error, self->unused,
                    coro_run_in_executor(self->threads, shake, &self->step));
        if (self->error == CORO_EAGAIN) /* the system gives no thread: then in the loop */
            self->error = shake(&self->step, NULL);
        self->step.tls->is_away = false;
        if (self->error != 0)
            ASYNC_THROW(self->error);
        self->error = empty(self->step.tls, self->step.outcome);
    } while (self->error == CORO_EAGAIN);
    ASYNC_RETURN(self->error);
    ASYNC_END;
}

/* The result lies behind the header, as in every coro_int. */
_Static_assert(offsetof(struct shake_in_thread, result) == offsetof(coro_int, result),
               "a coro_int");

coro_int *coro_tls_shake_in_thread(coro_tls *tls, const coro_tls_options *options)
{
    return (coro_int *)(void *)shake_in_thread((shaking){tls, options, 0});
}

#endif
