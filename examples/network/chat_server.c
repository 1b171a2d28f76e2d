/* SPDX-License-Identifier: MIT */
/* chat_server.c: what one says all others hear. Each client has a queue and a task that empties it:
 * who is too slow to listen misses lines, and holds up nobody. */
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

typedef struct line {
    char text[200];
} line;

typedef struct member {
    struct member *next;
    coro_queue lines;
    line waiting[16];
} member;

static member *members;

static void say(const member *speaker, const line *said)
{
    for (member *each = members; each != NULL; each = each->next)
        if (each != speaker)
            (void)coro_queue_put_nowait(&each->lines, said); /* full: this one misses it */
}

static void leave(const member *who)
{
    member **place = &members;
    while (*place != who)
        place = &(*place)->next;
    *place = who->next;
}

ASYNC(listen_to_all, ARGS(coro_stream *, stream, member *, me), VARS(line said;))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT(coro_queue_get(&self->me->lines, &self->said));
        AWAIT(coro_stream_write(self->stream, self->said.text, strlen(self->said.text)));
    }
    ASYNC_END;
}

ASYNC(chat, ARGS(coro_stream *, stream, void *, context),
      VARS(member me; coro_group group; line said; char name[20]; size_t n;),
      SCRATCH(char text[160];))
{
    ASYNC_BEGIN;
    coro_queue_init(&self->me.lines, self->me.waiting, sizeof(line), 16);
    self->me.next = members;
    members = &self->me;
    AWAIT(coro_stream_write(self->stream, "your name? ", 11));
    AWAIT(self->n, coro_stream_read_line(self->stream, self->text, sizeof self->text));
    snprintf(self->name, sizeof self->name, "%.*s", (int)strcspn(self->text, "\r\n"), self->text);
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, listen_to_all(self->stream, &self->me));
        for (;;) {
            AWAIT(self->n, coro_stream_read_line(self->stream, self->text, sizeof self->text));
            if (self->n == 0)
                break;
            snprintf(self->said.text, sizeof self->said.text, "%s: %.*s\n", self->name,
                     (int)strcspn(self->text, "\r\n"), self->text);
            say(&self->me, &self->said);
        }
        coro_group_cancel(&self->group);
    }
  ASYNC_FINALLY:
    leave(&self->me);
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, port), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(chat), NULL, "127.0.0.1", self->port, NULL));
    AWAIT(server_until_stopped(self->server));
    coro_server_close_clients(self->server); /* they see the end, and go */
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "10000"));
}
