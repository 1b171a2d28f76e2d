/* SPDX-License-Identifier: MIT */
/*
 * with.c - CORO_WITH: what was acquired is inside a block.
 *
 * Its scope cancels nothing and shields nothing. It is there because what every
 * block shares is: the exit by all ways, and the goto out of it that is found.
 */
#include <coro/with.h>

#include "kernel.h"

#if CORO_SCOPES

void coro_with_enter_(coro_driver *driver, coro_header *frame, coro_guard *guard)
{
    coro_scope_enter(driver, frame, &guard->scope, 0);
}

#endif
