/* SPDX-License-Identifier: MIT */
/*
 * test_select_channel.c: the first of several channels and queues that has something; nothing
 * that an arm has taken is lost, whoever won.
 */
#include "loop_fixture.h"

#include <coro/channel.h>
#include <coro/select.h>

SUITE(select_channel);

enum { ITEMS = 1000 };

typedef struct line {
    coro_channel channel;
    coro_channel_sender to;
    coro_channel_receiver from;
    int buffer[2];
} line;

static line lines[2];
static coro_queue queue;
static int queue_buffer[2];

static void open_lines(void)
{
    for (int i = 0; i < 2; i++)
        coro_channel_init(&lines[i].channel, lines[i].buffer, sizeof(int), 2, &lines[i].to,
                          &lines[i].from);
    coro_queue_init(&queue, queue_buffer, sizeof(int), 2);
}

ASYNC(sends, ARGS(line *, on, int, first, unsigned, seed), VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < ITEMS; self->i++) {
        self->seed = self->seed * 1664525u + 1013904223u;
        if (self->seed >> 30 == 0)
            AWAIT(coro_sleep(CORO_US(self->seed >> 20 & 7)));
        self->first += 3;
        AWAIT(coro_channel_send(&self->on->to, &self->first));
    }
  ASYNC_FINALLY:
    coro_channel_sender_close(&self->on->to);
    ASYNC_END;
}

ASYNC(puts_items, VARS(int i, item;))
{
    ASYNC_BEGIN;
    self->item = 2;
    for (self->i = 0; self->i < ITEMS; self->i++) {
        self->item += 3;
        AWAIT(coro_queue_put(&queue, &self->item));
    }
    coro_queue_shutdown(&queue, false);
    ASYNC_END;
}

/* An arm for each source that is still open; one that has ended would win for ever. */
static size_t arms_of(const bool *open, int *got, coro_gather_item *items, int *sources)
{
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        if (!open[i])
            continue;
        sources[count] = i;
        items[count++] = i < 2 ? coro_only(coro_channel_receive(&lines[i].from, &got[i]))
                               : coro_only(coro_queue_get(&queue, &got[i]));
    }
    return count;
}

/* Items of each source come in its own order: the residue by 3 names the source. */
ASYNC(selects, VARS(int got[3], last[3], errors[3], sources[3]; bool open[3];
                    size_t arms, won, taken, rounds; coro_group group;),
      SCRATCH(coro_gather_item items[3];))
{
    ASYNC_BEGIN;
    open_lines();
    for (int i = 0; i < 3; i++) {
        self->last[i] = i;
        self->open[i] = true;
    }
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, sends(&lines[0], 0, 1));
        coro_group_create_task(&self->group, sends(&lines[1], 1, 2));
        coro_group_create_task(&self->group, puts_items());
        while ((self->arms = arms_of(self->open, self->got, self->items, self->sources)) > 0) {
            AWAIT(self->won, coro_select_array(self->items, self->arms, self->errors));
            self->rounds++;
            HOLDS(self->won < self->arms);
            for (size_t arm = 0; arm < self->arms; arm++) {
                int source = self->sources[arm], error = self->errors[arm];
                if (error == CORO_EEOF || error == CORO_ECLOSED)
                    self->open[source] = false;
                if (error != 0)
                    continue;
                self->taken++;
                self->last[source] += 3;
                EQ(self->got[source], self->last[source]);
            }
        }
    }
    EQ(self->taken, 3 * ITEMS);
    HOLDS(self->rounds <= 3 * ITEMS + 3);
  ASYNC_FINALLY:
    for (int i = 0; i < 2; i++)
        coro_channel_receiver_close(&lines[i].from);
    ASYNC_END;
}

Test(select_channel, each_item_of_several_sources_is_received_once_and_in_its_sources_order)
{
    EQ(RUN(selects()), 0);
}

ASYNC(takes_only_what_won, VARS(int a, b; size_t won; int item;))
{
    ASYNC_BEGIN;
    open_lines();
    AWAIT(self->won, coro_select(coro_only(coro_channel_receive(&lines[0].from, &self->a)),
                                 coro_only(coro_sleep(CORO_MS(1)))));
    EQ(self->won, 1);
    self->item = 7;
    AWAIT(coro_channel_send(&lines[0].to, &self->item)); /* nobody waits there any more */
    EQ(self->a, 0);
    AWAIT(coro_channel_receive(&lines[0].from, &self->a));
    EQ(self->a, 7);
  ASYNC_FINALLY:
    for (int i = 0; i < 2; i++) {
        coro_channel_sender_close(&lines[i].to);
        coro_channel_receiver_close(&lines[i].from);
    }
    ASYNC_END;
}

Test(select_channel, a_receive_that_lost_has_taken_nothing)
{
    EQ(RUN(takes_only_what_won()), 0);
}
