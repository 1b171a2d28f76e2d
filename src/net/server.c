/* SPDX-License-Identifier: MIT */
/*
 * server.c - the life of a server and of its connections.
 *
 *     start ─► listening ──close──► closed ─► last connection over ─► waiters told
 *                 │ admit                                 ▲
 *                 └─► task: wrap ─► handler ─► close or abort its stream ─┘
 *
 * Each connection is a task of the loop whose first coroutine, coro_connection,
 * awaits the wrap, if there is one, and then the handler. Its frame is the
 * connection's record: in the server's ring from before its first step until after
 * its stream is gone. The handler may close the stream itself, by whatever pointer:
 * the stream's owner is the record. While it is being wrapped it has none, for then
 * two streams may be made of one.
 *
 * Invariants. S1: connections_count is the number of records in the ring. S2: the
 * acceptor exists exactly while it has not ended; `closed` follows no later.
 */
#define _GNU_SOURCE
#include "server.h"

/* --- references --------------------------------------------------------------------------- */

bool coro_server_is_over(const coro_server *server)
{
    return server->closed && server->acceptor == NULL && server->connections == NULL;
}

void coro_server_unref(coro_server *server)
{
    if (coro_server_is_over(server))
        for (coro_task *task; (task = coro_waiters_pop(&server->waiters)) != NULL;)
            coro_wait_done(task, 0);
    if (--server->references == 0)
        coro_pool_give_(&server->loop->pool, server,
                        sizeof *server + server->listeners_max * sizeof server->listeners[0]);
}

/* --- one connection ----------------------------------------------------------------------- */

/* Clients come and go as they like; who wants to know of it catches the error. */
static bool is_news(int error)
{
    return error != 0 && error != CORO_ECANCELED && error != CORO_ECONNRESET && error != CORO_EPIPE;
}

/* One that leaves, falls silent, or talks nonsense half way through a greeting is none, either. */
static bool is_news_of_wrap(int error)
{
    switch (error) {
    case CORO_EINCOMPLETE:
    case CORO_ETIMEDOUT:
    case CORO_ETRUNCATED:
    case CORO_EPROTO:
    case CORO_EVERIFY:
        return false;
    default:
        return is_news(error);
    }
}

/* What is unsent is to leave, after a cancel, and after close_clients, which has told the handler
 * by an error itself. */
static bool is_to_abort(int error, bool is_ended, bool is_aborted)
{
    if (error == CORO_ECANCELED)
        return is_aborted;
    return error != 0 && !(is_ended && error == CORO_EPIPE);
}

static void report(const coro_server *server, int error, const char *message)
{
    coro_report report = {CORO_REPORT_TASK_ERROR, server->loop, coro_current_task(), error,
                          message};
    coro_loop_report(server->loop, &report);
}

/* The handler's argument; from now on the stream may be closed by whoever has it. */
static void give_stream(const coro_server *server, coro_header *handler, coro_stream **place)
{
    CORO_CHECK(*place != NULL, "a coro_stream_wrap that does not fail leaves a stream in *stream");
    (*place)->owner = place;
    *(coro_stream **)(void *)((char *)handler + server->handler.stream_offset) = *place;
}

ASYNC(coro_connection, ARGS(coro_server *, server, coro_header *, handler),
      VARS(coro_stream *stream; coro_task *task; struct coro_connection *next, *before; int error;
           bool ready, ended, aborted;))
{
    ASYNC_BEGIN;
    if (self->server->wrap != NULL) {
        AWAIT_CATCH(self->error, self->server->wrap(&self->stream, self->server->wrap_context));
        if (self->error != 0) {
            coro_discard_(self->handler);
            if (is_news_of_wrap(self->error))
                report(self->server, self->error, "a connection was not made ready");
            if (self->aborted)
                coro_stream_abort(&self->stream);
            ASYNC_RETURN();
        }
    }
    give_stream(self->server, self->handler, &self->stream);
    self->ready = true;
    AWAIT_CATCH(self->error, (coro_any *)self->handler);
    if (is_news(self->error))
        report(self->server, self->error, "the handler of a connection failed");
    if (is_to_abort(self->error, self->ended, self->aborted))
        coro_stream_abort(&self->stream);
  ASYNC_FINALLY:
    AWAIT_CATCH(self->error, coro_stream_close(&self->stream)); /* not the handler's fault */
    if (self->next == self)
        self->server->connections = NULL;
    else if (self->server->connections == self)
        self->server->connections = self->next;
    self->next->before = self->before;
    self->before->next = self->next;
    self->server->connections_count--;
    if (self->server->connections_max > 0)
        coro_flag_set(&self->server->wake);
    coro_task_release(self->task);
    coro_server_unref(self->server);
    ASYNC_END;
}

static void add(coro_server *server, struct coro_connection *connection)
{
    struct coro_connection *first = server->connections;
    if (first == NULL) {
        connection->next = connection->before = connection;
        server->connections = connection;
    } else {
        connection->next = first;
        connection->before = first->before;
        first->before->next = connection;
        first->before = connection;
    }
    server->connections_count++;
    server->references++;
}

/* The handler's call, made from its descriptor, still without its stream. */
static coro_header *make_handler(const coro_server *server)
{
    char *frame = coro_frame_new_slow_(server->handler.descriptor);
    if (frame == NULL)
        return NULL;
    *(void **)(void *)(frame + server->handler.context_offset) = server->context;
    return (coro_header *)(void *)frame;
}

/* Frames, task and timers are there, or nothing is. */
static bool start_task(coro_server *server, coro_conn *conn)
{
    coro_header *handler = make_handler(server);
    struct coro_connection *connection;
    coro_task *task;
    if (handler == NULL)
        return false;
    connection = coro_connection(server, handler);
    task = coro_create_task(connection);
    if (task == NULL) {
        coro_discard_(handler);
        return false;
    }
    coro_task_set_name(task, server->handler.descriptor->name);
    connection->task = task;
    connection->stream = &conn->stream;
    connection->ready = server->wrap == NULL;
    add(server, connection);
    return true;
}

bool coro_server_admit(coro_server *server, int fd)
{
    int error;
    coro_conn *conn = coro_conn_new(fd, server->is_local, &error);
    if (conn == NULL) {
        coro_sys.close(fd);
        return false;
    }
    if (start_task(server, conn))
        return true;
    coro_conn_free(conn);
    return false;
}

/* --- all of them -------------------------------------------------------------------------- */

void coro_server_each_connection(coro_server *server,
                                 void (*visit)(struct coro_connection *connection))
{
    struct coro_connection *each = server->connections;
    for (size_t i = server->connections_count; i > 0; i--, each = each->next)
        visit(each);
}

void coro_connection_abort(struct coro_connection *connection)
{
    connection->aborted = true;
    coro_task_cancel(connection->task);
}

/* While it is being wrapped its stream is in other hands, and it has no handler yet. */
void coro_connection_close(struct coro_connection *connection)
{
    connection->ended = true;
    if (connection->ready)
        coro_stream_hang_up(connection->stream);
    else
        coro_task_cancel(connection->task);
}

/* --- asking ------------------------------------------------------------------------------- */

bool coro_server_is_serving(const coro_server *server)
{
    return server->serving && !server->closed;
}

size_t coro_server_sockets(const coro_server *server)
{
    return server->closed ? 0 : server->listeners_count;
}

int coro_server_socket(const coro_server *server, size_t number)
{
    return number < coro_server_sockets(server) ? server->listeners[number].fd.fd : -1;
}

int coro_server_address(const coro_server *server, size_t number, coro_address *address)
{
    coro_address own = {.size = sizeof own.bytes};
    int fd = coro_server_socket(server, number);
    if (fd < 0)
        return CORO_EBADF;
    if (coro_sys.getsockname(fd, coro_address_any(&own), &own.size) != 0)
        return -errno;
    return coro_address_set(address, coro_address_any(&own), own.size);
}

uint16_t coro_server_port(const coro_server *server)
{
    coro_address first;
    return coro_server_address(server, 0, &first) == 0 ? coro_address_port(&first) : 0;
}

size_t coro_server_connections(const coro_server *server)
{
    return server->connections_count;
}
