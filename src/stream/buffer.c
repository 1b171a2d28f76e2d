/* SPDX-License-Identifier: MIT */
/*
 * buffer.c - bytes that wait, in a block that exists only while there are some.
 *
 *     data ─► [ gone │ head ── bytes ── tail │ room ]      all NULL and 0: no block
 *
 * Blocks are the loop's pool's, so taking one costs a few instructions and no
 * call of an allocator, up to its largest size class. Growth is by doubling;
 * bytes are moved down only when that makes room for at least as many as are
 * moved, so that each byte is copied a bounded number of times.
 *
 * Invariant: data == NULL, or head < tail unless room was reserved just now.
 */
#include "internal.h"

#if CORO_SCOPES

bool coro_buffer_reserve(coro_pool *pool, coro_buffer *buffer, size_t more)
{
    size_t size = coro_buffer_size(buffer), capacity;
    char *data;
    if (buffer->capacity - buffer->tail >= more && buffer->data != NULL)
        return true;
    if (more > SIZE_MAX / 4 - size)
        return false;
    if (buffer->head >= size && buffer->capacity - size >= more && buffer->data != NULL) {
        coro_copy(buffer->data, buffer->data + buffer->head, size); /* they do not overlap */
        buffer->head = 0;
        buffer->tail = size;
        return true;
    }
    capacity = buffer->capacity > 0 ? 2 * buffer->capacity : CORO_BUFFER_MIN;
    while (capacity < size + more)
        capacity *= 2;
    data = coro_pool_take_(pool, capacity);
    if (data == NULL && capacity > size + more) {
        capacity = size + more;
        data = coro_pool_take_(pool, capacity);
    }
    if (data == NULL)
        return false;
    if (buffer->data != NULL) {
        coro_copy(data, buffer->data + buffer->head, size);
        coro_pool_give_(pool, buffer->data, buffer->capacity);
    }
    *buffer = (coro_buffer){data, 0, size, capacity};
    return true;
}

void coro_buffer_free(coro_pool *pool, coro_buffer *buffer)
{
    if (buffer->data != NULL)
        coro_pool_give_(pool, buffer->data, buffer->capacity);
    coro_zero_(buffer, sizeof *buffer);
}

#endif
