/* SPDX-License-Identifier: MIT */
/*
 * no_tls.c: for a build without OpenSSL, the functions of coro/tls.h that httpd and crawl call.
 *
 * Nobody gets a context here, but a sentence; so what needs one cannot be called.
 */
#include <coro/coro.h>
#include <stdio.h>

static int refuse(coro_tls_context **context, const coro_tls_context_options *options)
{
    *context = NULL;
    snprintf(options->reason, options->reason_size,
             "this build has no TLS: install OpenSSL 3 (libssl-dev) and build again");
    return CORO_ENOSYS;
}

int coro_tls_client_context(coro_tls_context **context, const coro_tls_context_options *options)
{
    return refuse(context, options);
}

int coro_tls_server_context(coro_tls_context **context, const coro_tls_context_options *options)
{
    return refuse(context, options);
}

void coro_tls_context_release(coro_tls_context *context)
{
    (void)context;
}

bool coro_stream_is_tls(const coro_stream *stream)
{
    (void)stream;
    return false;
}

ASYNC(no_tls, RETURNS(coro_stream *))
{
    ASYNC_BEGIN;
    ASYNC_THROW(CORO_ENOSYS);
    ASYNC_END;
}

coro_void *coro_start_tls(coro_stream **stream, coro_tls_context *context,
                          const coro_tls_options *options)
{
    (void)stream, (void)context, (void)options;
    return (coro_void *)(void *)no_tls();
}

coro_connecting *coro_open_tls_connection(const char *host, const char *service,
                                          coro_tls_context *context,
                                          const coro_tls_options *options)
{
    (void)host, (void)service, (void)context, (void)options;
    return (coro_connecting *)(void *)no_tls();
}
