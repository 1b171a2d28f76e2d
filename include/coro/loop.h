/* SPDX-License-Identifier: MIT */
/*
 * coro/loop.h - the event loop: who is ready, what is due, when to sleep.
 *
 * One turn, in this order:
 *
 *     inbox ► run exactly the tasks that were ready ► flush corked writes ►
 *     wait for I/O until the next deadline ► completions ► expired timers ► ...
 *
 * While tasks are ready the system and the clock are asked only every 64th turn
 * or after 1,024 resumes. Timers fire in order of deadline, equal ones in order
 * of creation, never early.
 *
 * A loop is an object, one a thread; there are no globals but the thread's
 * pointer to the running one. How it waits is a backend's business (epoll, a
 * virtual clock, bare metal): src/kernel/backend.h.
 *
 * Memory: the struct is the caller's; frames, tasks and timers come from the
 * allocator of its options. Threads: the loop's thread, except coro/remote.h.
 */
#ifndef CORO_LOOP_H
#define CORO_LOOP_H

#include <coro/task.h>

CORO_BEGIN_DECLS

struct coro_backend;
struct coro_inbox;
typedef struct coro_reason coro_reason;

#if CORO_TIME_BITS == 64
typedef struct coro_timer_entry {
    coro_time deadline;
    uint64_t sequence; /* equal deadlines: first come first served */
    coro_timer *timer;
} coro_timer_entry;

typedef struct coro_timers {
    coro_timer_entry *heap; /* 4-ary, from 1 */
    size_t count, dead, capacity, reserved;
    uint64_t sequence;
} coro_timers;
#else
typedef struct coro_timers {
    coro_timer *first[CORO_SCOPES ? 2 : 1]; /* sorted lists: of sleeps, and of scopes */
} coro_timers;
#endif

/* Called once at the end of a turn: where corked writes leave. */
typedef struct coro_hook {
    struct coro_hook *next;
    void (*run)(struct coro_hook *hook);
    bool queued;
} coro_hook;

/* What the loop tells its owner, for nobody awaits it. */
typedef enum coro_report_kind {
    CORO_REPORT_TASK_ERROR,    /* a task's error that nobody took */
    CORO_REPORT_CLEANUP_ERROR, /* an error in a FINALLY while another was on its way */
    CORO_REPORT_CALLBACK,      /* an error in a callback, a server's accept... */
    CORO_REPORT_DEADLOCK,      /* nothing can wake the tasks that are left */
    CORO_REPORT_SLOW,          /* debug mode, coro/debug.h: a resume that lasted too long, */
    CORO_REPORT_NEVER_AWAITED, /* a call that was made and forgotten, */
    CORO_REPORT_ALIVE_AT_CLOSE /* a task that had not ended */
} coro_report_kind;

typedef struct coro_report {
    coro_report_kind kind;
    coro_loop *loop;
    const coro_task *task; /* or NULL */
    int error;           /* or 0 */
    const char *message; /* one sentence; all that is known: coro_report_format in coro/debug.h */
} coro_report;

typedef void (*coro_report_function)(void *context, const coro_report *report);

typedef struct coro_loop_options {
    coro_allocator allocator;           /* .resize NULL: the heap on hosts, none on bare metal */
    void *arena;                        /* frames and tasks are cut from here first */
    size_t arena_size;
    coro_report_function report;        /* NULL: a line on stderr, on hosts; coro_run: all */
    void *context;                      /* given to report */
#if CORO_HOSTED
    const struct coro_backend *backend; /* NULL: the system's best; CORO_POLL names another */
    coro_duration timer_slack; /* timers may be that late, so that several share one wake of the
                                  thread; 0: as exact as the system is. Other loops have 1 ms. */
    void *backend_options;
#endif
} coro_loop_options;

typedef struct coro_loop_metrics {
    uint64_t turns, resumes, waits, timers;
    size_t tasks, tasks_max;
    size_t frames; /* and other blocks of the pool that are in use now */
} coro_loop_metrics;

/* One frame of an error's way: where it was raised, and who awaited that. */
typedef struct coro_trace_entry {
    const coro_descriptor *descriptor;
    unsigned line;
} coro_trace_entry;

struct coro_loop { /* private; here so that you can place it */
#if CORO_HOSTED || CORO_MINIMAL_
    coro_pool pool;
#endif
    coro_task *ready; /* the next turn's */
#if !CORO_MINIMAL_
    coro_task *batch; /* what is left of this turn's */
#endif
#if CORO_HOSTED
    coro_task *ready_last; /* not beside `ready`: a store of both would hold up a load of one */
#else
    coro_task **ready_end; /* where the next one is noted: nobody asks for the last */
#endif
    coro_task *current;
#if !CORO_MINIMAL_
    int budget; /* awaits that may still complete at once; below 0: none */
#endif
#if CORO_HOSTED
    unsigned idle_turns, idle_resumes; /* since the system was last asked */
#else
    struct coro_flag *flags; /* for which a task waits, and which an interrupt may set: flag.c */
#endif
    uint8_t reporting;
#if !CORO_MINIMAL_
    uint8_t running, closed;
    uint8_t attention; /* what a turn must look at besides its tasks: bits, in backend.h */
    int failure;       /* of coro_loop_fail */
#endif
#if CORO_HOSTED
    coro_time now;
    coro_duration timer_slack;
    bool embedded; /* another loop waits for it */
    size_t received; /* bytes, since events were delivered last */
    void (*outside)(coro_loop *loop); /* called before each look outside, or NULL */
#endif
    coro_timers timers;
#if CORO_HOSTED
    const struct coro_backend *backend;
    void *backend_data;
    struct coro_inbox *inbox; /* from other threads; NULL: nobody can post */
    const void *thread;
#endif
#if !CORO_MINIMAL_
    coro_task *tasks;  /* ring of those that no group owns */
    size_t task_count; /* alive */
    size_t sources;    /* what can wake a task from outside: operations, listeners, remotes */
    coro_task *main_task;
    coro_task *cancel_next;    /* who passes a cancel on, to whom it joins */
    coro_header *unmask_until; /* see cancel.c */
    coro_hook *hooks;
    coro_hook *closers;
#endif
    coro_report_function report;
    void *report_context;
#if CORO_HOSTED
    coro_reason *reasons;    /* of tasks that were cancelled with one: reason.c */
    coro_header *generators; /* those that are open: generator.c */
    uintptr_t context;       /* of what runs outside of tasks: context.c */
    uint8_t eager;           /* tasks being made that run already, one inside the other */
    coro_loop_metrics metrics;
    struct coro_watcher *watchers; /* coro/watch.h */
    const char *place;             /* where the last task was made */
    size_t watched_max;            /* tasks_max, while metrics.tasks_max is kept at 0 */
#endif
#if CORO_TRACE_DEPTH
    struct {
        const coro_task *task;
        const coro_header *frame; /* the last one that it passed */
        const coro_task *heir;    /* to whom it goes on from a child that has ended, or NULL */
        int error;
        unsigned count;
        bool kept; /* the main task's: what else fails does not overwrite it */
        coro_trace_entry entries[CORO_TRACE_DEPTH];
    } trace;
#endif
#if !CORO_HOSTED && !CORO_MINIMAL_
    coro_pool pool; /* what is often wanted comes first: it is in the reach of short instructions */
#endif
};

#if !CORO_USUAL_ /* its name says for which configuration it was made: see coro/config.h */
#if CORO_HOSTED || CORO_MINIMAL_
#define coro_loop_init CORO_CONFIGURED_(coro_loop_init)
#else
#define coro_loop_init_ CORO_CONFIGURED_(coro_loop_init)
#endif
#endif

/*
 * Make a loop in memory of yours, for the calling thread. options may be NULL on
 * hosts. 0, CORO_ENOMEM, or what the backend says; nothing is left to free then.
 */
#if CORO_HOSTED || CORO_MINIMAL_
#define coro_loop_init_ coro_loop_init
CORO_API int coro_loop_init(coro_loop *loop, const coro_loop_options *options);
#else /* what the options do not name is not linked, where they are constants: CORO_USES_ */
extern bool coro_uses_reports_;
int coro_loop_init_(coro_loop *loop, const coro_loop_options *options);
CORO_HOT_INLINE int coro_loop_init(coro_loop *loop, const coro_loop_options *options)
{
    if (options != NULL && (options->arena != NULL || options->allocator.resize != NULL))
        CORO_USE_(pool);
    if (options != NULL && options->report != NULL)
        CORO_USE_(reports);
    return coro_loop_init_(loop, options);
}
#endif

/*
 * Cancel what is left, run it to its end, and free everything. Not from inside
 * a task. Tasks that refuse to end within 1,000,000 turns are reported and freed.
 */
#if !CORO_MINIMAL_ /* where a loop runs for ever, and holds nothing */
CORO_API void coro_loop_close(coro_loop *loop);
#endif

/*
 * Run until the call has ended: its error. Other tasks run beside it, and stay
 * when it is done. CORO_ESTOPPED after coro_loop_stop (the task stays, and can
 * be cancelled); CORO_EDEADLK when nothing can wake it; CORO_EBUSY when a loop
 * of this thread runs already. The result is in the caller's frame, if it was
 * made by name_at().
 */
#define coro_loop_run_until_complete(loop, call)                                                   \
    coro_loop_run_until_complete_((loop), &(call)->coro)
CORO_API int coro_loop_run_until_complete_(coro_loop *loop, coro_header *call);

/* Run until the task has ended, is stopped or nothing is left that could run. Borrows task. */
CORO_API int coro_loop_run_task(coro_loop *loop, coro_task *task);

/* One turn; with `wait`, sleep until something happens. True: tasks are ready. */
CORO_API bool coro_loop_run_once(coro_loop *loop, bool wait);

/*
 * Run until coro_loop_stop: 0. Also ends by coro_loop_fail's error; CORO_EDEADLK when nothing is
 * left that could run or be woken; CORO_EBUSY as above. What is left stays for the next run.
 */
CORO_API int coro_loop_run_forever(coro_loop *loop);

#if !CORO_MINIMAL_
/* Leave the run at the end of this turn; before a run: after its first turn, which does not
 * wait. Loop thread. */
CORO_API void coro_loop_stop(coro_loop *loop);

/* The same, and the run answers this error, also when its task ends in this turn: for what is
 * too bad to go on, asyncio's SystemExit. Loop thread. */
CORO_API void coro_loop_fail(coro_loop *loop, int error);
#endif

#if CORO_HOSTED
/*
 * To run inside of another event loop: let that wait for coro_loop_descriptor (readable; -1:
 * this backend has none) and until the time that coro_loop_prepare answers, then call
 * coro_loop_run_once(loop, false), and prepare again.
 *
 * prepare: at what time of coro_loop_time has the loop something to do by itself (in the past:
 * now)? From here on other threads' posts make the descriptor readable. Loop thread.
 */
CORO_API int coro_loop_descriptor(const coro_loop *loop);
CORO_API coro_time coro_loop_prepare(coro_loop *loop);
#endif

/* The running loop of this thread, or NULL. */
static inline coro_loop *coro_loop_current(void)
{
#if CORO_HOSTED || CORO_MINIMAL_
    return (coro_loop *)(void *)coro_pool_current_;
#else
    coro_pool *pool = coro_pool_current_;
    if (pool == NULL)
        return NULL;
    return (coro_loop *)(void *)((char *)pool - offsetof(coro_loop, pool));
#endif
}

/* The loop's clock, read now. Loop thread. */
CORO_API coro_time coro_loop_time(coro_loop *loop);

#if CORO_HOSTED
/* Plain counters, always on. */
CORO_API void coro_loop_metrics_get(const coro_loop *loop, coro_loop_metrics *metrics);
#endif

#if !CORO_MINIMAL_
/* Run a hook once, at the end of this turn. Queued already: nothing. */
CORO_API void coro_loop_add_hook(coro_loop *loop, coro_hook *hook);
CORO_API void coro_loop_remove_hook(coro_loop *loop, coro_hook *hook);

/* Run a hook when the loop closes, after its last task and message; the last added comes first. */
CORO_API void coro_loop_add_closer(coro_loop *loop, coro_hook *hook);
#endif

/* Tell the loop's owner of something that nobody awaits. */
CORO_API void coro_loop_report(coro_loop *loop, const coro_report *report);

/* Who is told, from now on; NULL: stderr on hosts. A report that is made while one is being
 * made goes to stderr, so that a broken function cannot call itself for ever. Loop thread. */
CORO_API void coro_loop_set_report(coro_loop *loop, coro_report_function report, void *context);

/* Traps when the calling thread is not the loop's. */
#if CORO_HOSTED
CORO_API void coro_check_thread(const coro_loop *loop);
#else
#define coro_check_thread(loop) (void)(loop)
#endif

/* The scheduling end of every primitive: see src/kernel/wait.h. */
#if !CORO_HOSTED
void coro_task_ready_(coro_task *task);
#endif

#if !CORO_MINIMAL_
/* Go to the end of the ready queue. */
CORO_FAST void coro_task_enqueue_(coro_loop *loop, coro_task *task)
{
    task->next = NULL;
#if CORO_HOSTED
    if (CORO_LIKELY(loop->ready_last != NULL))
        loop->ready_last->next = task;
    else
        loop->ready = task;
    loop->ready_last = task;
#else
    *loop->ready_end = task;
    loop->ready_end = &task->next;
#endif
}
#endif

/* Nobody is in it any more. */
CORO_FAST void coro_ready_clear_(coro_loop *loop)
{
    loop->ready = NULL;
#if CORO_HOSTED
    loop->ready_last = NULL;
#else
    loop->ready_end = &loop->ready;
#endif
}

#if CORO_HOSTED || defined(CORO_BODIES_HERE_)
#if CORO_MINIMAL_
/* Go to the end of the ready queue. A task is woken by the end of its wait alone, which ends once:
 * well, unless coro_wait_done says more. */
void coro_task_ready_(coro_task *task)
{
    coro_loop *loop;
    task->next = NULL;
    task->driver.error = 0;
    loop = task->driver.loop;
    *loop->ready_end = task;
    loop->ready_end = &task->next;
}
#else
CORO_INLINE void coro_task_ready_(coro_task *task)
{
    coro_loop *loop = task->driver.loop;
    if (task->driver.flags & CORO_TASK_QUEUED_)
        return;
#if CORO_HOSTED
    if (CORO_UNLIKELY(coro_pool_current_ != &loop->pool))
        coro_check_thread(loop);
#endif
    task->driver.flags |= CORO_TASK_QUEUED_;
    coro_task_enqueue_(loop, task);
}
#endif
#endif

CORO_END_DECLS

#endif
