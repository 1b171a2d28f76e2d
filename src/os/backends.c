/* SPDX-License-Identifier: MIT */
/*
 * backends.c - which ways to wait there are, and which one is meant.
 *
 * The kernel asks for its default backend by a pointer that it declares and that
 * is defined here: the linker finds it, no floor leans on one above.
 */
#include <coro/run.h>

#include "poll/poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The best first. */
static const coro_backend *const backends[] = {
#ifdef __linux__
    &coro_epoll_backend,
#endif
    &coro_sim_backend,
};

const coro_backend *(*coro_backend_default_)(void) = coro_backend_default;

const coro_backend *coro_backend_named(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    return NULL;
}

const coro_backend *coro_backend_default(void)
{
    const char *name = getenv("CORO_POLL");
    const coro_backend *wanted;
    if (name == NULL || *name == '\0')
        return backends[0];
    wanted = coro_backend_named(name);
    if (wanted == NULL) {
        fprintf(stderr, "coro: CORO_POLL=%s is not known here; using %s\n", name,
                backends[0]->name);
        wanted = backends[0];
    }
    return wanted;
}
