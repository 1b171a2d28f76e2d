/* SPDX-License-Identifier: MIT */
/*
 * echo_server_ssl.c: echo_server_coroutine.c over TLS.
 *
 *     echo_server_ssl [PORT [CERTIFICATE [AUTHORITY]]]
 *
 * CERTIFICATE is a PEM file with a key, too. Who names an AUTHORITY asks the clients
 * for certificates of it.
 */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>

ASYNC(echo, ARGS(coro_stream *, stream, void *, context), VARS(char peer[64]; size_t n;),
      SCRATCH(char data[128];))
{
    ASYNC_BEGIN;
    if (coro_tls_peer_subject(self->stream, self->peer, sizeof self->peer) != 0)
        snprintf(self->peer, sizeof self->peer, "somebody");
    printf("%s: connected by %s%s\n", self->peer, coro_tls_version(self->stream),
           coro_tls_session_reused(self->stream) ? ", again" : "");
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        printf("%s: received \"%.*s\"\n", self->peer, (int)self->n, self->data);
        AWAIT(coro_stream_write(self->stream, self->data, self->n));
    }
    printf("%s: closing\n", self->peer);
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, port, coro_tls_context *, tls), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_tls_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port,
                                              self->tls, NULL));
    AWAIT(server_until_stopped(self->server));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    puts("closing server");
    ASYNC_END;
}

int main(int argc, char **argv)
{
    char reason[256];
    coro_tls_context_options options = {.certificate_file = argc > 2 ? argv[2] : "pymotw.pem",
                                        .ca_file = argc > 3 ? argv[3] : NULL,
                                        .reason = reason,
                                        .reason_size = sizeof reason};
    coro_tls_context *tls;
    if (options.ca_file != NULL)
        options.verify = CORO_TLS_VERIFY_REQUIRED;
    if (coro_tls_server_context(&tls, &options) != 0) {
        fprintf(stderr, "echo_server_ssl: %s\n", reason);
        return 1;
    }
    int status = coro_main(main_async(argc > 1 ? argv[1] : "10000", tls));
    coro_tls_context_release(tls);
    return status;
}
