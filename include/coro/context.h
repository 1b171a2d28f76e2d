/* SPDX-License-Identifier: MIT */
/*
 * coro/context.h - values that belong to a task and to all that it starts.
 *
 *     CORO_CONTEXT_VAR(int, request, -1);                 // at file scope: type, name, default
 *
 *     coro_context_set(request, 42, NULL);                // in this task, from now on
 *     coro_create_task(work());                           // work() sees 42 ...
 *     int number = coro_context_get(request);             // ... here
 *
 * asyncio's contextvars. A task begins with what its maker had at that moment; what
 * either of them sets afterwards the other one does not see. Outside of tasks (plain
 * callbacks) there is the loop's own context, and where no loop runs the thread's; a loop
 * takes over the thread's when its first task is made.
 *
 *     task a ──► [request 42] ──► [user "x"] ──► NULL
 *     task b ────────────────────────▲              b set nothing since it was made
 *
 * A context is a list of immutable bindings, shared by reference count: inheriting is one
 * count, however many variables there are; a look-up walks the list, which has each variable
 * once. A task whose maker has none pays one test.
 *
 * Memory: a binding from the loop's pool, or from the heap where no loop runs and in
 * contexts that are objects (coro_context). Threads: a context belongs to one at a time.
 */
#ifndef CORO_CONTEXT_H
#define CORO_CONTEXT_H

#include <coro/task.h>

#if CORO_HOSTED

CORO_BEGIN_DECLS

typedef struct coro_binding coro_binding;

typedef struct coro_context_var { /* private */
    const char *name;
    size_t size;
    const void *fallback; /* the default */
} coro_context_var;

/* What a variable was before it was set; zeroed: nothing. Owned by who asked for it, until
 * coro_context_reset or coro_context_forget. */
typedef struct coro_context_token { /* private */
    const coro_context_var *var;
    coro_binding *before; /* NULL: it was not set */
    const uintptr_t *where;
} coro_context_token;

/*
 * Define a variable at file scope, static. To use one in several files, define it in one and
 * offer functions. The type is any that can be assigned; the
 * default a constant: 5, or {1, 2} for a struct.
 */
#define CORO_CONTEXT_VAR(type, name, ...)                                                          \
    static type const name##_default_ = __VA_ARGS__;                                               \
    static const coro_context_var name##_var_ = {#name, sizeof(type), &name##_default_};           \
    CORO_UNUSED static inline type name##_get_(void)                                               \
    {                                                                                              \
        return *(type const *)coro_context_find_(&name##_var_);                                    \
    }                                                                                              \
    CORO_UNUSED static inline int name##_set_(type fresh, coro_context_token *token)               \
    {                                                                                              \
        return coro_context_set_(&name##_var_, &fresh, token);                                     \
    }                                                                                              \
    struct name##_context_var_

/* Its value here: the innermost that was set, or the default. Any thread. */
#define coro_context_get(name) name##_get_()

/*
 * Set it, for this task and what it starts from now on. With a token (or NULL) it can be set
 * back. 0, or CORO_ENOMEM: nothing is changed, the token is empty. Never suspends.
 */
#define coro_context_set(name, value, token) name##_set_((value), (token))

/*
 * Make the variable what it was before the token's set; other variables stay as they are.
 * CORO_EALREADY: the token is empty, or was used; CORO_EINVAL: it is another task's (nothing
 * is changed, the token can still be used there); CORO_ENOMEM.
 */
CORO_API int coro_context_reset(coro_context_token *token);

/* Let go of a token that will not be used. Empty: nothing. */
CORO_API void coro_context_forget(coro_context_token *token);

/* --- contexts as objects ---------------------------------------------------------------------- */

/*
 * A context that several tasks share, one after the other or together: what one sets, all
 * see. Also what is carried into another thread. Zeroed: no variable is set.
 */
typedef struct coro_context { /* private */
    uintptr_t bindings;
    uintptr_t outer; /* what was current before it was entered */
    uintptr_t *place;
} coro_context;
#define CORO_CONTEXT_INIT                                                                          \
    {                                                                                              \
        0, 0, NULL                                                                                 \
    }

/*
 * Make `context` (empty) a copy of what is set here. All its memory is its own and from the heap,
 * so that it may be given to another thread. CORO_ENOMEM: it is empty.
 */
CORO_API int coro_context_copy(coro_context *context);

/* Forget all that is set in it. No task may run in it any more, and it is not entered. Any
 * thread, the one that has it. */
CORO_API void coro_context_clear(coro_context *context);

/*
 * From here to coro_context_leave, in this task, callback or thread, `context` is what is read
 * and set, and what tasks made here begin with. CORO_EBUSY: it is entered already. Contexts are
 * left in the opposite order (traps). In a task it may last over awaits.
 */
CORO_API int coro_context_enter(coro_context *context);
CORO_API void coro_context_leave(coro_context *context);

/* Call a function in it. 0, or CORO_EBUSY: it was not called. */
CORO_API int coro_context_run(coro_context *context, void (*function)(void *argument),
                              void *argument);

#if CORO_JOINS
/*
 * As coro_loop_create_task (loop NULL: the running one), but the task does not inherit: it runs
 * in `context`, which must live until it has ended. asyncio's create_task(context=...).
 */
#define coro_create_task_in(loop, context, call)                                                   \
    coro_create_task_in_((loop), (context), &(call)->coro)
CORO_API CORO_NODISCARD coro_task *coro_create_task_in_(coro_loop *loop, coro_context *context,
                                                        coro_header *call);
#endif

CORO_API const void *coro_context_find_(const coro_context_var *var);
CORO_API int coro_context_set_(const coro_context_var *var, const void *value,
                               coro_context_token *token);

CORO_END_DECLS

#endif

#endif
