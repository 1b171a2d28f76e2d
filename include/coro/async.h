/* SPDX-License-Identifier: MIT */
/*
 * coro/async.h - ASYNC and AWAIT: coroutines as C functions.
 *
 *     ASYNC(sum, RETURNS(int), ARGS(int, a, int, b), VARS(int i;), SCRATCH(char buffer[64];))
 *     {
 *         ASYNC_BEGIN;
 *         AWAIT(coro_sleep(CORO_SECONDS(1)));
 *         ASYNC_RETURN(self->a + self->b);
 *       ASYNC_FINALLY:                       // optional; every way out comes by here
 *         AWAIT(clean_up());
 *         ASYNC_END;
 *     }
 *
 * ASYNC makes the frame `struct sum` (header, result, arguments, VARS zeroed,
 * SCRATCH not), the function `struct sum *sum(int a, int b)` that makes such a
 * frame, its twin `sum_at(struct sum *frame, int a, int b)` in memory of yours,
 * and opens the body. The clauses are optional and come in any order. The frame's own members
 * are `coro` and, with RETURNS or YIELDS, `result`: name yours otherwise.
 *
 * How it works: the body is one `switch` on the frame's state. Each AWAIT is a
 * case of it, numbered by its source line, so that the function can be left
 * there and entered again. Three laws follow:
 *
 *   1. What must outlive an AWAIT lives in `self->`. Locals are lost.
 *   2. An AWAIT is a statement. In the middle of an expression C cannot have it.
 *   3. No AWAIT inside a `switch` of your own, and no `return`: ASYNC_RETURN.
 *
 * The compiler tells of most offences; doc/mistakes.md says which sees what.
 * Errors unwind: a failed AWAIT goes to the enclosing ASYNC_TRY's catch, else to
 * ASYNC_FINALLY, else to the caller. ISO C11; nothing here is a C++ construct.
 */
#ifndef CORO_ASYNC_H
#define CORO_ASYNC_H

#include <coro/await.h>
#include <coro/clauses.h>

/* SDCC 4.2 believes that whoever is in a loop came in by its head: what it computed there is not
 * there behind a case. From here on it computes anew. */
#ifdef __SDCC
#pragma nogcse
#endif

/* --- states -------------------------------------------------------------------------------- */

/* This place in the source as a state: 16 a line, or one where states are narrow. */
#if CORO_STATE_BITS == 32
#define CORO_HERE_ ((__LINE__ << 4) | (__COUNTER__ & 15))
#define CORO_HERE_TOO_ CORO_HERE_ /* a second state, for macros that need two */
#define CORO_LINE_FITS_ (__LINE__ < (1 << 27))
#else
#define CORO_HERE_ (__LINE__ + CORO_STATE_LINES_)
#define CORO_HERE_TOO_ (__LINE__ + CORO_STATE_LINES_ + 0x8000u)
#define CORO_LINE_FITS_ (__LINE__ < 32000)
#endif

/*
 * A case and its twin, 2^32 above: in a switch of the user's own on anything up
 * to 32 bits both are the same label, and the compiler says so.
 */
#if CORO_STATE_BITS == 32
#define CORO_CASE_(n)                                                                              \
    case (n):                                                                                      \
    case 0x100000000ll + (n)
#define CORO_SWITCH_ON_(state) (long long)(state)
#else
#define CORO_CASE_(n) case (n)
#define CORO_SWITCH_ON_(state) (state)
#endif

#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(fallthrough)
#define CORO_FALLTHROUGH_ __attribute__((fallthrough));
#endif
#endif
#if !CORO_HOSTED && !defined(__clang__) && defined(__GNUC__)
#if __GNUC__ >= 7
#define CORO_FALLTHROUGH_ __attribute__((fallthrough));
#endif
#endif
#ifndef CORO_FALLTHROUGH_
#define CORO_FALLTHROUGH_
#endif

/* Around our own shadowed constants: a user's -Wshadow is not for them. Between `for (...)` and its
 * body compilers up to gcc 11 take a pragma for the body: these have none. */
#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)
#define CORO_SHADOW_                                                                               \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
#define CORO_END_SHADOW_ _Pragma("GCC diagnostic pop")
#else
#define CORO_SHADOW_
#define CORO_END_SHADOW_
#endif

/* --- the body ---------------------------------------------------------------------------- */

/*
 * Where an error and where a return goes is known at compile time: the size of
 * what coro_handler_ and coro_leave_ point to is a state's number, and inner
 * blocks shadow them. coro_depth_ counts the blocks around this place, coro_loops_
 * those of them that are CORO_FOR_AWAIT: a YIELD may stand in these alone.
 */
#define CORO_ASYNC_BEGIN                                                                           \
    coro_state coro_state_ = self->coro.state;                                                     \
    int coro_error_ = 0;                                                                           \
    CORO_UNUSED bool coro_inside_ = false;                                                         \
    CORO_BLOCKS_WORD_()                                                                            \
    char(*coro_handler_)[CORO_STATE_UNWIND_], (*coro_leave_)[CORO_STATE_UNWIND_],                  \
        (*coro_depth_)[1], (*coro_loops_)[1];                                                      \
    (void)coro_driver_, (void)coro_callee_, (void)sizeof coro_handler_, (void)sizeof coro_leave_;  \
    (void)sizeof coro_depth_, (void)sizeof coro_loops_, CORO_USE_RETURNS_();                       \
    if (0)                                                                                         \
        goto coro_dispatch_;                                                                       \
    coro_dispatch_:                                                                                \
    switch (CORO_SWITCH_ON_(coro_state_)) {                                                        \
        CORO_CASE_(CORO_STATE_START_):                                                             \
        {

/* Use as a label: `ASYNC_FINALLY:`. An AWAIT that fails behind it does not jump. */
#define CORO_ASYNC_FINALLY                                                                         \
    }                                                                                              \
    {                                                                                              \
        _Static_assert(sizeof *coro_handler_ == CORO_STATE_UNWIND_, "ASYNC_FINALLY in a block");   \
    }                                                                                              \
    CORO_GO_(CORO_STATE_UNWIND_);                                                                  \
    CORO_CASE_(CORO_STATE_UNWIND_):                                                                \
    coro_finally_enter_(coro_driver_, &self->coro, coro_error_);                                   \
    {                                                                                              \
        CORO_SHADOW_                                                                               \
        char(*coro_handler_)[CORO_STATE_FINALLY_], (*coro_leave_)[CORO_STATE_FINALLY_];            \
        CORO_END_SHADOW_                                                                           \
        (void)sizeof coro_handler_, (void)sizeof coro_leave_;                                      \
        CORO_FALLTHROUGH_                                                                          \
        CORO_CASE_(CORO_STATE_FINALLY_)

#define CORO_ASYNC_END                                                                             \
    ;                                                                                              \
    }                                                                                              \
    coro_state_ = CORO_STATE_FINISHED_;                                                            \
    CORO_FINISH_()
#if CORO_HOSTED
#define CORO_FINISH_()                                                                             \
    goto coro_end_;                                                                                \
    default:                                                                                       \
    if (coro_state_ != CORO_STATE_UNWIND_)                                                         \
        CORO_MISUSED_AT_(CORO_MISUSED_STATE_);                                                     \
    self->coro.error = (int16_t)coro_error_;                                                       \
    }                                                                                              \
    coro_end_:                                                                                     \
    CORO_CHECK_END_();                                                                             \
    self->coro.state = CORO_STATE_FINISHED_;                                                       \
    if ((int16_t)self->coro.descriptor->result_size > 0 && self->coro.error == 0 &&                \
        !(self->coro.flags & CORO_FRAME_RETURN_))                                                  \
        CORO_MISUSED_AT_(CORO_MISUSED_RESULT_);                                                    \
    CORO_MISUSE_()                                                                                 \
    CORO_UNWATCH_LOCALS_                                                                           \
    return CORO_STATUS_(CORO_DONE_)
#else /* code must be small */
#define CORO_FINISH_()                                                                             \
    CORO_FALLTHROUGH_                                                                              \
    default:;                                                                                      \
    }                                                                                              \
    CORO_UNWATCH_LOCALS_                                                                           \
    CORO_END_RESULT_()                                                                             \
    return coro_end_(&self->coro, coro_error_ != 0 ? coro_error_ : (int)coro_state_)
#endif
#if !CORO_HOSTED
#define CORO_END_RESULT_()                                                                         \
    if (sizeof *coro_returns_ > 1)                                                                 \
        return coro_end_result_(&self->coro, coro_error_ != 0 ? coro_error_ : (int)coro_state_);
#define CORO_USE_RETURNS_() (void)coro_returns_
#else
#define CORO_END_RESULT_()
#define CORO_USE_RETURNS_() (void)0
#endif

#define CORO_GO_(state)                                                                            \
    do {                                                                                           \
        coro_state_ = (coro_state)(state);                                                         \
        goto coro_dispatch_;                                                                       \
    } while (0)

/* Inside FINALLY an error stays where it is; elsewhere it goes to its handler. */
#define CORO_RAISE_()                                                                              \
    do {                                                                                           \
        if (sizeof *coro_handler_ == CORO_STATE_FINALLY_)                                          \
            coro_finally_error_(coro_driver_, &self->coro, coro_error_), coro_error_ = 0;          \
        else                                                                                       \
            CORO_GO_(sizeof *coro_handler_);                                                       \
    } while (0)

#define CORO_LEAVE_()                                                                              \
    do {                                                                                           \
        if (sizeof *coro_leave_ == CORO_STATE_FINALLY_)                                            \
            coro_leave_finally_(&self->coro);                                                      \
        coro_error_ = sizeof *coro_leave_ == CORO_STATE_UNWIND_ ? 0 : CORO_RETURNING_;             \
        CORO_GO_(sizeof *coro_leave_);                                                             \
    } while (0)

/* Store the result, if any, and leave by FINALLY. Open blocks are left properly. */
#define CORO_ASYNC_RETURN(...) CORO_CAT_(CORO_RETURN_, CORO_EMPTY_(__VA_ARGS__))(__VA_ARGS__)
/* Is the argument list empty? 1 or 0. (Jens Gustedt's ISEMPTY: only for an empty list does
 * CORO_COMMA_ meet the parentheses behind it, and none of the other three have a comma.) */
#define CORO_EMPTY_(...)                                                                           \
    CORO_EMPTY_2_(CORO_HAS_COMMA_(__VA_ARGS__), CORO_HAS_COMMA_(CORO_COMMA_ __VA_ARGS__),          \
                  CORO_HAS_COMMA_(__VA_ARGS__()), CORO_HAS_COMMA_(CORO_COMMA_ __VA_ARGS__()))
#define CORO_EMPTY_2_(a, b, c, d) CORO_EMPTY_3_(a, b, c, d)
#define CORO_EMPTY_3_(a, b, c, d) CORO_HAS_COMMA_(CORO_EMPTY_##a##b##c##d)
#define CORO_EMPTY_0001 ,
#define CORO_COMMA_(...) ,
#define CORO_HAS_COMMA_(...) CORO_HAS_COMMA_2_(__VA_ARGS__, 1, 1, 1, 1, 1, 1, 1, 1, 0, ~)
#define CORO_HAS_COMMA_2_(a, b, c, d, e, f, g, h, i, n, ...) n
#define CORO_RETURN_1(...) CORO_LEAVE_() /* tcc wants the dots */
#define CORO_RETURN_0(...)                                                                         \
    do {                                                                                           \
        self->result = (__VA_ARGS__);                                                              \
        self->coro.flags |= CORO_FRAME_RETURN_;                                                    \
        CORO_LEAVE_();                                                                             \
    } while (0)

/* What a block leaves by when it is neither the end nor an error. */
#define CORO_RETURNING_ 1

/* Raise an error, here. */
#define CORO_ASYNC_THROW(error)                                                                    \
    do {                                                                                           \
        if (sizeof *coro_handler_ == CORO_STATE_FINALLY_)                                          \
            coro_leave_finally_(&self->coro);                                                      \
        coro_error_ = (error);                                                                     \
        coro_thrown_(coro_driver_, &self->coro, coro_error_, __LINE__);                            \
        CORO_RAISE_();                                                                             \
    } while (0)

/*
 * ASYNC_TRY; ... ASYNC_CATCH(lvalue); ... ASYNC_END_TRY; nests. Errors in the
 * catch go outwards; the lvalue gets the error. It costs no storage.
 */
#define CORO_ASYNC_TRY CORO_TRY_AT_(CORO_HERE_)
#define CORO_TRY_AT_(n)                                                                            \
    {                                                                                              \
        CORO_SHADOW_                                                                               \
        char(*coro_outer_)[sizeof *coro_handler_];                                                 \
        (void)sizeof coro_outer_;                                                                  \
        {                                                                                          \
            char(*coro_handler_)[n];                                                               \
            CORO_END_SHADOW_                                                                       \
            (void)sizeof coro_handler_;                                                            \
            {                                                                                      \
            (void)0
#define CORO_ASYNC_CATCH(error)                                                                    \
            }                                                                                      \
            if (0) {                                                                               \
                CORO_CASE_(sizeof *coro_handler_):                                                 \
                (error) = coro_error_;                                                             \
                coro_error_ = 0;                                                                   \
                {                                                                                  \
                    CORO_SHADOW_                                                                   \
                    char(*coro_handler_)[sizeof *coro_outer_];                                     \
                    CORO_END_SHADOW_                                                               \
                    (void)sizeof coro_handler_
#define CORO_ASYNC_END_TRY                                                                         \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    (void)0

/* --- without a loop ---------------------------------------------------------------------- */

/* Give control to whoever drives this chain; go on here when resumed. */
#define CORO_ASYNC_SUSPEND CORO_SUSPEND_AT_(CORO_HERE_)
#define CORO_SUSPEND_AT_(n)                                                                        \
    do {                                                                                           \
        CORO_CHECK_DEPTH_();                                                                       \
        CORO_CHECK_LOOPLESS_(coro_driver_);                                                        \
        self->coro.state = (coro_state)(n);                                                        \
        coro_driver_->frame = &self->coro;                                                         \
        if (1) {                                                                                   \
            return CORO_STATUS_(CORO_SUSPENDED_);                                                  \
            CORO_CASE_(n):;                                                                        \
        }                                                                                          \
    } while (0)

/*
 * Give an item to who consumes this generator (coro/generator.h), and go on here when the next
 * one is wanted; or leave by FINALLY, when it is closed instead. Without a consumer, to whoever
 * drives the chain: the item is in self->result.
 */
#if CORO_HOSTED && CORO_SCOPES
#define CORO_YIELD_ALONE_()                                                                        \
    do {                                                                                           \
        if (CORO_LIKELY(coro_alone_(&self->coro, sizeof *coro_depth_ - 1))) {                      \
            coro_driver_->frame = &self->coro;                                                     \
            return CORO_STATUS_(CORO_SUSPENDED_);                                                  \
        }                                                                                          \
    } while (0)
#else
#define CORO_YIELD_ALONE_() (void)0
#endif
#define CORO_YIELD(...) CORO_YIELD_AT_(CORO_HERE_, (__VA_ARGS__))
#define CORO_YIELD_AT_(n, value)                                                                   \
    do {                                                                                           \
        self->result = value;                                                                      \
        self->coro.state = (coro_state)(n);                                                        \
        if (sizeof *coro_depth_ != sizeof *coro_loops_ ||                                          \
            sizeof *coro_leave_ == CORO_STATE_FINALLY_)                                            \
            coro_yield_refused_(&self->coro, sizeof *coro_leave_ == CORO_STATE_FINALLY_);          \
        CORO_YIELD_ALONE_();                                                                       \
        CORO_CHECK_LATE_(sizeof *coro_depth_ - 1);                                                 \
        if (1) {                                                                                   \
            return coro_yielded_(coro_driver_, &self->coro);                                       \
            CORO_CASE_(n):;                                                                        \
        }                                                                                          \
        if (0) {                                                                                   \
            CORO_CASE_((n) | CORO_STATE_CLOSING_):                                                 \
            CORO_LEAVE_();                                                                         \
        }                                                                                          \
    } while (0)

/* --- short names ------------------------------------------------------------------------- */

#ifndef CORO_NO_SHORT_NAMES
#define ASYNC CORO_ASYNC
#define ASYNC_DECLARE CORO_ASYNC_DECLARE
#define ASYNC_DEFINE CORO_ASYNC_DEFINE
#define ASYNC_BEGIN CORO_ASYNC_BEGIN
#define ASYNC_FINALLY CORO_ASYNC_FINALLY
#define ASYNC_END CORO_ASYNC_END
#define ASYNC_RETURN CORO_ASYNC_RETURN
#define ASYNC_THROW CORO_ASYNC_THROW
#define ASYNC_TRY CORO_ASYNC_TRY
#define ASYNC_CATCH CORO_ASYNC_CATCH
#define ASYNC_END_TRY CORO_ASYNC_END_TRY
#define ASYNC_SUSPEND CORO_ASYNC_SUSPEND
#define AWAIT CORO_AWAIT
#define AWAIT_CATCH CORO_AWAIT_CATCH
#define YIELD CORO_YIELD
#endif

#endif
