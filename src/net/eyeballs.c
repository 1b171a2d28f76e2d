/* SPDX-License-Identifier: MIT */
/*
 * eyeballs.c - coro_open_connection: the addresses of a name, against each other.
 *
 *     found   [v6 a] [v6 b] [v4 c]          as the resolver has sorted them (RFC 6724)
 *     order   [v6 a] [v4 c] [v6 b]          families in turn (RFC 8305, 4)
 *
 *     v6 a  ──┬── 250 ms ──┬───────────╳    cancelled, and closed
 *     v4 c    │            └──────● the first that answers: the stream
 *     v6 b    └ never tried
 *
 * It is a staggered race (coro/staggered.h) of one attempt an address (connect.c):
 * that has the head starts, the next at once after a failure, the one winner, and
 * the wait for all the others, who close their sockets before the await is over. One
 * address alone needs no race, and no task.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <coro/names.h>
#include <coro/staggered.h>

#include <stdio.h>
#include <string.h>

#define HEAD_START CORO_MS(250) /* RFC 8305, 5: the recommended Connection Attempt Delay */
#define RACERS_MAX 64

/* --- the order of addresses --------------------------------------------------------------- */

/* Alternate between the first one's family and the others; the first stays where it is, for it is
 * the list's memory. How many there are. */
static size_t interleave(struct addrinfo *list)
{
    struct addrinfo *rows[2] = {NULL, NULL}, **ends[2] = {&rows[0], &rows[1]}, **end = &list;
    const int family = list->ai_family;
    size_t count = 0;
    for (struct addrinfo *each = list; each != NULL; each = each->ai_next) {
        bool other = each->ai_family != family;
        *ends[other] = each;
        ends[other] = &each->ai_next;
    }
    *ends[0] = *ends[1] = NULL;
    for (unsigned turn = 0; rows[0] != NULL || rows[1] != NULL; turn++) {
        struct addrinfo **row = &rows[rows[turn % 2] != NULL ? turn % 2 : (turn + 1) % 2];
        *end = *row;
        *row = (*row)->ai_next;
        end = &(*end)->ai_next;
        count++;
    }
    *end = NULL;
    return count;
}

/* --- what is told ------------------------------------------------------------------------- */

/* This machine could not even try. */
static bool is_out_of_reach(int error)
{
    return error == -ENETUNREACH || error == -EAFNOSUPPORT || error == CORO_EADDRNOTAVAIL;
}

/* One error for all. */
static int error_of(const int *errors, size_t count)
{
    int error = errors[count - 1];
    for (size_t i = count; i-- > 0;)
        if (!is_out_of_reach(errors[i]))
            return errors[i];
    return error;
}

static void tell(coro_connect_report *report, const struct addrinfo *each, const int *errors,
                 size_t count)
{
    coro_address address;
    report->count = count;
    for (size_t i = 0; i < count && i < CORO_CONNECT_REPORT_MAX; i++, each = each->ai_next) {
        coro_connect_attempt *attempt = &report->attempts[i];
        char text[CORO_ADDRESS_TEXT_MAX] = "";
        if (coro_address_set(&address, each->ai_addr, each->ai_addrlen) == 0)
            (void)coro_address_format(&address, text, sizeof text);
        snprintf(attempt->address, sizeof attempt->address, "%.*s",
                 (int)sizeof attempt->address - 1, text);
        attempt->error = errors[i];
    }
}

/* --- the race ----------------------------------------------------------------------------- */

/* What belongs to one call, in one block of the pool. */
typedef struct race {
    struct addrinfo *found;
    coro_conn *conn; /* the winner's */
    size_t count;
    int *errors; /* behind the items */
    coro_gather_item items[];
} race;

static size_t size_of(size_t count)
{
    return sizeof(race) + count * (sizeof(coro_gather_item) + sizeof(int));
}

static race *race_new(struct addrinfo *found)
{
    size_t count = interleave(found);
    race *self;
    count = count < RACERS_MAX ? count : RACERS_MAX;
    self = coro_pool_take_(coro_pool_current_, size_of(count));
    if (self == NULL)
        return NULL;
    *self = (race){.found = found, .count = count};
    self->errors = (int *)(void *)&self->items[count];
    for (size_t i = 0; i < count; i++)
        self->errors[i] = CORO_EPENDING;
    return self;
}

static void race_free(race *self)
{
    coro_pool_give_(coro_pool_current_, self, size_of(self->count));
}

static CORO_NODISCARD coro_size *race_run(race *self, const struct addrinfo *local,
                                          const coro_connect_options *options)
{
    coro_duration delay = options->delay == 0  ? HEAD_START
                          : options->delay < 0 ? CORO_FOREVER
                                               : options->delay;
    const struct addrinfo *each = self->found;
    for (size_t i = 0; i < self->count; i++, each = each->ai_next)
        self->items[i] = coro_into(&self->conn, coro_connect_one(each, local, options));
    return coro_staggered_race_array(delay, self->items, self->count, self->errors);
}

/* The same for one address alone: nobody to race with. */
ASYNC(run_alone, RETURNS(size_t),
      ARGS(race *, race, const struct addrinfo *, local, const coro_connect_options *, options))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->race->errors[0], self->race->conn,
                coro_connect_one(self->race->found, self->local, self->options));
    if (self->race->errors[0] == CORO_ECANCELED)
        ASYNC_THROW(CORO_ECANCELED);
    ASYNC_RETURN(self->race->errors[0] != 0);
    ASYNC_END;
}

static void drop_stream(coro_stream *stream)
{
    coro_stream_abort(&stream);
}

static const coro_connect_options defaults;

/* "0" where no port is asked for. */
typedef struct port_text {
    char digits[8];
} port_text;

ASYNC(open_connection, RETURNS(coro_stream *, drop_stream),
      ARGS(const char *, host, const char *, service, const coro_connect_options *, options),
      VARS(struct addrinfo hints; struct addrinfo *found, *local; race *race; size_t winner;
           port_text port;))
{
    ASYNC_BEGIN;
    if (self->options == NULL)
        self->options = &defaults;
    if (self->options->report != NULL)
        self->options->report->count = 0;
    self->hints.ai_socktype = SOCK_STREAM;
    self->hints.ai_family = self->options->family;
    AWAIT(self->found, coro_getaddrinfo(self->host, self->service, &self->hints));
    if (self->options->local_host != NULL || self->options->local_port != 0) {
        self->hints.ai_flags = AI_PASSIVE;
        snprintf(self->port.digits, sizeof self->port.digits, "%u", self->options->local_port);
        AWAIT(self->local, coro_getaddrinfo(self->options->local_host, self->port.digits,
                                            &self->hints));
    }
    self->race = race_new(self->found);
    if (self->race == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    if (self->race->count == 1)
        AWAIT(self->winner, (coro_size *)(void *)run_alone(self->race, self->local,
                                                           self->options));
    else
        AWAIT(self->winner, race_run(self->race, self->local, self->options));
    if (self->winner == self->race->count)
        ASYNC_THROW(error_of(self->race->errors, self->race->count));
    coro_conn_connected(self->race->conn);
    ASYNC_RETURN(&self->race->conn->stream);
  ASYNC_FINALLY:
    if (self->race != NULL) {
        if (self->options->report != NULL)
            tell(self->options->report, self->found, self->race->errors, self->race->count);
        race_free(self->race);
    }
    coro_freeaddrinfo(self->found);
    coro_freeaddrinfo(self->local);
    ASYNC_END;
}

coro_connecting *coro_open_connection(const char *host, const char *service,
                                      const coro_connect_options *options)
{
    return (coro_connecting *)(void *)open_connection(host, service, options);
}
