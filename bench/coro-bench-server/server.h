/* SPDX-License-Identifier: MIT */
/*
 * server.h - the servers that are loaded by the peers' network benchmark.
 *
 * Each is a handler, or a coroutine, written as a user would write it: public API, checks on.
 */
#ifndef CORO_BENCH_SERVER_H
#define CORO_BENCH_SERVER_H

#include <coro/coro.h>

coro_handler bench_echo(void); /* echo.c: gives back what it reads */
coro_handler bench_http(void); /* http.c: GET / is "Hello, World!", pipelined */
coro_handler bench_resp(void); /* resp.c: PING, SET, GET; its context is a store */

coro_void *bench_udp(const char *port); /* udp.c: datagrams back to where they came from */

/* tls.c: who the server is, by the files named in BENCH_CERT and BENCH_KEY; NULL, after a sentence,
 * if they are no good. */
coro_tls_context *bench_tls_context(void);

#endif
