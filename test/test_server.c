/* SPDX-License-Identifier: MIT */
/*
 * test_server.c: servers: their starts, their handlers, their ends.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

SUITE(server);

/* --- the start ------------------------------------------------------------------- */

ASYNC(starts_twice, VARS(coro_server *first, *second; int error; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->first, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->first), 8);
    AWAIT_CATCH(self->error, self->second,
                coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port, NULL));
    EQ(self->error, CORO_EADDRINUSE);
    coro_server_close(self->first);
    EQ(coro_server_port(self->first), 0);
    coro_server_close(self->first);
    AWAIT(self->second,
          coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", self->port, NULL));
    AWAIT_CATCH(self->error, self->second,
                coro_start_server(CORO_HANDLER(echo), NULL, "300.1.1.1.1", "0", NULL));
    EQ(self->error, CORO_ENAME);
    AWAIT_CATCH(self->error, self->second,
                coro_start_server(CORO_HANDLER(echo), NULL, "8.8.8.8", "0", NULL));
    HOLDS(self->error < 0); /* not an address of this machine */
  ASYNC_FINALLY:
    coro_server_release(self->first);
    coro_server_release(self->second);
    AWAIT(coro_server_shutdown(NULL, CORO_SECONDS(1)));
    ASYNC_END;
}

Test(server, a_port_is_one_servers)
{
    EQ(RUN_NET(starts_twice()), 0);
}

/* --- handlers ----------------------------------------------------------------------------- */

static int handler_error;

ASYNC(fails, ARGS(coro_stream *, stream, void *, context), VARS(size_t n; char byte;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_stream_read(self->stream, &self->byte, 1));
    HOLDS(self->context == &handler_error);
    if (handler_error == CORO_ECANCELED) {
        coro_task_cancel(coro_current_task());
        AWAIT(coro_yield());
    }
    if (handler_error != 0)
        ASYNC_THROW(handler_error);
    AWAIT(coro_stream_write(self->stream, "bye", 3));
    ASYNC_END;
}

/* Says what a client sees after its byte: the text, and how it ends. */
ASYNC(pokes, ARGS(const char *, port),
      VARS(coro_stream *stream; size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT(coro_stream_write(self->stream, "x", 1));
    do {
        AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, self->text, 9));
        if (self->error == 0)
            say("%.*s", (int)self->n, self->text);
    } while (self->error == 0 && self->n > 0);
    say("[%d] ", self->error);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

ASYNC(serves_failing, VARS(coro_server *server; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(fails), &handler_error, "127.0.0.1", "0",
                                          NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(pokes(self->port));
    handler_error = 0; /* it lives */
    AWAIT(pokes(self->port));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server, c125_a_handlers_error_is_one_report_and_its_connection_is_aborted)
{
    handler_error = CORO_EIO;
    EQ(RUN_NET_LOUD(serves_failing()), 0);
    SAID("[-104] bye[0] ");
    EQ(heard.count, 1);
    EQ(heard.list[0].error, CORO_EIO);
    cr_assert(eq(str, heard.list[0].name, TEXT("fails")));
}

Test(server, c125_a_cancelled_handlers_connection_is_closed_without_a_report)
{
    handler_error = CORO_ECANCELED;
    EQ(RUN_NET(serves_failing()), 0);
    SAID("[0] bye[0] ");
}

Test(server, f006_a_failing_handler_costs_its_connection_and_no_other)
{
    static const int errors[] = {CORO_EIO, CORO_ENOMEM, CORO_ECANCELED, CORO_EPIPE, -5001};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        handler_error = errors[i];
        said_size = 0;
        EQ(RUN_NET_LOUD(serves_failing()), 0);
        SAID(errors[i] == CORO_ECANCELED ? "[0] bye[0] " : "[-104] bye[0] ");
    }
    EQ(heard.count, 3);
}

Test(server, a_client_that_went_away_is_no_news)
{
    handler_error = CORO_ECONNRESET;
    EQ(RUN_NET(serves_failing()), 0);
    SAID("[-104] bye[0] ");
}

/* Also of a handler that says its own end to nobody. */
ASYNC(says_its_end, ARGS(coro_stream *, stream, void *, context))
{
    ASYNC_BEGIN;
    AWAIT(coro_sleep(CORO_MS(5)));
    AWAIT(coro_stream_shutdown_write(self->stream));
    say("told somebody ");
    ASYNC_END;
}

ASYNC(goes_at_once, VARS(coro_server *server; coro_stream *stream;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(says_its_end), NULL, "127.0.0.1", "0", NULL));
    AWAIT(self->stream, coro_open_connection("127.0.0.1", port_text(self->server), NULL));
    coro_stream_abort(&self->stream);
    AWAIT(coro_sleep(CORO_MS(1)));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server, to_tell_a_client_that_went_away_of_the_end_is_no_news)
{
    EQ(RUN_NET(goes_at_once()), 0);
    SAID("");
}

ASYNC(closes_itself, ARGS(coro_stream *, stream, void *, context), VARS(coro_stream *mine;))
{
    ASYNC_BEGIN;
    self->mine = self->stream;
    AWAIT(coro_stream_write(self->mine, "bye", 3));
    if (self->context == NULL)
        AWAIT(coro_stream_close(&self->mine));
    else
        coro_stream_abort(&self->mine);
    ASYNC_END;
}

ASYNC(serves_closers, VARS(coro_server *server; char port[8]; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(closes_itself), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT_CATCH(self->error, pokes(self->port));
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    self->server = NULL;
    AWAIT(self->server,
          coro_start_server(CORO_HANDLER(closes_itself), &self->error, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT_CATCH(self->error, pokes(self->port));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server, a_handler_may_close_its_stream_by_any_pointer)
{
    EQ(RUN_NET(serves_closers()), 0);
    HOLDS(strncmp(said, "bye[", 4) == 0);
}

/* --- the end --------------------------------------------------------------------- */

ASYNC(idles, ARGS(const char *, port), VARS(coro_stream *stream; size_t n; int error; char byte;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_open_connection("127.0.0.1", self->port, NULL));
    AWAIT_CATCH(self->error, self->n, coro_stream_read(self->stream, &self->byte, 1));
    say("idle%d ", self->error);
  ASYNC_FINALLY:
    AWAIT(coro_stream_close(&self->stream));
    ASYNC_END;
}

enum { SHUT_DOWN, SHUT_DOWN_CANCELLED, RELEASE, LEAVE, WAIT_CLOSED };

ASYNC(ends_server, ARGS(int, how, coro_duration, grace),
      VARS(coro_server *server; coro_task *client, *ender; char port[8]; int error;))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    self->client = coro_create_task(idles(self->port));
    while (coro_server_connections(self->server) == 0)
        AWAIT(coro_sleep(CORO_MS(1)));
    if (self->how == SHUT_DOWN) {
        AWAIT(coro_server_shutdown(self->server, self->grace));
    } else if (self->how == SHUT_DOWN_CANCELLED) {
        self->ender = coro_create_task(coro_server_shutdown(self->server, self->grace));
        AWAIT(coro_yield());
        coro_task_cancel(self->ender);
        AWAIT_CATCH(self->error, coro_task_join(self->ender));
        EQ(self->error, CORO_ECANCELED);
    } else if (self->how == RELEASE) {
        coro_server_release(self->server);
        AWAIT(coro_sleep(CORO_MS(5)));
        SAID("");
        coro_task_cancel(self->client);
    } else if (self->how == WAIT_CLOSED) {
        self->ender = coro_create_task(coro_server_wait_closed(self->server));
        AWAIT(coro_yield());
        coro_server_close(self->server);
        AWAIT(coro_sleep(CORO_MS(5)));
        HOLDS(!coro_task_done(self->ender));
        coro_server_abort_clients(self->server);
        AWAIT(coro_task_join(self->ender));
        AWAIT(coro_server_wait_closed(self->server));
        coro_server_release(self->server);
    } else {
        coro_server_release(self->server);
        ASYNC_RETURN();
    }
    AWAIT_CATCH(self->error, coro_task_join(self->client));
    say("end ");
  ASYNC_FINALLY:
    coro_task_release(self->client);
    coro_task_release(self->ender);
    ASYNC_END;
}

Test(server, c128_shutdown_cancels_handlers_that_outlive_the_grace)
{
    EQ(RUN_NET(ends_server(SHUT_DOWN, CORO_MS(10))), 0);
    SAID("idle-104 end ");
}

Test(server, shutdown_without_grace_cancels_at_once)
{
    EQ(RUN_NET(ends_server(SHUT_DOWN, 0)), 0);
    SAID("idle-104 end ");
}

Test(server, a_cancelled_shutdown_has_no_grace)
{
    EQ(RUN_NET(ends_server(SHUT_DOWN_CANCELLED, CORO_SECONDS(60))), 0);
    SAID("idle-104 end ");
}

Test(server, connections_outlive_a_server_that_was_released)
{
    EQ(RUN_NET(ends_server(RELEASE, 0)), 0);
    SAID("idle-125 end ");
}

Test(server, c127_wait_closed_waits_for_the_last_connection)
{
    EQ(RUN_NET(ends_server(WAIT_CLOSED, 0)), 0);
    SAID("idle-104 end ");
}

Test(server, a_loop_that_ends_ends_its_servers_and_their_connections)
{
    EQ(RUN_NET(ends_server(LEAVE, 0)), 0);
    HOLDS(strcmp(said, "idle-125 ") == 0 || strcmp(said, "idle-104 ") == 0);
}

ASYNC(drains_in_grace, VARS(coro_server *server; coro_task *client; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    self->client = coro_create_task(exchange(self->port, 3000000));
    while (coro_server_connections(self->server) == 0)
        AWAIT(coro_yield());
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(9)));
    AWAIT(coro_task_join(self->client));
  ASYNC_FINALLY:
    coro_task_release(self->client);
    ASYNC_END;
}

Test(server, within_the_grace_connections_come_to_their_ends)
{
    EQ(RUN_NET(drains_in_grace()), 0);
}

ASYNC(at_most_two, VARS(coro_server *server; coro_server_options options; coro_group group;
                        size_t i, most, before; char port[8]; int error;))
{
    ASYNC_BEGIN;
    self->options.max_connections = 2;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0",
                                          &self->options));
    memcpy(self->port, port_text(self->server), 8);
    CORO_GROUP(self->group) {
        for (self->i = 0; self->i < 30; self->i++)
            coro_group_create_task(&self->group, exchange(self->port, 100));
        while (coro_group_count(&self->group) > 0) {
            AWAIT(coro_yield());
            self->before = coro_server_connections(self->server);
            self->most = self->before > self->most ? self->before : self->most;
        }
    }
    EQ(self->most, 2);
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

Test(server, f007_a_limit_of_connections_lets_the_others_wait)
{
    EQ(RUN_NET(at_most_two()), 0);
}

/* --- cancelled anywhere ------------------------------------------------------------------- */

ASYNC(serves_one, ARGS(const char *, host), VARS(coro_server *server; char port[8];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_start_server(CORO_HANDLER(echo), NULL, self->host, "0", NULL));
    memcpy(self->port, port_text(self->server), 8);
    AWAIT(exchange(self->port, 300000));
  ASYNC_FINALLY:
    AWAIT(coro_server_shutdown(self->server, CORO_SECONDS(2)));
    ASYNC_END;
}

ASYNC(cancels_after, ARGS(const char *, host, int, turns), VARS(coro_task *task; int i, error;))
{
    ASYNC_BEGIN;
    self->task = coro_create_task(serves_one(self->host));
    for (; self->i < self->turns && !coro_task_done(self->task); self->i++)
        AWAIT(coro_sleep(self->i < 20 ? 0 : CORO_US(20)));
    coro_task_cancel(self->task);
    AWAIT_CATCH(self->error, coro_wait_for(coro_task_join(self->task), CORO_SECONDS(5)));
    HOLDS(self->error == 0 || self->error == CORO_ECANCELED);
    say(self->error == 0 ? "+" : "-");
    coro_task_release(self->task);
    ASYNC_END;
}

Test(server, a_cancel_at_any_moment_leaves_nothing_behind)
{
    for (int turns = 0; turns < 150; turns++)
        EQ(RUN_NET(cancels_after(turns % 10 == 9 ? "localhost" : "127.0.0.1", turns)), 0);
    HOLDS(strchr(said, '-') != NULL);
}

/* --- loops -------------------------------------------------------------------------------- */

static coro_server *foreign;

ASYNC(starts_foreign)
{
    ASYNC_BEGIN;
    AWAIT(foreign, coro_start_server(CORO_HANDLER(echo), NULL, "127.0.0.1", "0", NULL));
    ASYNC_END;
}

ASYNC(waits_for_foreign, VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_server_wait_closed(foreign));
    EQ(self->error, CORO_EWRONGLOOP);
    ASYNC_END;
}

ASYNC(shuts_foreign_down)
{
    ASYNC_BEGIN;
    AWAIT(coro_server_shutdown(foreign, 0));
    ASYNC_END;
}

Test(server, is_waited_for_in_its_own_loop)
{
    coro_loop_options options = {.backend = coro_backend_named("epoll")};
    coro_loop first;
    EQ(coro_loop_init(&first, &options), 0);
    EQ(coro_loop_run_until_complete(&first, starts_foreign()), 0);
    EQ(coro_run(waits_for_foreign()), 0);
    EQ(coro_loop_run_until_complete(&first, shuts_foreign_down()), 0);
    coro_loop_close(&first);
}
