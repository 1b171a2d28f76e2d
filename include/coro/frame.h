/* SPDX-License-Identifier: MIT */
/*
 * coro/frame.h - what a coroutine is, beneath the macros of coro/async.h.
 *
 * A coroutine is a function that can be left in the middle and entered again.
 * What it must remember lives in its frame: a struct whose first member is a
 * coro_header. Frames that await each other form a chain by `caller`; whoever
 * runs the chain holds a driver, which remembers the innermost frame:
 *
 *     driver ──frame──► leaf ──caller──► middle ──caller──► root ──► NULL
 *
 * A callee's body is called directly when it is first awaited: if it finishes
 * at once, the caller goes on in line. If it suspends, everybody returns, and
 * the driver later resumes the innermost frame alone, whatever the depth; when
 * that one finishes, the driver resumes its caller. Callers are never polled.
 *
 * Memory: frames come from the running loop's pool, from the caller (name_at)
 * or, where no loop runs, from the heap. The header's flags say which.
 * Threads: a chain belongs to one thread at a time.
 */
#ifndef CORO_FRAME_H
#define CORO_FRAME_H

#include <coro/clock.h>
#include <coro/config.h>
#include <coro/error.h>

CORO_BEGIN_DECLS

typedef struct coro_header coro_header;
typedef struct coro_driver coro_driver;
typedef struct coro_descriptor coro_descriptor;
struct coro_call;
struct coro_leaf;
struct coro_loop;
struct coro_task;

#if CORO_STATE_BITS == 32
typedef uint32_t coro_state;
#else
typedef uint16_t coro_state;
#endif

enum { /* what a body answers, in a coro_status */
    CORO_DONE_ = 0,      /* finished: result and error are in the frame */
    CORO_SUSPENDED_ = 1, /* the driver knows whom to resume */
    CORO_DEEPER_ = 2     /* the driver must enter driver->frame: the descent was too deep */
};

/* The body of a coroutine. `callee` is the finished one that it was waiting for. */
typedef coro_status (*coro_body)(coro_header *self, coro_driver *driver, coro_header *callee);

#if CORO_TEXTS
typedef unsigned coro_frame_size_;
#else /* code must be small: frames of less than 64 KiB, or the compiler says so */
typedef uint16_t coro_frame_size_;
#endif

#if CORO_MINIMAL_
/* Here a frame knows its body, and nothing else of its kind; a call of the library how it starts:
 * src/kernel/wait.c. */
struct coro_descriptor {
    int (*start)(struct coro_task *task, struct coro_call *call);
};
#else
/* What all frames of one coroutine share; in read-only memory. */
struct coro_descriptor {
    coro_body body;
#if CORO_TEXTS
    const char *name;
    const char *file;
#endif
    CORO_EXTENSION union {
        void (*drop)(void *result); /* called on a result that nobody takes, or NULL */
        const struct coro_leaf *leaf; /* of a call of the library, on boards: src/kernel/wait.h */
    };
    void (*discard)(coro_header *frame); /* frees what an unstarted call holds, or NULL */
    coro_frame_size_ size;     /* of the frame */
    coro_frame_size_ zero_end; /* VARS are zeroed from behind the header to here */
    unsigned short result_offset;
    unsigned short result_size; /* of a generator: its item's, and CORO_YIELDS_ */
};
#endif

enum { CORO_YIELDS_ = 0x8000 };

/* The first member of every frame. */
struct coro_header {
#if CORO_MINIMAL_
    coro_body body;
#else
    const coro_descriptor *descriptor;
#endif
    coro_header *caller;
    coro_state state; /* where to go on; holds the source line */
    int16_t error;    /* how it ended: 0 or CORO_E… */
    uint8_t flags;
#if CORO_SCOPES
    uint8_t depth; /* blocks open in this frame; a goto out of one is caught by it */
#endif
};

enum { /* flags of a header */
    CORO_FRAME_POOL_ = 1,    /* memory: from the loop's pool */
    CORO_FRAME_HEAP_ = 2,    /* memory: from the heap */
    CORO_FRAME_CALL_ = 4,    /* memory: the loop's own record for calls of the library */
    CORO_FRAME_DROP_ = 8,    /* a call that holds something: see coro_frame_free_slow_ */
    CORO_FRAME_MASK_ = 16,   /* in its FINALLY: shields from what was pending at its entry */
    CORO_FRAME_RETURN_ = 32, /* its result has been set */
    CORO_FRAME_TAKEN_ = 64,  /* somebody has taken its result */
    CORO_FRAME_GENERATOR_ = 128 /* a YIELD goes to its caller */
};

#if CORO_HOSTED
/* Behind the header of every generator's frame: its place among those that are open. */
typedef struct coro_generator_link_ {
    coro_header *next, *previous;
} coro_generator_link_;
#endif

enum { /* states that are no lines */
    CORO_STATE_START_ = 0,
    CORO_STATE_UNWIND_ = 1,   /* on the way out */
    CORO_STATE_FINALLY_ = 2,  /* marks the inside of a FINALLY; never a frame's state */
    CORO_STATE_FINISHED_ = 3, /* resuming it traps */
    CORO_STATE_WAITING_ = 4,  /* a library call that waits */
    CORO_STATE_LINES_ = 16    /* line 1 */
};
/* Beside a YIELD's line: the generator is to leave there instead of going on. */
#define CORO_STATE_CLOSING_ ((coro_state)1 << (CORO_STATE_BITS - 1))

/* Any coroutine, its type unknown; `&any->coro` serves typed and untyped. */
typedef struct coro_any {
    coro_header coro;
} coro_any;

/* A result or an argument of a library call. */
typedef union coro_value {
    void *pointer;
    size_t size;
    int number;
} coro_value;

/*
 * A call of the library that is still to be awaited: sleep, get, read... They
 * are all of this one shape. The loop has one record for them, because a call
 * is nearly always awaited where it is made; one that is kept (an argument of
 * gather, a task of its own) moves to a frame of the pool. What must last while
 * it waits is copied to the task.
 */
typedef struct coro_call {
#if !CORO_MINIMAL_ /* where it begins when it is made, and is no frame */
    coro_header coro;
    coro_value result;
#endif
    coro_value a;
    coro_value b;
    void *object;
#if CORO_TIME_BITS == 64
    coro_duration delay;
#endif
} coro_call;

/* What a library call gives, as the type that AWAIT checks. */
typedef struct CORO_MAY_ALIAS coro_void { coro_header coro; } coro_void;
typedef struct CORO_MAY_ALIAS coro_size { coro_header coro; size_t result; } coro_size;
typedef struct CORO_MAY_ALIAS coro_int { coro_header coro; int result; } coro_int;
typedef struct CORO_MAY_ALIAS coro_pointer { coro_header coro; void *result; } coro_pointer;

/* --- memory ------------------------------------------------------------------------------- */

/* One function for all: old == 0 is malloc, fresh == 0 is free, else realloc. */
typedef struct coro_allocator {
    void *(*resize)(void *context, void *block, size_t old, size_t fresh);
    void *context;
} coro_allocator;

#if CORO_HOSTED
/* Is told of each block that a pool cuts, or gives back to its allocator: the slow ways. */
typedef struct coro_pool_watch {
    void (*cut)(struct coro_pool_watch *watch, void *block, size_t size);
    void (*given)(struct coro_pool_watch *watch, void *block);
} coro_pool_watch;
#endif

#define CORO_POOL_SPARES_ 6

#if CORO_MINIMAL_
typedef struct coro_pool {
    uint_fast8_t budget; /* awaits that may still complete at once; and the one that may not */
#if !CORO_OUTCOMES_
    coro_header outcome; /* of the call of the library that was made, or that ended, last */
#endif
} coro_pool;
#else
/* The frames of one loop: free lists by size, 16 bytes apart, cut from chunks. */
typedef struct coro_pool {
#if !CORO_HOSTED /* where short instructions reach no further */
    coro_call call, resumed;
#endif
    void *free[CORO_POOL_CLASSES + 1];
    char *chunk, *chunk_end;  /* what is left to cut */
    void *chunks;             /* all chunks, to give them back */
    coro_allocator allocator; /* where chunks come from; none: only what was given */
    size_t live, bytes;       /* blocks in use; bytes of all chunks */
#if CORO_HOSTED
    coro_call call;           /* the record in which calls of the library are made; until START */
    coro_call resumed;        /* and the one in which a resumed caller finds its callee */
    coro_pool_watch *watch; /* debug mode, or NULL */
    void *spare[CORO_POOL_SPARES_]; /* large blocks, by size */
    size_t spare_bytes;
#endif
} coro_pool;
#endif

/* The running loop's pool; NULL where none runs: a member of coro_loop. */
extern CORO_API CORO_THREAD_LOCAL coro_pool *coro_pool_current_;

/* The frame that stands for "no memory": awaiting it is CORO_ENOMEM. */
CORO_API coro_header *coro_frame_failed_(void);

#define CORO_CLASS_(size) (((size) + 15) / 16)

#if !CORO_MINIMAL_
CORO_API void *coro_pool_take_slow_(coro_pool *pool, size_t size);
CORO_API void coro_pool_give_slow_(coro_pool *pool, void *block, size_t size);
CORO_API void *coro_frame_new_slow_(const coro_descriptor *descriptor);
CORO_API void coro_frame_free_slow_(coro_header *frame);
#endif

/* With AddressSanitizer each frame is an allocation of its own, so that it sees all. */
#if defined(__SANITIZE_ADDRESS__)
#define CORO_POOL_LISTS_ 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CORO_POOL_LISTS_ 0
#endif
#endif
#ifndef CORO_POOL_LISTS_
#define CORO_POOL_LISTS_ (CORO_POOL_CLASSES > 0)
#endif

#if !CORO_HOSTED
CORO_NOINLINE void coro_zero_(void *begin, size_t size);
#if CORO_MINIMAL_
coro_header *coro_frame_at_(void *memory, coro_body body, size_t zero_end);
#else
CORO_NOINLINE
coro_header *coro_frame_at_(void *memory, const coro_descriptor *descriptor, size_t zero_end);
#endif
CORO_NOINLINE
coro_void *coro_call_of_(const coro_descriptor *descriptor, void *object, const void *argument);
coro_status coro_yielded_(coro_driver *driver, coro_header *self);
coro_status coro_end_(coro_header *self, int outcome);
coro_status coro_end_result_(coro_header *self, int outcome); /* of one that RETURNS */
#if CORO_MINIMAL_
#define coro_frame_free_(frame) (void)(frame) /* it is yours */
#else
extern bool coro_uses_pool_;  /* a loop was given memory, or an allocator: see CORO_USES_ */
extern bool coro_uses_drops_; /* a coroutine has RETURNS(type, drop) */
extern bool coro_uses_drivers_; /* a chain runs without a loop */
void *coro_pool_take_(coro_pool *pool, size_t size);
void coro_pool_give_(coro_pool *pool, void *block, size_t size);
void coro_header_start_(coro_header *frame, const coro_descriptor *descriptor, unsigned flags);
void coro_header_init_(coro_header *frame, const coro_descriptor *descriptor, unsigned flags);
coro_header *coro_frame_new_(const coro_descriptor *descriptor, size_t size, size_t zero_end);
void coro_frame_free_(coro_header *frame);
coro_call *coro_call_new_(const coro_descriptor *descriptor);
#endif
#endif

#if CORO_HOSTED || defined(CORO_BODIES_HERE_)
#if !CORO_MINIMAL_
CORO_INLINE void *coro_pool_take_(coro_pool *pool, size_t size)
{
    if (!CORO_USES_(pool))
        return NULL;
#if CORO_POOL_LISTS_
    if (size <= CORO_POOL_CLASSES * 16) {
        void **block = (void **)pool->free[CORO_CLASS_(size)];
        if (CORO_LIKELY(block != NULL)) {
            pool->free[CORO_CLASS_(size)] = *block;
            pool->live++;
            return block;
        }
    }
#endif
    return coro_pool_take_slow_(pool, size);
}

CORO_INLINE void coro_pool_give_(coro_pool *pool, void *block, size_t size)
{
    if (!CORO_USES_(pool))
        return;
#if CORO_POOL_LISTS_
    if (CORO_LIKELY(size <= CORO_POOL_CLASSES * 16)) {
        *(void **)block = pool->free[CORO_CLASS_(size)];
        pool->free[CORO_CLASS_(size)] = block;
        pool->live--;
        return;
    }
#endif
    coro_pool_give_slow_(pool, block, size);
}
#endif

CORO_INLINE void coro_zero_(void *begin, size_t size)
{
#if CORO_HOSTED && (defined(__GNUC__) || defined(__clang__))
    char *byte = (char *)begin;
    for (; size > 64; byte += 64, size -= 64) /* more at once, and gcc takes the slow `rep stos` */
        __builtin_memset(byte, 0, 64);
    __builtin_memset(byte, 0, size);
#else
    volatile char *byte = (volatile char *)begin; /* volatile: no call of memset may come of it */
#if CORO_MINIMAL_ /* a loop, a task's frame: not less than one byte */
    do
        *byte++ = 0;
    while (--size != 0);
#else
    while (size-- > 0)
        *byte++ = 0;
#endif
#endif
}

#if CORO_MINIMAL_
/* A frame in memory of the caller's. */
coro_header *coro_frame_at_(void *memory, coro_body body, size_t zero_end)
{
    coro_header *frame = (coro_header *)memory;
    CORO_CHECK(memory != NULL, "the frame given to name_at() is NULL");
    coro_zero_(frame, zero_end);
    frame->body = body;
    return frame;
}
#else
/* All but the caller, which whoever awaits it notes. */
CORO_INLINE void coro_header_start_(coro_header *frame, const coro_descriptor *descriptor,
                                    unsigned flags)
{
    frame->descriptor = descriptor;
    frame->state = CORO_STATE_START_;
    frame->error = 0;
    frame->flags = (uint8_t)flags;
#if CORO_SCOPES
    frame->depth = 0;
#endif
}

CORO_INLINE void coro_header_init_(coro_header *frame, const coro_descriptor *descriptor,
                                   unsigned flags)
{
    coro_header_start_(frame, descriptor, flags);
    frame->caller = NULL;
}

/* A zeroed frame, or NULL. Size and zero_end are constants wherever it is called. */
CORO_INLINE coro_header *coro_frame_new_(const coro_descriptor *descriptor, size_t size,
                                         size_t zero_end)
{
    coro_pool *pool = coro_pool_current_;
    coro_header *frame;
    if (CORO_UNLIKELY(pool == NULL))
        return (coro_header *)coro_frame_new_slow_(descriptor);
    frame = (coro_header *)coro_pool_take_(pool, size);
    if (CORO_UNLIKELY(frame == NULL))
        return NULL;
    coro_header_init_(frame, descriptor, CORO_FRAME_POOL_);
    coro_zero_(frame + 1, zero_end - sizeof *frame);
    return frame;
}

#if CORO_HOSTED
/* The same from a free list; NULL: there is none in it, or no pool. */
CORO_INLINE coro_header *coro_frame_quick_(const coro_descriptor *descriptor, size_t size,
                                           size_t zero_end)
{
#if CORO_POOL_LISTS_
    coro_pool *pool = coro_pool_current_;
    if (CORO_LIKELY(pool != NULL && size <= CORO_POOL_CLASSES * 16)) {
        void **block = (void **)pool->free[CORO_CLASS_(size)];
        if (CORO_LIKELY(block != NULL)) {
            coro_header *frame = (coro_header *)(void *)block;
            pool->free[CORO_CLASS_(size)] = *block;
            pool->live++;
            coro_header_init_(frame, descriptor, CORO_FRAME_POOL_);
            coro_zero_(frame + 1, zero_end - sizeof *frame);
            return frame;
        }
    }
#else
    (void)descriptor, (void)size, (void)zero_end;
#endif
    return NULL;
}
#endif

/* A frame in memory of the caller's. */
CORO_INLINE coro_header *coro_frame_at_(void *memory, const coro_descriptor *descriptor,
                                        size_t zero_end)
{
    coro_header *frame = (coro_header *)memory;
    CORO_CHECK(memory != NULL, "the frame given to name_at() is NULL");
#if CORO_HOSTED
    coro_header_init_(frame, descriptor, 0);
    coro_zero_(frame + 1, zero_end - sizeof *frame);
#else
    coro_zero_(frame, zero_end);
    frame->descriptor = descriptor;
#endif
    return frame;
}

CORO_INLINE void coro_frame_free_(coro_header *frame)
{
#if CORO_HOSTED
    if (CORO_LIKELY((frame->flags & (CORO_FRAME_POOL_ | CORO_FRAME_DROP_)) == CORO_FRAME_POOL_ &&
                    coro_pool_current_ != NULL)) {
        coro_pool_give_(coro_pool_current_, frame, frame->descriptor->size);
        return;
    }
#endif
    if (frame->flags & (CORO_FRAME_POOL_ | CORO_FRAME_HEAP_ | CORO_FRAME_DROP_))
        coro_frame_free_slow_(frame);
}
#endif

#endif

#if !CORO_MINIMAL_
/* Free a call that was made but not started. NULL is fine. */
CORO_API void coro_discard_(coro_header *call);
#define coro_discard(call) coro_discard_(&(call)->coro)

/* A call of the library: the loop's record, or a frame when that is taken. */
CORO_API coro_call *coro_call_new_slow_(const coro_descriptor *descriptor);
CORO_API coro_void *coro_call_of_slow_(const coro_descriptor *descriptor, void *object,
                                       const void *a);

#if CORO_HOSTED || defined(CORO_BODIES_HERE_)
CORO_INLINE coro_call *coro_call_record_(const coro_descriptor *descriptor)
{
    coro_pool *pool = coro_pool_current_;
    if (CORO_UNLIKELY(pool == NULL || pool->call.coro.state == CORO_STATE_START_))
        return NULL;
    coro_header_start_(&pool->call.coro, descriptor, CORO_FRAME_CALL_);
    return &pool->call;
}

CORO_INLINE coro_call *coro_call_new_(const coro_descriptor *descriptor)
{
    coro_call *call = coro_call_record_(descriptor);
    return CORO_LIKELY(call != NULL) ? call : coro_call_new_slow_(descriptor);
}

/* The usual call: on an object, with one argument. (All goes to the slow way: nothing is saved.) */
CORO_INLINE coro_void *coro_call_of_(const coro_descriptor *descriptor, void *object, const void *a)
{
#if CORO_HOSTED
    coro_call *call = coro_call_record_(descriptor);
    if (CORO_UNLIKELY(call == NULL))
        return coro_call_of_slow_(descriptor, object, a);
#else
    coro_call *call = coro_call_new_(descriptor);
#endif
    call->object = object;
    call->a.pointer = (void *)(uintptr_t)a;
    return (coro_void *)call;
}
#endif
#endif

/* --- backtraces ---------------------------------------------------------------------------- */

/*
 * The source line at which a suspended frame stands, 0 before its start; and
 * with it a trace of awaits, innermost first, which costs no memory at all.
 */
static inline unsigned coro_frame_line(const coro_header *frame)
{
#if CORO_STATE_BITS == 32
    return (frame->state & ~CORO_STATE_CLOSING_) >> 4; /* the small ones are no lines */
#else
    return frame->state >= CORO_STATE_LINES_ ? (frame->state & 0x7fffu) - CORO_STATE_LINES_ : 0;
#endif
}

CORO_END_DECLS

#endif
