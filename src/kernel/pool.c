/* SPDX-License-Identifier: MIT */
/*
 * pool.c - memory for frames and tasks: free lists by size, cut from chunks.
 *
 *     free[1] ──► block ──► block          16 bytes
 *     free[2] ──► block                    32 bytes
 *      ...
 *     chunk [ cut │ cut │ still whole ···]   next chunk twice as large, up to 256 KiB
 *
 * Taking and giving are a pop and a push (inline, in coro/frame.h); this file
 * is the slow way: cutting, new chunks, sizes beyond the lists. Blocks never go
 * back to the allocator before the pool is closed, except the large ones, of which
 * half a megabyte is kept:
 *
 *     spare[0] ──► block                   2 KiB
 *      ...
 *     spare[5] ──► block ──► block         64 KiB
 *
 * They are the buffers of streams, which exist while bytes are in them: without spares
 * each message of a busy stream would have its block asked from the system, and given
 * back; and a block that was in use a moment ago is still in the processor's cache.
 *
 * Invariant: a block of class c is c * 16 bytes, and belongs to this pool alone.
 */
#include "kernel.h"

#if !CORO_MINIMAL_

#if SIZE_MAX > 0xffffu
#define CHUNK_MIN 4096u
#define CHUNK_MAX (256u << 10)
#define WARM_MIN (64u << 10) /* from here on: src/os/heap.c */
#else
#define CHUNK_MIN 256u
#define CHUNK_MAX 1024u
#endif

typedef struct chunk {
    struct chunk *next;
    size_t size;
} chunk;

void coro_pool_init(coro_pool *pool, coro_allocator allocator, void *arena, size_t size)
{
    size_t astray = (uintptr_t)arena % 16;
    pool->call.coro.state = CORO_STATE_FINISHED_;
    pool->resumed.coro.flags = CORO_FRAME_CALL_;
    if (!CORO_USES_(pool))
        return;
    pool->allocator = allocator;
#if CORO_HOSTED
    if (allocator.resize == NULL)
        pool->allocator.resize = coro_heap_resize;
#endif
    if (arena != NULL && size > 16) {
        pool->chunk = (char *)arena + (astray > 0 ? 16 - astray : 0);
        pool->chunk_end = (char *)arena + size;
    }
}

static void *resize(coro_pool *pool, void *block, size_t old, size_t fresh)
{
    if (pool->allocator.resize == NULL)
        return NULL;
    return pool->allocator.resize(pool->allocator.context, block, old, fresh);
}

/* A block was cut that is not in a free list's history: it must be known from now on. */
static void tell_cut(coro_pool *pool, void *block, size_t size)
{
#if CORO_HOSTED
    if (pool->watch != NULL && block != NULL)
        pool->watch->cut(pool->watch, block, size);
#else
    (void)pool, (void)block, (void)size;
#endif
}

#if CORO_POOL_LISTS_
static void *cut(coro_pool *pool, size_t size)
{
    void *block = pool->chunk;
    size = (size + 15) / 16 * 16;
    if ((size_t)(pool->chunk_end - pool->chunk) < size)
        return NULL;
    pool->chunk += size;
    return block;
}

/* What is left of a chunk goes to the free lists before a new one is opened. */
static void use_up(coro_pool *pool)
{
    size_t left = (size_t)(pool->chunk_end - pool->chunk);
    size_t class = left / 16;
    if (class > CORO_POOL_CLASSES)
        class = CORO_POOL_CLASSES;
    if (class > 0) {
        *(void **)(void *)pool->chunk = pool->free[class];
        pool->free[class] = pool->chunk;
        tell_cut(pool, pool->chunk, class * 16);
    }
    pool->chunk = pool->chunk_end = NULL;
}

static bool open_chunk(coro_pool *pool, size_t at_least)
{
    size_t size = CHUNK_MIN;
    chunk *fresh;
    while (size < CHUNK_MAX && size < pool->bytes)
        size *= 2;
    if (size < at_least + 2 * sizeof(chunk))
        size = at_least + 2 * sizeof(chunk);
    fresh = resize(pool, NULL, 0, size);
    if (fresh == NULL)
        return false;
#if CORO_HOSTED
    if (size >= WARM_MIN && pool->allocator.resize == coro_heap_resize)
        coro_heap_warm_(fresh, size);
#endif
    if (pool->chunk != NULL)
        use_up(pool);
    fresh->next = pool->chunks;
    fresh->size = size;
    pool->chunks = fresh;
    pool->bytes += size;
    pool->chunk = (char *)(fresh + 1);
    pool->chunk_end = (char *)fresh + size;
    return true;
}
#endif

/* --- spare large blocks ------------------------------------------------------------------- */

#if CORO_HOSTED && CORO_POOL_LISTS_
#define SPARE_MIN 2048u
#define SPARE_BYTES_MAX (512u << 10)

/* Where those of this size are kept, or NULL. */
static void **spares_of(coro_pool *pool, size_t size)
{
    for (unsigned class = 0; class < CORO_POOL_SPARES_; class++)
        if (size == (size_t)SPARE_MIN << class)
            return &pool->spare[class];
    return NULL;
}

static void *take_spare(coro_pool *pool, size_t size)
{
    void **spares = spares_of(pool, size), *block = spares != NULL ? *spares : NULL;
    if (block != NULL) {
        *spares = *(void **)block;
        pool->spare_bytes -= size;
    }
    return block;
}

static bool keep_spare(coro_pool *pool, void *block, size_t size)
{
    void **spares = spares_of(pool, size);
    if (spares == NULL || pool->spare_bytes + size > SPARE_BYTES_MAX)
        return false;
    *(void **)block = *spares;
    *spares = block;
    pool->spare_bytes += size;
    return true;
}

static void free_spares(coro_pool *pool)
{
    for (unsigned class = 0; class < CORO_POOL_SPARES_; class++) {
        size_t size = (size_t)SPARE_MIN << class;
        while (pool->spare[class] != NULL)
            resize(pool, take_spare(pool, size), size, 0);
    }
}
#else
#define take_spare(pool, size) NULL
#define keep_spare(pool, block, size) false
#define free_spares(pool) (void)0
#endif

/* --- the slow way ------------------------------------------------------------------------- */

void *coro_pool_take_slow_(coro_pool *pool, size_t size)
{
    void *block;
#if CORO_POOL_LISTS_
    if (size <= CORO_POOL_CLASSES * 16) {
#if CORO_HOSTED
        if (pool->free[CORO_CLASS_(size)] != NULL)
            return coro_pool_take_(pool, size); /* see give */
#endif
        size = CORO_CLASS_(size) * 16;
        block = cut(pool, size);
        if (block == NULL && open_chunk(pool, size))
            block = cut(pool, size);
        pool->live += block != NULL;
        tell_cut(pool, block, size);
        return block;
    }
#endif
    block = take_spare(pool, size);
    if (block == NULL) {
        block = resize(pool, NULL, 0, size);
        pool->bytes += block != NULL ? size : 0;
    }
    pool->live += block != NULL;
    tell_cut(pool, block, size);
    return block;
}

/* Code that was compiled with AddressSanitizer comes here with small blocks, too. They were cut
 * from a chunk if this library was not, and go back to their list. */
void coro_pool_give_slow_(coro_pool *pool, void *block, size_t size)
{
#if CORO_HOSTED && CORO_POOL_LISTS_
    if (size <= CORO_POOL_CLASSES * 16) {
        coro_pool_give_(pool, block, size);
        return;
    }
#endif
#if CORO_HOSTED
    if (pool->watch != NULL)
        pool->watch->given(pool->watch, block);
#endif
    pool->live--;
    if (keep_spare(pool, block, size))
        return;
    resize(pool, block, size, 0);
    pool->bytes -= size;
}

void coro_pool_close(coro_pool *pool)
{
    chunk *each = pool->chunks;
    free_spares(pool);
    while (each != NULL) {
        chunk *next = each->next;
        resize(pool, each, each->size, 0);
        each = next;
    }
    pool->chunks = NULL;
    pool->chunk = pool->chunk_end = NULL;
    pool->bytes = 0;
}
#endif
