/* SPDX-License-Identifier: MIT */
/*
 * set.c: linear probing in a table that is at most two thirds full.
 *
 * The hash is FNV-1a with a seed at its start and a strong mix at its end (the finaliser of
 * MurmurHash3, by Austin Appleby), so that the low bits, which choose the slot, depend on all.
 */
#define _DEFAULT_SOURCE
#include "set.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void set_init(set *s)
{
    memset(s, 0, sizeof *s);
    if (getentropy(&s->seed, sizeof s->seed) != 0)
        s->seed = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
}

static uint64_t hash_of(const set *s, const char *text, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u ^ s->seed;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 33;
}

/* The slot that holds the text, or the free one where it belongs. room > 0. */
static struct set_slot *probe(const set *s, uint64_t hash, const char *text, size_t size)
{
    for (size_t i = (size_t)hash & (s->room - 1);; i = (i + 1) & (s->room - 1)) {
        struct set_slot *slot = &s->slots[i];
        if (slot->text == NULL
            || (slot->hash == hash && slot->size == size && memcmp(slot->text, text, size) == 0))
            return slot;
    }
}

void *set_find(const set *s, const char *text, size_t size)
{
    return s->room > 0 ? probe(s, hash_of(s, text, size), text, size)->thing : NULL;
}

static bool grow(set *s)
{
    set larger = {NULL, s->count, s->room > 0 ? 2 * s->room : 64, s->seed};
    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < s->room; i++) {
        const struct set_slot *slot = &s->slots[i];
        if (slot->text != NULL)
            *probe(&larger, slot->hash, slot->text, slot->size) = *slot;
    }
    free(s->slots);
    *s = larger;
    return true;
}

bool set_add(set *s, const char *text, size_t size, void *thing)
{
    if (s->count >= s->room / 3 * 2 && !grow(s))
        return false;
    uint64_t hash = hash_of(s, text, size);
    *probe(s, hash, text, size) = (struct set_slot){hash, text, size, thing};
    s->count++;
    return true;
}

void set_free(set *s)
{
    free(s->slots);
    memset(s, 0, sizeof *s);
}
