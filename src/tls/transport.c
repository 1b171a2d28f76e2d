/* SPDX-License-Identifier: MIT */
/*
 * transport.c - a stream whose bytes are sealed into records of another stream.
 *
 *     recv ─► SSL_read, as long as records are there ─► EAGAIN ─► want: inner is readable
 *     send ─► has all that is sealed left? ─ no ─► EAGAIN ─► inner_ready: it has
 *                └─ yes ─► a record for each 16 KiB, which leave together
 *     shutdown_write, close ─► close_notify, the last record ─► the end of inner
 *
 * Records that OpenSSL holds already make no stream readable any more; but a read
 * tries first, always, and recv looks at them before it says EAGAIN.
 *
 * Invariants. T1: inner_ready is called only for what `want` asked for. T2: `error`
 * is final, and what OpenSSL is never asked behind: after an error it is not to be.
 * T3: while `is_away` a thread has all that OpenSSL's calls touch; the loop may set
 * `wake` and forget `inner`, and nothing else.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <string.h>

#define RECORD_MAX SSL3_RT_MAX_PLAIN_LENGTH
#define SMALL 4096u
#define CORK_MAX ((size_t)48 * 1024)
#define UNREAD_MAX 64 /* KiB */

/* --- reading -------------------------------------------------------------------------------- */

static ptrdiff_t tls_recv(coro_stream *stream, void *buffer, size_t size)
{
    coro_tls *tls = coro_tls_of(stream);
    size_t total = 0, count;
    int result;
    if (CORO_UNLIKELY(tls->error != 0))
        return tls->error;
    do {
        ERR_clear_error();
        result = SSL_read_ex(tls->ssl, (char *)buffer + total, size - total, &count);
        if (result != 1) {
            result = coro_tls_outcome(tls, result);
            return total > 0 ? (ptrdiff_t)total : result; /* what is final comes again */
        }
        tls->idle_messages = 0;
        total += count;
    } while (total < size && SSL_has_pending(tls->ssl));
    return (ptrdiff_t)total;
}

/* --- writing -------------------------------------------------------------------------------- */

/* One record. It is taken whole, or not at all, or this is the end. */
static int seal(coro_tls *tls, const void *data, size_t size)
{
    size_t count;
    int result;
    ERR_clear_error();
    result = SSL_write_ex(tls->ssl, data, size, &count);
    if (result == 1)
        return tls->send_error;
    result = coro_tls_outcome(tls, result);
    tls->is_crossed = result == CORO_EAGAIN;
    return result;
}

/* As many of the first slices as fit into one small record; how many. */
static size_t gather(char *small, const coro_slice *slices, size_t count, size_t *size)
{
    size_t i = 0;
    for (*size = 0; i < count && *size + slices[i].size <= SMALL; i++) {
        memcpy(small + *size, slices[i].data, slices[i].size);
        *size += slices[i].size;
    }
    return i;
}

/* All of it, in records that leave together, or what could be sealed before the stream beneath was
 * full. */
static int seal_all(coro_tls *tls, coro_slice slice, bool is_last, size_t *total)
{
    int error = 0;
    for (size_t done = 0, size; error == 0 && done < slice.size; done += size) {
        size = slice.size - done < RECORD_MAX ? slice.size - done : RECORD_MAX;
        tls->is_corked = coro_buffer_size(&tls->out) < CORK_MAX &&
                         !(is_last && done + size == slice.size);
        error = seal(tls, (const char *)slice.data + done, size);
        if (error == 0)
            *total += size;
        if (error == 0 && !tls->is_corked && tls->out.data != NULL)
            error = CORO_EAGAIN;
    }
    tls->is_corked = false;
    if (error != 0 && tls->out.data != NULL)
        (void)coro_tls_flush(tls); /* what waited for more */
    return error;
}

static ptrdiff_t tls_send(coro_stream *stream, const coro_slice *slices, size_t count)
{
    coro_tls *tls = coro_tls_of(stream);
    char small[SMALL];
    size_t total = 0;
    int error = tls->error != 0 ? tls->error : coro_tls_flush(tls);
    for (size_t i = 0, taken; error == 0 && i < count; i += taken) {
        coro_slice next = slices[i];
        taken = 1;
        if (next.size < SMALL && i + 1 < count) {
            taken = gather(small, slices + i, count - i, &next.size);
            next.data = small;
        }
        error = seal_all(tls, next, i + taken == count, &total);
    }
    return total > 0 ? (ptrdiff_t)total : error;
}

/* --- being told ----------------------------------------------------------------------------- */

/* A write that has to read first: OpenSSL is in the middle of a message of the protocol's own. */
static unsigned beneath(const coro_tls *tls, unsigned direction)
{
    return tls->is_crossed ? CORO_STREAM_READ : direction;
}

static int tls_want(coro_stream *stream, unsigned direction)
{
    coro_tls *tls = coro_tls_of(stream);
    if (tls->inner == NULL)
        return CORO_ECLOSED;
    return coro_stream_want(tls->inner, beneath(tls, direction));
}

/* What the other direction still waits for, or what is sealed, stays wanted. */
static void tls_unwant(coro_stream *stream, unsigned direction)
{
    coro_tls *tls = coro_tls_of(stream);
    unsigned other = CORO_STREAM_READ + CORO_STREAM_WRITE - direction;
    unsigned needed = stream->wanted & other ? beneath(tls, other) : 0;
    direction = beneath(tls, direction);
    if (tls->inner != NULL && direction != needed &&
        (direction == CORO_STREAM_READ || tls->out.data == NULL))
        coro_stream_unwant(tls->inner, direction);
}

/* What is sealed comes first. May end in tls_close. */
static void inner_ready(coro_stream_taker *taker, unsigned directions)
{
    coro_tls *tls = coro_container_of(taker, coro_tls, taker);
    if (tls->is_away) { /* both directions are tried when it is back */
        coro_flag_set(&tls->wake);
        return;
    }
    if (directions & CORO_STREAM_WRITE && coro_tls_flush(tls) == CORO_EAGAIN)
        directions &= ~(unsigned)CORO_STREAM_WRITE;
    if (directions & CORO_STREAM_READ && tls->is_crossed) {
        tls->is_crossed = false;
        directions |= CORO_STREAM_WRITE;
    }
    if (tls->is_shaking)
        coro_flag_set(&tls->wake);
    else
        coro_stream_ready(&tls->stream, directions & tls->stream.wanted);
}

/* Somebody else had its address as well. */
static void inner_gone(coro_stream_taker *taker)
{
    coro_tls *tls = coro_container_of(taker, coro_tls, taker);
    tls->inner = NULL;
    if (!tls->is_away)
        coro_tls_fail(tls, CORO_ECONNABORTED);
    inner_ready(taker, CORO_STREAM_READ | CORO_STREAM_WRITE);
}

/* --- the end -------------------------------------------------------------------------------- */

/* Called again after CORO_EAGAIN. */
static int tls_shutdown_write(coro_stream *stream)
{
    coro_tls *tls = coro_tls_of(stream);
    int error = tls->error;
    if (error == 0 && !(SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN)) {
        int result;
        ERR_clear_error();
        result = SSL_shutdown(tls->ssl); /* 0: said, and not answered yet */
        error = result < 0 ? coro_tls_outcome(tls, result) : 0;
    }
    if (error == 0)
        error = coro_tls_flush(tls);
    return error != 0 ? error : coro_stream_try_shutdown_write(tls->inner);
}

/* What has come and nobody reads, as a rule tickets, would make of TCP's close a reset, which takes
 * along what is still on its way to the other side. */
static void throw_away(coro_stream *inner)
{
    char unread[1024];
    for (int i = 0; i < UNREAD_MAX && inner != NULL; i++)
        if (coro_stream_try_read(inner, unread, sizeof unread) <= 0)
            break;
}

static void tls_close(coro_stream *stream, bool abort)
{
    coro_tls *tls = coro_tls_of(stream);
    coro_stream *inner = tls->inner;
    coro_tls_free(tls);
    if (abort) {
        coro_stream_abort(&inner);
    } else {
        throw_away(inner);
        coro_stream_close_now(&inner);
    }
}

static int tls_fd(const coro_stream *stream)
{
    return coro_stream_fd(coro_tls_of(stream)->inner);
}

const coro_transport coro_tls_transport = {
    .name = "tls",
    .recv = tls_recv,
    .send = tls_send,
    .want = tls_want,
    .unwant = tls_unwant,
    .shutdown_write = tls_shutdown_write,
    .close = tls_close,
    .fd = tls_fd,
    .says_end = true,
};

/* --- life ----------------------------------------------------------------------------------- */

void coro_tls_free(coro_tls *tls)
{
    coro_loop *loop = tls->stream.loop;
    if (tls->inner != NULL)
        coro_stream_give_back(tls->inner, CORO_STREAM_READ | CORO_STREAM_WRITE);
    coro_buffer_free(&loop->pool, &tls->out);
    coro_tls_desk_free(tls);
    SSL_free(tls->ssl);
    coro_tls_context_release(tls->context);
    coro_pool_give_(&loop->pool, tls, sizeof *tls);
}

coro_tls *coro_tls_new(coro_stream *inner, coro_tls_context *context, int *error)
{
    coro_loop *loop = coro_loop_current();
    coro_tls *tls = coro_pool_take_(&loop->pool, sizeof *tls);
    BIO *bio;
    *error = CORO_ENOMEM;
    if (tls == NULL)
        return NULL;
    coro_zero_(tls, sizeof *tls);
    coro_stream_init(&tls->stream, &coro_tls_transport);
    tls->taker = (coro_stream_taker){inner_ready, inner_gone};
    tls->context = coro_tls_context_retain(context);
    tls->is_shaking = true;
    (void)coro_stream_set_close_limit(&tls->stream, context->shutdown_timeout);
    tls->ssl = SSL_new(context->ssl);
    bio = tls->ssl != NULL ? coro_tls_bio_new(tls) : NULL;
    if (bio != NULL) {
        SSL_set_app_data(tls->ssl, tls);
        SSL_set_bio(tls->ssl, bio, bio);
        *error = coro_stream_take(inner, CORO_STREAM_READ | CORO_STREAM_WRITE, &tls->taker);
        if (*error == 0)
            tls->inner = inner;
    }
    if (*error != 0) {
        coro_tls_free(tls);
        return NULL;
    }
    return tls;
}

#endif
