/* SPDX-License-Identifier: MIT */
/*
 * select.c - several calls at once, and the first one decides: the arms of
 * arms.c, where the first end, or the first good one, cancels the rest.
 */
#include "arms.h"

#include <coro/select.h>

#if CORO_SCOPES && CORO_JOINS

coro_size *coro_select_array(const coro_gather_item *items, size_t count, int *errors)
{
    return (coro_size *)coro_arms_call(CORO_ARMS_FIRST_END, items, count, errors);
}

coro_size *coro_race_array(const coro_gather_item *items, size_t count, int *errors)
{
    return (coro_size *)coro_arms_call(CORO_ARMS_FIRST_GOOD, items, count, errors);
}

#endif
