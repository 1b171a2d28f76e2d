/* SPDX-License-Identifier: MIT */
/*
 * set.h: texts seen before, each with a thing that belongs to it.
 *
 * A hash table with open addressing. It grows; nothing is ever removed, so a free slot ends a
 * search. The hash is seeded, for the texts come from strangers. Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_SET_H
#define EXAMPLES_CRAWL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct set_slot {
    uint64_t hash;
    const char *text;           /* borrowed; NULL: free */
    size_t size;
    void *thing;
};

typedef struct set {
    struct set_slot *slots;
    size_t count;
    size_t room;                /* a power of two, or 0 */
    uint64_t seed;
} set;

/* A set of zeroes is empty, and fine; this gives it a seed of its own. */
void set_init(set *s);

/* What belongs to the text, or NULL. */
void *set_find(const set *s, const char *text, size_t size);

/* Adds a text that is not in the set; borrows it. False without memory: nothing has changed. */
bool set_add(set *s, const char *text, size_t size, void *thing);

/* Frees the table, not the things. */
void set_free(set *s);

#endif
