/* SPDX-License-Identifier: MIT */
/*
 * dns_lookup.c: the addresses of names, and the names of addresses, all asked for at once.
 *
 *     network_dns_lookup [-4 | -6] NAME|ADDRESS...
 *
 * Answers come in the order of the arguments. Exit status 1: one was not found.
 */
#define _POSIX_C_SOURCE 200809L
#include <coro/coro.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef struct answer {
    const char *asked;
    struct addrinfo *found;
    coro_nameinfo *name;
    int error;
} answer;

static struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
static int not_found;

/* Errors are answers, too. */
ASYNC(look_up, ARGS(answer *, to), VARS(coro_address address;))
{
    ASYNC_BEGIN;
    if (coro_address_parse(&self->address, self->to->asked, 0) == 0)
        AWAIT_CATCH(self->to->error, self->to->name,
                    coro_getnameinfo(coro_address_any(&self->address), self->address.size,
                                     NI_NAMEREQD | NI_NUMERICSERV));
    else
        AWAIT_CATCH(self->to->error, self->to->found,
                    coro_getaddrinfo(self->to->asked, NULL, &hints));
    ASYNC_END;
}

static void show(const answer *each)
{
    char host[128];
    if (each->error != 0)
        printf("%s: %s\n", each->asked, coro_strerror(each->error));
    if (each->name != NULL)
        printf("%s is %s\n", each->asked, each->name->host);
    if (each->found != NULL && each->found->ai_canonname != NULL &&
        strcmp(each->found->ai_canonname, each->asked) != 0)
        printf("%s is called %s\n", each->asked, each->found->ai_canonname);
    for (struct addrinfo *at = each->found; at != NULL; at = at->ai_next)
        if (getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, NULL, 0,
                        NI_NUMERICHOST) == 0)
            printf("%s has %s\n", each->asked, host);
}

ASYNC(main_async, ARGS(char **, asked, int, count), VARS(coro_group group; answer *answers; int i;))
{
    ASYNC_BEGIN;
    self->answers = calloc((size_t)self->count + 1, sizeof *self->answers);
    if (self->answers == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < self->count; self->i++) {
            self->answers[self->i].asked = self->asked[self->i];
            coro_group_create_task(&self->group, look_up(&self->answers[self->i]));
        }
    }
    for (self->i = 0; self->i < self->count; self->i++) {
        show(&self->answers[self->i]);
        not_found |= self->answers[self->i].error != 0;
    }
  ASYNC_FINALLY:
    for (int i = 0; self->answers != NULL && i < self->count; i++) {
        coro_freeaddrinfo(self->answers[i].found);
        coro_freenameinfo(self->answers[i].name);
    }
    free(self->answers);
    ASYNC_END;
}

int main(int argc, char **argv)
{
    int first = 1, error;
    if (argc > 1 && (strcmp(argv[1], "-4") == 0 || strcmp(argv[1], "-6") == 0))
        hints.ai_family = argv[first++][1] == '4' ? AF_INET : AF_INET6;
    if (first >= argc) {
        fputs("usage: network_dns_lookup [-4 | -6] NAME|ADDRESS...\n", stderr);
        return 2;
    }
    error = coro_main(main_async(argv + first, argc - first));
    return error != 0 ? error : not_found;
}
