/* SPDX-License-Identifier: MIT */
/*
 * coro/process_pool.h - functions that may crash, or keep a processor busy for long, in
 * processes of their own.
 *
 *     static int square(const void *data, size_t size, coro_bytes *reply)   // in a worker
 *     {
 *         ...
 *         return coro_bytes_append(reply, &result, sizeof result);
 *     }
 *     static const coro_worker workers[] = {{"square", square}, {NULL, NULL}};
 *
 *     int main(int argc, char **argv)
 *     {
 *         coro_worker_main(argc, argv, workers);          // before anything else
 *         return coro_main(main_async());
 *     }
 *
 *     AWAIT(coro_process_pool_call(pool, "square", &n, sizeof n, 64, &self->reply));
 *
 * A worker is this program, executed once more (never a bare fork beside threads):
 * coro_worker_main finds that it is one, serves call after call, and does not return. So
 * the worker shares nothing with us but the code; bytes go in, bytes come out, and may
 * have any layout that the program itself understands.
 *
 * Workers are started when there is a call and none is idle, up to the pool's number;
 * further calls wait, first come first served. A worker that dies takes its call with it,
 * and nothing else: the next call has a fresh one. A call that is cancelled ends its worker.
 *
 * Memory: the pool's; in the worker, and for what comes back, the loop's allocator or
 * the heap. Threads: the loop's.
 */
#ifndef CORO_PROCESS_POOL_H
#define CORO_PROCESS_POOL_H

#include <coro/process.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_process_pool coro_process_pool;

/* In a worker: what it answers, 0 or an error, is the call's. `reply` is empty. */
typedef int (*coro_worker_function)(const void *data, size_t size, coro_bytes *reply);

typedef struct coro_worker {
    const char *name; /* NULL ends a list */
    coro_worker_function function;
} coro_worker;

/*
 * In a worker: serve, and exit when the pool is closed, or its process has gone. Otherwise it
 * keeps the list, and returns. To be called first in main(), with its arguments, by
 * programs that make a pool.
 */
CORO_API void coro_worker_main(int argc, char **argv, const coro_worker *workers);

/* A pool of so many workers, at least 1, in the running loop; none is started yet. NULL: no
 * memory. The caller's: coro_process_pool_close. */
CORO_API CORO_NODISCARD coro_process_pool *coro_process_pool_new(unsigned workers);

/*
 * Have a function of the list called in a worker, and wait for what it answers. Borrows
 * all until the await has ended; the reply is yours in any case: coro_bytes_free. The
 * function's own error; CORO_ENOENT: no such function; CORO_ECRASHED: the worker ended
 * before it answered; CORO_ELIMIT: the reply is longer than that (then the worker is
 * ended); CORO_ECLOSED: the pool is closed, or was meanwhile; CORO_ENOMEM, and what
 * coro_create_subprocess_exec says: no worker could be started. Cancelled: its worker is
 * killed.
 */
CORO_API CORO_NODISCARD coro_void *coro_process_pool_call(coro_process_pool *pool,
                                                          const char *name, const void *data,
                                                          size_t size, size_t limit,
                                                          coro_bytes *reply);

/* Workers that run now. */
CORO_API unsigned coro_process_pool_workers(const coro_process_pool *pool);

/* End all workers, and wait until they have ended. *pool is NULL from the call on; if it was,
 * nothing. Calls that wait or run fail, as closed. Cancelled: they are killed at once. */
CORO_API CORO_NODISCARD coro_void *coro_process_pool_close(coro_process_pool **pool);

CORO_END_DECLS

#endif

#endif
