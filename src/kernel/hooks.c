/* SPDX-License-Identifier: MIT */
/*
 * hooks.c - functions of other floors that a loop calls once: at the end of a turn, where
 * corked writes leave, and at its own end, the last one added first.
 *
 * A hook is a link in a list of its owner's memory; `queued` says whether it is in one.
 */
#include "kernel.h"

#if !CORO_MINIMAL_
void coro_loop_run_hooks(coro_loop *loop)
{
    while (loop->hooks != NULL) { /* one by one: a hook may remove others */
        coro_hook *hook = loop->hooks;
        loop->hooks = hook->next;
        hook->queued = false;
        hook->run(hook);
    }
#if CORO_HOSTED
    loop->attention &= (uint8_t)~CORO_ATTEND_HOOKS_;
#endif
}

void coro_loop_add_hook(coro_loop *loop, coro_hook *hook)
{
    if (hook->queued)
        return;
    CORO_USE_(hooks);
    hook->queued = true;
    hook->next = loop->hooks;
    loop->hooks = hook;
#if CORO_HOSTED
    loop->attention |= CORO_ATTEND_HOOKS_;
#endif
}

void coro_loop_remove_hook(coro_loop *loop, coro_hook *hook)
{
    coro_hook **place = &loop->hooks;
    if (!hook->queued)
        return;
    while (*place != NULL && *place != hook)
        place = &(*place)->next;
    if (*place != NULL)
        *place = hook->next;
    hook->queued = false;
}

void coro_loop_add_closer(coro_loop *loop, coro_hook *hook)
{
    hook->next = loop->closers;
    loop->closers = hook;
}
#endif
