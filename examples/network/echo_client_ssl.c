/* SPDX-License-Identifier: MIT */
/*
 * echo_client_ssl.c: echo_client_coroutine.c over TLS.
 *
 *     echo_client_ssl [PORT [AUTHORITY [NAME [CERTIFICATE]]]]
 *
 * It believes a server by AUTHORITY's certificates, a PEM file, if that is NAME. TLS has
 * an end for each direction, so that no byte of the text has to mark it.
 */
#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

static const char *const parts[] = {"This is the message. ", "It will be sent ", "in parts.\n"};

ASYNC(main_async,
      ARGS(const char *, port, const char *, name, coro_tls_context *, tls, char *, reason),
      VARS(coro_stream *stream; coro_tls_options options; size_t i, n; int error;),
      SCRATCH(char data[128];))
{
    ASYNC_BEGIN;
    self->options.server_name = self->name;
    self->options.reason = self->reason;
    self->options.reason_size = 256;
    AWAIT(self->stream,
          coro_open_tls_connection("127.0.0.1", self->port, self->tls, &self->options));
    printf("connected by %s\n", coro_tls_version(self->stream));
    for (self->i = 0; self->i < sizeof parts / sizeof parts[0]; self->i++)
        AWAIT(coro_stream_write(self->stream, parts[self->i], strlen(parts[self->i])));
    AWAIT(coro_stream_shutdown_write(self->stream));
    puts("waiting for response");
    for (;;) {
        AWAIT(self->n, coro_stream_read(self->stream, self->data, sizeof self->data));
        if (self->n == 0)
            break;
        printf("received \"%.*s\"\n", (int)self->n, self->data);
    }
    puts("closing");
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    char reason[256] = "";
    coro_tls_context_options options = {.ca_file = argc > 2 ? argv[2] : "pymotw.pem",
                                        .certificate_file = argc > 4 ? argv[4] : NULL,
                                        .reason = reason,
                                        .reason_size = sizeof reason};
    coro_tls_context *tls;
    int status = 1;
    if (coro_tls_client_context(&tls, &options) == 0)
        status = coro_main(main_async(argc > 1 ? argv[1] : "10000",
                                      argc > 3 ? argv[3] : "localhost", tls, reason));
    if (*reason != '\0')
        fprintf(stderr, "echo_client_ssl: %s\n", reason);
    coro_tls_context_release(tls);
    return status;
}
