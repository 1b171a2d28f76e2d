/* SPDX-License-Identifier: MIT */
/*
 * bio.c - how OpenSSL moves its records: by a "BIO" of ours over the stream beneath.
 *
 *     SSL_read  ─ read ──► what the stream has buffered, then what its transport has
 *     SSL_write ─ write ─► sent at once, as far as it goes; the rest is kept until it can be
 *
 * Reads go into OpenSSL's own buffer, as much as is there (read-ahead), and so
 * cost one system call for any number of small records. Writes are always taken:
 * so OpenSSL never stops in the middle of a record, and a write that is cancelled
 * leaves nothing half done. While something sealed has not left, no data is sealed
 * (transport.c), so that what is kept here is bounded. Answers that the protocol
 * itself gives are not, and have a limit: a peer that makes us answer and does not
 * read is cut off, as is one that talks of nothing but the protocol. A handshake in
 * a thread has a desk in place of the stream: offload.c.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <pthread.h>

/* Messages of the protocol in a row, without any data between them. */
#define IDLE_MESSAGES_MAX 64

/* --- what has come --------------------------------------------------------------------------- */

static ptrdiff_t read_some(coro_tls *tls, char *buffer, size_t size)
{
    if (CORO_LIKELY(tls->desk == NULL))
        return coro_stream_try_read(tls->inner, buffer, size);
    return coro_tls_desk_read(tls, buffer, size);
}

static int bio_read(BIO *bio, char *buffer, size_t size, size_t *count)
{
    coro_tls *tls = BIO_get_data(bio);
    ptrdiff_t result;
    BIO_clear_retry_flags(bio);
    *count = 0;
    if (tls->idle_messages > IDLE_MESSAGES_MAX)
        result = CORO_EPROTO;
    else
        result = read_some(tls, buffer, size);
    tls->inner_error = result < 0 && result != CORO_EAGAIN ? (int16_t)result : 0;
    if (result > 0) {
        *count = (size_t)result;
        return 1;
    }
    if (result == CORO_EAGAIN)
        BIO_set_retry_read(bio);
    return result == 0 ? 0 : -1;
}

/* --- what is sealed ------------------------------------------------------------------------- */

static ptrdiff_t send_now(coro_tls *tls, const char *data, size_t size)
{
    coro_slice slice = {data, size};
    return tls->inner != NULL ? coro_stream_try_write(tls->inner, &slice, 1) : CORO_ECLOSED;
}

/* After the handshake OpenSSL is not told, which would not read any more: who refuses what we send
 * may have said why. False: it has to be. */
static bool give_up_sending(coro_tls *tls, int error)
{
    if (tls->is_shaking || tls->error != 0)
        return false;
    tls->send_error = (int16_t)error;
    coro_buffer_free(&tls->stream.loop->pool, &tls->out);
    return true;
}

int coro_tls_flush(coro_tls *tls)
{
    size_t size;
    int error = tls->send_error;
    while (error == 0 && (size = coro_buffer_size(&tls->out)) > 0) {
        ptrdiff_t sent = send_now(tls, coro_buffer_begin(&tls->out), size);
        if (sent >= 0)
            coro_buffer_consume(&tls->stream.loop->pool, &tls->out, (size_t)sent);
        else
            error = (int)sent;
    }
    if (error == CORO_EAGAIN) {
        int refused = coro_stream_want(tls->inner, CORO_STREAM_WRITE);
        error = refused != 0 ? refused : CORO_EAGAIN;
    }
    if (error == 0 || error == CORO_EAGAIN || give_up_sending(tls, error))
        return error;
    return coro_tls_fail(tls, error);
}

int coro_tls_put(coro_tls *tls, const char *data, size_t size)
{
    ptrdiff_t sent = 0;
    if (CORO_UNLIKELY(tls->send_error != 0))
        return 0; /* it goes the way of what was sent before */
    if (!tls->is_corked && coro_buffer_size(&tls->out) == 0) {
        sent = send_now(tls, data, size);
        if (CORO_LIKELY(sent == (ptrdiff_t)size))
            return 0;
        if (sent < 0 && sent != CORO_EAGAIN)
            return give_up_sending(tls, (int)sent) ? 0 : (int)sent;
    }
    if (sent > 0)
        data += sent, size -= (size_t)sent;
    if (coro_buffer_size(&tls->out) + size > CORO_TLS_UNSENT_MAX)
        return CORO_EPROTO;
    if (!coro_buffer_reserve(&tls->stream.loop->pool, &tls->out, size))
        return CORO_ENOMEM;
    coro_buffer_append(&tls->out, data, size);
    if (tls->is_corked)
        return 0;
    sent = coro_tls_flush(tls);
    return sent == CORO_EAGAIN || tls->send_error != 0 ? 0 : (int)sent;
}

static int bio_write(BIO *bio, const char *data, size_t size, size_t *count)
{
    coro_tls *tls = BIO_get_data(bio);
    int error = tls->is_away ? coro_tls_desk_write(tls->desk, data, size)
                             : coro_tls_put(tls, data, size);
    BIO_clear_retry_flags(bio);
    *count = error == 0 ? size : 0;
    if (error != 0)
        tls->inner_error = (int16_t)error;
    return error == 0 ? 1 : -1;
}

/* --- the BIO -------------------------------------------------------------------------------- */

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const coro_tls *tls = BIO_get_data(bio);
    (void)number, (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF: /* asked when a read gave nothing, and not "later" */
        return tls->inner_error == 0;
    default:
        return 0;
    }
}

/* Without a number of its own among the types, by which nobody looks for it: OpenSSL who lacks
 * memory for the first such number never gives one again. */
static BIO_METHOD *make_method(void)
{
    BIO_METHOD *made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "coro_stream");
    if (made == NULL)
        return NULL;
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
}

/* Made when it is needed first, and kept. No pthread_once: who lacks memory may try again. */
static const BIO_METHOD *method_of_all(void)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static BIO_METHOD *method;
    const BIO_METHOD *result;
    pthread_mutex_lock(&mutex);
    if (method == NULL)
        method = make_method();
    result = method;
    pthread_mutex_unlock(&mutex);
    return result;
}

BIO *coro_tls_bio_new(coro_tls *tls)
{
    const BIO_METHOD *method = method_of_all();
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (bio != NULL) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}

#endif
