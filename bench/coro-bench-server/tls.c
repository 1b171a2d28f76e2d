/* SPDX-License-Identifier: MIT */
/*
 * tls.c - the echo again, over TLS 1.3.
 */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>

coro_tls_context *bench_tls_context(void)
{
    char reason[256] = "";
    coro_tls_context_options options = {.certificate_file = getenv("BENCH_CERT"),
                                        .key_file = getenv("BENCH_KEY"),
                                        .min_version = CORO_TLS_1_3,
                                        .reason = reason,
                                        .reason_size = sizeof reason};
    coro_tls_context *context;
    int error = coro_tls_server_context(&context, &options);
    if (error != 0)
        fprintf(stderr, "coro-bench-server: BENCH_CERT, BENCH_KEY: %s: %s\n", reason,
                coro_strerror(error));
    return context;
}
