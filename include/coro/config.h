/* SPDX-License-Identifier: MIT */
/*
 * coro/config.h - what is built in, and how wide things are.
 *
 * Everything here can be set on the command line, or in one header of yours
 * that CORO_CONFIG_FILE names: -DCORO_CONFIG_FILE='"my_coro.h"'. The library
 * and its user must see the same values; the linker says so if they do not, for
 * the values are part of the name under which coro_loop_init is known to it.
 */
#ifndef CORO_CONFIG_H
#define CORO_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef CORO_CONFIG_FILE
#include CORO_CONFIG_FILE
#endif

/* 1: a C library and threads are there. 0: freestanding (bare metal). */
#ifndef CORO_HOSTED
#if defined(__AVR__) || !__STDC_HOSTED__
#define CORO_HOSTED 0
#else
#define CORO_HOSTED 1
#endif
#endif

/* Cancellation, timeouts, groups, shields. Without them a task is smaller. */
#ifndef CORO_SCOPES
#define CORO_SCOPES 1
#endif

/* Joining tasks: references, and the list of those who wait for the end. */
#ifndef CORO_JOINS
#define CORO_JOINS CORO_SCOPES
#endif

/* One without the other would save nothing worth a configuration of its own. */
#if !CORO_SCOPES != !CORO_JOINS
#error "CORO_SCOPES and CORO_JOINS: set both, or none"
#endif

/* Width of a frame's state. 32 bits hold line << 4 | n; 16 bits hold the line. */
#ifndef CORO_STATE_BITS
#if CORO_HOSTED || UINT_MAX > 0xffffu
#define CORO_STATE_BITS 32
#else
#define CORO_STATE_BITS 16
#endif
#endif

/* Width of time: 64 bits are nanoseconds; 32 and 16 are wrapping ticks. */
#ifndef CORO_TIME_BITS
#if CORO_HOSTED
#define CORO_TIME_BITS 64
#elif UINT_MAX > 0xffffu
#define CORO_TIME_BITS 32
#else
#define CORO_TIME_BITS 16
#endif
#endif

/* Ticks in a second, for the CORO_SECONDS and CORO_MS of small targets. */
#ifndef CORO_TICKS_PER_SECOND
#define CORO_TICKS_PER_SECOND 1000
#endif

/* Frame sizes that the pool keeps free lists for: 16 bytes apart. */
#ifndef CORO_POOL_CLASSES
#if CORO_HOSTED
#define CORO_POOL_CLASSES 64
#elif CORO_SCOPES
#define CORO_POOL_CLASSES 8
#else
#define CORO_POOL_CLASSES 0
#endif
#endif

/*
 * The smallest kernel: no scopes, joins or pool. All frames and tasks are in memory of yours
 * (name_at, coro_task_start_at), and a call of the library starts where it is made, in an AWAIT.
 */
#define CORO_MINIMAL_ (!CORO_HOSTED && !CORO_SCOPES)
#if !CORO_HOSTED && !CORO_SCOPES != !CORO_POOL_CLASSES
#error "without an operating system CORO_SCOPES, CORO_JOINS and CORO_POOL_CLASSES are 0 together"
#endif

/* Awaits that may complete at once in one resume, before others have a turn. */
#ifndef CORO_BUDGET
#define CORO_BUDGET 128
#endif
#if CORO_MINIMAL_ && CORO_BUDGET > 254
#error "the smallest kernel has a byte for CORO_BUDGET: 254 at most"
#endif

/* Once a turn of a loop where there is no operating system: see coro/bare.h. */
#ifndef CORO_WATCHDOG
#define CORO_WATCHDOG() (void)0
#endif

/* Levels that a first descent may go down the C stack. */
#ifndef CORO_DESCENT
#define CORO_DESCENT (CORO_HOSTED ? 64 : 8)
#endif

/* Frames of an await chain that an error's trace keeps. */
#ifndef CORO_TRACE_DEPTH
#if CORO_HOSTED
#define CORO_TRACE_DEPTH 16
#else
#define CORO_TRACE_DEPTH 0
#endif
#endif

/* Words: what a check says, names and files of coroutines. Without them a trap knows the line. */
#ifndef CORO_TEXTS
#define CORO_TEXTS CORO_HOSTED
#endif
#if CORO_TEXTS
#define CORO_TEXT_(text) text
#define CORO_NAMED_(name) name, __FILE__, /* in a descriptor */
#else
#define CORO_TEXT_(text) ""
#define CORO_NAMED_(name)
#endif

/* Without it results are copied by size, and fewer mistakes are found: -DCORO_HAS_TYPEOF=0. */
#ifndef CORO_HAS_TYPEOF
#if defined(__GNUC__) || defined(__clang__) || defined(__TINYC__)
#define CORO_HAS_TYPEOF 1
#else
#define CORO_HAS_TYPEOF 0
#endif
#endif

/* In the smallest kernel a call of the library is a number, where the compiler sees by its type
 * that it is no frame (coro/driver.h). */
#if CORO_MINIMAL_ && CORO_HAS_TYPEOF
#define CORO_OUTCOMES_ 1
#else
#define CORO_OUTCOMES_ 0
#endif

/* name_1_32_64...: what the layout of things depends on; nothing where all is as on every host. */
#if CORO_HOSTED && CORO_SCOPES == 1 && CORO_STATE_BITS == 32 && CORO_TIME_BITS == 64 &&            \
    CORO_POOL_CLASSES == 64 && CORO_TRACE_DEPTH == 16 && CORO_TEXTS == 1
#define CORO_USUAL_ 1
#else
#define CORO_USUAL_ 0
#define CORO_CONFIGURED_(name)                                                                     \
    CORO_CONFIGURED_2_(name, CORO_HOSTED, CORO_SCOPES, CORO_STATE_BITS, CORO_TIME_BITS,            \
                       CORO_TICKS_PER_SECOND, CORO_POOL_CLASSES, CORO_TRACE_DEPTH, CORO_TEXTS,     \
                       CORO_OUTCOMES_)
#define CORO_CONFIGURED_2_(name, a, b, c, d, e, f, g, h, i)                                        \
    CORO_CONFIGURED_3_(name, a, b, c, d, e, f, g, h, i)
#define CORO_CONFIGURED_3_(name, a, b, c, d, e, f, g, h, i)                                        \
    name##_##a##_##b##_##c##_##d##_##e##_##f##_##g##_##h##_##i
#endif

#if defined(__GNUC__) || defined(__clang__)
#define CORO_NODISCARD __attribute__((warn_unused_result))
#define CORO_LIKELY(x) __builtin_expect(!!(x), 1)
#define CORO_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CORO_COLD __attribute__((cold, noinline))
#define CORO_NORETURN __attribute__((noreturn))
#define CORO_MAY_ALIAS __attribute__((may_alias))
#define CORO_UNUSED __attribute__((unused))
#define CORO_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define CORO_HOT_INLINE static inline __attribute__((always_inline))
#define CORO_NOINLINE __attribute__((noinline))
#define CORO_ASSUME_(condition) ((condition) ? (void)0 : __builtin_unreachable())
#define CORO_EXTENSION __extension__ /* C++ has no anonymous structs; its compilers have */
#else
#define CORO_NODISCARD
#define CORO_LIKELY(x) (x)
#define CORO_UNLIKELY(x) (x)
#define CORO_COLD
#define CORO_NORETURN
#define CORO_MAY_ALIAS
#define CORO_UNUSED
#define CORO_PRINTF(f, a)
#define CORO_HOT_INLINE static inline
#define CORO_NOINLINE
#define CORO_ASSUME_(condition) (void)0
#define CORO_EXTENSION
#endif
#if CORO_HOSTED
#define CORO_INLINE CORO_HOT_INLINE
#define CORO_FAST CORO_HOT_INLINE /* in a .c file: the fast way through it, */
#define CORO_SLOW static CORO_NOINLINE /* and what would only be in its way */
#else
#define CORO_INLINE /* code must be small: a function like others, in src/kernel/frame.c */
#define CORO_FAST static inline
#define CORO_SLOW static
#endif

/* A part that a program may do without: NULL where nothing else of the program links it. */
#if defined(__GNUC__) || defined(__clang__) || defined(__TINYC__)
#define CORO_HAS_WEAK_ 1
#define CORO_WEAK __attribute__((weak))
#else
#define CORO_HAS_WEAK_ 0 /* on bare metal: coro_trap and coro_bare_idle are yours to define */
#define CORO_WEAK
#endif

/* The same on boards, where all of a program is compiled at once (-flto): who begins to use a part
 * says so, and who would work for it asks first. Where nobody begins, nothing ever writes the word
 * (kernel.h has them): it is a constant, and the compiler leaves out all that stands behind the
 * question. Else it is none, and what is left out are the question and the writing. */
#if CORO_HOSTED || CORO_MINIMAL_ || !(defined(__GNUC__) || defined(__clang__))
#define CORO_USES_(part) true
#define CORO_USE_(part) (void)0
#else
#define CORO_USES_(part) (!__builtin_constant_p(coro_uses_##part##_) || coro_uses_##part##_)
#define CORO_USE_(part)                                                                            \
    (void)(__builtin_constant_p(coro_uses_##part##_) && (coro_uses_##part##_ = true))
#endif

/* What the body of a coroutine answers. A struct, so that a plain `return 0;` does not compile;
 * SDCC can neither return one, nor write it in an expression. */
#ifdef __SDCC
typedef uint_fast8_t coro_status;
#define CORO_STATUS_(code) (code)
#define CORO_CODE_(status) (status)
#else
typedef struct coro_status {
    uint_fast8_t code_;
} coro_status;
#define CORO_STATUS_(code) ((coro_status){code})
#define CORO_CODE_(status) (status).code_
#endif

#if CORO_HOSTED && (defined(__GNUC__) || defined(__clang__)) && !defined(_WIN32)
#define CORO_API __attribute__((visibility("default")))
#else
#define CORO_API
#endif

/* One current loop a thread; where there are no threads, an interrupt's loop
 * saves and restores it. initial-exec: one load, no call, in a shared library. */
#if CORO_HOSTED && (defined(__GNUC__) || defined(__clang__)) && !defined(__TINYC__)
#define CORO_THREAD_LOCAL __thread __attribute__((tls_model("initial-exec")))
#elif CORO_HOSTED && defined(__TINYC__)
#define CORO_THREAD_LOCAL
#elif CORO_HOSTED
#define CORO_THREAD_LOCAL _Thread_local
#else
#define CORO_THREAD_LOCAL
#endif

#ifdef __cplusplus
#define CORO_BEGIN_DECLS extern "C" {
#define CORO_END_DECLS }
#else
#define CORO_BEGIN_DECLS
#define CORO_END_DECLS
#endif

CORO_BEGIN_DECLS

/* Says file, line and what to do, then stops the program: abort() on hosts. */
CORO_API CORO_NORETURN CORO_COLD void coro_trap(const char *file, int line, const char *what);

/* A check that is always on: only a bug in the caller's program fails it. */
#define CORO_CHECK(condition, what)                                                                \
    do {                                                                                           \
        if (CORO_UNLIKELY(!(condition)))                                                           \
            CORO_TRAP_(what);                                                                      \
    } while (0)
#if CORO_TEXTS
#define CORO_TRAP_(what) coro_trap(__FILE__, __LINE__, what)
#else
#define CORO_TRAP_(what) coro_trap_line_(__LINE__)
CORO_NORETURN CORO_COLD void coro_trap_line_(int line); /* coro_trap("", line, ""), in few bytes */
#endif

CORO_END_DECLS

#endif
