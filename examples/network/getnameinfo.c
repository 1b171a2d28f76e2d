/* SPDX-License-Identifier: MIT */
/* getnameinfo.c: two addresses back to a host and a service. Neither needs a name server. */
#define _POSIX_C_SOURCE 200809L
#include <coro/coro.h>
#include <netdb.h>
#include <stdio.h>

static const struct {
    const char *address;
    int flags;
} questions[] = {
    {"127.0.0.1:443", NI_NUMERICSERV},
    {"[2001:db8::7]:80", NI_NUMERICHOST | NI_NUMERICSERV},
};

ASYNC(main_async, VARS(coro_address address; coro_nameinfo *name; size_t i;))
{
    ASYNC_BEGIN;
    for (; self->i < sizeof questions / sizeof questions[0]; self->i++) {
        coro_address_parse(&self->address, questions[self->i].address, 0);
        AWAIT(self->name, coro_getnameinfo(coro_address_any(&self->address), self->address.size,
                                           questions[self->i].flags));
        printf("%-16s is %s, service %s\n", questions[self->i].address, self->name->host,
               self->name->service);
        coro_freenameinfo(self->name);
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
