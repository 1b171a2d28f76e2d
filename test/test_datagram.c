/* SPDX-License-Identifier: MIT */
/*
 * test_datagram.c: UDP and Unix datagrams, over real sockets of this machine.
 */
#define _GNU_SOURCE
#include "datagram_fixture.h"

SUITE(datagram);

/* --- one at a time ------------------------------------------------------------------------ */

ASYNC(serve_some, ARGS(coro_datagram *, at, int, count),
      VARS(coro_address from; size_t n; int i;), SCRATCH(char data[2000];))
{
    ASYNC_BEGIN;
    for (; self->i < self->count; self->i++) {
        AWAIT(self->n, coro_datagram_receive_from(self->at, self->data, sizeof self->data,
                                                  &self->from));
        AWAIT(coro_datagram_send_to(self->at, self->data, self->n, &self->from));
    }
    ASYNC_END;
}

/* To a server at `host` and back: 1000 bytes, none, one. */
ASYNC(goes_round, ARGS(const char *, host, const char *, service, const char *, client_host),
      VARS(coro_datagram *server, *client; coro_task *task; size_t n; char text[128];),
      SCRATCH(char data[1000];))
{
    ASYNC_BEGIN;
    AWAIT(self->server, coro_datagram_open(&(coro_datagram_options){
                            .local_host = self->host, .local_service = self->service}));
    AWAIT(self->client, coro_datagram_open(&(coro_datagram_options){
                            .local_host = self->client_host,
                            .remote_host = self->host,
                            .remote_service = port_of(self->server)}));
    self->task = coro_create_task(serve_some(self->server, 3));
    memset(self->data, 'x', 1000);
    AWAIT(coro_datagram_send(self->client, self->data, 1000));
    AWAIT(self->n, coro_datagram_receive(self->client, self->data, 1000));
    HOLDS(self->n == 1000 && self->data[0] == 'x' && self->data[999] == 'x');
    AWAIT(coro_datagram_send(self->client, NULL, 0));
    AWAIT(self->n, coro_datagram_receive(self->client, self->data, 1000));
    EQ(self->n, 0);
    AWAIT(coro_datagram_send(self->client, "!", 1));
    AWAIT(self->n, coro_datagram_receive(self->client, self->data, 1000));
    HOLDS(self->n == 1 && self->data[0] == '!');
    AWAIT(coro_task_join(self->task));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_datagram_close(&self->server);
    coro_datagram_close(&self->client);
    HOLDS(self->server == NULL);
    coro_datagram_close(&self->server);
    ASYNC_END;
}

Test(datagram, datagrams_go_there_and_back_and_an_empty_one_is_data)
{
    EQ(RUN_NET(goes_round("127.0.0.1", "0", NULL)), 0);
    EQ(RUN_NET(goes_round("::1", "0", NULL)), 0);
    EQ(RUN_NET(goes_round("localhost", NULL, "localhost")), 0);
}

Test(datagram, a_unix_path_is_an_address_too_and_is_gone_after_the_close)
{
    char path[64], other[64];
    snprintf(path, sizeof path, "unix:/tmp/coro-datagram-%d", (int)getpid());
    snprintf(other, sizeof other, "unix:@coro-datagram-%d", (int)getpid());
    EQ(RUN_NET(goes_round(path, NULL, other)), 0);
    EQ(access(path + 5, F_OK), -1);
    EQ(RUN_NET(goes_round(other, NULL, path)), 0);
    EQ(access(path + 5, F_OK), -1);
}

ASYNC(knows_its_addresses, VARS(coro_datagram *one, *other; coro_address a, b;))
{
    ASYNC_BEGIN;
    AWAIT(self->one, open_at("127.0.0.1"));
    EQ(coro_datagram_remote(self->one, &self->a), CORO_ENOTCONN);
    AWAIT(self->other, coro_datagram_open(&(coro_datagram_options){
                           .remote_host = "127.0.0.1", .remote_service = port_of(self->one)}));
    EQ(coro_datagram_local(self->one, &self->a), 0);
    EQ(coro_datagram_remote(self->other, &self->b), 0);
    EQ(coro_address_port(&self->a), coro_address_port(&self->b));
    HOLDS(coro_datagram_fd(self->one) >= 0);
    EQ(coro_datagram_fd(NULL), -1);
  ASYNC_FINALLY:
    coro_datagram_close(&self->one);
    coro_datagram_close(&self->other);
    ASYNC_END;
}

Test(datagram, it_knows_where_it_is_and_whom_it_is_connected_to)
{
    EQ(RUN_NET(knows_its_addresses()), 0);
}

ASYNC(too_long, VARS(coro_datagram *a, *b; size_t n; int error; char data[4], *much;))
{
    ASYNC_BEGIN;
    self->much = calloc(1, 70000);
    AWAIT(open_two(&self->a, &self->b));
    AWAIT(coro_datagram_send(self->b, "longer", 6));
    AWAIT(coro_datagram_send(self->b, "next", 4));
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive(self->a, self->data, 4));
    EQ(self->error, CORO_ELIMIT);
    HOLDS(memcmp(self->data, "long", 4) == 0);
    AWAIT(self->n, coro_datagram_receive(self->a, self->data, 4));
    HOLDS(self->n == 4 && memcmp(self->data, "next", 4) == 0);
    AWAIT_CATCH(self->error, coro_datagram_send(self->b, self->much, 70000));
    EQ(self->error, CORO_EMSGSIZE);
    AWAIT_CATCH(self->error, coro_datagram_send(self->a, "?", 1));
    EQ(self->error, CORO_EDESTADDRREQ);
    AWAIT(coro_datagram_send(self->b, "last", 4));
    AWAIT(self->n, coro_datagram_receive(self->a, self->data, 4));
    EQ(self->n, 4);
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    free(self->much);
    ASYNC_END;
}

Test(datagram, one_that_is_too_long_is_an_error_and_the_next_is_whole)
{
    EQ(RUN_NET(too_long()), 0);
}

ASYNC(nobody_there, VARS(coro_datagram *a, *b; size_t n; int error; char data[4];))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    coro_datagram_close(&self->a);
    AWAIT(coro_datagram_send(self->b, "hello?", 6));
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive(self->b, self->data, 4));
    EQ(self->error, CORO_ECONNREFUSED);
    AWAIT_CATCH(self->error, self->n,
                coro_wait_for(coro_datagram_receive(self->b, self->data, 4), CORO_MS(10)));
    EQ(self->error, CORO_ETIMEDOUT);
    AWAIT(coro_datagram_send(self->b, "hello?", 6));
    AWAIT(coro_sleep(CORO_MS(5)));
    AWAIT_CATCH(self->error, coro_datagram_send(self->b, "hello?", 6));
    EQ(self->error, CORO_ECONNREFUSED);
  ASYNC_FINALLY:
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram, that_nobody_is_there_is_told_once)
{
    EQ(RUN_NET(nobody_there()), 0);
}

/* --- waiting ------------------------------------------------------------------------------ */

ASYNC(receives, ARGS(coro_datagram *, from), VARS(size_t n; int error; char text[9];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive(self->from, self->text, 9));
    say("%d:%.*s ", self->error, (int)self->n, self->text);
    ASYNC_END;
}

ASYNC(one_receiver, VARS(coro_datagram *a, *b; coro_task *first, *second;))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    self->first = coro_create_task(receives(self->a));
    self->second = coro_create_task(receives(self->a));
    AWAIT(coro_yield());
    AWAIT(coro_yield());
    SAID("-16: ");
    coro_task_cancel(self->first);
    AWAIT(coro_task_join(self->first));
    AWAIT(coro_datagram_send(self->b, "kept", 4));
    AWAIT(receives(self->a));
    SAID("-16: -125: 0:kept ");
    coro_task_release(self->first);
    coro_task_release(self->second);
    self->first = coro_create_task(receives(self->a));
    self->second = NULL;
    AWAIT(coro_yield());
    coro_datagram_close(&self->a);
    AWAIT(coro_task_join(self->first));
    AWAIT(receives(NULL));
    SAID("-16: -125: 0:kept -1001: -1001: ");
  ASYNC_FINALLY:
    coro_task_release(self->first);
    coro_task_release(self->second);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram, one_task_receives_a_cancel_loses_nothing_and_a_close_ends_it)
{
    EQ(RUN_NET(one_receiver()), 0);
}

/* It has arrived before the cancel came: it is delivered, and the next await fails. */
ASYNC(value_first, VARS(coro_datagram *a, *b; coro_task *task; int i;))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    self->task = coro_create_task(receives(self->a));
    AWAIT(coro_yield());
    AWAIT(coro_datagram_send(self->b, "first", 5));
    for (; self->i < 200 && self->task->driver.flags & CORO_TASK_WAITING_; self->i++)
        AWAIT(coro_yield()); /* until it has been told, and has not run */
    coro_task_cancel(self->task);
    AWAIT(coro_task_join(self->task));
    SAID("0:first ");
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram, what_has_arrived_beats_a_cancel)
{
    EQ(RUN_NET(value_first()), 0);
}

ASYNC(sends, ARGS(coro_datagram *, by, const char *, text), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_datagram_send(self->by, self->text, strlen(self->text)));
    say("%s%d ", self->text, self->error);
    ASYNC_END;
}

ASYNC(line_for_room, VARS(coro_datagram *a, *b; coro_task *tasks[4]; int i, filled, error; size_t n;
                          char text[9];))
{
    ASYNC_BEGIN;
    open_unix_pair(&self->a, &self->b);
    for (self->error = 0; self->error == 0;) {
        AWAIT_CATCH(self->error,
                    coro_wait_for(coro_datagram_send(self->b, "fill", 4), CORO_MS(5)));
        self->filled += self->error == 0;
    }
    EQ(self->error, CORO_ETIMEDOUT);
    for (self->i = 0; self->i < 4; self->i++)
        self->tasks[self->i] = coro_create_task(sends(self->b, &"a\0b\0c\0d"[2 * self->i]));
    AWAIT(coro_yield());
    coro_task_cancel(self->tasks[0]);
    coro_task_cancel(self->tasks[2]);
    for (self->i = 0; self->i < self->filled + 2; self->i++) {
        AWAIT(self->n, coro_datagram_receive(self->a, self->text, 9));
        if (self->n == 1)
            say("got %c ", self->text[0]);
    }
    AWAIT(coro_yield());
    SAID("a-125 c-125 b0 d0 got b got d ");
  ASYNC_FINALLY:
    for (int i = 0; i < 4; i++)
        coro_task_release(self->tasks[i]);
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram, who_finds_no_room_stands_in_line)
{
    EQ(RUN_NET(line_for_room()), 0);
}

ASYNC(closed_in_line, VARS(coro_datagram *a, *b; coro_task *tasks[3]; int error;))
{
    ASYNC_BEGIN;
    open_unix_pair(&self->a, &self->b);
    for (self->error = 0; self->error == 0;)
        AWAIT_CATCH(self->error,
                    coro_wait_for(coro_datagram_send(self->b, "fill", 4), CORO_MS(5)));
    self->tasks[0] = coro_create_task(sends(self->b, "a"));
    self->tasks[1] = coro_create_task(sends(self->b, "b"));
    AWAIT(coro_yield());
    exhaust_memory();
    AWAIT_CATCH(self->error, coro_datagram_send(self->b, "c", 1));
    EQ(self->error, CORO_ENOMEM); /* a third place in line is taken from the pool */
    memory.fail_from = 0;
    coro_datagram_close(&self->b);
    AWAIT(coro_task_join(self->tasks[0]));
    AWAIT(coro_task_join(self->tasks[1]));
    SAID("a-1001 b-1001 ");
  ASYNC_FINALLY:
    coro_task_release(self->tasks[0]);
    coro_task_release(self->tasks[1]);
    coro_datagram_close(&self->a);
    ASYNC_END;
}

Test(datagram, a_close_sends_the_line_home)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL}};
    EQ(coro_run_with(closed_in_line(), &options), 0);
    EQ(memory.blocks, 0);
}

/* The receiver is full of somebody else's datagrams: the system tells us nothing. */
ASYNC(full_of_others, VARS(coro_datagram *server, *client; int fd, sent, error; coro_address at;
                           coro_task *task; size_t n; char text[9];))
{
    ASYNC_BEGIN;
    EQ(coro_address_parse(&self->at, unix_text("full"), 0), 0);
    AWAIT(self->server, coro_datagram_open(&(coro_datagram_options){.local_host =
                                                                        unix_text("full")}));
    EQ(coro_datagram_from_fd(&self->client, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), 0);
    AWAIT_CATCH(self->error, coro_datagram_send(self->client, "to whom?", 8));
    EQ(self->error, CORO_ENOTCONN);
    self->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    while (sendto(self->fd, "x", 1, 0, coro_address_any(&self->at), self->at.size) == 1)
        self->sent++;
    AWAIT_CATCH(self->error,
                coro_wait_for(coro_datagram_send_to(self->client, "gave up", 7, &self->at),
                              CORO_MS(20)));
    EQ(self->error, CORO_ETIMEDOUT);
    self->task = coro_create_task(coro_datagram_send_to(self->client, "late", 4, &self->at));
    AWAIT(coro_sleep(CORO_MS(20)));
    HOLDS(!coro_task_done(self->task));
    for (; self->sent >= 0; self->sent--)
        AWAIT(self->n, coro_datagram_receive(self->server, self->text, 9));
    HOLDS(self->n == 4 && memcmp(self->text, "late", 4) == 0);
    AWAIT(coro_task_join(self->task));
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_datagram_close(&self->server);
    coro_datagram_close(&self->client);
    close(self->fd);
    ASYNC_END;
}

Test(datagram, a_full_unix_receiver_is_asked_again)
{
    EQ(RUN_NET(full_of_others()), 0);
}

/* --- misuse ------------------------------------------------------------------------------- */

static coro_datagram *foreign;

ASYNC(opens_foreign)
{
    ASYNC_BEGIN;
    AWAIT(foreign, open_at("127.0.0.1"));
    ASYNC_END;
}

ASYNC(uses_foreign, VARS(size_t n; int error; char text[9]; coro_datagram_message message;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive(foreign, self->text, 9));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_datagram_send(foreign, "!", 1));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, coro_datagram_send(NULL, "!", 1));
    EQ(self->error, CORO_ECLOSED);
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive_batch(foreign, &self->message, 1));
    EQ(self->error, CORO_EWRONGLOOP);
    AWAIT_CATCH(self->error, self->n, coro_datagram_send_batch(NULL, &self->message, 1));
    EQ(self->error, CORO_ECLOSED);
    ASYNC_END;
}

Test(datagram, is_of_the_loop_that_opened_it)
{
    coro_loop_options options = {.backend = coro_backend_named("epoll")};
    coro_loop first;
    EQ(coro_loop_init(&first, &options), 0);
    EQ(coro_loop_run_until_complete(&first, opens_foreign()), 0);
    EQ(coro_run(uses_foreign()), 0);
    coro_datagram_close(&foreign);
    coro_loop_close(&first);
}

ASYNC(takes_descriptors, VARS(coro_datagram *one; int fd;))
{
    ASYNC_BEGIN;
    EQ(coro_datagram_from_fd(&self->one, -1), CORO_EBADF);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EQ(coro_datagram_from_fd(&self->one, self->fd), CORO_EINVAL);
    close(self->fd); /* it is still ours */
    self->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    exhaust_memory();
    EQ(coro_datagram_from_fd(&self->one, self->fd), CORO_ENOMEM);
    memory.fail_from = 0;
    EQ(close(self->fd), 0);
    ASYNC_END;
}

Test(datagram, only_a_datagram_socket_is_taken)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL}};
    EQ(coro_run_with(takes_descriptors(), &options), 0);
    EQ(memory.blocks, 0);
}
