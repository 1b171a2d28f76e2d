/* SPDX-License-Identifier: MIT */
/*
 * coro/ring.h - bytes from an interrupt to a task.
 *
 *     static uint8_t memory[16];                        // 2, 4, 8 ... 128 bytes
 *     static coro_ring received = CORO_RING_INIT(memory);
 *
 *     ISR(USART_RX_vect) { coro_ring_put_from_isr(&received, UDR0); }
 *
 *     for (;;) {                                        // in the task
 *         AWAIT(coro_ring_wait(&received));
 *         while ((byte = coro_ring_get_nowait(&received)) >= 0)
 *             ...
 *     }
 *
 * One producer, one consumer: each writes an index of its own, of one byte, so that neither
 * needs a lock. What finds no room is counted, not kept.
 *
 * Memory: the caller's. Interrupts: coro_ring_put_from_isr; the rest is the consumer's.
 */
#ifndef CORO_RING_H
#define CORO_RING_H

#include <coro/flag.h>

CORO_BEGIN_DECLS

typedef struct coro_ring {
    coro_flag some;
    volatile uint8_t *buffer;
    uint8_t mask;          /* size - 1 */
    volatile uint8_t put;  /* bytes so far, wrapping: the producer's */
    volatile uint8_t got;  /* the consumer's */
    volatile uint8_t lost; /* wrapping; the producer's */
} coro_ring;

/* For an array of 2, 4, 8 ... 128 bytes, which is borrowed; another size does not compile. */
#define CORO_RING_INIT(array)                                                                      \
    {CORO_FLAG_INIT,                                                                               \
     (array),                                                                                      \
     sizeof(array) / (sizeof(array) > 1 && sizeof(array) <= 128 &&                                 \
                      (sizeof(array) & (sizeof(array) - 1)) == 0) - 1,                             \
     0,                                                                                            \
     0,                                                                                            \
     0}

/* False: the ring is full, the byte is counted as lost. From one interrupt, or one task, only. */
static inline bool coro_ring_put_from_isr(coro_ring *ring, uint8_t byte)
{
    uint8_t put = ring->put;
    if ((uint8_t)(put - ring->got) > ring->mask) {
        ring->lost++;
        return false;
    }
    ring->buffer[put & ring->mask] = byte;
    ring->put = (uint8_t)(put + 1);
    coro_flag_set_from_isr(&ring->some);
    return true;
}

/* The oldest byte, or CORO_EEMPTY. Never waits. */
static inline int coro_ring_get_nowait(coro_ring *ring)
{
    uint8_t got = ring->got;
    int byte;
    if (got == ring->put)
        return CORO_EEMPTY;
    byte = ring->buffer[got & ring->mask];
    ring->got = (uint8_t)(got + 1);
    return byte;
}

/*
 * Wait until bytes have come since the last wait; they may have been taken already, so look
 * with coro_ring_get_nowait, until it finds none. CORO_EBUSY: another task waits.
 */
static inline CORO_NODISCARD coro_void *coro_ring_wait(coro_ring *ring)
{
    return coro_flag_wait(&ring->some);
}

CORO_END_DECLS

#endif
