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
 * and opens the body. The clauses are optional and come in any order.
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

#include <coro/frame.h>

/* --- small tools ------------------------------------------------------------------------- */

#define CORO_CAT_(a, b) CORO_CAT_2_(a, b)
#define CORO_CAT_2_(a, b) a##b
#define CORO_FIRST_(...) CORO_FIRST_2_(__VA_ARGS__, ~)
#define CORO_FIRST_2_(a, ...) a
#define CORO_REST_(a, ...) __VA_ARGS__

/* Up to 3 arguments: how many? */
#define CORO_COUNT_(...) CORO_COUNT_2_(__VA_ARGS__, 3, 2, 1, ~)
#define CORO_COUNT_2_(a, b, c, n, ...) n

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

/* Complain of lost locals, without any flag of the user's: from before the function's header,
 * where the compilers want it, to its ASYNC_END, so that other functions are left alone. */
#if defined(__clang__)
#define CORO_WATCH_LOCALS_                                                                         \
    _Pragma("clang diagnostic push")                                                               \
    _Pragma("clang diagnostic error \"-Wuninitialized\"")                                          \
    _Pragma("clang diagnostic error \"-Wsometimes-uninitialized\"")                                \
    _Pragma("clang diagnostic error \"-Wconditional-uninitialized\"")
#elif defined(__GNUC__)
#define CORO_WATCH_LOCALS_                                                                         \
    _Pragma("GCC diagnostic push")                                                                 \
    _Pragma("GCC diagnostic error \"-Wreturn-type\"")                                              \
    _Pragma("GCC diagnostic warning \"-Wsystem-headers\"")                                         \
    _Pragma("GCC diagnostic error \"-Wjump-misses-init\"")                                         \
    _Pragma("GCC diagnostic warning \"-Wmaybe-uninitialized\"")                                    \
    _Pragma("GCC diagnostic warning \"-Wuninitialized\"")
#else
#define CORO_WATCH_LOCALS_
#endif

/* Around our own shadowed constants: a user's -Wshadow is not for them. */
#if defined(__GNUC__) || defined(__clang__)
#define CORO_SHADOW_                                                                               \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")
#define CORO_END_SHADOW_ _Pragma("GCC diagnostic pop")
#else
#define CORO_SHADOW_
#define CORO_END_SHADOW_
#endif

/* --- definition -------------------------------------------------------------------------- */

/*
 * ASYNC(name, clauses...) { ... }: everything static, in one go.
 * ASYNC_DECLARE(name, clauses...); in a header, ASYNC_DEFINE(name) { ... } in
 * one source: the same with external linkage.
 *
 * Clauses: RETURNS(type[, drop]), YIELDS(type) (a generator: may fall off its
 * end), ARGS(type, name, ...) up to 8, VARS(members;), SCRATCH(members;).
 */
#define CORO_ASYNC(...) CORO_ASYNC_2_(__VA_ARGS__, NONE())
#define CORO_ASYNC_2_(name, ...)                                                                   \
    CORO_FRAME_(name, __VA_ARGS__)                                                                 \
    static coro_status name##_enter_(coro_header *, coro_driver *, coro_header *);                 \
    static const coro_descriptor name##_descriptor = CORO_DESCRIPTOR_(name);                       \
    CORO_CONSTRUCTORS_(name, __VA_ARGS__)                                                          \
    CORO_BODY_(name)

#define CORO_ASYNC_DECLARE(...) CORO_DECLARE_2_(__VA_ARGS__, NONE())
#define CORO_DECLARE_2_(name, ...)                                                                 \
    CORO_FRAME_(name, __VA_ARGS__)                                                                 \
    extern const coro_descriptor name##_descriptor;                                                \
    CORO_CONSTRUCTORS_(name, __VA_ARGS__)                                                          \
    struct name

#define CORO_ASYNC_DEFINE(name)                                                                    \
    static coro_status name##_enter_(coro_header *, coro_driver *, coro_header *);                 \
    const coro_descriptor name##_descriptor = CORO_DESCRIPTOR_(name);                              \
    CORO_BODY_(name)

/* The frame, and what its descriptor needs to know of it. */
#define CORO_FRAME_(name, ...)                                                                     \
    struct name {                                                                                  \
        coro_header coro;                                                                          \
        CORO_EACH_CLAUSE_(CORO_RESULT_, __VA_ARGS__)                                               \
        CORO_EACH_CLAUSE_(CORO_ARGUMENTS_, __VA_ARGS__)                                            \
        CORO_EACH_CLAUSE_(CORO_LOCALS_, __VA_ARGS__)                                               \
        CORO_EACH_CLAUSE_(CORO_BUFFERS_, __VA_ARGS__)                                              \
    };                                                                                             \
    enum {                                                                                         \
        name##_result_size_ = 0 CORO_EACH_OF_(CORO_RESULT_SIZE_, name, __VA_ARGS__),               \
        name##_result_offset_ = 0 CORO_EACH_OF_(CORO_RESULT_OFFSET_, name, __VA_ARGS__),           \
        name##_zero_end_ =                                                                         \
            (int)sizeof(struct name) CORO_EACH_OF_(CORO_BUFFERS_SIZE_, name, __VA_ARGS__),         \
        name##_has_drop_ = 0 CORO_EACH_OF_(CORO_HAS_DROP_, name, __VA_ARGS__)                      \
    };                                                                                             \
    CORO_UNUSED static inline void name##_drop_(void *coro_result_)                                \
    {                                                                                              \
        (void)coro_result_;                                                                        \
        CORO_EACH_CLAUSE_(CORO_DROP_, __VA_ARGS__)                                                 \
    }

#define CORO_DESCRIPTOR_(name)                                                                     \
    {                                                                                              \
        name##_enter_, CORO_NAMED_(#name), name##_has_drop_ ? name##_drop_ : NULL, NULL,           \
            sizeof(struct name), name##_zero_end_, name##_result_offset_, name##_result_size_      \
    }

#define CORO_CONSTRUCTORS_(name, ...)                                                              \
    CORO_UNUSED CORO_NODISCARD static inline struct name *name##_at(                               \
        struct name *coro_frame_ CORO_EACH_CLAUSE_(CORO_PARAMETERS_, __VA_ARGS__))                 \
    {                                                                                              \
        (void)coro_frame_at_(coro_frame_, &name##_descriptor, name##_zero_end_);                   \
        CORO_EACH_CLAUSE_(CORO_STORE_, __VA_ARGS__)                                                \
        return coro_frame_;                                                                        \
    }                                                                                              \
    CORO_UNUSED CORO_NODISCARD static inline struct name *name(                                    \
        CORO_VOID_IF_NONE_(~CORO_EACH_CLAUSE_(CORO_PARAMETERS_, __VA_ARGS__)))                     \
    {                                                                                              \
        struct name *coro_frame_ = (struct name *)coro_frame_new_(                                 \
            &name##_descriptor, sizeof(struct name), name##_zero_end_);                            \
        if (CORO_UNLIKELY(coro_frame_ == NULL))                                                    \
            return (struct name *)coro_frame_failed_();                                            \
        CORO_EACH_CLAUSE_(CORO_STORE_, __VA_ARGS__)                                                \
        return coro_frame_;                                                                        \
    }

#define CORO_BODY_(name)                                                                           \
    static inline coro_status name##_body_(struct name *, coro_driver *, coro_header *);           \
    static coro_status name##_enter_(coro_header *coro_self_, coro_driver *coro_driver_,           \
                                     coro_header *coro_callee_)                                    \
    {                                                                                              \
        return name##_body_((struct name *)coro_self_, coro_driver_, coro_callee_);                \
    }                                                                                              \
    CORO_WATCH_LOCALS_                                                                             \
    static inline coro_status name##_body_(struct name *self, coro_driver *coro_driver_,           \
                                           coro_header *coro_callee_)

/* One paste macro for each thing that is asked of the clauses. */
#define CORO_EACH_CLAUSE_(ask, ...) CORO_EACH_5_(ask, __VA_ARGS__, NONE(), NONE(), NONE(), NONE(), ~)
#define CORO_EACH_5_(ask, a, b, c, d, e, ...) ask##a ask##b ask##c ask##d ask##e
#define CORO_EACH_OF_(ask, name, ...)                                                              \
    CORO_EACH_OF_5_(ask, name, __VA_ARGS__, NONE(), NONE(), NONE(), NONE(), ~)
#define CORO_EACH_OF_5_(ask, name, a, b, c, d, e, ...)                                             \
    CORO_OF_(ask##a, name)                                                                         \
    CORO_OF_(ask##b, name)                                                                         \
    CORO_OF_(ask##c, name)                                                                         \
    CORO_OF_(ask##d, name)                                                                         \
    CORO_OF_(ask##e, name)
#define CORO_OF_(pair, name) CORO_OF_2_(pair, name)
#define CORO_OF_2_(what, value, name) CORO_OF_##what(value, name)
#define CORO_OF_NOTHING(value, name)
#define CORO_OF_SIZE(type, name) +sizeof(type)
#define CORO_OF_OFFSET(member, name) +offsetof(struct name, member)
#define CORO_OF_BUFFERS(member, name) -(int)(sizeof(struct name) - offsetof(struct name, member))
#define CORO_OF_ONE(value, name) +1

#define CORO_RESULT_NONE()
#define CORO_RESULT_RETURNS(...) CORO_FIRST_(__VA_ARGS__) result;
#define CORO_RESULT_YIELDS(type) type result;
#define CORO_RESULT_ARGS(...)
#define CORO_RESULT_VARS(...)
#define CORO_RESULT_SCRATCH(...)

#define CORO_RESULT_SIZE_NONE() NOTHING, ~
#define CORO_RESULT_SIZE_RETURNS(...) SIZE, CORO_FIRST_(__VA_ARGS__)
#define CORO_RESULT_SIZE_YIELDS(type) NOTHING, ~
#define CORO_RESULT_SIZE_ARGS(...) NOTHING, ~
#define CORO_RESULT_SIZE_VARS(...) NOTHING, ~
#define CORO_RESULT_SIZE_SCRATCH(...) NOTHING, ~

#define CORO_RESULT_OFFSET_NONE() NOTHING, ~
#define CORO_RESULT_OFFSET_RETURNS(...) OFFSET, result
#define CORO_RESULT_OFFSET_YIELDS(type) OFFSET, result
#define CORO_RESULT_OFFSET_ARGS(...) NOTHING, ~
#define CORO_RESULT_OFFSET_VARS(...) NOTHING, ~
#define CORO_RESULT_OFFSET_SCRATCH(...) NOTHING, ~

#define CORO_LOCALS_NONE()
#define CORO_LOCALS_RETURNS(...)
#define CORO_LOCALS_YIELDS(...)
#define CORO_LOCALS_ARGS(...)
#define CORO_LOCALS_VARS(...) __VA_ARGS__
#define CORO_LOCALS_SCRATCH(...)

/* A union, so that the place where the buffers begin has a name. */
#define CORO_BUFFERS_NONE()
#define CORO_BUFFERS_RETURNS(...)
#define CORO_BUFFERS_YIELDS(...)
#define CORO_BUFFERS_ARGS(...)
#define CORO_BUFFERS_VARS(...)
#define CORO_BUFFERS_SCRATCH(...)                                                                  \
    union {                                                                                        \
        struct {                                                                                   \
            __VA_ARGS__                                                                            \
        };                                                                                         \
        char coro_buffers_;                                                                        \
    };

#define CORO_BUFFERS_SIZE_NONE() NOTHING, ~
#define CORO_BUFFERS_SIZE_RETURNS(...) NOTHING, ~
#define CORO_BUFFERS_SIZE_YIELDS(...) NOTHING, ~
#define CORO_BUFFERS_SIZE_ARGS(...) NOTHING, ~
#define CORO_BUFFERS_SIZE_VARS(...) NOTHING, ~
#define CORO_BUFFERS_SIZE_SCRATCH(...) BUFFERS, coro_buffers_

#define CORO_HAS_DROP_NONE() NOTHING, ~
#define CORO_HAS_DROP_RETURNS(...) CORO_CAT_(CORO_HAS_DROP_, CORO_COUNT_(__VA_ARGS__)), ~
#define CORO_HAS_DROP_1 NOTHING
#define CORO_HAS_DROP_2 ONE
#define CORO_HAS_DROP_YIELDS(...) NOTHING, ~
#define CORO_HAS_DROP_ARGS(...) NOTHING, ~
#define CORO_HAS_DROP_VARS(...) NOTHING, ~
#define CORO_HAS_DROP_SCRATCH(...) NOTHING, ~

#define CORO_DROP_NONE()
#define CORO_DROP_RETURNS(...) CORO_CAT_(CORO_DROP_, CORO_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#define CORO_DROP_1(type)
#define CORO_DROP_2(type, drop) drop(*(type *)coro_result_);
#define CORO_DROP_YIELDS(...)
#define CORO_DROP_ARGS(...)
#define CORO_DROP_VARS(...)
#define CORO_DROP_SCRATCH(...)

/* ARGS(type, name, ...) three times: as members, as `, type name`, and as stores. */
#define CORO_ARGUMENTS_NONE()
#define CORO_ARGUMENTS_RETURNS(...)
#define CORO_ARGUMENTS_YIELDS(...)
#define CORO_ARGUMENTS_ARGS(...) CORO_PAIRS_(CORO_AS_MEMBER_, __VA_ARGS__)
#define CORO_ARGUMENTS_VARS(...)
#define CORO_ARGUMENTS_SCRATCH(...)
#define CORO_AS_MEMBER_(type, name) type name;

#define CORO_PARAMETERS_NONE()
#define CORO_PARAMETERS_RETURNS(...)
#define CORO_PARAMETERS_YIELDS(...)
#define CORO_PARAMETERS_ARGS(...) CORO_PAIRS_(CORO_AS_PARAMETER_, __VA_ARGS__)
#define CORO_PARAMETERS_VARS(...)
#define CORO_PARAMETERS_SCRATCH(...)
#define CORO_AS_PARAMETER_(type, name) , type name

#define CORO_STORE_NONE()
#define CORO_STORE_RETURNS(...)
#define CORO_STORE_YIELDS(...)
#define CORO_STORE_ARGS(...) CORO_PAIRS_(CORO_AS_STORE_, __VA_ARGS__)
#define CORO_STORE_VARS(...)
#define CORO_STORE_SCRATCH(...)
#define CORO_AS_STORE_(type, name) coro_frame_->name = name;

#define CORO_PAIRS_(as, ...)                                                                       \
    CORO_PAIRS_N_(__VA_ARGS__, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, ~)(as, __VA_ARGS__)
#define CORO_PAIRS_N_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, count, ...)                  \
    CORO_PAIRS_##count##_
#define CORO_PAIRS_1_(as, t, n) as(t, n)
#define CORO_PAIRS_2_(as, t, n, ...) as(t, n) CORO_PAIRS_1_(as, __VA_ARGS__)
#define CORO_PAIRS_3_(as, t, n, ...) as(t, n) CORO_PAIRS_2_(as, __VA_ARGS__)
#define CORO_PAIRS_4_(as, t, n, ...) as(t, n) CORO_PAIRS_3_(as, __VA_ARGS__)
#define CORO_PAIRS_5_(as, t, n, ...) as(t, n) CORO_PAIRS_4_(as, __VA_ARGS__)
#define CORO_PAIRS_6_(as, t, n, ...) as(t, n) CORO_PAIRS_5_(as, __VA_ARGS__)
#define CORO_PAIRS_7_(as, t, n, ...) as(t, n) CORO_PAIRS_6_(as, __VA_ARGS__)
#define CORO_PAIRS_8_(as, t, n, ...) as(t, n) CORO_PAIRS_7_(as, __VA_ARGS__)

/* `~` alone: no parameters. `~, int a, int b`: without the first. */
#define CORO_VOID_IF_NONE_(...) CORO_VOID_2_(__VA_ARGS__, 1, 1, 1, 1, 1, 1, 1, 1, 0, ~)(__VA_ARGS__)
#define CORO_VOID_2_(a, b, c, d, e, f, g, h, i, some, ...) CORO_VOID_##some##_
#define CORO_VOID_0_(none) void
#define CORO_VOID_1_(none, ...) __VA_ARGS__

/* --- the body ---------------------------------------------------------------------------- */

/*
 * Where an error and where a return goes is known at compile time: the size of
 * what coro_handler_ and coro_leave_ point to is a state's number, and inner
 * blocks shadow them. coro_depth_ counts the blocks around this place.
 */
#define CORO_ASYNC_BEGIN                                                                           \
    coro_state coro_state_ = self->coro.state;                                                     \
    int coro_error_ = 0;                                                                           \
    char(*coro_handler_)[CORO_STATE_UNWIND_], (*coro_leave_)[CORO_STATE_UNWIND_],                  \
        (*coro_depth_)[1];                                                                         \
    (void)coro_driver_, (void)coro_callee_, (void)sizeof coro_handler_, (void)sizeof coro_leave_;  \
    (void)sizeof coro_depth_;                                                                      \
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
        CORO_CASE_(CORO_STATE_FINALLY_)

#define CORO_ASYNC_END                                                                             \
    ;                                                                                              \
    }                                                                                              \
    coro_state_ = CORO_STATE_FINISHED_;                                                            \
    goto coro_end_;                                                                                \
    default:                                                                                       \
    if (coro_state_ != CORO_STATE_UNWIND_)                                                         \
        coro_bad_state_(&self->coro);                                                              \
    self->coro.error = (int16_t)coro_error_;                                                       \
    }                                                                                              \
    coro_end_:                                                                                     \
    CORO_CHECK_END_();                                                                             \
    self->coro.state = CORO_STATE_FINISHED_;                                                       \
    if (self->coro.descriptor->result_size > 0 && self->coro.error == 0 &&                         \
        !(self->coro.flags & CORO_FRAME_RETURN_))                                                  \
        coro_no_result_(&self->coro);                                                              \
    CORO_END_SHADOW_ /* of CORO_WATCH_LOCALS_ */                                                   \
    return (coro_status){CORO_DONE_}

/* A block that is still open here would outlive its frame. */
#if CORO_SCOPES
#define CORO_CHECK_END_()                                                                          \
    do {                                                                                           \
        if (CORO_UNLIKELY(self->coro.depth != 0))                                                  \
            coro_left_block_(&self->coro);                                                         \
    } while (0)
#else
#define CORO_CHECK_END_() (void)0
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

/* --- await ------------------------------------------------------------------------------- */

#if CORO_SCOPES
#define CORO_CHECK_DEPTH_()                                                                        \
    do {                                                                                           \
        if (CORO_UNLIKELY(self->coro.depth != sizeof *coro_depth_ - 1))                            \
            coro_left_block_(&self->coro);                                                         \
    } while (0)
#else
#define CORO_CHECK_DEPTH_() (void)0
#endif

/* Take the typed result. Without __typeof__: copied, the sizes compared. */
#if CORO_HAS_TYPEOF
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
#if CORO_HAS_TYPEOF && CORO_HOSTED
#define CORO_BY_TYPE_(call, library, frame)                                                        \
    _Generic((__typeof__(call))0, coro_void *: library, default: frame)
#else
#define CORO_BY_TYPE_(call, library, frame) frame
#endif

/* The machine of all awaits: start the call, leave if it suspends, come back at case n. */
#define CORO_START_(n, call)                                                                       \
    _Static_assert(CORO_LINE_FITS_, "the source is too long for the state's number");              \
    CORO_CHECK_DEPTH_();                                                                           \
    self->coro.state = (coro_state)(n);                                                            \
    coro_callee_ = &(call)->coro;                                                                  \
    {                                                                                              \
        coro_status coro_status_;                                                                  \
        coro_status_ = CORO_BY_TYPE_(call, coro_enter_leaf_, coro_enter_)(                         \
            coro_driver_, &self->coro, coro_callee_);                                              \
        if (coro_status_.code_ != CORO_DONE_) {                                                    \
            return coro_status_;                                                                   \
            CORO_CASE_(n):;                                                                        \
        }                                                                                          \
    }

/* After its end: nobody wants the result, or it is taken. */
#define CORO_LET_GO_(call) CORO_BY_TYPE_(call, coro_let_go_leaf_, coro_let_go_)(coro_callee_)
#define CORO_TAKEN_(lvalue, call) (CORO_TAKE_(lvalue, call), coro_frame_free_(coro_callee_))

#define CORO_AWAIT(...) CORO_CAT_(CORO_AWAIT_, CORO_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#if CORO_HOSTED
#define CORO_AWAIT_1(call) CORO_AWAIT_AT_(CORO_HERE_, call, CORO_LET_GO_(call))
#else
#define CORO_AWAIT_1(call) CORO_AWAIT_SHORT_(CORO_HERE_, call)
#endif
#define CORO_AWAIT_2(lvalue, call) CORO_AWAIT_AT_(CORO_HERE_, call, CORO_TAKEN_(lvalue, call))
#define CORO_AWAIT_AT_(n, call, end)                                                               \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        if (CORO_UNLIKELY(coro_callee_->error != 0) &&                                             \
            (coro_error_ = coro_failed_(coro_driver_, &self->coro, &coro_callee_)) != 0)           \
            CORO_RAISE_();                                                                         \
        else                                                                                       \
            end;                                                                                   \
    } while (0)

/* The same without a result, where code must be small. */
#define CORO_AWAIT_SHORT_(n, call)                                                                 \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        coro_error_ = coro_awaited_(coro_driver_, &self->coro, coro_callee_);                      \
        if (CORO_UNLIKELY(coro_error_ != 0))                                                       \
            CORO_RAISE_();                                                                         \
    } while (0)

#define CORO_AWAIT_CATCH(...) CORO_CAT_(CORO_CATCH_, CORO_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#define CORO_CATCH_2(error, call) CORO_CATCH_AT_(CORO_HERE_, error, call, CORO_LET_GO_(call))
#define CORO_CATCH_3(error, lvalue, call)                                                          \
    CORO_CATCH_AT_(CORO_HERE_, error, call, CORO_TAKEN_(lvalue, call))
#define CORO_CATCH_AT_(n, error_lvalue, call, end)                                                 \
    do {                                                                                           \
        CORO_START_(n, call)                                                                       \
        (error_lvalue) = coro_callee_->error;                                                      \
        if (CORO_UNLIKELY(coro_callee_->error != 0))                                               \
            (error_lvalue) = coro_failed_(coro_driver_, &self->coro, &coro_callee_);               \
        if ((error_lvalue) == 0)                                                                   \
            end;                                                                                   \
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
        self->coro.state = (coro_state)(n);                                                        \
        coro_driver_->frame = &self->coro;                                                         \
        if (1) {                                                                                   \
            return (coro_status){CORO_SUSPENDED_};                                                 \
            CORO_CASE_(n):;                                                                        \
        }                                                                                          \
    } while (0)

/* The same with a value, in self->result: a generator. */
#define CORO_YIELD(...) CORO_YIELD_AT_(CORO_HERE_, (__VA_ARGS__))
#define CORO_YIELD_AT_(n, value)                                                                   \
    do {                                                                                           \
        self->result = value;                                                                      \
        CORO_SUSPEND_AT_(n);                                                                       \
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
