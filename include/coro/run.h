/* SPDX-License-Identifier: MIT */
/*
 * coro/run.h - from main() into a loop and back.
 *
 *     int main(void) { return coro_main(main_async()); }
 *
 * Memory: the loop and all of its frames are gone when these return.
 * Threads: any, one loop at a time in each.
 */
#ifndef CORO_RUN_H
#define CORO_RUN_H

#include <coro/loop.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

/*
 * Run a call in a new loop; then cancel the tasks that are left, wait for them,
 * and close the loop. Returns the call's error, or why there is no loop
 * (CORO_ENOMEM; CORO_EBUSY inside of a running one; the backend's). Takes the call.
 */
#define coro_run(call) coro_run_(&(call)->coro, NULL)
#define coro_run_with(call, options) coro_run_(&(call)->coro, (options))
CORO_API int coro_run_(coro_header *call, const coro_loop_options *options);

/*
 * The same as a main(): an error is printed on stderr with its trace of awaits,
 * innermost first, as "  file:line function". 0, or 1 after an error. A ^C cancels the
 * call, and its clean-up runs (coro/runner.h); 130 then, as shells have it.
 */
#define coro_main(call) coro_main_(&(call)->coro)
CORO_API int coro_main_(coro_header *call);

/* What coro_loop_init(loop, NULL) uses: the system's best, or what the environment variable
 * CORO_POLL names (a name that is not known is reported on stderr, and ignored). Any thread. */
CORO_API const struct coro_backend *coro_backend_default(void);
/* By name: "epoll"; "sim", the virtual clock of coro/test.h. NULL: not built in. Any thread. */
CORO_API const struct coro_backend *coro_backend_named(const char *name);

CORO_END_DECLS

#endif

#endif
