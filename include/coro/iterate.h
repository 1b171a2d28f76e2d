/* SPDX-License-Identifier: MIT */
/*
 * coro/iterate.h - generators over generators: map, filter, take; and their end, collect.
 *
 *     static bool is_even(void *context, const void *item) { return *(const int *)item % 2 == 0; }
 *     static void half(void *context, const void *item, void *result)
 *     {
 *         *(double *)result = *(const int *)item / 2.0;
 *     }
 *
 *     CORO_FOR_AWAIT(self->x, self->slot,
 *                    coro_take(coro_map(double, coro_filter(numbers(), is_even, NULL),
 *                                       half, NULL), 10)) {
 *
 * Each takes a generator (its source) and is one, of the source's item type or of map's. It
 * pulls an item when it is asked for one, waits where the source waits, passes on its end and
 * its error, and closes it when it is closed itself. They are ordinary coroutines, written with
 * ASYNC: src/kernel/iterate.c shows how to write others.
 *
 * Memory: a frame each; map also one item's. Items are not copied on their way. Without memory
 * the source is freed, and CORO_ENOMEM comes with the first item. Threads: the loop's.
 */
#ifndef CORO_ITERATE_H
#define CORO_ITERATE_H

#include <coro/generator.h>

#if CORO_HOSTED && CORO_HAS_TYPEOF

CORO_BEGIN_DECLS

/* Functions over items are plain ones: they cannot await. The pointers are borrowed. */
typedef bool (*coro_filter_function)(void *context, const void *item);
typedef void (*coro_map_function)(void *context, const void *item, void *result);

/* The items for which keep(context, item) is true. */
#define coro_filter(source, keep, context)                                                         \
    ((__typeof__(source))(void *)coro_filter_(&(source)->coro, (keep), (context)))
CORO_API CORO_NODISCARD coro_header *coro_filter_(coro_header *source, coro_filter_function keep,
                                                  void *context);

/* Of each item what function(context, item, result) stores in *result, a `type`. */
#define coro_map(type, source, function, context)                                                  \
    ((struct {                                                                                     \
        coro_header coro;                                                                          \
        type result;                                                                               \
    } *)(void *)coro_map_(&(source)->coro, sizeof(type), (function), (context)))
CORO_API CORO_NODISCARD coro_header *coro_map_(coro_header *source, size_t size,
                                               coro_map_function function, void *context);

/* The first `count` items; then the source is closed. 0: it never runs. */
#define coro_take(source, count)                                                                   \
    ((__typeof__(source))(void *)coro_take_(&(source)->coro, (count)))
CORO_API CORO_NODISCARD coro_header *coro_take_(coro_header *source, size_t count);

/*
 * AWAIT(self->n, coro_collect(self->array, 10, numbers())): store the items, at most `capacity`,
 * then close the source: their number. An error of the source, or a cancel, becomes the await's;
 * what was stored before is there. The array's elements have the items' type. Takes the source.
 */
#define coro_collect(array, capacity, source)                                                      \
    ((void)sizeof(1 ? *(array) : (source)->result),                                                \
     coro_collect_((array), sizeof *(array), (capacity), &(source)->coro))
CORO_API CORO_NODISCARD coro_size *coro_collect_(void *array, size_t size, size_t capacity,
                                                 coro_header *source);

CORO_END_DECLS

#endif

#endif
