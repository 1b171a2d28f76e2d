/* SPDX-License-Identifier: MIT */
/*
 * coro/task.h - a chain of awaits that runs by itself, beside others.
 *
 *     coro_task *task = coro_create_task(fetch("a"));   // starts at the next turn
 *     ...
 *     CORO_JOIN(self->length, fetch, task);             // wait for its typed result
 *     coro_task_release(task);
 *
 * A task is owned by its loop (or group) until it has ended, whether anybody
 * holds it or not. coro_create_task returns one reference; any number may join.
 * A task that ends with an error which nobody takes is reported when it is let go.
 *
 * Cancelling is a request, and a level: from then on every wait of the library
 * that the task begins, or is in, fails with CORO_ECANCELED, until the task has
 * ended. Its body always starts; a value that has arrived is delivered first;
 * FINALLY blocks run shielded from what was pending when they were entered.
 *
 * Memory: from the loop's pool, or the caller's (coro_task_start_at).
 * Threads: the loop's thread only. Other threads use coro/remote.h.
 */
#ifndef CORO_TASK_H
#define CORO_TASK_H

#include <coro/async.h>

CORO_BEGIN_DECLS

typedef struct coro_task coro_task;
typedef struct coro_loop coro_loop;
typedef struct coro_scope coro_scope;
typedef struct coro_group coro_group;
typedef struct coro_wait_type coro_wait_type;

/* Tasks that wait for one thing, first come first served. */
typedef struct coro_waiters {
    coro_task *first; /* a ring: first->prev is the last */
} coro_waiters;

/* A place in the loop's timers. */
#if CORO_TIME_BITS == 64
typedef struct coro_timer {
    uint32_t index; /* in the heap, from 1; 0: not set */
    uint8_t kind;
} coro_timer;
#elif CORO_MINIMAL_
typedef struct coro_task coro_timer; /* only tasks have one, and who sleeps is in no queue */
#else
typedef struct coro_timer {
    struct coro_timer *next;
    coro_time deadline;
} coro_timer;
#endif

/* What a task waits for. A task waits at one place at a time, so it has one. Without scopes
 * nobody asks for the object. */
typedef union coro_wait_slot {
    CORO_EXTENSION struct {
#if CORO_SCOPES
        void *object; /* the queue, future, stream... */
#endif
        coro_value a; /* argument; then the result */
#if CORO_SCOPES && CORO_HOSTED
        coro_value b;
#endif
    };
#if !CORO_MINIMAL_
    coro_timer timer; /* of a sleep */
#endif
} coro_wait_slot;

struct coro_task { /* private; here so that you can place it */
    coro_driver driver;
#if CORO_SCOPES
    coro_task *next; /* in the ready queue, or among the waiters of `wait.object` */
    coro_task *prev;
    const coro_wait_type *wait_type; /* how to cancel the wait */
    coro_scope *scope;               /* innermost open block */
    coro_group *group;               /* whose child it is */
    coro_wait_slot wait;
#else
    coro_task *next; /* in the ready queue, among waiters, or among those who sleep */
    CORO_EXTENSION union {
        coro_wait_slot wait;
        coro_time deadline; /* of a sleep */
    };
#endif
#if CORO_JOINS
    coro_waiters joiners;
    coro_task *sibling, *elder; /* ring of the loop's or the group's tasks */
#endif
#if CORO_HOSTED
    const void *label; /* its name; with CORO_TASK_ERRORS_: see coro_task_errors in kernel.h */
    uintptr_t context; /* coro/context.h; 0: none */
#endif
};

enum { /* driver.flags */
    CORO_TASK_QUEUED_ = 1,   /* in the ready queue */
    CORO_TASK_WAITING_ = 2,  /* at a wait of the library */
    CORO_TASK_CALL_ = 4,     /* ...which was made in line: resume its caller */
    CORO_TASK_CANCEL_ = CORO_DRIVER_CAREFUL_, /* some scope around it is cancelled: look closer */
    CORO_TASK_CANCELED_ = 16, /* the task itself was */
    CORO_TASK_DONE_ = 32,
    CORO_TASK_TAKEN_ = 64, /* somebody has taken its error */
    CORO_TASK_POOL_ = 128  /* memory: from the pool */
};
enum { /* driver.more */
    CORO_TASK_VISITED_ = 1, /* by a cancel that is on its way */
    CORO_TASK_MUTED_ = 2,   /* its error is nobody's business */
    CORO_TASK_STAND_IN_ = 4, /* no task, but somebody who joins several: stand_in.h */
    CORO_TASK_UNMASK_ = 8,  /* cancelled while it runs: see cancel.c */
    CORO_TASK_STARTING_ = 16, /* somebody waits for its coro_group_started */
    CORO_TASK_ERRORS_ = 32,   /* it keeps children whose errors failed a group of it */
    CORO_TASK_REASON_ = 64    /* it was cancelled with a reason: reason.c */
};

/* Where a task is made: who watches is told (coro/watch.h), and keeps it. */
#if CORO_HOSTED
#define CORO_PLACE_ __FILE__ ":" CORO_PLACE_2_(__LINE__)
#else
#define CORO_PLACE_ NULL
#endif
#define CORO_PLACE_2_(line) CORO_PLACE_3_(line)
#define CORO_PLACE_3_(line) #line

/*
 * Run a call beside the current task, from the next turn of the loop on. Takes
 * the call. Returns a reference that coro_task_release ends, or NULL when memory
 * is short (the call is freed). Loop thread; needs a running loop.
 */
#if CORO_MINIMAL_
#elif CORO_HOSTED
#define coro_create_task(call) coro_create_task_here_(&(call)->coro, CORO_PLACE_)
CORO_API CORO_NODISCARD coro_task *coro_create_task_here_(coro_header *call, const char *place);
#else
#define coro_create_task(call) coro_create_task_(NULL, &(call)->coro)
#endif

/* The same on a given loop, running or not. */
#if CORO_MINIMAL_
#elif CORO_HOSTED
#define coro_loop_create_task(loop, call)                                                          \
    coro_loop_create_task_here_((loop), &(call)->coro, CORO_PLACE_)
CORO_API CORO_NODISCARD coro_task *coro_loop_create_task_here_(coro_loop *loop, coro_header *call,
                                                               const char *place);
#else
#define coro_loop_create_task(loop, call) coro_create_task_((loop), &(call)->coro)
#endif
#if !CORO_MINIMAL_
CORO_API CORO_NODISCARD coro_task *coro_create_task_(coro_loop *loop, coro_header *call);
#endif

/* The same in memory of the caller's, which must live until the task has ended. Cannot fail,
 * except where timers are kept in a heap that cannot grow: CORO_ENOMEM, the call is freed. */
#if CORO_HOSTED || CORO_MINIMAL_ || !CORO_HAS_TYPEOF
#define coro_task_start_at(loop, task, call) coro_task_start_at_((loop), (task), &(call)->coro)
#else /* of a coroutine it is known that it is no call of the library, which must be kept first */
#define coro_task_start_at(loop, task, call)                                                       \
    _Generic((__typeof__(call))0,                                                                  \
        coro_void *: coro_task_start_at_,                                                          \
        coro_size *: coro_task_start_at_,                                                          \
        coro_int *: coro_task_start_at_,                                                           \
        coro_pointer *: coro_task_start_at_,                                                       \
        coro_any *: coro_task_start_at_,                                                           \
        default: coro_task_start_frame_)((loop), (task), &(call)->coro)
int coro_task_start_frame_(coro_loop *loop, coro_task *task, coro_header *frame);
#endif
#if CORO_MINIMAL_
void coro_task_start_(coro_loop *loop, coro_task *task, coro_header *call);
static inline int coro_task_start_at_(coro_loop *loop, coro_task *task, coro_header *call)
{
    coro_task_start_(loop, task, call);
    return 0;
}
#else
CORO_API int coro_task_start_at_(coro_loop *loop, coro_task *task, coro_header *call);
#endif

#if CORO_HOSTED && CORO_JOINS
/*
 * The same, but its first step runs inside of this call, up to its first wait; the current
 * task is switched to it and back. One that ends at once is done when this returns, and the
 * loop never sees it. Where its loop does not run, or inside of 16 others that are being
 * started so, it starts like any other.
 */
#define coro_create_task_eager(call) coro_create_task_eager_(NULL, &(call)->coro, CORO_PLACE_)
#define coro_loop_create_task_eager(loop, call)                                                    \
    coro_create_task_eager_((loop), &(call)->coro, CORO_PLACE_)
CORO_API CORO_NODISCARD coro_task *coro_create_task_eager_(coro_loop *loop, coro_header *call,
                                                           const char *place);
#endif

#if CORO_HOSTED && CORO_JOINS && CORO_SCOPES
/*
 * Visit all tasks of a loop (NULL: the running one) that have not ended, those in groups too,
 * each behind the one that has its group. Returns their number. `visit` may cancel, rename,
 * retain and create tasks; new ones may be visited or not. Never suspends. Loop thread.
 */
typedef void (*coro_task_visitor)(void *context, coro_task *task);
CORO_API size_t coro_all_tasks(coro_loop *loop, coro_task_visitor visit, void *context);
#endif

#if CORO_JOINS
/*
 * End a reference. A task that still runs goes on, and its error will be
 * reported. NULL is fine. Never suspends.
 */
CORO_API void coro_task_release(coro_task *task);
CORO_API coro_task *coro_task_retain(coro_task *task);

/*
 * Wait until a task has ended. Its error becomes the await's. If the awaiting
 * task is cancelled, so is the one that it waits for, as in asyncio (coro_shield
 * keeps it alive); the await ends when that one has ended.
 * NULL (no memory at create_task) gives CORO_ENOMEM, as does a task that 65,533 hold
 * or join already; itself gives CORO_ELOOP.
 */
CORO_API extern const coro_descriptor coro_task_join_call_;
static inline CORO_NODISCARD coro_void *coro_task_join(coro_task *task)
{
    return coro_call_of_(&coro_task_join_call_, task, NULL);
}

/* Join, and take the typed result: `function` is the coroutine that the task runs; checked. */
#define CORO_JOIN(lvalue, function, task)                                                          \
    CORO_JOIN_AT_(CORO_HERE_, lvalue, function, coro_task_join(task))
#define CORO_JOIN_AT_(n, lvalue, function, call)                                                   \
    CORO_AWAIT_AT_(n, call,                                                                        \
                   ((lvalue) = ((struct function *)coro_joined_frame_(coro_callee_,                \
                                                                      &function##_descriptor))     \
                                   ->result,                                                       \
                    coro_let_go_leaf_(coro_callee_)))
#if !CORO_HOSTED
void *coro_joined_frame_(coro_header *join, const coro_descriptor *descriptor);
#endif
#if CORO_HOSTED || defined(CORO_BODIES_HERE_)
CORO_INLINE void *coro_joined_frame_(coro_header *join, const coro_descriptor *descriptor)
{
    coro_header *root = ((coro_task *)((coro_call *)join)->object)->driver.frame;
    CORO_CHECK(root->descriptor == descriptor,
               "CORO_JOIN names another coroutine than the one that the task runs");
    root->flags |= CORO_FRAME_TAKEN_;
    return root;
}
#endif

/* Has it ended? Its error then (CORO_EPENDING before). Loop thread. */
CORO_API bool coro_task_done(const coro_task *task);
CORO_API int coro_task_error(coro_task *task);

/* The result of a task that ended well, else NULL; the type is `struct function`'s result. */
CORO_API const void *coro_task_result(coro_task *task, const coro_descriptor *descriptor);
#endif

/* The task that runs now; NULL outside of tasks. Loop thread. */
CORO_API coro_task *coro_current_task(void);

#if CORO_HOSTED
/* A name for reports and trees; not copied. */
CORO_API void coro_task_set_name(coro_task *task, const char *name);
/* Its name, or the name of its function. */
CORO_API const char *coro_task_name(const coro_task *task);
#endif

#if CORO_SCOPES
/*
 * Ask a task to end: see above. False: it had ended already. Each call counts, up to 255.
 * A task may cancel itself. Never suspends, never allocates.
 */
CORO_API bool coro_task_cancel(coro_task *task);

#if CORO_HOSTED
/*
 * The same with a reason, a text that is not copied. The first one stays, until all cancels were
 * taken back; whoever joins the task, and the task itself, may ask for it. It takes a note of
 * 24 bytes from the loop's pool; without memory the task is cancelled without a reason.
 */
CORO_API bool coro_task_cancel_because(coro_task *task, const char *reason);
/* NULL: it was not cancelled, or nobody said why. */
CORO_API const char *coro_task_cancel_reason(const coro_task *task);
#endif

/* Take one request back; at 0 the task is no longer cancelled. Returns what is left. */
CORO_API unsigned coro_task_uncancel(coro_task *task);
CORO_API unsigned coro_task_cancelling(const coro_task *task);

/* Did it end with CORO_ECANCELED? */
CORO_API bool coro_task_cancelled(const coro_task *task);
#endif

/*
 * sleep: wait for at least that long, measured from now. Zero or less yields to
 * the loop exactly once. CORO_EINVAL for CORO_DURATION_INVALID.
 * yield: let all who are ready have a turn; asyncio's sleep(0).
 */
CORO_API CORO_NODISCARD coro_void *coro_sleep(coro_duration delay);
#if CORO_MINIMAL_
CORO_NODISCARD coro_void *coro_yield(void);
#else
CORO_API extern const coro_descriptor coro_yield_call_;
static inline CORO_NODISCARD coro_void *coro_yield(void)
{
    return (coro_void *)coro_call_new_(&coro_yield_call_);
}
#endif

CORO_END_DECLS

#endif
