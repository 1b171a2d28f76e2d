/* SPDX-License-Identifier: MIT */
/*
 * test_run.c - one run under the virtual clock, and memory that is counted.
 *
 * Each block carries its size in front of itself, so that a caller who gives it
 * back as another size is caught: pools and tables rely on those sizes.
 */
#include <coro/test.h>

#include "poll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- memory ------------------------------------------------------------------------------- */

#define FRESH 0xa5 /* nobody may rely on what it holds */
#define FREED 0x5a

typedef union block {
    size_t size;
    max_align_t align;
} block;

static bool fails(coro_test_allocator *memory)
{
    bool fail = memory->fail_at == 1 || memory->fail_from == 1;
    memory->count++;
    if (memory->fail_at > 0)
        memory->fail_at--;
    if (memory->fail_from > 1)
        memory->fail_from--;
    memory->failed += fail;
    return fail;
}

static void count(coro_test_allocator *memory, size_t old, size_t fresh)
{
    memory->live += (size_t)(fresh > 0) - (size_t)(old > 0);
    memory->bytes += fresh - old;
    if (memory->bytes > memory->bytes_max)
        memory->bytes_max = memory->bytes;
}

/* Always a new place, so that nobody gets away with the old one. */
static void *test_resize(void *context, void *given, size_t old, size_t fresh)
{
    coro_test_allocator *memory = context;
    block *before = given != NULL ? (block *)given - 1 : NULL;
    block *after = NULL;
    CORO_CHECK((before != NULL ? before->size : 0) == old,
               "a block was given back with another size than it was taken with");
    if (fresh > 0) {
        if (fails(memory) || (after = malloc(sizeof *after + fresh)) == NULL)
            return NULL;
        after->size = fresh;
        memset(after + 1, FRESH, fresh);
        if (before != NULL)
            memcpy(after + 1, before + 1, old < fresh ? old : fresh);
    }
    if (before != NULL) {
        memset(before + 1, FREED, old);
        free(before);
    }
    count(memory, old, fresh);
    return after != NULL ? after + 1 : NULL;
}

coro_allocator coro_test_allocator_of(coro_test_allocator *memory)
{
    return (coro_allocator){test_resize, memory};
}

/* --- runs --------------------------------------------------------------------------------- */

int coro_test_loop_init(coro_loop *loop, uint64_t seed)
{
    coro_sim_options sim = {seed};
    coro_loop_options options = {.backend = &coro_sim_backend, .backend_options = &sim};
    return coro_loop_init(loop, &options);
}

int coro_test_run_(coro_header *call, const coro_test_options *options)
{
    static const coro_test_options none;
    coro_test_allocator own = {0};
    coro_test_allocator *memory;
    coro_loop_options loop_options = {.backend = &coro_sim_backend};
    coro_sim_options sim;
    coro_loop loop;
    int error;
    if (options == NULL)
        options = &none;
    memory = options->memory != NULL ? options->memory : &own;
    sim.seed = options->seed;
    loop_options.allocator = coro_test_allocator_of(memory);
    loop_options.backend_options = &sim;
    loop_options.report = options->report;
    loop_options.context = options->context;
    error = coro_loop_current() != NULL ? CORO_EBUSY : coro_loop_init(&loop, &loop_options);
    if (error != 0) {
        coro_discard_(call);
        return error;
    }
    error = coro_loop_run_until_complete_(&loop, call);
    coro_loop_close(&loop);
    if (loop.pool.live == 0 && memory->live == 0)
        return error;
    fprintf(stderr, "coro: %zu frames and %zu blocks (%zu bytes) were not given back\n",
            loop.pool.live, memory->live, memory->bytes);
    return error != 0 ? error : CORO_ELEAK;
}

int coro_test_run_seed_(coro_header *call, uint64_t seed)
{
    coro_test_options options = {.seed = seed};
    int error = coro_test_run_(call, &options);
    if (error != 0)
        fprintf(stderr,
                "coro: failed with seed %" PRIu64 ": coro_test_run_seed(..., %" PRIu64 ")\n", seed,
                seed);
    return error;
}
