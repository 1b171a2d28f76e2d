/* SPDX-License-Identifier: MIT */
/*
 * coro/clauses.h - how ASYNC(name, clauses...) makes a frame and functions of them.
 *
 *     ASYNC(sum, RETURNS(int), ARGS(int, a, int, b), VARS(int i;), SCRATCH(char text[64];))
 *
 * becomes, in this order:
 *
 *     struct sum { coro_header coro; int result; int a; int b; int i; union { text } };
 *     sum_descriptor                                  body, name, file, sizes
 *     struct sum *sum_at(struct sum *frame, int a, int b)     in memory of yours
 *     struct sum *sum(int a, int b)                           from the pool
 *     the head of the body's function, for your { ... }
 *
 * The clauses are no macros: what is asked of each (a member? a parameter? its
 * size?) is pasted in front of it, and one macro answers: CORO_RESULT_##RETURNS(int).
 * Each level of nesting has a paste macro of its own, for a macro does not expand
 * inside itself. Part of coro/async.h; nothing here is for programs.
 */
#ifndef CORO_CLAUSES_H
#define CORO_CLAUSES_H

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
#if defined(__GNUC__) || defined(__clang__)
#define CORO_UNWATCH_LOCALS_ _Pragma("GCC diagnostic pop")
#else
#define CORO_UNWATCH_LOCALS_
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
    CORO_DESCRIBE_(static, name)                                                                   \
    CORO_CONSTRUCTORS_(name, __VA_ARGS__)                                                          \
    CORO_BODY_(static, name)

#define CORO_ASYNC_DECLARE(...) CORO_DECLARE_2_(__VA_ARGS__, NONE())
#define CORO_DECLARE_2_(name, ...)                                                                 \
    CORO_FRAME_(name, __VA_ARGS__)                                                                 \
    CORO_ANNOUNCE_(name)                                                                           \
    CORO_CONSTRUCTORS_(name, __VA_ARGS__)                                                          \
    struct name

#define CORO_ASYNC_DEFINE(name)                                                                    \
    CORO_ENTRY_ coro_status name##_enter_(coro_header *, coro_driver *, coro_header *);            \
    CORO_DESCRIBE_(, name)                                                                         \
    CORO_BODY_(CORO_ENTRY_, name)

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

/*
 * What a frame knows of its kind: a descriptor, of which the body is a part; or that body alone.
 * (There the size divides by zero when a result has a drop function: nobody would call it.) Where
 * code must be small a body knows by a parameter that is never there whether it RETURNS.
 */
#if CORO_MINIMAL_
#define CORO_KIND_(name) name##_enter_
#define CORO_DESCRIBE_(linkage, name)
#define CORO_ANNOUNCE_(name)                                                                       \
    coro_status name##_enter_(coro_header *, coro_driver *, coro_header *);
#define CORO_ENTRY_
#define CORO_RESULT_OR_ZERO_(name) ((unsigned)name##_result_size_ / !name##_has_drop_)
#else
#define CORO_KIND_(name) &name##_descriptor
#define CORO_DESCRIBE_(linkage, name)                                                              \
    linkage const coro_descriptor name##_descriptor = {                                            \
        name##_enter_,        CORO_NAMED_(#name)                                                   \
        {name##_has_drop_ ? name##_drop_ : NULL},                                                  \
        NULL,                 sizeof(struct name),                                                 \
        name##_zero_end_,     name##_result_offset_,                                               \
        name##_result_size_};
#define CORO_ANNOUNCE_(name) extern const coro_descriptor name##_descriptor;
#define CORO_ENTRY_ static
#define CORO_RESULT_OR_ZERO_(name) ((unsigned)name##_result_size_)
#endif
#if CORO_HOSTED
#define CORO_RETURNS_(name)
#define CORO_RETURNS_NULL_
#else
#define CORO_RETURNS_(name)                                                                        \
    , char(*coro_returns_)[1 + (CORO_RESULT_OR_ZERO_(name) - 1u < CORO_YIELDS_ - 1u)]
#define CORO_RETURNS_NULL_ , NULL
#endif

#define CORO_CONSTRUCTOR_AT_(name, ...)                                                            \
    CORO_UNUSED CORO_NODISCARD static inline struct name *name##_at(                               \
        struct name *coro_frame_ CORO_EACH_CLAUSE_(CORO_PARAMETERS_, __VA_ARGS__))                 \
    {                                                                                              \
        if (name##_has_drop_)                                                                      \
            CORO_USE_(drops);                                                                      \
        (void)coro_frame_at_(coro_frame_, CORO_KIND_(name), name##_zero_end_);                     \
        CORO_EACH_CLAUSE_(CORO_STORE_, __VA_ARGS__)                                                \
        return coro_frame_;                                                                        \
    }

/* On hosts the usual case is inline, and calls nothing: the rare one is a function of its own, to
 * which the arguments go on, so that they need not be kept for after its return. */
#if CORO_MINIMAL_
#define CORO_CONSTRUCTORS_ CORO_CONSTRUCTOR_AT_
#elif CORO_HOSTED
#define CORO_CONSTRUCTORS_(name, ...)                                                              \
    CORO_CONSTRUCTOR_AT_(name, __VA_ARGS__)                                                        \
    CORO_CONSTRUCTOR_(CORO_NOINLINE static, name##_slow_, name, coro_frame_new_,                   \
                      (struct name *)coro_frame_failed_(), __VA_ARGS__)                            \
    CORO_CONSTRUCTOR_(                                                                             \
        static inline, name, name, coro_frame_quick_,                                              \
        name##_slow_(CORO_NONE_IF_NONE_(~CORO_EACH_CLAUSE_(CORO_NAMES_, __VA_ARGS__))),            \
        __VA_ARGS__)
#else
#define CORO_CONSTRUCTORS_(name, ...)                                                              \
    CORO_CONSTRUCTOR_AT_(name, __VA_ARGS__)                                                        \
    CORO_CONSTRUCTOR_(static inline, name, name, coro_frame_new_,                                  \
                      (struct name *)coro_frame_failed_(), __VA_ARGS__)
#endif
#define CORO_CONSTRUCTOR_(linkage, function, name, make, otherwise, ...)                           \
    CORO_UNUSED CORO_NODISCARD linkage struct name *function(                                      \
        CORO_VOID_IF_NONE_(~CORO_EACH_CLAUSE_(CORO_PARAMETERS_, __VA_ARGS__)))                     \
    {                                                                                              \
        struct name *coro_frame_ =                                                                 \
            (struct name *)make(&name##_descriptor, sizeof(struct name), name##_zero_end_);        \
        if (name##_has_drop_)                                                                      \
            CORO_USE_(drops);                                                                      \
        if (CORO_UNLIKELY(coro_frame_ == NULL))                                                    \
            return otherwise;                                                                      \
        CORO_EACH_CLAUSE_(CORO_STORE_, __VA_ARGS__)                                                \
        return coro_frame_;                                                                        \
    }

#define CORO_BODY_(linkage, name)                                                                  \
    static inline coro_status name##_body_(struct name *, coro_driver *,                           \
                                           coro_header *CORO_RETURNS_(name));                      \
    linkage coro_status name##_enter_(coro_header *coro_self_, coro_driver *coro_driver_,          \
                                      coro_header *coro_callee_)                                   \
    {                                                                                              \
        return name##_body_((struct name *)coro_self_, coro_driver_,                               \
                            coro_callee_ CORO_RETURNS_NULL_);                                      \
    }                                                                                              \
    CORO_WATCH_LOCALS_                                                                             \
    static inline coro_status name##_body_(struct name *self, coro_driver *coro_driver_,           \
                                           coro_header *coro_callee_ CORO_RETURNS_(name))

/* One paste macro for each thing that is asked of the clauses. */
#define CORO_EACH_CLAUSE_(ask, ...)                                                                \
    CORO_EACH_5_(ask, __VA_ARGS__, NONE(), NONE(), NONE(), NONE(), ~)
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
/* Divides by zero when a result has 32 KiB or more: return a pointer to it. */
#define CORO_OF_SIZE(type, name) +sizeof(type) / (sizeof(type) < CORO_YIELDS_)
#define CORO_OF_YIELDED(type, name)                                                                \
    +sizeof(type) / (sizeof(type) < CORO_YIELDS_) + CORO_YIELDS_
#define CORO_OF_OFFSET(member, name) +offsetof(struct name, member)
#define CORO_OF_BUFFERS(member, name) -(int)(sizeof(struct name) - offsetof(struct name, member))
#define CORO_OF_ONE(value, name) +1

#define CORO_RESULT_NONE()
#define CORO_RESULT_RETURNS(...) CORO_FIRST_(__VA_ARGS__) result;
#if CORO_HOSTED
#define CORO_RESULT_YIELDS(type) coro_generator_link_ coro_link_; type result;
#else
#define CORO_RESULT_YIELDS(type) type result;
#endif
#define CORO_RESULT_ARGS(...)
#define CORO_RESULT_VARS(...)
#define CORO_RESULT_SCRATCH(...)

#define CORO_RESULT_SIZE_NONE() NOTHING, ~
#define CORO_RESULT_SIZE_RETURNS(...) SIZE, CORO_FIRST_(__VA_ARGS__)
#define CORO_RESULT_SIZE_YIELDS(type) YIELDED, type
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

/* ARGS(type, name, ...) four times: as members, as `, type name`, as `, name`, and as stores. */
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

#define CORO_NAMES_NONE()
#define CORO_NAMES_RETURNS(...)
#define CORO_NAMES_YIELDS(...)
#define CORO_NAMES_ARGS(...) CORO_PAIRS_(CORO_AS_NAME_, __VA_ARGS__)
#define CORO_NAMES_VARS(...)
#define CORO_NAMES_SCRATCH(...)
#define CORO_AS_NAME_(type, name) , name

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
/* The same without `void`: arguments. */
#define CORO_NONE_IF_NONE_(...) CORO_NONE_2_(__VA_ARGS__, 1, 1, 1, 1, 1, 1, 1, 1, 0, ~)(__VA_ARGS__)
#define CORO_NONE_2_(a, b, c, d, e, f, g, h, i, some, ...) CORO_NONE_##some##_
#define CORO_NONE_0_(none)
#define CORO_NONE_1_(none, ...) __VA_ARGS__

#endif
