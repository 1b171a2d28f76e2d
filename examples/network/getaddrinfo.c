/* SPDX-License-Identifier: MIT */
/* getaddrinfo.c: the addresses of hosts, for TCP. These three need no name server. */
#define _POSIX_C_SOURCE 200809L
#include <coro/coro.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static const char *const hosts[] = {"127.0.0.1", "localhost", "printer.localhost"};
static const struct addrinfo hints = {.ai_family = AF_INET, .ai_protocol = IPPROTO_TCP};

static void show(const struct addrinfo *each)
{
    char text[CORO_ADDRESS_TEXT_MAX];
    coro_address address;
    coro_address_set(&address, each->ai_addr, each->ai_addrlen);
    coro_address_format(&address, text, sizeof text);
    printf("  %s\n", text);
}

ASYNC(main_async, VARS(struct addrinfo *found; size_t i;))
{
    ASYNC_BEGIN;
    for (; self->i < sizeof hosts / sizeof hosts[0]; self->i++) {
        printf("%s\n", hosts[self->i]);
        AWAIT(self->found, coro_getaddrinfo(hosts[self->i], "443", &hints));
        for (struct addrinfo *each = self->found; each != NULL; each = each->ai_next)
            show(each);
        coro_freeaddrinfo(self->found);
    }
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
