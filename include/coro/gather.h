/* SPDX-License-Identifier: MIT */
/*
 * coro/gather.h - await several calls at once.
 *
 *     AWAIT(coro_gather(coro_into(&self->a, fetch("a")),
 *                       coro_into(&self->b, fetch("b")),
 *                       coro_only(log_it())));
 *
 * Each call runs as a task of its own; the await ends when all have ended, with
 * the results where coro_into says, in the order of the arguments. The first
 * error ends it at once: the others run on, unheard, and nothing is stored;
 * with CORO_GATHER_CANCEL_REST they are cancelled, and waited for. A group
 * (coro/group.h) is nearly always the better choice: it leaves nobody behind.
 * Cancelling the await cancels all, and it ends when they have: with CORO_ECANCELED, or
 * the first other error that came of it. Of a result that is not stored
 * RETURNS(type, drop) is told.
 *
 * Memory: a frame from the pool, a task each. Threads: the loop's.
 */
#ifndef CORO_GATHER_H
#define CORO_GATHER_H

#include <coro/task.h>

#if CORO_SCOPES && CORO_JOINS

CORO_BEGIN_DECLS

typedef struct coro_gather_item {
    coro_header *call;
    void *into;
    size_t size;
} coro_gather_item;

static inline coro_gather_item coro_gather_item_(coro_header *call, void *into, size_t size)
{
    coro_gather_item item;
    item.call = call;
    item.into = into;
    item.size = size;
    return item;
}

/* A call with a place for its result; the types must agree. */
#if defined(__TINYC__) /* 0.9.27 has no calls in the initialiser of an array without a length */
#define coro_into(place, call)                                                                     \
    {&(call)->coro, 1 ? (place) : (__typeof__(&(call)->result))0, sizeof(*(place))}
#elif CORO_HAS_TYPEOF
#define coro_into(place, call)                                                                     \
    coro_gather_item_(&(call)->coro, 1 ? (place) : (__typeof__(&(call)->result))0,                 \
                      sizeof(*(place)))
#else
#define coro_into(place, call) coro_gather_item_(&(call)->coro, (place), sizeof(*(place)))
#endif

/* A call without. */
#if defined(__TINYC__)
#define coro_only(call) {&(call)->coro, NULL, 0}
#else
#define coro_only(call) coro_gather_item_(&(call)->coro, NULL, 0)
#endif

/* A list of items as an array and its length. The first one is no item: so that the list may be
 * empty, which ISO C forbids an initialiser to be. */
#define CORO_ITEMS_(...)                                                                           \
    ((const coro_gather_item[]){{NULL, NULL, 0}, __VA_ARGS__}) + 1,                                \
        sizeof((const coro_gather_item[]){{NULL, NULL, 0}, __VA_ARGS__}) /                         \
                sizeof(coro_gather_item) -                                                         \
            1

/* Any number of items, each by coro_into or coro_only. None: done at once. */
#define coro_gather(...) coro_gather_array_with_(0, NULL, CORO_ITEMS_(__VA_ARGS__))

/*
 * gather(return_exceptions=True): waits for all, never fails by a call's error;
 * errors[i] is call i's, 0 for a result. errors must hold as many, and outlive
 * the await.
 */
#define coro_gather_errors(errors, ...)                                                            \
    coro_gather_array_with_(0, (errors), CORO_ITEMS_(__VA_ARGS__))

/* Either with options: errors may be NULL. */
enum {
    CORO_GATHER_CANCEL_REST = 1 /* the first error cancels the others; the await waits for them */
};
#define coro_gather_with(options, errors, ...)                                                     \
    coro_gather_array_with_((options), (errors), CORO_ITEMS_(__VA_ARGS__))

/* The same for a number known at run time. Takes the calls; copies the array. An await of it fails
 * with CORO_ENOMEM when memory is short: then those that run already are cancelled. */
CORO_API CORO_NODISCARD coro_void *coro_gather_array(const coro_gather_item *items, size_t count,
                                                     int *errors);
CORO_API CORO_NODISCARD coro_void *coro_gather_array_with(unsigned options,
                                                          const coro_gather_item *items,
                                                          size_t count, int *errors);
static inline CORO_NODISCARD coro_void *coro_gather_array_with_(unsigned options, int *errors,
                                                                const coro_gather_item *items,
                                                                size_t count)
{
    return coro_gather_array_with(options, items, count, errors);
}

CORO_END_DECLS

#endif

#endif
