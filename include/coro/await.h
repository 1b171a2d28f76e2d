/* SPDX-License-Identifier: MIT */
/*
 * coro/await.h - what AWAIT is made of: start a call, leave if it suspends, take its result.
 *
 *     state = n ──► begin the call ──► done?  ──► its error goes to the handler,
 *                        │ no           ▲         or its result to the lvalue
 *                        ▼              │
 *                      return ──► case n: resumed, with the one that has ended
 *
 * Part of coro/async.h, whose macros it uses; nothing here is for programs. In the smallest kernel
 * the outcome of a call of the library is a number: coro/driver.h.
 */
#ifndef CORO_AWAIT_H
#define CORO_AWAIT_H

#include <coro/driver.h>

#if CORO_SCOPES
#define CORO_CHECK_DEPTH_()                                                                        \
    do {                                                                                           \
        if (CORO_UNLIKELY(self->coro.depth != sizeof *coro_depth_ - 1))                            \
            CORO_MISUSED_AT_(CORO_MISUSED_BLOCK_);                                                 \
    } while (0)
#else
#define CORO_CHECK_DEPTH_() (void)0
#endif
/* What a body that code must be small for knows besides: at a resumed await it is as it began. */
#if CORO_HOSTED || CORO_MINIMAL_
#define CORO_BLOCKS_WORD_()
#else
#define CORO_BLOCKS_WORD_() CORO_UNUSED uint_fast8_t coro_blocks_ = CORO_RESUMED_;
#endif

/* Take the typed result. Without __typeof__: copied, the sizes compared. */
#if CORO_OUTCOMES_
#define CORO_TAKE_(lvalue, call)                                                                   \
    (lvalue) = ((__typeof__(call))CORO_BY_TYPE_(call, coro_waited_, coro_ended_)(coro_driver_,     \
                                                                                 coro_callee_))    \
                   ->result
#elif CORO_MINIMAL_ /* divides by zero when the lvalue has another size */
#define CORO_TAKE_(lvalue, call)                                                                   \
    ((void)sizeof((lvalue) = (call)->result),                                                      \
     coro_result_copy_(&(lvalue), sizeof(lvalue) / (sizeof(lvalue) == sizeof((call)->result)),     \
                       coro_callee_))
#elif CORO_HAS_TYPEOF
#define CORO_TAKE_(lvalue, call) (lvalue) = ((__typeof__(call))(void *)coro_callee_)->result
#else
#define CORO_TAKE_(lvalue, call)                                                                   \
    ((void)sizeof((lvalue) = (call)->result),                                                      \
     coro_result_copy_(&(lvalue), sizeof(lvalue), coro_callee_))
#endif

/*
 * A call of the library without a result goes down no further, and is mostly made in the loop's
 * record, of which nothing is to be freed; its type says so. All else is a frame.
 */
#if CORO_OUTCOMES_
#define CORO_BY_TYPE_(call, library, frame)                                                        \
    _Generic((__typeof__(call))0, coro_void *: library, coro_size *: library, coro_int *: library, \
             coro_pointer *: library, default: frame)
#elif CORO_HAS_TYPEOF && CORO_HOSTED
#define CORO_BY_TYPE_(call, library, frame)                                                        \
    _Generic((__typeof__(call))0, coro_void *: library, default: frame)
#else
#define CORO_BY_TYPE_(call, library, frame) frame
#endif

/* The machine of all awaits: start the call, leave if it suspends, come back at case n. */
#if CORO_MINIMAL_ /* one look at its outcome says all: above 0 it has not ended */
#define CORO_START_(n, call)                                                                       \
    _Static_assert(CORO_LINE_FITS_, "the source is too long for the state's number");              \
    self->coro.state = (coro_state)(n);                                                            \
    (void)sizeof((call)->coro); /* a pointer to something else does not compile */                 \
    coro_callee_ = CORO_BY_TYPE_(call, coro_begun_, coro_enter_)(coro_driver_, &self->coro,        \
                                                                 (coro_header *)(void *)(call));   \
    CORO_FALLTHROUGH_                                                                              \
    CORO_CASE_(n):                                                                                 \
    coro_error_ = CORO_BY_TYPE_(call, coro_outcome_, coro_error_of_)(coro_callee_);
#define CORO_LEFT_IF_(left)                                                                        \
    if (left)                                                                                      \
        return CORO_STATUS_((uint_fast8_t)coro_error_)
#elif !CORO_HOSTED /* code must be small: one function does it, first and behind a resume */
#define CORO_START_(n, call) CORO_START_BY_(n, call, coro_await_frame_)
#define CORO_START_BY_(n, call, await)                                                             \
    _Static_assert(CORO_LINE_FITS_, "the source is too long for the state's number");              \
    self->coro.state = (coro_state)(n);                                                            \
    coro_callee_ = &(call)->coro;                                                                  \
    coro_blocks_ = sizeof *coro_depth_ - 1;                                                        \
    CORO_FALLTHROUGH_                                                                              \
    CORO_CASE_(n):                                                                                 \
    coro_error_ = await(coro_driver_, &self->coro, coro_callee_, coro_blocks_);                    \
    if (coro_error_ > 0)                                                                           \
        return CORO_STATUS_((uint_fast8_t)coro_error_);
#else
#define CORO_START_(n, call)                                                                       \
    _Static_assert(CORO_LINE_FITS_, "the source is too long for the state's number");              \
    CORO_CHECK_DEPTH_();                                                                           \
    self->coro.state = (coro_state)(n);                                                            \
    coro_callee_ = &(call)->coro;                                                                  \
    {                                                                                              \
        coro_status coro_status_;                                                                  \
        coro_status_ = CORO_BY_TYPE_(call, coro_enter_leaf_, coro_enter_)(                         \
            coro_driver_, &self->coro, coro_callee_);                                              \
        if (CORO_CODE_(coro_status_) != CORO_DONE_) {                                              \
            return coro_status_;                                                                   \
            CORO_CASE_(n):;                                                                        \
        }                                                                                          \
    }
#endif

/* Has it failed? Then coro_error_ says how, and the frame is gone; else it is in coro_callee_. */
#if CORO_MINIMAL_
#elif CORO_HOSTED
#define CORO_FAILED_()                                                                             \
    (CORO_UNLIKELY(coro_callee_->error != 0) &&                                                    \
     (coro_error_ = coro_failed_(coro_driver_, &self->coro, &coro_callee_)) != 0)
#else
#define CORO_FAILED_()                                                                             \
    (coro_error_ != 0 || (coro_callee_ = coro_frame_resolve_(coro_callee_), false))
#endif

/* As CORO_START_, one block deeper than where the macro stands; whatever comes of it. */
#define CORO_START_IN_BLOCK_(m, call)                                                              \
    self->coro.state = (coro_state)(m);                                                            \
    coro_callee_ = &(call)->coro;                                                                  \
    {                                                                                              \
        coro_status coro_status_;                                                                  \
        coro_status_ = coro_enter_(coro_driver_, &self->coro, coro_callee_);                       \
        if (CORO_CODE_(coro_status_) != CORO_DONE_) {                                              \
            return coro_status_;                                                                   \
            CORO_CASE_(m):;                                                                        \
        }                                                                                          \
    }

/* After its end: nobody wants the result, or it is taken. */
#if CORO_MINIMAL_
#define CORO_LET_GO_(call) (void)0 /* the frame is yours, and has no drop function */
#define CORO_TAKEN_(lvalue, call) CORO_TAKE_(lvalue, call)
#else
#define CORO_LET_GO_(call) CORO_BY_TYPE_(call, coro_let_go_leaf_, coro_let_go_)(coro_callee_)
#define CORO_TAKEN_(lvalue, call) (CORO_TAKE_(lvalue, call), coro_frame_free_(coro_callee_))
#endif

#define CORO_AWAIT(...) CORO_CAT_(CORO_AWAIT_, CORO_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#if CORO_HOSTED
#define CORO_AWAIT_1(call) CORO_AWAIT_SETTLED_(CORO_HERE_, call)
#elif CORO_MINIMAL_
#define CORO_AWAIT_1(call) CORO_AWAIT_AT_(CORO_HERE_, call, (void)0)
#else
#define CORO_AWAIT_1(call) CORO_AWAIT_SHORT_(CORO_HERE_, call)
#endif
#define CORO_AWAIT_2(lvalue, call) CORO_AWAIT_AT_(CORO_HERE_, call, CORO_TAKEN_(lvalue, call))
#if CORO_MINIMAL_ /* coro_error_ is its outcome */
#define CORO_AWAIT_AT_(n, call, end)                                                               \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        if (coro_error_ != 0) {                                                                    \
            CORO_LEFT_IF_(coro_error_ >= 0);                                                       \
            CORO_RAISE_();                                                                         \
        } else                                                                                     \
            end;                                                                                   \
    } while (0)
#else
#define CORO_AWAIT_AT_(n, call, end)                                                               \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        if (CORO_FAILED_())                                                                        \
            CORO_RAISE_();                                                                         \
        else                                                                                       \
            end;                                                                                   \
    } while (0)
#endif

/* The same without a result: mostly one comparison. */
#define CORO_AWAIT_SETTLED_(n, call)                                                               \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        if (!CORO_BY_TYPE_(call, coro_settled_leaf_, coro_settled_)(coro_callee_)) {               \
            if (CORO_FAILED_())                                                                    \
                CORO_RAISE_();                                                                     \
            else                                                                                   \
                CORO_LET_GO_(call);                                                                \
        }                                                                                          \
    } while (0)

/* The same without a result, where code must be small. */
#define CORO_AWAIT_SHORT_(n, call)                                                                 \
    do {                                                                                           \
        CORO_START_BY_(n, call, coro_await_)                                                       \
        if (coro_error_ != 0)                                                                      \
            CORO_RAISE_();                                                                         \
    } while (0)

#define CORO_AWAIT_CATCH(...) CORO_CAT_(CORO_CATCH_, CORO_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#if CORO_HOSTED || CORO_MINIMAL_
#define CORO_CATCH_2(error, call) CORO_CATCH_AT_(CORO_HERE_, error, call, CORO_LET_GO_(call))
#else
#define CORO_CATCH_2(error, call) CORO_CATCH_SHORT_(CORO_HERE_, error, call)
#define CORO_CATCH_SHORT_(n, error_lvalue, call)                                                   \
    do {                                                                                           \
        CORO_START_BY_(n, call, coro_await_)                                                       \
        (error_lvalue) = coro_error_;                                                              \
        coro_error_ = 0;                                                                           \
    } while (0)
#endif
#define CORO_CATCH_3(error, lvalue, call)                                                          \
    CORO_CATCH_AT_(CORO_HERE_, error, call, CORO_TAKEN_(lvalue, call))
#if CORO_MINIMAL_
#define CORO_CATCH_AT_(n, error_lvalue, call, end)                                                 \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        CORO_LEFT_IF_(coro_error_ > 0);                                                            \
        (error_lvalue) = coro_error_;                                                              \
        if (coro_error_ == 0)                                                                      \
            end;                                                                                   \
        coro_error_ = 0;                                                                           \
    } while (0)
#else
#define CORO_CATCH_AT_(n, error_lvalue, call, end)                                                 \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        if (((error_lvalue) = CORO_FAILED_() ? coro_error_ : 0) == 0)                              \
            end;                                                                                   \
        coro_error_ = 0;                                                                           \
    } while (0)
#endif

#endif
