/* SPDX-License-Identifier: MIT */
/*
 * arms.h - several calls at once, each a task, one await for all: what gather,
 * select, race and staggered_race have in common. They differ in one thing: what
 * an arm's end means for the others (coro_arms_policy).
 */
#ifndef CORO_KERNEL_ARMS_H
#define CORO_KERNEL_ARMS_H

#include "kernel.h"

#include <coro/gather.h>

#if CORO_SCOPES && CORO_JOINS

typedef enum coro_arms_policy {
    CORO_ARMS_ALL,         /* wait for all; the first error ends the await, the rest runs on */
    CORO_ARMS_CANCEL_REST, /* wait for all; the first error cancels the rest */
    CORO_ARMS_FIRST_END,   /* the first end, well or not, cancels the rest */
    CORO_ARMS_FIRST_GOOD   /* the first that ends well cancels the rest */
} coro_arms_policy;

struct coro_arm_task;

typedef struct coro_arm {
    coro_gather_item want;
    coro_task *task;             /* a reference */
    struct coro_arm_task *frame; /* its root frame, while it runs */
    coro_header *ended;          /* the call's frame, when it has ended well */
} coro_arm;

typedef struct coro_arms {
    coro_arm *arms;
    size_t count, left;
    size_t winner; /* count: nobody */
    size_t newest; /* the arm that was started last: its end ends a pause */
    int *errors;
    coro_task *waiter; /* who awaits the last arm, or pauses */
    int16_t error;     /* the await's, when nothing else is */
    uint8_t policy;
    bool decided;   /* no other arm can change the outcome any more */
    bool cancelled; /* the await was, before it was decided */
    bool pausing;   /* the waiter waits for the newest only */
} coro_arms;

/* A frame of ours: every user's begins like this. */
typedef struct coro_arms_frame {
    coro_header coro;
    size_t result;
    coro_arms state;
} coro_arms_frame;

/* Make the frame of a call. Takes the items' calls; without memory they are freed. */
coro_header *coro_arms_new(const coro_descriptor *descriptor, coro_arms_policy policy,
                           const coro_gather_item *items, size_t count, int *errors);
/* The same with the usual coroutine: start all, wait, give the results. */
coro_header *coro_arms_call(coro_arms_policy policy, const coro_gather_item *items, size_t count,
                            int *errors);
void coro_arms_discard(coro_header *frame);

/* Make a task of an arm's call. 0 or CORO_ENOMEM: the call is freed. */
int coro_arms_start(coro_arms *state, size_t index);
/* Memory was short at an arm's start: the calls that are left are freed, the arms cancelled. */
void coro_arms_give_up(coro_arms *state);
/* Wait for the outcome; await it only while state->left > 0. */
coro_void *coro_arms_wait(coro_arms *state);
/* Wait until the newest arm has ended, or all is decided; a cancel ends this wait alone. */
coro_void *coro_arms_pause(coro_arms *state);
/* The results go where they are wanted: the winner's, or all. */
void coro_arms_take_one(coro_arms *state, size_t index);
void coro_arms_take_all(coro_arms *state);
/* The end: what nobody took is dropped, who still runs does so alone. */
void coro_arms_close(coro_arms *state);

#endif

#endif
