/* SPDX-License-Identifier: MIT */
/*
 * heap.c - the pages of a pool that grows, all at once.
 *
 * A chunk of a pool will be used from one end to the other, and each page of it
 * costs a fault when it is touched first: 13 us on the machine of bench/README.md,
 * where one that was asked for together with others costs 0.6. Asked for too early is
 * what is left of the last chunk: half of the pool at most, and less than 256 KiB.
 */
#define _GNU_SOURCE
#include "kernel/kernel.h"
#include "poll/sys.h"

#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; C libraries are older */
#endif

#define PAGE ((uintptr_t)4096) /* or larger: then the wish is refused, as by an older system */

/* A wish: no matter if refused. */
void coro_heap_warm_(void *block, size_t size)
{
    uintptr_t begin = ((uintptr_t)block + PAGE - 1) & ~(PAGE - 1);
    uintptr_t end = ((uintptr_t)block + size) & ~(PAGE - 1);
    if (begin < end)
        (void)coro_sys.madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
}
