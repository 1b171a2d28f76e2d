/* SPDX-License-Identifier: MIT */
/*
 * datagram_fixture.h: datagram sockets in pairs, and where they are.
 */
#ifndef CORO_TEST_DATAGRAM_FIXTURE_H
#define CORO_TEST_DATAGRAM_FIXTURE_H

#include "net_fixture.h"

#include <coro/datagram.h>

/* Its port as text, good until the next but seven; NULL for a Unix address. */
static inline const char *port_of(const coro_datagram *datagram)
{
    static char texts[8][8];
    static unsigned next;
    char *text = texts[next++ % 8];
    coro_address address;
    EQ(coro_datagram_local(datagram, &address), 0);
    if (coro_address_family(&address) == AF_UNIX)
        return NULL;
    snprintf(text, 8, "%u", (unsigned)coro_address_port(&address));
    return text;
}

/* "unix:/tmp/..." of this process and test. */
static inline const char *unix_text(const char *name)
{
    static char text[64];
    snprintf(text, sizeof text, "unix:/tmp/coro-%d-%s", (int)getpid(), name);
    return text;
}

static inline CORO_NODISCARD coro_datagram_opening *open_at(const char *host)
{
    return coro_datagram_open(
        &(coro_datagram_options){.local_host = host, .local_service = "0"});
}

/* One on 127.0.0.1, and one that is connected to it. */
CORO_ASYNC(open_two, ARGS(coro_datagram **, one, coro_datagram **, other))
{
    CORO_ASYNC_BEGIN;
    CORO_AWAIT(*self->one, open_at("127.0.0.1"));
    CORO_AWAIT(*self->other, coro_datagram_open(&(coro_datagram_options){
                                 .remote_host = "127.0.0.1",
                                 .remote_service = port_of(*self->one)}));
    CORO_ASYNC_END;
}

static inline void open_unix_pair(coro_datagram **one, coro_datagram **other)
{
    int fds[2];
    EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    EQ(coro_datagram_from_fd(one, fds[0]), 0);
    EQ(coro_datagram_from_fd(other, fds[1]), 0);
}

#endif
