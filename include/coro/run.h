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

/*
 * In a child of fork(): make the loop the child's own. Before that, a use of the parent's loop
 * traps, for all that the system does for it goes by descriptors that both have. Afterwards the
 * loop waits by itself for what it waited for, and its tasks go on in the child, too. The open
 * files of its streams are shared still, as by any fork: let one side close them. What else
 * is the parent's alone: its children (coro/process.h), whose status is
 * CORO_PROCESS_UNKNOWN here, and its threads: what they were doing for this loop never
 * comes, and its executors are not to be used. 0, CORO_ENOMEM, CORO_EMFILE: it is still the
 * parent's. In the parent, or twice: nothing. Loop thread, inside a task or not.
 */
CORO_API CORO_NODISCARD int coro_loop_fork_reset(coro_loop *loop);

CORO_END_DECLS

#endif

#endif
