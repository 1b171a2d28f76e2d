/* SPDX-License-Identifier: MIT */
/*
 * store.c - see store.h.
 */
#include "store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct store_entry {
    struct store_entry *next;
    store_value *value;
    uint32_t hash;
    uint32_t key_size;
    char key[];
} store_entry;

/* Eight bytes at a time. A product carries its bits upwards only: so its upper half comes down. */
static uint32_t hash_of(const char *key, size_t size)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = size, word = 0;
    for (; size >= sizeof word; key += sizeof word, size -= sizeof word) {
        memcpy(&word, key, sizeof word);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, key, size);
    hash = (hash ^ word) * factor;
    hash ^= hash >> 32;
    return (uint32_t)(hash * factor >> 32);
}

static bool grow(store *self)
{
    size_t count = self->chains_count > 0 ? self->chains_count * 2 : 1024;
    store_entry **chains = calloc(count, sizeof *chains);
    if (chains == NULL)
        return self->chains_count > 0; /* longer chains will do */
    for (size_t i = 0; i < self->chains_count; i++) {
        for (store_entry *each = self->chains[i], *next; each != NULL; each = next) {
            next = each->next;
            each->next = chains[each->hash & (count - 1)];
            chains[each->hash & (count - 1)] = each;
        }
    }
    free(self->chains);
    self->chains = chains;
    self->chains_count = count;
    return true;
}

static store_entry *find(const store *self, const char *key, size_t size, uint32_t hash)
{
    store_entry *each =
        self->chains_count > 0 ? self->chains[hash & (self->chains_count - 1)] : NULL;
    while (each != NULL && (each->hash != hash || each->key_size != size ||
                            memcmp(each->key, key, size) != 0))
        each = each->next;
    return each;
}

static store_entry *entry_new(store *self, const char *key, size_t size, uint32_t hash)
{
    store_entry *entry;
    if (self->entries_count >= self->chains_count && !grow(self))
        return NULL;
    entry = calloc(1, sizeof *entry + size);
    if (entry == NULL)
        return NULL;
    entry->hash = hash;
    entry->key_size = (uint32_t)size;
    memcpy(entry->key, key, size);
    entry->next = self->chains[hash & (self->chains_count - 1)];
    self->chains[hash & (self->chains_count - 1)] = entry;
    self->entries_count++;
    return entry;
}

void store_release(store_value *value)
{
    if (value != NULL && --value->holders == 0)
        free(value);
}

bool store_set(store *self, const char *key, size_t key_size, const char *data, size_t size)
{
    uint32_t hash = hash_of(key, key_size);
    store_entry *entry = find(self, key, key_size, hash);
    store_value *value = entry != NULL ? entry->value : NULL;
    if (value == NULL || value->holders > 1 || value->room < size) {
        value = malloc(sizeof *value + size);
        if (value == NULL)
            return false;
        value->holders = 1;
        value->room = size;
        if (entry == NULL)
            entry = entry_new(self, key, key_size, hash);
        if (entry == NULL) {
            free(value);
            return false;
        }
        store_release(entry->value);
        entry->value = value;
    }
    value->size = size;
    memcpy(value->data, data, size);
    return true;
}

store_value *store_get(store *self, const char *key, size_t key_size)
{
    store_entry *entry = find(self, key, key_size, hash_of(key, key_size));
    if (entry == NULL)
        return NULL;
    entry->value->holders++;
    return entry->value;
}

void store_free(store *self)
{
    for (size_t i = 0; i < self->chains_count; i++) {
        for (store_entry *each = self->chains[i], *next; each != NULL; each = next) {
            next = each->next;
            store_release(each->value);
            free(each);
        }
    }
    free(self->chains);
    *self = (store){NULL, 0, 0};
}
