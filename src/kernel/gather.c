/* SPDX-License-Identifier: MIT */
/*
 * gather.c - several calls at once, one await for all: the arms of arms.c, where
 * an error ends the await, or cancels the rest, or is a result like others.
 */
#include "arms.h"

#if CORO_SCOPES && CORO_JOINS

coro_void *coro_gather_array_with(unsigned options, const coro_gather_item *items, size_t count,
                                  int *errors)
{
    coro_arms_policy policy =
        options & CORO_GATHER_CANCEL_REST ? CORO_ARMS_CANCEL_REST : CORO_ARMS_ALL;
    CORO_CHECK((options & ~(unsigned)CORO_GATHER_CANCEL_REST) == 0,
               "coro_gather knows one option: CORO_GATHER_CANCEL_REST");
    return (coro_void *)coro_arms_call(policy, items, count, errors);
}

coro_void *coro_gather_array(const coro_gather_item *items, size_t count, int *errors)
{
    return coro_gather_array_with(0, items, count, errors);
}

#endif
