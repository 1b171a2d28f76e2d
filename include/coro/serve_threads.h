/* SPDX-License-Identifier: MIT */
/*
 * coro/serve_threads.h - a server on several processors: a thread and a loop for each.
 *
 *     int main(void)
 *     {
 *         return coro_main(coro_serve_threads(
 *             CORO_HANDLER(handle), NULL, NULL, "7000", NULL,
 *             coro_signal_wait(CORO_SIGNAL(SIGINT) | CORO_SIGNAL(SIGTERM))));
 *     }
 *
 * Each thread has a loop of its own, and in it a server with sockets of its own at the
 * same addresses (SO_REUSEPORT): the system deals the connections out, and a
 * connection stays where it was accepted. What the loops share is the handler's
 * context, which several handlers then use at the same time.
 *
 * Memory: from each loop's pool. Threads: called in a loop, whose task waits; signals
 * are blocked in the threads.
 */
#ifndef CORO_SERVE_THREADS_H
#define CORO_SERVE_THREADS_H

#include <coro/server.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_threads_options {
    unsigned threads;       /* 0: one for each processor that this process may use */
    coro_duration grace;    /* for the handlers at the end: coro_server_shutdown's */
    coro_server_options server;    /* of each; reuse_port is set, start_later is not */
    const coro_loop_options *loop; /* of each; report is called in the threads; NULL: none */
    /* Called in the caller's loop when all listen, with the port; or NULL. */
    void (*started)(void *context, uint16_t port);
    void *started_context;
} coro_threads_options;

/*
 * Serve, as coro_start_server does in each of the threads, until the call `until` has ended: a
 * signal, a remote flag, a timer. Then all stop listening, their handlers have `grace`, and
 * the await ends when the last thread has. The same way when it is cancelled, when
 * `until` fails, whose error it has then, or when a thread's loop fails.
 *
 * When one of them cannot start all are stopped: coro_start_server's errors, CORO_EAGAIN (the
 * system gives no thread), CORO_ENOMEM. Takes `until`; borrows the other arguments until
 * the await has ended. options may be NULL.
 */
#define coro_serve_threads(handler, context, host, service, options, until)                        \
    coro_serve_threads_((handler), (context), (host), (service), (options), &(until)->coro)
CORO_API CORO_NODISCARD coro_void *coro_serve_threads_(coro_handler handler, void *context,
                                                       const char *host, const char *service,
                                                       const coro_threads_options *options,
                                                       coro_header *until);

CORO_END_DECLS

#endif

#endif
