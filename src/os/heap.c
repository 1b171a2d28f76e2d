/* SPDX-License-Identifier: MIT */
/*
 * heap.c - where a loop's memory comes from, when its options name no allocator.
 *
 * malloc's. Large blocks (the pool of a loop with very many tasks, its heap of
 * timers) ask for huge pages: half of the time of making a million tasks was the
 * system's, clearing 4 KiB at a time. A page that nobody touches costs nothing, so
 * that only the last huge page of a block is paid for too early.
 */
#define _GNU_SOURCE
#include "kernel/kernel.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((uintptr_t)2 << 20)
#define LARGE (2 * HUGE_PAGE) /* from here on a block holds a whole one, wherever it begins */

static void prefer_huge_pages(void *block, size_t size)
{
#ifdef MADV_HUGEPAGE
    uintptr_t begin = ((uintptr_t)block + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)block + size) & ~(HUGE_PAGE - 1);
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* a wish: no matter if refused */
#else
    (void)block, (void)size;
#endif
}

void *coro_heap_resize(void *context, void *block, size_t old, size_t fresh)
{
    (void)context, (void)old;
    if (fresh == 0) {
        free(block);
        return NULL;
    }
    if (block == NULL && fresh >= LARGE)
        block = aligned_alloc(HUGE_PAGE, (fresh + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
    else
        block = realloc(block, fresh);
    if (block != NULL && fresh >= LARGE)
        prefer_huge_pages(block, fresh);
    return block;
}
