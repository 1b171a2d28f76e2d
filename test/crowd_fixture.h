/* SPDX-License-Identifier: MIT */
/*
 * crowd_fixture.h: many who send and many who receive, at random times, with time limits and
 * cancels, until somebody closes; then the books are checked: each item that was accepted was
 * received, dropped or left once; none that was refused was seen.
 *
 *     CORO_TEST_SEED=N runs one seed only; a failure names it.
 */
#ifndef CORO_TEST_CROWD_FIXTURE_H
#define CORO_TEST_CROWD_FIXTURE_H

#include "loop_fixture.h"

#define CROWD 6
#define CROWD_ITEMS (CROWD * 40)

static struct {
    unsigned long seed;
    uint64_t random;
    int next;
    int accepted[CROWD_ITEMS], seen[CROWD_ITEMS];
    long received, refused, given_up;
    /* What it is about. */
    coro_void *(*send)(int who, const int *item);
    coro_void *(*receive)(int who, int *item);
    void (*sender_ended)(int who);
    void (*receiver_ended)(int who);
    void (*close)(void);
} crowd;

#define SEEDED(condition)                                                                          \
    cr_assert(ne(int, (condition) ? 1 : 0, 0), "seed %lu: %s", crowd.seed, #condition)

static inline unsigned dice(unsigned sides) /* xorshift64* */
{
    crowd.random ^= crowd.random >> 12;
    crowd.random ^= crowd.random << 25;
    crowd.random ^= crowd.random >> 27;
    return (unsigned)((crowd.random * 2685821657736338717ull) >> 33) % sides;
}

static inline void seed_dice(unsigned long seed)
{
    crowd.seed = seed;
    crowd.random = seed * 2654435761u + 1;
    for (int i = 0; i < 8; i++)
        dice(2);
}

/* An item that was received, dropped or left. */
static inline void crowd_saw(int item)
{
    SEEDED(item >= 0 && item < crowd.next);
    crowd.seen[item]++;
}

static inline bool is_the_end(int error)
{
    return error == CORO_ECANCELED || error == CORO_ECLOSED || error == CORO_EPIPE ||
           error == CORO_EEOF;
}

static inline coro_void *a_while(void)
{
    return dice(2) ? coro_yield() : coro_sleep(CORO_MS(dice(3)));
}

ASYNC(sender_of_crowd, ARGS(int, who), VARS(int i, item, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 40; self->i++) {
        self->item = crowd.next++;
        if (dice(3) == 0)
            AWAIT_CATCH(self->error, coro_wait_for(crowd.send(self->who, &self->item),
                                                   CORO_MS(dice(3))));
        else
            AWAIT_CATCH(self->error, crowd.send(self->who, &self->item));
        crowd.accepted[self->item] = self->error == 0;
        crowd.refused += self->error != 0;
        if (is_the_end(self->error))
            break;
        SEEDED(self->error == 0 || self->error == CORO_ETIMEDOUT);
        if (dice(2))
            AWAIT(a_while());
    }
  ASYNC_FINALLY:
    crowd.sender_ended(self->who);
    ASYNC_END;
}

ASYNC(receiver_of_crowd, ARGS(int, who), VARS(int item, error;))
{
    ASYNC_BEGIN;
    for (;;) {
        self->item = -1;
        if (dice(3) == 0)
            AWAIT_CATCH(self->error, coro_wait_for(crowd.receive(self->who, &self->item),
                                                   CORO_MS(dice(3))));
        else
            AWAIT_CATCH(self->error, crowd.receive(self->who, &self->item));
        if (self->error == 0) {
            crowd_saw(self->item);
            crowd.received++;
        } else {
            SEEDED(self->item == -1);
        }
        crowd.given_up += self->error == CORO_ETIMEDOUT;
        if (is_the_end(self->error))
            break;
        SEEDED(self->error == 0 || self->error == CORO_ETIMEDOUT);
        if (dice(2))
            AWAIT(a_while());
    }
  ASYNC_FINALLY:
    crowd.receiver_ended(self->who);
    ASYNC_END;
}

/* All of them end, well or cancelled. */
ASYNC(crowd_goes_home, ARGS(coro_task **, tasks, int, count), VARS(int i, error;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT_CATCH(self->error, coro_task_join(self->tasks[self->i]));
        SEEDED(self->error == 0 || self->error == CORO_ECANCELED);
        coro_task_release(self->tasks[self->i]);
    }
    ASYNC_END;
}

ASYNC(the_crowd, VARS(coro_task *tasks[2 * CROWD]; int i, closes;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < CROWD; self->i++) {
        self->tasks[self->i] = coro_create_task(sender_of_crowd(self->i));
        self->tasks[CROWD + self->i] = coro_create_task(receiver_of_crowd(self->i));
    }
    self->closes = (int)dice(120);
    for (self->i = 0; self->i < self->closes; self->i++) {
        AWAIT(a_while());
        if (dice(12) == 0)
            coro_task_cancel(self->tasks[dice(2 * CROWD)]);
    }
    crowd.close();
    AWAIT(crowd_goes_home(self->tasks, 2 * CROWD));
    ASYNC_END;
}

/* One evening. What is left is then to be shown to crowd_saw, before crowd_check. */
static inline void crowd_run(unsigned long seed)
{
    seed_dice(seed);
    crowd.next = 0;
    memset(crowd.accepted, 0, sizeof crowd.accepted);
    memset(crowd.seen, 0, sizeof crowd.seen);
    SEEDED(RUN(the_crowd()) == 0);
}

static inline void crowd_check(void)
{
    for (int item = 0; item < crowd.next; item++)
        SEEDED(crowd.seen[item] == crowd.accepted[item]);
}

#define CROWD_SEEDS 300

/* The seeds to run: all, or the one that the environment names. */
static inline unsigned long crowd_seed(unsigned long number)
{
    const char *only = getenv("CORO_TEST_SEED");
    if (only == NULL)
        return number;
    return number == 1 ? strtoul(only, NULL, 10) : CROWD_SEEDS + 1;
}

#define FOR_EACH_SEED(seed)                                                                        \
    for (unsigned long number_ = 1, seed; (seed = crowd_seed(number_)),                            \
                       number_ <= CROWD_SEEDS && (number_ == 1 || seed == number_);                \
         number_++)

#endif
