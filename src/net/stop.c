/* SPDX-License-Identifier: MIT */
/*
 * stop.c - the end of a server, and who waits for it.
 *
 *     close ──► no sockets ──► no acceptor ─┐
 *                                           ├──► over: waiters are told, the last reference frees
 *     the last handler ends ────────────────┘
 *
 * Both conditions, in either order: coro_server_is_over is asked whenever a
 * reference is given back, and the acceptor and each connection have one.
 */
#define _GNU_SOURCE
#include "server.h"

void coro_server_close(coro_server *server)
{
    coro_check_thread(server->loop);
    if (server->closed)
        return;
    server->closed = true;
    coro_server_close_sockets(server);
    if (server->reserve >= 0)
        coro_sys.close(server->reserve);
    server->reserve = -1;
    if (server->acceptor != NULL)
        coro_task_cancel(server->acceptor);
}

void coro_server_close_clients(coro_server *server)
{
    coro_check_thread(server->loop);
    coro_server_each_connection(server, coro_connection_close);
}

void coro_server_abort_clients(coro_server *server)
{
    coro_check_thread(server->loop);
    coro_server_each_connection(server, coro_connection_abort);
}

void coro_server_release(coro_server *server)
{
    if (server == NULL)
        return;
    coro_server_close(server);
    coro_server_unref(server);
}

static int wait_start(coro_task *task, coro_call *call)
{
    coro_server *server = call->object;
    if (server->loop != task->driver.loop)
        return CORO_EWRONGLOOP;
    if (coro_server_is_over(server))
        return 0;
    task->wait.object = server;
    coro_waiters_push(&server->waiters, task);
    return CORO_PENDING_;
}

static bool wait_cancel(coro_task *task)
{
    coro_waiters_remove(&((coro_server *)task->wait.object)->waiters, task);
    return true;
}

static const coro_wait_type wait_type = {"server", wait_cancel, NULL, NULL, false};

CORO_LEAF(coro_server_wait_closed, &wait_type, wait_start, 0);

coro_void *coro_server_wait_closed(coro_server *server)
{
    coro_call *call = coro_call_new_(&coro_server_wait_closed_call_);
    if (call->coro.error == 0)
        call->object = server;
    return (coro_void *)call;
}

/* --- until then ---------------------------------------------------------------------------- */

ASYNC(serve_forever, ARGS(coro_server *, server), VARS(bool mine; int error;))
{
    ASYNC_BEGIN;
    self->server->references++;
    if (self->server->forever)
        ASYNC_THROW(CORO_EBUSY);
    self->error = coro_server_start_serving(self->server);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    self->mine = self->server->forever = true;
    AWAIT(coro_server_wait_closed(self->server));
  ASYNC_FINALLY:
    if (self->mine) {
        self->server->forever = false;
        coro_server_close(self->server);
        AWAIT(coro_server_wait_closed(self->server));
    }
    coro_server_unref(self->server);
    ASYNC_END;
}

coro_void *coro_server_serve_forever(coro_server *server)
{
    return (coro_void *)(void *)serve_forever(server);
}

/* --- with a limit --------------------------------------------------------------------------- */

ASYNC(shutdown_server, ARGS(coro_server *, server, coro_duration, grace),
      VARS(coro_scope limit; int error;))
{
    ASYNC_BEGIN;
    coro_server_close(self->server);
    ASYNC_TRY;
        CORO_TIMEOUT(self->limit, self->grace) {
            AWAIT(coro_server_wait_closed(self->server));
        }
    ASYNC_CATCH(self->error);
        coro_server_abort_clients(self->server);
        AWAIT(coro_server_wait_closed(self->server));
    ASYNC_END_TRY;
  ASYNC_FINALLY:
    coro_server_release(self->server);
    ASYNC_END;
}

/* Nothing to do. */
ASYNC(shutdown_none)
{
    ASYNC_BEGIN;
    ASYNC_END;
}

coro_void *coro_server_shutdown(coro_server *server, coro_duration grace)
{
    struct shutdown_server *call;
    if (server == NULL)
        return (coro_void *)(void *)shutdown_none();
    call = shutdown_server(server, grace);
    if (call->coro.error != 0) { /* no memory to wait, but it does its work */
        coro_server_close(server);
        coro_server_abort_clients(server);
        coro_server_release(server);
    }
    return (coro_void *)(void *)call;
}
