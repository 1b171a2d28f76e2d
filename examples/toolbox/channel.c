/* SPDX-License-Identifier: MIT */
/* channel.c: a queue with an end: two producers with a sender each; when both have closed theirs,
 * and all was received, the consumer is told. */
#include <coro/coro.h>
#include <stdio.h>

ASYNC(producer, ARGS(coro_channel_sender *, to, int, from), VARS(int i, item;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++) {
        self->item = self->from + self->i;
        AWAIT(coro_channel_send(self->to, &self->item));
    }
  ASYNC_FINALLY:
    coro_channel_sender_close(self->to);
    ASYNC_END;
}

ASYNC(consumer, ARGS(coro_channel_receiver *, from), VARS(int item, error;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, coro_channel_receive(self->from, &self->item));
        if (self->error == CORO_EEOF)
            break;
        if (self->error != 0)
            ASYNC_THROW(self->error);
        printf("%d\n", self->item);
    }
    puts("that was all");
  ASYNC_FINALLY:
    coro_channel_receiver_close(self->from);
    ASYNC_END;
}

ASYNC(main_async, VARS(int buffer[2]; coro_channel channel; coro_channel_sender first, second;
                       coro_channel_receiver from; coro_group group;))
{
    ASYNC_BEGIN;
    coro_channel_init(&self->channel, self->buffer, sizeof self->buffer[0], 2, &self->first,
                      &self->from);
    coro_channel_sender_clone(&self->first, &self->second);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, consumer(&self->from));
        coro_group_create_task(&self->group, producer(&self->first, 10));
        coro_group_create_task(&self->group, producer(&self->second, 20));
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
