/* SPDX-License-Identifier: MIT */
/*
 * coro/generator.h - coroutines that give many items, one at a time.
 *
 *     ASYNC(lines, YIELDS(line), ARGS(coro_stream *, stream), VARS(line line;))
 *     {
 *         ASYNC_BEGIN;
 *         while (...) {
 *             AWAIT(...);                        // it may wait between two items
 *             YIELD(self->line);
 *         }
 *       ASYNC_FINALLY:                           // at its end, or when it is closed
 *         ...
 *         ASYNC_END;
 *     }
 *
 *     ASYNC(shows, VARS(coro_generator slot; line line;))
 *     {
 *         ASYNC_BEGIN;
 *         CORO_FOR_AWAIT(self->line, self->slot, lines(stream)) {
 *             ...                                // may await, break, continue, return, fail
 *         }
 *
 * Each round resumes the generator until it yields or ends. However the loop is
 * left, the generator is closed first: it leaves the YIELD where it stands by its
 * FINALLY, which may await. An error of the generator leaves the loop with it; what
 * was on its way out already (an error, a return) is never overwritten.
 *
 *     consumer ◄─caller─ slot ◄─caller─ generator ◄─caller─ what it awaits
 *
 * While it runs the generator is a callee of its consumer like any other: a wait in
 * it is resumed straight, cancelled with the consumer's task, bounded by its
 * timeouts. Between two rounds it belongs to nobody; so no block but
 * CORO_FOR_AWAIT may be open around a YIELD (PEP 789): that traps.
 *
 * Memory: the slot is in VARS, zeroed, and holds all that a round needs: rounds and
 * closing never allocate. Open generators are known to their loop, which closes and
 * reports those that are left when it is closed. Threads: the loop's.
 */
#ifndef CORO_GENERATOR_H
#define CORO_GENERATOR_H

#include <coro/task.h>

#if !CORO_MINIMAL_ /* its calls are frames from a pool */

CORO_BEGIN_DECLS

/* Of a generator and whoever consumes it. Zeroed: none is open. The call that next() and
 * close() return is in it, so that the types agree: it is one frame. */
typedef struct coro_generator { /* private */
    coro_header coro;
    bool result;  /* of next: there is an item */
    bool busy;    /* a next or close has been made, and has not ended */
    bool closing; /* ...a close */
    uint8_t phase;   /* of the CORO_FOR_AWAIT or CORO_FOR around it */
    int16_t pending; /* what that is being left by */
    uint16_t size;     /* of *item */
    coro_header *frame; /* the generator; NULL: none, or it has ended */
    void *value;        /* its item, good until the next round */
    void *item;         /* where next copies it to, or NULL */
} coro_generator;

enum { /* phase */
    CORO_GENERATOR_OUT_ = 0,   /* no loop */
    CORO_GENERATOR_NEXT_ = 1,  /* wants an item */
    CORO_GENERATOR_READY_ = 2, /* has one */
    CORO_GENERATOR_BODY_ = 3,  /* runs the body; found at the loop's head: after a break */
    CORO_GENERATOR_LEFT_ = 4   /* left by an error or return */
};

/* --- one round after another ---------------------------------------------------------------- */

/*
 * for each item that `call` (a generator) yields: item = what it yielded; the body.
 * `item` is an lvalue of the item's type, `slot` a coro_generator in VARS, not open.
 * Waits where the generator waits. A `goto` out of it traps at the next await.
 */
#define CORO_FOR_AWAIT(item, slot, call)                                                           \
    CORO_FOR_AWAIT_AT_(CORO_HERE_, CORO_HERE_TOO_, slot, &(call)->coro,                            \
                       CORO_ITEM_(item, slot, call))
#define CORO_FOR_AWAIT_AT_(n, m, slot, generator, take)                                            \
    for (coro_generator_enter_(&self->coro, &(slot), (generator));                                 \
         (slot).phase != CORO_GENERATOR_OUT_;)                                                     \
        if ((slot).phase != CORO_GENERATOR_READY_) {                                               \
            if (0) {                                                                               \
                CORO_CASE_(n):                                                                     \
                coro_generator_left_(&(slot), coro_error_);                                        \
            }                                                                                      \
            CORO_START_IN_BLOCK_(m, coro_generator_round_(&(slot)))                                \
            coro_error_ = coro_generator_settle_(coro_driver_, &self->coro, &(slot));              \
            if (coro_error_ == CORO_RETURNING_)                                                    \
                CORO_LEAVE_();                                                                     \
            if (coro_error_ != 0)                                                                  \
                CORO_RAISE_();                                                                     \
            if ((slot).phase == CORO_GENERATOR_READY_)                                             \
                take;                                                                              \
        } else                                                                                     \
            CORO_SHADOW_                                                                           \
    for (char(*coro_handler_)[n], (*coro_leave_)[n], (*coro_depth_)[sizeof *coro_depth_ + 1],      \
         (*coro_loops_)[sizeof *coro_loops_ + 1];                                                  \
         (void)sizeof coro_handler_, (void)sizeof coro_leave_, (void)sizeof coro_depth_,           \
         (void)sizeof coro_loops_, coro_generator_body_(&(slot));)                                 \
    CORO_END_SHADOW_

/* Take the typed item. Without __typeof__: copied, the sizes compared. */
#if CORO_HAS_TYPEOF
#define CORO_ITEM_(lvalue, slot, call)                                                             \
    (lvalue) = *(__typeof__((call)->result) *)coro_generator_value_(&(slot), sizeof((call)->result))
#else
#define CORO_ITEM_(lvalue, slot, call)                                                             \
    ((void)sizeof((lvalue) = (call)->result),                                                      \
     coro_generator_copy_(&(slot), &(lvalue), sizeof(lvalue)))
#endif

/* --- the same by hand ------------------------------------------------------------------------ */

/*
 * Put a generator into a slot. Takes the call. Nothing of it runs yet; no memory for it
 * is the first next's CORO_ENOMEM. Traps when the slot has one that was not closed.
 * Needs a running loop. From now on somebody must close it.
 */
#define coro_generator_open(slot, call) coro_generator_open_((slot), &(call)->coro)
CORO_API void coro_generator_open_(coro_generator *slot, coro_header *call);

/*
 * AWAIT(self->more, coro_generator_next(&self->slot, &self->item)): go on until the next
 * item is there: true, and *item is a copy of it (item may also be coro_no_item: see
 * coro_generator_item). False: the generator has ended, was closed, or never was opened.
 * Its error becomes the await's, and is its end too. CORO_EBUSY: another next or close of
 * this slot has not ended; nothing is changed. *item must have the size of what it yields
 * (traps). Cancelled while the generator waits: it is unwound, as any callee is.
 */
#define coro_generator_next(slot, item) coro_generator_next_((slot), (item), sizeof *(item))
CORO_API CORO_NODISCARD coro_generator *coro_generator_next_(coro_generator *slot, void *item,
                                                             size_t size);

/* The item in the generator's own memory, good until the next round; NULL: there is none. */
static inline void *coro_generator_item(const coro_generator *slot)
{
    return slot->result ? slot->value : NULL;
}
#define coro_no_item ((char *)NULL) /* for a next whose item is looked at in place */

/*
 * Close: the generator leaves its YIELD by its FINALLY, and is gone when this has ended; one
 * that was never resumed is freed as it is. Its work is done also in a cancelled task. An
 * error of the FINALLY becomes the await's. Ended, closed, never opened: nothing.
 * CORO_EBUSY as above. A generator that yields instead of ending traps.
 */
CORO_API CORO_NODISCARD coro_generator *coro_generator_close(coro_generator *slot);

/* --- without a loop -------------------------------------------------------------------------- */

/*
 * The same in a plain `for`, for hosts and bare metal, in any function: the generator
 * yields, and awaits only what ends at once; a wait that needs the loop traps. `slot` is
 * any coro_generator. `break` closes it as the end does. A `return` or `goto` out of the
 * body needs coro_generator_stop(&slot) first. An error ends the loop: see
 * coro_generator_error.
 */
#define CORO_FOR(lvalue, slot, call)                                                               \
    for (coro_generator_begin_(&(slot), &(call)->coro); (slot).phase != CORO_GENERATOR_OUT_;       \
         coro_generator_stop(&(slot)))                                                             \
        for (; coro_generator_step_(&(slot)) && (CORO_ITEM_(lvalue, slot, call), true);)

/* Close the generator of a CORO_FOR, here and now: its FINALLY runs. Twice is fine. */
CORO_API void coro_generator_stop(coro_generator *slot);

/* How the generator of the last CORO_FOR with this slot ended: 0, or its error. */
static inline int coro_generator_error(const coro_generator *slot)
{
    return slot->coro.error;
}

/* --- what the macros call -------------------------------------------------------------------- */

CORO_API void coro_generator_enter_(coro_header *frame, coro_generator *slot, coro_header *call);
CORO_API coro_generator *coro_generator_round_(coro_generator *slot);
CORO_API int coro_generator_settle_(coro_driver *driver, coro_header *frame, coro_generator *slot);
CORO_API void coro_generator_begin_(coro_generator *slot, coro_header *call);
CORO_API bool coro_generator_step_(coro_generator *slot);
CORO_API void coro_generator_copy_(const coro_generator *slot, void *to, size_t size);

/* An error or a return has left the body. */
static inline void coro_generator_left_(coro_generator *slot, int pending)
{
    slot->phase = CORO_GENERATOR_LEFT_;
    slot->pending = (int16_t)pending;
}

/* First time: go in. Second time: the body's end, or a continue. */
static inline bool coro_generator_body_(coro_generator *slot)
{
    bool enter = slot->phase == CORO_GENERATOR_READY_;
    slot->phase = enter ? CORO_GENERATOR_BODY_ : CORO_GENERATOR_NEXT_;
    return enter;
}

/* The item, whose size the compiler knows by the generator's type. */
CORO_API CORO_NORETURN CORO_COLD void coro_generator_size_(const coro_generator *slot);
static inline void *coro_generator_value_(const coro_generator *slot, size_t size)
{
    if (CORO_UNLIKELY(slot->size != size))
        coro_generator_size_(slot);
    return slot->value;
}

/*
 * A generator that yields another one's items in place, or items of a size that it learns at
 * run time, yields this, and has frame->error = CORO_PASSED_ON_: see coro/iterate.h.
 */
typedef struct coro_passed_on_ {
    void *value;
    size_t size;
} coro_passed_on_;
#define CORO_PASSED_ON_ 3

CORO_END_DECLS

#endif

#endif
