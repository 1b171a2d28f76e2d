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

#include <coro/names.h>

/* --- references --------------------------------------------------------------------------- */

static bool is_over(const coro_server *server)
{
    return server->closed && server->acceptor == NULL && server->connections == NULL;
}

void coro_server_unref(coro_server *server)
{
    if (is_over(server))
        for (coro_task *task; (task = coro_waiters_pop(&server->waiters)) != NULL;)
            coro_wait_done(task, 0);
    if (--server->references == 0)
        coro_pool_give_(&server->loop->pool, server,
                        sizeof *server + server->listeners_count * sizeof server->listeners[0]);
}

/* --- one connection ----------------------------------------------------------------------- */

/* Clients come and go as they like; who wants to know of it catches the error. */
static bool is_news(int error)
{
    return error != 0 && error != CORO_ECANCELED && error != CORO_ECONNRESET && error != CORO_EPIPE;
}

/* One that leaves, or falls silent, half way through a greeting has gone away as well. */
static bool is_news_of_wrap(int error)
{
    return is_news(error) && error != CORO_EINCOMPLETE && error != CORO_ETIMEDOUT;
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
      VARS(coro_stream *stream; coro_task *task; struct coro_connection *next, *before; int error;))
{
    ASYNC_BEGIN;
    if (self->server->wrap != NULL) {
        AWAIT_CATCH(self->error, self->server->wrap(&self->stream, self->server->wrap_context));
        if (self->error != 0) {
            coro_discard_(self->handler);
            if (is_news_of_wrap(self->error))
                report(self->server, self->error, "a connection was not made ready");
            if (self->server->aborting)
                coro_stream_abort(&self->stream);
            ASYNC_RETURN();
        }
    }
    give_stream(self->server, self->handler, &self->stream);
    AWAIT_CATCH(self->error, (coro_any *)self->handler);
    if (is_news(self->error))
        report(self->server, self->error, "the handler of a connection failed");
    if (self->error != 0 && (self->error != CORO_ECANCELED || self->server->aborting))
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
    add(server, connection);
    return true;
}

bool coro_server_admit(coro_server *server, int fd)
{
    int error;
    coro_conn *conn = coro_conn_new(fd, &error);
    if (conn == NULL) {
        coro_sys.close(fd);
        return false;
    }
    if (start_task(server, conn))
        return true;
    coro_conn_free(conn);
    return false;
}

/* --- start -------------------------------------------------------------------------------- */

static void listener_ready(coro_fd *fd, unsigned directions)
{
    (void)directions;
    coro_flag_set(&coro_container_of(fd, coro_listener, fd)->server->wake);
}

/* Takes the sockets, in any case. */
static coro_server *server_new(const coro_listening *listening, coro_handler handler, void *context,
                               const coro_server_options *options, int *error)
{
    coro_loop *loop = coro_loop_current();
    size_t size = sizeof(coro_server) + listening->count * sizeof(coro_listener), opened = 0;
    coro_server *server = coro_pool_take_(&loop->pool, size);
    *error = server != NULL ? 0 : CORO_ENOMEM;
    if (server != NULL) {
        coro_zero_(server, size);
        server->loop = loop;
        server->handler = handler;
        server->context = context;
        server->wrap = options->wrap;
        server->wrap_context = options->wrap_context;
        server->references = 1;
        server->port = listening->port;
        server->connections_max = options->max_connections;
        server->listeners_count = listening->count;
        server->reserve = coro_sys.eventfd(0, EFD_CLOEXEC); /* -1: tried again when needed */
    }
    for (; *error == 0 && opened < listening->count; opened++) {
        server->listeners[opened].server = server;
        *error = coro_fd_open(loop, &server->listeners[opened].fd, listening->fds[opened],
                              listener_ready);
        if (*error != 0)
            break;
    }
    for (size_t i = opened; i < listening->count; i++)
        coro_sys.close(listening->fds[i]);
    if (*error == 0)
        *error = coro_server_accept(server);
    if (*error != 0 && server != NULL) {
        coro_server_release(server);
        server = NULL;
    }
    return server;
}

/* An address to listen at. */
static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};

ASYNC(start_server, RETURNS(coro_server *, coro_server_release),
      ARGS(coro_handler, handler, void *, context, const char *, host, const char *, service,
           const coro_server_options *, options),
      VARS(struct addrinfo *found; coro_server *server; int error;))
{
    static const coro_server_options none;
    coro_listening listening;
    ASYNC_BEGIN;
    AWAIT(self->found,
          coro_getaddrinfo(self->host != NULL && *self->host == '\0' ? NULL : self->host,
                           self->service, &hints));
    if (self->options == NULL)
        self->options = &none;
    self->error = coro_listen(&listening, self->found, self->options);
    if (self->error == 0)
        self->server = server_new(&listening, self->handler, self->context, self->options,
                                  &self->error);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    ASYNC_RETURN(self->server);
  ASYNC_FINALLY:
    coro_freeaddrinfo(self->found);
    ASYNC_END;
}

coro_server_starting *coro_start_server(coro_handler handler, void *context, const char *host,
                                        const char *service, const coro_server_options *options)
{
    return (coro_server_starting *)(void *)start_server(handler, context, host, service, options);
}

/* --- asking ------------------------------------------------------------------------------- */

uint16_t coro_server_port(const coro_server *server)
{
    return server->closed ? 0 : server->port;
}

size_t coro_server_connections(const coro_server *server)
{
    return server->connections_count;
}

/* --- the end ------------------------------------------------------------------------------ */

void coro_server_close(coro_server *server)
{
    coro_check_thread(server->loop);
    if (server->closed)
        return;
    server->closed = true;
    for (size_t i = 0; i < server->listeners_count; i++)
        coro_fd_close(&server->listeners[i].fd);
    if (server->reserve >= 0)
        coro_sys.close(server->reserve);
    server->reserve = -1;
    if (server->acceptor != NULL)
        coro_task_cancel(server->acceptor);
}

void coro_server_abort_clients(coro_server *server)
{
    struct coro_connection *each = server->connections;
    coro_check_thread(server->loop);
    server->aborting = each != NULL;
    for (size_t i = server->connections_count; i > 0; i--, each = each->next)
        coro_task_cancel(each->task);
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
    if (is_over(server))
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
