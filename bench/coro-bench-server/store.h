/* SPDX-License-Identifier: MIT */
/*
 * store.h - keys and values in memory: a table of chains, doubled when it is full.
 *
 * A value is held by the store, and by whoever is sending it; a SET meanwhile puts
 * another one in its place.
 */
#ifndef CORO_BENCH_STORE_H
#define CORO_BENCH_STORE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct store_value {
    size_t holders, size, room;
    char data[];
} store_value;

typedef struct store { /* zeroed: empty */
    struct store_entry **chains;
    size_t chains_count, entries_count;
} store;

/* False: no memory, and nothing has changed. */
bool store_set(store *self, const char *key, size_t key_size, const char *data, size_t size);

/* Held for the caller, who ends that by store_release; NULL: there is none. */
store_value *store_get(store *self, const char *key, size_t key_size);
void store_release(store_value *value);

void store_free(store *self);

#endif
