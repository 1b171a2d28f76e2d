/* SPDX-License-Identifier: MIT */
/*
 * coro/group.h - tasks that end before the block that made them.
 *
 *     ASYNC(both, VARS(coro_group group;))
 *     {
 *         ASYNC_BEGIN;
 *         CORO_GROUP(self->group) {
 *             coro_group_create_task(&self->group, fetch("a"));
 *             coro_group_create_task(&self->group, fetch("b"));
 *         }                                     // waits for both
 *         ...
 *
 * asyncio's TaskGroup. The first child that fails (being cancelled alone is no
 * failure) cancels its siblings and the block's body; when all have ended, the
 * block fails with that first error. coro_group_errors tells of all of them,
 * a tree where groups are nested. Cancelling what is around cancels the children.
 * A body that ends with CORO_ECANCELED by itself, for it joined a task that was cancelled,
 * cancels the children too, and that is the block's error.
 *
 * CORO_GROUP_COLLECT is the patient form: errors cancel nobody. A child that must be ready
 * before others may count on it is started by coro_group_start, which awaits its word.
 *
 * Memory: the struct is in VARS; a child that failed is kept, for its error, until
 * a group of the same task fails again or the task has ended.
 * Threads: the loop's.
 */
#ifndef CORO_GROUP_H
#define CORO_GROUP_H

#include <coro/scope.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

struct coro_group { /* private; zeroed in VARS */
    coro_scope scope;
    coro_task *children; /* ring of those that run */
    size_t count;
    int16_t error; /* the first */
    int16_t pending; /* what the body was left by: an error, or CORO_RETURNING_ */
    bool joining;  /* the block waits for its children */
    bool collects; /* a failure cancels nobody */
    bool cancel_on_enter;
#if CORO_HOSTED
    int16_t body_error;
    coro_task *failed, *failed_last; /* in order of their ends */
    coro_task *body_failed;          /* children of a group inside the body that failed it */
#endif
};

#define CORO_GROUP(group)                                                                          \
    CORO_GROUP_AT_(CORO_HERE_, CORO_HERE_TOO_, group)
/* The same, where a failure, of a child or of the body, cancels nobody: the block waits for all,
 * then fails with the first error, and coro_group_errors has all of them. */
#define CORO_GROUP_COLLECT(group)                                                                  \
    CORO_GROUP_COLLECT_AT_(CORO_HERE_, CORO_HERE_TOO_, group)
#define CORO_GROUP_AT_(n, m, group)                                                                \
    CORO_BLOCK_(n, &(group).scope, (coro_group_enter_(coro_driver_, &self->coro, &(group)), 0),    \
                CORO_GROUP_JOIN_(m, group))
#define CORO_GROUP_COLLECT_AT_(n, m, group)                                                        \
    CORO_BLOCK_(n, &(group).scope, (coro_group_collect_(coro_driver_, &self->coro, &(group)), 0),  \
                CORO_GROUP_JOIN_(m, group))
/* The children are waited for with what the body is left by put aside. */
#define CORO_GROUP_JOIN_(m, group)                                                                 \
    do {                                                                                           \
        if (coro_group_leave_(coro_driver_, &self->coro, &(group), coro_error_)) {                 \
            CORO_START_IN_BLOCK_(m, coro_group_join_(&(group)))                                    \
            coro_frame_free_(coro_callee_);                                                        \
        }                                                                                          \
        coro_error_ = coro_group_settle_(coro_driver_, &self->coro, &(group));                     \
    } while (0)

/*
 * Run a call as a child. Takes the call. Returns a borrowed pointer, good until
 * the child has ended, or NULL with the call freed: when memory is
 * short (the group fails with CORO_ENOMEM), when the group is not open, and when
 * it is coming down; coro_group_try_create_task says which. To keep the pointer beyond the
 * child's end, coro_task_retain it. Children may be added while the block waits.
 */
#define coro_group_create_task(group, call)                                                        \
    coro_group_create_task_((group), &(call)->coro, CORO_PLACE_)
CORO_API coro_task *coro_group_create_task_(coro_group *group, coro_header *call,
                                            const char *place);

/* As above, for who wants the reason: 0, CORO_ENOMEM, CORO_EFINISHED (left), CORO_EINVAL (not
 * entered), CORO_ECANCELED (coming down). *task may be NULL. */
#define coro_group_try_create_task(group, task, call)                                              \
    coro_group_try_create_task_((group), (task), &(call)->coro, CORO_PLACE_)
CORO_API int coro_group_try_create_task_(coro_group *group, coro_task **task, coro_header *call,
                                         const char *place);

/*
 * Run a call as a child, and wait until it says that it is ready (trio's nursery.start):
 *
 *     AWAIT(self->port, coro_group_start(&self->group, serve(...)));   // a void *, or nothing
 *         ...in serve:  coro_group_started(&self->port);               // goes on as a child
 *
 * Takes the call. Gives what the child gave to coro_group_started. A child that ends before that
 * has its error here, not in the group; without an error, CORO_EFINISHED. The reasons of
 * coro_group_try_create_task come here too. A cancel of this await cancels the child, and waits
 * for it; a word that was given first counts.
 */
#define coro_group_start(group, call) coro_group_start_((group), &(call)->coro)
CORO_API CORO_NODISCARD coro_pointer *coro_group_start_(coro_group *group, coro_header *call);

/* "I am ready", from the child itself. False: nobody waits for it, for it was made otherwise, or
 * has said so before. Never suspends. */
CORO_API bool coro_group_started(void *value);

#if CORO_HOSTED
/*
 * As coro_group_try_create_task, but the child's first step runs inside of this call: see
 * coro_create_task_eager. *task is NULL also when it has ended already. A child that fails at
 * once cancels the group; who made it goes on to its next wait.
 */
#define coro_group_create_task_eager(group, task, call)                                            \
    coro_group_create_task_eager_((group), (task), &(call)->coro, CORO_PLACE_)
CORO_API int coro_group_create_task_eager_(coro_group *group, coro_task **task, coro_header *call,
                                           const char *place);
#endif

/* End the block early and well: children and body are cancelled, no error comes of it. Before
 * the block it holds for the first entry; twice, or behind the block: nothing. */
CORO_API void coro_group_cancel(coro_group *group);

/* Children that have not ended. */
static inline size_t coro_group_count(const coro_group *group)
{
    return group->count;
}

#if CORO_HOSTED
/*
 * Visit the errors that failed a group, in order; depth 0 are its own, and below
 * a child that failed by a group of its own, depth 1 that group's, and so on.
 * `name` is the task's, or "body". Good until the group is entered again, or another
 * group of the task fails: then there are none. Returns their number.
 */
typedef void (*coro_error_visitor)(void *context, unsigned depth, int error, const char *name);
CORO_API size_t coro_group_errors(const coro_group *group, coro_error_visitor visit, void *context);

/*
 * The same tree as an object of yours, to be kept beyond the group and its task: what
 * coro_group_errors would visit moves into *errors (which must be empty), and the group has none
 * any more. After the block. The errors' memory is the loop's: close it before the loop.
 */
typedef struct coro_error_group { /* private; zeroed: no errors */
    coro_task *failed, *body_failed;
    int body_error;
} coro_error_group;

CORO_API void coro_group_take_errors(coro_group *group, coro_error_group *errors);
CORO_API size_t coro_error_group_visit(const coro_error_group *errors, coro_error_visitor visit,
                                       void *context);
CORO_API void coro_error_group_close(coro_error_group *errors);
#endif

CORO_API void coro_group_enter_(coro_driver *driver, coro_header *frame, coro_group *group);
CORO_API void coro_group_collect_(coro_driver *driver, coro_header *frame, coro_group *group);
CORO_API bool coro_group_leave_(coro_driver *driver, coro_header *frame, coro_group *group,
                                int pending);
CORO_API CORO_NODISCARD coro_void *coro_group_join_(coro_group *group);
CORO_API int coro_group_settle_(coro_driver *driver, coro_header *frame, coro_group *group);

CORO_END_DECLS

#endif

#endif
