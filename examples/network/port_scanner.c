/* SPDX-License-Identifier: MIT */
/* port_scanner.c: HOST FIRST LAST: the ports at which somebody listens. A hundred workers take the
 * next number each, and nobody waits for an answer for longer than a second. */
#include <coro/coro.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 100 };

typedef struct scan {
    const char *host;
    long next, last;
    char *is_open;
} scan;

ASYNC(work, ARGS(scan *, scan), VARS(coro_stream *stream; long port; char service[8]; int error;))
{
    ASYNC_BEGIN;
    while (self->scan->next <= self->scan->last) {
        self->port = self->scan->next++;
        snprintf(self->service, sizeof self->service, "%ld", self->port);
        AWAIT_CATCH(self->error, self->stream,
                    coro_wait_for(coro_open_connection(self->scan->host, self->service, NULL),
                                  CORO_SECONDS(1)));
        self->scan->is_open[self->port] = self->error == 0;
        coro_stream_abort(&self->stream);
        if (self->error == CORO_ENAME || self->error == CORO_ENAMEAGAIN)
            ASYNC_THROW(self->error);
    }
    ASYNC_END;
}

ASYNC(main_async, ARGS(scan *, scan), VARS(coro_group group; long first;))
{
    ASYNC_BEGIN;
    self->first = self->scan->next;
    CORO_GROUP(self->group) {
        for (int i = 0; i < WORKERS; i++)
            coro_group_create_task(&self->group, work(self->scan));
    }
    for (long port = self->first; port <= self->scan->last; port++)
        if (self->scan->is_open[port])
            printf("%ld is open\n", port);
    printf("%ld ports\n", self->scan->last - self->first + 1);
    ASYNC_END;
}

int main(int argc, char **argv)
{
    static char is_open[65536];
    scan scan = {.is_open = is_open};
    if (argc == 4) {
        scan.host = argv[1];
        scan.next = atol(argv[2]);
        scan.last = atol(argv[3]);
    }
    if (scan.next < 1 || scan.last < scan.next || scan.last > 65535) {
        fprintf(stderr, "usage: %s HOST FIRST LAST\n", argv[0]);
        return 2;
    }
    return coro_main(main_async(&scan));
}
