/* SPDX-License-Identifier: MIT */
/*
 * error.c - from OpenSSL's errors to ours.
 *
 * OpenSSL keeps a queue of errors a thread, and asks us to clear it before a call
 * whose result is looked at: what somebody else has left there would be taken for
 * this connection's. What it cannot know is what the stream beneath said: bio.c
 * has noted that.
 */
#define _GNU_SOURCE
#include "internal.h"

#if CORO_WITH_TLS

#include <stdarg.h>
#include <stdio.h>

void coro_tls_say(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    if (text == NULL || size == 0)
        return;
    va_start(arguments, format);
    vsnprintf(text, size, format, arguments);
    va_end(arguments);
}

const char *coro_tls_openssl_text(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text != NULL ? text : "OpenSSL does not say why";
}

/* The first error is the cause; what follows says where it was met. */
static int of_queue(const coro_tls *tls)
{
    unsigned long error = ERR_peek_error();
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
        switch (ERR_GET_REASON(error)) {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return CORO_ETRUNCATED;
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return CORO_EVERIFY;
        default:
            break;
        }
    }
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        return CORO_ENOMEM;
    return tls->inner_error != 0 ? tls->inner_error : CORO_EPROTO;
}

int coro_tls_outcome(coro_tls *tls, int result)
{
    int error;
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return CORO_EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL: /* no error in the queue: it is of the stream beneath, or its end */
        error = tls->inner_error != 0 ? tls->inner_error : CORO_ETRUNCATED;
        break;
    default:
        error = of_queue(tls);
        break;
    }
    return coro_tls_fail(tls, error);
}

#endif
