/* SPDX-License-Identifier: MIT */
/*
 * socks5_proxy.c: connections for others (RFC 1928), for who knows a password (RFC 1929) or for
 * anybody.
 *
 *     socks5_proxy [PORT [LIMIT [USER PASSWORD]]]
 *
 *     greeting ─► (password ─►) request ─► connect ─► answer ─► pass on, both ways ─► both ends
 *        └───────── in LIMIT seconds ─────────┘                └─ a byte in LIMIT seconds, or gone
 *
 * Only CONNECT: to an IPv4 or IPv6 address, or to a name, which is looked up here. Whatever is
 * wrong has its code in the answer; what is no SOCKS5 at all gets none.
 */
#include <arpa/inet.h>
#include "common/until_stopped.h"

#include <coro/coro.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the bytes of the protocol. */
enum { VERSION = 5, PASSWORD_VERSION = 1 };
enum { NO_PASSWORD = 0, BY_PASSWORD = 2, NO_METHOD = 0xff };
enum { CONNECT = 1 };
enum { IPV4 = 1, NAME = 3, IPV6 = 4 };
enum { UNKNOWN = -1, DONE, FAILED, NOT_ALLOWED, NET_UNREACHABLE, HOST_UNREACHABLE, REFUSED,
       TTL_EXPIRED, NO_SUCH_COMMAND, NO_SUCH_ADDRESS };

typedef struct options {
    unsigned limit_s;
    const char *user, *password; /* NULL: anybody */
} options;

typedef struct target {
    char host[256], port[6];
} target;

/* --- who are you? ---------------------------------------------------------------------------- */

/* Does the text that came, its length before it, equal ours? In a time that says nothing of it. */
static bool is_same(const unsigned char *came, const char *ours)
{
    size_t size = strlen(ours);
    unsigned difference = came[0] != size;
    for (size_t i = 0; i < came[0]; i++)
        difference |= came[i + 1] ^ (unsigned char)ours[i < size ? i : size];
    return difference == 0;
}

/* A byte that says how many follow, and those. */
ASYNC(read_counted, ARGS(coro_stream *, stream, unsigned char *, text))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_read_exactly(self->stream, self->text, 1));
    AWAIT(coro_stream_read_exactly(self->stream, self->text + 1, self->text[0]));
    ASYNC_END;
}

ASYNC(check_password, RETURNS(bool),
      ARGS(coro_stream *, stream, const char *, user, const char *, password), VARS(bool is_known;),
      SCRATCH(unsigned char version, name[256], word[256];))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_read_exactly(self->stream, &self->version, 1));
    if (self->version != PASSWORD_VERSION)
        ASYNC_RETURN(false);
    AWAIT(read_counted(self->stream, self->name));
    AWAIT(read_counted(self->stream, self->word));
    self->is_known = is_same(self->name, self->user);
    self->is_known &= is_same(self->word, self->password);
    AWAIT(coro_stream_write(self->stream, self->is_known ? "\1\0" : "\1\1", 2));
    ASYNC_RETURN(self->is_known);
    ASYNC_END;
}

/* False: this is no client of ours, and knows it, if it speaks SOCKS5. */
ASYNC(greet, RETURNS(bool), ARGS(coro_stream *, stream, const options *, options),
      VARS(bool is_known;), SCRATCH(unsigned char version, methods[256], answer[2];))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_read_exactly(self->stream, &self->version, 1));
    if (self->version != VERSION)
        ASYNC_RETURN(false);
    AWAIT(read_counted(self->stream, self->methods));
    self->answer[0] = VERSION;
    self->answer[1] = self->options->user != NULL ? BY_PASSWORD : NO_PASSWORD;
    if (memchr(self->methods + 1, self->answer[1], self->methods[0]) == NULL)
        self->answer[1] = NO_METHOD;
    AWAIT(coro_stream_write(self->stream, self->answer, sizeof self->answer));
    self->is_known = self->answer[1] == NO_PASSWORD;
    if (self->answer[1] == BY_PASSWORD)
        AWAIT(self->is_known, check_password(self->stream, self->options->user,
                                             self->options->password));
    ASYNC_RETURN(self->is_known);
    ASYNC_END;
}

/* --- where to? ------------------------------------------------------------------------------- */

/* The address of this kind, with its port behind it. */
static int parse(target *to, unsigned kind, const unsigned char *bytes, size_t size)
{
    if (kind == NAME && (size == 0 || memchr(bytes, '\0', size) != NULL))
        return FAILED;
    if (kind == NAME)
        snprintf(to->host, sizeof to->host, "%.*s", (int)size, (const char *)bytes);
    else
        inet_ntop(kind == IPV4 ? AF_INET : AF_INET6, bytes, to->host, sizeof to->host);
    snprintf(to->port, sizeof to->port, "%u", bytes[size] * 256u + bytes[size + 1]);
    return DONE;
}

/* The answer's code. Of an address of an unknown kind nobody knows where it ends. */
ASYNC(read_request, RETURNS(int), ARGS(coro_stream *, stream, target *, to), VARS(size_t size;),
      SCRATCH(unsigned char head[4], count, address[255 + 2];))
{
    ASYNC_BEGIN;
    AWAIT(coro_stream_read_exactly(self->stream, self->head, sizeof self->head));
    if (self->head[0] != VERSION)
        ASYNC_RETURN(FAILED);
    self->size = self->head[3] == IPV4 ? 4 : 16;
    if (self->head[3] == NAME) {
        AWAIT(coro_stream_read_exactly(self->stream, &self->count, 1));
        self->size = self->count;
    } else if (self->head[3] != IPV4 && self->head[3] != IPV6) {
        ASYNC_RETURN(NO_SUCH_ADDRESS);
    }
    AWAIT(coro_stream_read_exactly(self->stream, self->address, self->size + 2));
    if (self->head[1] != CONNECT)
        ASYNC_RETURN(NO_SUCH_COMMAND);
    ASYNC_RETURN(parse(self->to, self->head[3], self->address, self->size));
    ASYNC_END;
}

/* The code for the answer: DONE for a target that may be tried, UNKNOWN for none. */
ASYNC(ask, RETURNS(int), ARGS(coro_stream *, stream, const options *, options, target *, to),
      VARS(bool is_known; int code;))
{
    ASYNC_BEGIN;
    AWAIT(self->is_known, greet(self->stream, self->options));
    if (!self->is_known)
        ASYNC_RETURN(UNKNOWN);
    AWAIT(self->code, read_request(self->stream, self->to));
    ASYNC_RETURN(self->code);
    ASYNC_END;
}

static int code_of(int error)
{
    switch (error) {
    case 0:
        return DONE;
    case -ENETUNREACH: /* all of errno is an error of ours, with a name or without */
        return NET_UNREACHABLE;
    case CORO_ECONNREFUSED:
        return REFUSED;
    case CORO_EHOSTUNREACH:
    case CORO_ETIMEDOUT:
    case CORO_ENAME:
    case CORO_ENAMEAGAIN:
        return HOST_UNREACHABLE;
    default:
        return FAILED;
    }
}

/* The code, and where the new connection begins: its size. */
static size_t make_answer(unsigned char *answer, int code, const coro_stream *other)
{
    struct sockaddr_storage own = {.ss_family = AF_INET};
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&own;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&own;
    socklen_t size = sizeof own;
    bool is_ipv6;
    if (other != NULL)
        (void)getsockname(coro_stream_fd(other), (struct sockaddr *)&own, &size);
    is_ipv6 = own.ss_family == AF_INET6;
    size = is_ipv6 ? 16 : 4;
    answer[0] = VERSION;
    answer[1] = (unsigned char)code;
    answer[2] = 0;
    answer[3] = is_ipv6 ? IPV6 : IPV4;
    memcpy(answer + 4, is_ipv6 ? (const void *)&in6->sin6_addr : &in->sin_addr, size);
    memcpy(answer + 4 + size, is_ipv6 ? &in6->sin6_port : &in->sin_port, 2);
    return 4 + size + 2;
}

/* --- there you are --------------------------------------------------------------------------- */

ASYNC(pass_on, ARGS(coro_stream *, from, coro_stream *, to), VARS(size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_copy(self->from, self->to, SIZE_MAX));
    AWAIT(coro_stream_shutdown_write(self->to));
    ASYNC_END;
}

/* Fails when nothing has been sent, either way, for so long: one of them has stalled. */
ASYNC(watch, ARGS(const coro_stream *, one, const coro_stream *, other, unsigned, limit_s),
      VARS(size_t before, sent;))
{
    ASYNC_BEGIN;
    do {
        self->before = self->sent;
        AWAIT(coro_sleep(CORO_SECONDS(self->limit_s)));
        self->sent = coro_stream_sent(self->one) + coro_stream_sent(self->other);
    } while (self->sent != self->before);
    ASYNC_THROW(CORO_ETIMEDOUT);
    ASYNC_END;
}

ASYNC(pass_on_both, ARGS(coro_stream *, one, coro_stream *, other), VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, pass_on(self->other, self->one));
        AWAIT(pass_on(self->one, self->other));
    }
    ASYNC_END;
}

ASYNC(relay, ARGS(coro_stream *, one, coro_stream *, other, unsigned, limit_s),
      VARS(coro_group group;))
{
    ASYNC_BEGIN;
    CORO_GROUP(self->group) {
        coro_group_create_task(&self->group, watch(self->one, self->other, self->limit_s));
        AWAIT(pass_on_both(self->one, self->other));
        coro_group_cancel(&self->group);
    }
    ASYNC_END;
}

ASYNC(proxy, ARGS(coro_stream *, stream, void *, context),
      VARS(const options *options; coro_stream *other; target to; int code, error;),
      SCRATCH(unsigned char answer[4 + 16 + 2];))
{
    ASYNC_BEGIN;
    self->options = self->context;
    AWAIT_CATCH(self->error, self->code,
                coro_wait_for(ask(self->stream, self->options, &self->to),
                              CORO_SECONDS(self->options->limit_s)));
    if (self->error == 0 && self->code == DONE) {
        AWAIT_CATCH(self->error, self->other,
                    coro_wait_for(coro_open_connection(self->to.host, self->to.port, NULL),
                                  CORO_SECONDS(self->options->limit_s)));
        self->code = code_of(self->error);
        printf("%s, port %s: %s\n", self->to.host, self->to.port, coro_strerror(self->error));
        fflush(stdout);
    } else if (self->error != 0) {
        ASYNC_RETURN(); /* it has gone, or has fallen silent */
    }
    if (self->code != UNKNOWN)
        AWAIT_CATCH(self->error,
                    coro_stream_write(self->stream, self->answer,
                                      make_answer(self->answer, self->code, self->other)));
    if (self->other == NULL) { /* with what it says still: a reset would take the answer along */
        AWAIT_CATCH(self->error, coro_stream_close_graceful(&self->stream, CORO_SECONDS(1)));
        ASYNC_RETURN();
    }
    AWAIT_CATCH(self->error, relay(self->stream, self->other, self->options->limit_s));
    if (self->error != 0) { /* what has happened to one happens to the other */
        coro_stream_abort(&self->stream);
        coro_stream_abort(&self->other);
    }
  ASYNC_FINALLY:
    AWAIT_CATCH(self->error, coro_stream_close(&self->other));
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, port, options *, options), VARS(coro_server *server;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(proxy), self->options, "127.0.0.1", self->port, NULL));
    AWAIT(server_until_stopped(self->server));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(1)));
    ASYNC_END;
}

int main(int argc, char **argv)
{
    options options = {.limit_s = argc > 2 ? (unsigned)atoi(argv[2]) : 60};
    if (argc == 4 || argc > 5 || options.limit_s == 0 || options.limit_s > 86400) {
        fprintf(stderr, "usage: %s [PORT [SECONDS [USER PASSWORD]]]\n", argv[0]);
        return 2;
    }
    if (argc == 5) {
        options.user = argv[3];
        options.password = argv[4];
    }
    return coro_main(main_async(argc > 1 ? argv[1] : "10000", &options));
}
