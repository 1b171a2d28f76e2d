/* SPDX-License-Identifier: MIT */
/*
 * iterate.c - map, filter, take and collect: coroutines over a generator of any type.
 *
 *     consumer ◄── slot ◄── filter ◄── slot ◄── source
 *                              └ its item is {value, size}: the source's, where it is
 *
 * What they yield is PASSED_ON: the consumer's slot looks through it, so that one function
 * serves all types and no item is copied.
 */
#include "kernel.h"

#include <coro/iterate.h>

#if CORO_HOSTED && CORO_HAS_TYPEOF

/* For each item of a source; slot.value is the item. */
#define EACH(slot, source)                                                                         \
    CORO_FOR_AWAIT_AT_(CORO_HERE_, CORO_HERE_TOO_, slot, source, (void)0)

#define PASS_ON(item, length)                                                                      \
    do {                                                                                           \
        self->coro.error = CORO_PASSED_ON_;                                                        \
        YIELD((coro_passed_on_){item, length});                                                    \
    } while (0)

/* A descriptor that also frees the source of one that never ran. */
#define WRAPPER(name, text)                                                                        \
    static void name##_discard(coro_header *frame)                                                 \
    {                                                                                              \
        coro_discard_(((struct name *)frame)->source);                                             \
    }                                                                                              \
    static const coro_descriptor name##_wrapper = {                                                \
        name##_enter_, CORO_NAMED_(text) {NULL}, name##_discard, sizeof(struct name),             \
        name##_zero_end_, name##_result_offset_, name##_result_size_}

/* Its frame was made, or there is no memory: then the source goes. */
static coro_header *made(coro_header *frame, const coro_descriptor *descriptor,
                         coro_header *source)
{
    if (frame->error == CORO_ENOMEM)
        coro_discard_(source);
    else
        frame->descriptor = descriptor;
    return frame;
}

/* --- filter ----------------------------------------------------------------------------------- */

ASYNC(filter, YIELDS(coro_passed_on_),
      ARGS(coro_header *, source, coro_filter_function, keep, void *, context),
      VARS(coro_generator slot;))
{
    ASYNC_BEGIN;
    EACH(self->slot, self->source) {
        if (self->keep(self->context, self->slot.value))
            PASS_ON(self->slot.value, self->slot.size);
    }
    ASYNC_END;
}

WRAPPER(filter, "coro_filter");

coro_header *coro_filter_(coro_header *source, coro_filter_function keep, void *context)
{
    return made(&filter(source, keep, context)->coro, &filter_wrapper, source);
}

/* --- take ------------------------------------------------------------------------------------- */

ASYNC(take, YIELDS(coro_passed_on_), ARGS(coro_header *, source, size_t, count),
      VARS(coro_generator slot;))
{
    ASYNC_BEGIN;
    if (self->count == 0) {
        coro_discard_(self->source);
        ASYNC_RETURN();
    }
    EACH(self->slot, self->source) {
        PASS_ON(self->slot.value, self->slot.size);
        if (--self->count == 0)
            break;
    }
    ASYNC_END;
}

WRAPPER(take, "coro_take");

coro_header *coro_take_(coro_header *source, size_t count)
{
    return made(&take(source, count)->coro, &take_wrapper, source);
}

/* --- map -------------------------------------------------------------------------------------- */

ASYNC(map, YIELDS(coro_passed_on_),
      ARGS(coro_header *, source, size_t, size, coro_map_function, function, void *, context),
      VARS(coro_generator slot; void *value;))
{
    ASYNC_BEGIN;
    self->value = coro_pool_take_(coro_pool_current_, self->size);
    if (self->value == NULL) {
        coro_discard_(self->source);
        ASYNC_THROW(CORO_ENOMEM);
    }
    EACH(self->slot, self->source) {
        self->function(self->context, self->slot.value, self->value);
        PASS_ON(self->value, self->size);
    }
  ASYNC_FINALLY:
    if (self->value != NULL)
        coro_pool_give_(coro_pool_current_, self->value, self->size);
    ASYNC_END;
}

WRAPPER(map, "coro_map");

coro_header *coro_map_(coro_header *source, size_t size, coro_map_function function,
                       void *context)
{
    return made(&map(source, size, function, context)->coro, &map_wrapper, source);
}

/* --- collect ---------------------------------------------------------------------------------- */

ASYNC(collect, RETURNS(size_t),
      ARGS(coro_header *, source, char *, array, size_t, size, size_t, capacity),
      VARS(coro_generator slot; size_t count;))
{
    ASYNC_BEGIN;
    if (self->capacity == 0) {
        coro_discard_(self->source);
        ASYNC_RETURN(0);
    }
    EACH(self->slot, self->source) {
        coro_generator_copy_(&self->slot, self->array + self->count * self->size, self->size);
        if (++self->count == self->capacity)
            break;
    }
    ASYNC_RETURN(self->count);
    ASYNC_END;
}

WRAPPER(collect, "coro_collect");

coro_size *coro_collect_(void *array, size_t size, size_t capacity, coro_header *source)
{
    return (coro_size *)(void *)made(&collect(source, array, size, capacity)->coro,
                                     &collect_wrapper, source);
}

#endif
