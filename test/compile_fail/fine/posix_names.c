/* SPDX-License-Identifier: MIT */
/* A program that includes nothing but coro.h may call its coroutines as it likes: no header of the
 * system's sockets comes with it. */
#include <coro/coro.h>

ASYNC(connect, ARGS(int, port))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(self->port));
    ASYNC_END;
}

ASYNC(linger, VARS(int i;))
{
    ASYNC_BEGIN;
    for (self->i = 0; self->i < 3; self->i++)
        AWAIT(connect(self->i));
    ASYNC_END;
}

ASYNC(listen)
{
    ASYNC_BEGIN;
    AWAIT(linger());
    ASYNC_END;
}

ASYNC(send)
{
    ASYNC_BEGIN;
    AWAIT(listen());
    ASYNC_END;
}

ASYNC(poll)
{
    ASYNC_BEGIN;
    AWAIT(send());
    ASYNC_END;
}

ASYNC(stat)
{
    ASYNC_BEGIN;
    AWAIT(poll());
    ASYNC_END;
}

ASYNC(spawn)
{
    ASYNC_BEGIN;
    AWAIT(stat());
    ASYNC_END;
}

int main(void)
{
    return coro_main(spawn());
}
