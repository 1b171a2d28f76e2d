/* SPDX-License-Identifier: MIT */
/*
 * datagram_protocol.c - a task that receives datagrams and calls a protocol.
 *
 *     run ─┬─ body:     receive_from ─► datagram_received ─► ...   until `receiving` is cancelled
 *          └─ children: a copy each of what found no room ─► send_to   close waits for them
 *
 * A send is a child that takes its first step at once: as a rule that is all it takes.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <coro/net_protocol.h>

#include <string.h>

#define DATAGRAM_MAX ((size_t)65536)
#define UNSENT_HIGH ((size_t)64 * 1024)
#define UNSENT_LOW ((size_t)16 * 1024)

/* What an open protocol is a part of: in the frame of its task. */
struct coro_datagram_run_ {
    coro_datagram *socket;
    coro_datagram_protocol *protocol;
    coro_group group;
    coro_scope receiving;
    size_t unsent; /* bytes in children's copies */
    bool closing;
    bool full; /* pause_writing was called, and resume_writing was not yet */
};

typedef struct coro_datagram_run_ endpoint;

static const coro_datagram_protocol_type *type_of(const endpoint *run)
{
    return run->protocol->type;
}

static void complain(endpoint *run, int error)
{
    if (type_of(run)->error_received != NULL)
        type_of(run)->error_received(run->protocol, error);
}

/* --- sending ------------------------------------------------------------------------------ */

typedef struct copy {
    coro_address to; /* size 0: the socket's own */
    size_t size;
    char data[];
} copy;

static void count_unsent(endpoint *run, size_t more, size_t less)
{
    run->unsent += more - less;
    if (!run->full && run->unsent > UNSENT_HIGH) {
        run->full = true;
        if (type_of(run)->pause_writing != NULL)
            type_of(run)->pause_writing(run->protocol);
    } else if (run->full && run->unsent <= UNSENT_LOW) {
        run->full = false;
        if (type_of(run)->resume_writing != NULL)
            type_of(run)->resume_writing(run->protocol);
    }
}

ASYNC(send_copy, ARGS(endpoint *, run, copy *, copy), VARS(int error;))
{
    ASYNC_BEGIN;
    if (self->copy->to.size > 0)
        AWAIT_CATCH(self->error, coro_datagram_send_to(self->run->socket, self->copy->data,
                                                       self->copy->size, &self->copy->to));
    else
        AWAIT_CATCH(self->error, coro_datagram_send(self->run->socket, self->copy->data,
                                                    self->copy->size));
    count_unsent(self->run, 0, self->copy->size);
    if (self->error != 0 && self->error != CORO_ECANCELED)
        complain(self->run, self->error);
  ASYNC_FINALLY:
    coro_pool_give_(&coro_driver_->loop->pool, self->copy, sizeof(copy) + self->copy->size);
    ASYNC_END;
}

int coro_datagram_protocol_send(coro_datagram_protocol *protocol, const void *data, size_t size,
                                const coro_address *to)
{
    static const coro_address none;
    endpoint *run = protocol->run;
    coro_pool *pool;
    copy *fresh;
    int error;
    if (run == NULL || run->closing)
        return CORO_EPIPE;
    pool = &coro_loop_current()->pool;
    fresh = size <= DATAGRAM_MAX ? coro_pool_take_(pool, sizeof *fresh + size) : NULL;
    if (fresh == NULL)
        return size <= DATAGRAM_MAX ? CORO_ENOMEM : CORO_EMSGSIZE;
    fresh->to = to != NULL ? *to : none;
    fresh->size = size;
    if (size > 0)
        memcpy(fresh->data, data, size);
    count_unsent(run, size, 0);
    error = coro_group_create_task_eager(&run->group, NULL, send_copy(run, fresh));
    if (error != 0) {
        coro_pool_give_(pool, fresh, sizeof *fresh + size);
        count_unsent(run, 0, size);
    }
    return error == CORO_ENOMEM || error == 0 ? error : CORO_EPIPE;
}

/* --- receiving, and life -------------------------------------------------------------------- */

/* Datagrams, and complaints of the network, until it is cancelled. */
ASYNC(receive_all, ARGS(endpoint *, run), VARS(coro_address from; size_t size; int error;),
      SCRATCH(char data[DATAGRAM_MAX];))
{
    ASYNC_BEGIN;
    for (;;) {
        AWAIT_CATCH(self->error, self->size,
                    coro_datagram_receive_from(self->run->socket, self->data, sizeof self->data,
                                               &self->from));
        if (self->error == CORO_ECANCELED || self->error == CORO_ECLOSED)
            ASYNC_THROW(self->error);
        if (self->error != 0)
            complain(self->run, self->error);
        else if (type_of(self->run)->datagram_received != NULL)
            type_of(self->run)->datagram_received(self->run->protocol, self->data, self->size,
                                                  &self->from);
    }
    ASYNC_END;
}

static void lose(endpoint *run, int error)
{
    coro_datagram_protocol *protocol = run->protocol;
    protocol->run = NULL;
    coro_datagram_close(&run->socket);
    if (protocol->type->connection_lost != NULL)
        protocol->type->connection_lost(protocol, run->closing ? 0 : error);
}

ASYNC(run_endpoint, ARGS(coro_datagram *, socket, coro_datagram_protocol *, protocol),
      VARS(endpoint run; int error;))
{
    ASYNC_BEGIN;
    self->run.socket = self->socket;
    self->run.protocol = self->protocol;
    self->protocol->run = &self->run;
    CORO_GROUP(self->run.group) {
        CORO_MOVE_ON_AFTER(self->run.receiving, CORO_FOREVER) {
            if (self->protocol->type->connection_made != NULL)
                self->protocol->type->connection_made(self->protocol);
            AWAIT_CATCH(self->error, receive_all(&self->run));
        }
    }
  ASYNC_FINALLY:
    lose(&self->run, self->coro.error != 0 ? self->coro.error : self->error);
    ASYNC_END;
}

ASYNC(create_endpoint,
      ARGS(coro_datagram_protocol *, protocol, const coro_datagram_options *, options),
      VARS(coro_datagram *socket;))
{
    struct run_endpoint *call;
    coro_task *task;
    ASYNC_BEGIN;
    if (self->protocol->run != NULL)
        ASYNC_THROW(CORO_EALREADY);
    AWAIT(self->socket, coro_datagram_open(self->options));
    call = run_endpoint(self->socket, self->protocol);
    task = call->coro.error == 0 ? coro_create_task_eager(call) : NULL;
    if (task == NULL)
        ASYNC_THROW(CORO_ENOMEM);
    self->socket = NULL;
    coro_task_set_name(task, "datagram protocol");
    coro_task_release(task);
  ASYNC_FINALLY:
    coro_datagram_close(&self->socket);
    ASYNC_END;
}

coro_void *coro_create_datagram_endpoint(coro_datagram_protocol *protocol,
                                         const coro_datagram_options *options)
{
    return (coro_void *)(void *)create_endpoint(protocol, options);
}

void coro_datagram_protocol_close(coro_datagram_protocol *protocol)
{
    if (protocol->run != NULL && !protocol->run->closing) {
        protocol->run->closing = true;
        coro_scope_cancel(&protocol->run->receiving);
    }
}

void coro_datagram_protocol_abort(coro_datagram_protocol *protocol)
{
    if (protocol->run != NULL) {
        protocol->run->closing = true;
        coro_group_cancel(&protocol->run->group);
    }
}

coro_datagram *coro_datagram_protocol_socket(const coro_datagram_protocol *protocol)
{
    return protocol->run != NULL ? protocol->run->socket : NULL;
}
