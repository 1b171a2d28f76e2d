/* SPDX-License-Identifier: MIT */
/*
 * test_connect.c: the addresses of a name against each other. The sockets are real; which
 * address answers, refuses or keeps silent is said by the test, and the clock jumps.
 */
#define _GNU_SOURCE
#include "connect_fixture.h"

SUITE(connect);

/* Say "=> 0 at 250", or the error. With the report, if there is one. */
ASYNC(dials, ARGS(const char *, host, const coro_connect_options *, options),
      VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    net.sockets = net.closed = 0;
    AWAIT_CATCH(self->error, self->stream, coro_open_connection(self->host, "80", self->options));
    EQ(net.sockets - net.closed, self->error == 0); /* the losers' are closed already */
    say("=> %d at %ld ", self->error, now_ms());
    for (size_t i = 0; self->options != NULL && self->options->report != NULL &&
                       i < self->options->report->count && i < CORO_CONNECT_REPORT_MAX;
         i++)
        say("%s %d, ", self->options->report->attempts[i].address,
            self->options->report->attempts[i].error);
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

/* --- who wins ----------------------------------------------------------------------------- */

Test(connect, c136_a_silent_address_has_250_ms_before_the_next_is_tried_too)
{
    pretend_net();
    net.behaviour[1] = net.behaviour[2] = SILENT;
    EQ(RUN_JUMPING(dials("three", NULL)), 0);
    SAID("1@0 2@250 3@500 => 0 at 500 ");
    close_net();
}

Test(connect, c136_the_next_is_tried_at_once_when_one_fails)
{
    pretend_net();
    net.behaviour[1] = EHOSTUNREACH;
    net.behaviour[2] = ETIMEDOUT;
    EQ(RUN_JUMPING(dials("three", NULL)), 0);
    SAID("1@0 2@0 3@0 => 0 at 0 ");
    close_net();
}

Test(connect, the_first_address_wins_if_it_answers)
{
    pretend_net();
    EQ(RUN_JUMPING(dials("three", NULL)), 0);
    EQ(RUN_JUMPING(dials("one", NULL)), 0);
    SAID("1@0 => 0 at 0 1@0 => 0 at 0 ");
    close_net();
}

Test(connect, families_take_turns)
{
    pretend_net();
    for (int i = 1; i < 10; i++)
        net.behaviour[i] = ECONNREFUSED;
    EQ(RUN_JUMPING(dials("mixed", NULL)), 0);
    SAID("six1@0 4@0 six2@0 5@0 six3@0 => -111 at 0 ");
    close_net();
}

Test(connect, one_family_can_be_asked_for)
{
    coro_connect_options options = {.family = AF_INET};
    pretend_net();
    net.behaviour[4] = net.behaviour[5] = ECONNREFUSED;
    EQ(RUN_JUMPING(dials("mixed", &options)), 0);
    SAID("4@0 5@0 => -111 at 0 ");
    close_net();
}

/* Two have been answered before the loop looks: one wins, the other's socket is closed. */
Test(connect, c136_two_at_once_are_one_winner)
{
    coro_connect_report report;
    coro_connect_options options = {.delay = 1, .report = &report};
    pretend_net();
    for (int i = 0; i < 20; i++) {
        EQ(RUN_JUMPING(dials("two", &options)), 0);
        EQ((report.attempts[0].error == 0) + (report.attempts[1].error == 0), 1);
    }
    close_net();
}

Test(connect, the_head_start_is_the_callers)
{
    coro_connect_options options = {.delay = CORO_MS(40)};
    pretend_net();
    net.behaviour[1] = net.behaviour[2] = SILENT;
    EQ(RUN_JUMPING(dials("three", &options)), 0);
    SAID("1@0 2@40 3@80 => 0 at 80 ");
    close_net();
}

ASYNC(gives_up, ARGS(const char *, host, const coro_connect_options *, options, long, ms),
      VARS(coro_stream *stream; int error;))
{
    ASYNC_BEGIN;
    net.sockets = net.closed = 0;
    AWAIT_CATCH(self->error, self->stream,
                coro_wait_for(coro_open_connection(self->host, "80", self->options),
                              CORO_MS(self->ms)));
    EQ(net.sockets, net.closed);
    say("=> %d at %ld ", self->error, now_ms());
    for (size_t i = 0; i < self->options->report->count; i++)
        say("%d ", self->options->report->attempts[i].error);
    ASYNC_END;
}

Test(connect, without_a_head_start_the_next_waits_until_one_has_failed)
{
    coro_connect_report report;
    coro_connect_options options = {.delay = -1, .report = &report};
    pretend_net();
    net.behaviour[1] = ECONNREFUSED;
    net.behaviour[2] = SILENT;
    EQ(RUN_JUMPING(gives_up("three", &options, 60000)), 0);
    SAID("1@0 2@0 => -110 at 60000 -111 -125 -1004 ");
    close_net();
}

Test(connect, c136_a_cancel_waits_until_all_have_let_go)
{
    coro_connect_report report;
    coro_connect_options options = {.report = &report};
    pretend_net();
    net.behaviour[1] = net.behaviour[2] = net.behaviour[3] = SILENT;
    EQ(RUN_JUMPING(gives_up("three", &options, 300)), 0);
    SAID("1@0 2@250 => -110 at 300 -125 -125 -1004 ");
    EQ(RUN_JUMPING(gives_up("one", &options, 300)), 0);
    HOLDS(strstr(said, "1@300 => -110 at 600 -125 ") != NULL);
    close_net();
}

/* --- what is told ------------------------------------------------------------------------- */

Test(connect, c136_if_nobody_answers_each_error_is_told)
{
    coro_connect_report report;
    coro_connect_options options = {.report = &report};
    pretend_net();
    net.behaviour[1] = EHOSTUNREACH;
    net.behaviour[2] = ECONNREFUSED;
    net.behaviour[3] = ENETUNREACH;
    EQ(RUN_JUMPING(dials("three", &options)), 0);
    SAID("1@0 2@0 3@0 => -111 at 0 "
         "127.0.0.11:80 -113, 127.0.0.12:80 -111, 127.0.0.13:80 -101, ");
    EQ(RUN_JUMPING(dials("one", &options)), 0);
    HOLDS(strstr(said, "=> -113 at 0 127.0.0.11:80 -113, ") != NULL);
    net.behaviour[1] = net.behaviour[2] = ENETUNREACH; /* all of them */
    EQ(RUN_JUMPING(dials("two", NULL)), 0);
    HOLDS(strstr(said, "=> -101 at 0 ") != NULL);
    EQ(report.count, 1);
    EQ(RUN_JUMPING(dials("", &options)), 0); /* no name, so no addresses */
    EQ(report.count, 0);
    close_net();
}

Test(connect, a_success_tells_who_was_too_slow)
{
    coro_connect_report report;
    coro_connect_options options = {.report = &report};
    pretend_net();
    net.behaviour[4] = ECONNREFUSED;
    net.behaviour[1] = SILENT;
    EQ(RUN_JUMPING(dials("mixed", &options)), 0);
    SAID("six1@0 4@250 six2@250 => 0 at 250 [fd00::1]:80 -125, 127.0.0.14:80 -111, "
         "[fd00::2]:80 0, 127.0.0.15:80 -1004, [fd00::3]:80 -1004, ");
    close_net();
}

ASYNC(dials_many, ARGS(const coro_connect_options *, options), VARS(coro_stream *stream;
                                                                    int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->stream,
                coro_open_connection("many.test", "80", self->options));
    EQ(self->error, CORO_ECONNREFUSED);
    ASYNC_END;
}

Test(connect, sixty_four_addresses_take_part_and_sixteen_are_told)
{
    coro_connect_report report;
    coro_connect_options options = {.report = &report};
    pretend_net();
    for (int i = 0; i < 10; i++)
        net.behaviour[i] = ECONNREFUSED;
    answers.addresses = 70;
    EQ(RUN_NET(dials_many(&options)), 0);
    EQ(report.count, 64);
    cr_assert(eq(str, report.attempts[15].address, TEXT("127.0.1.16:80")));
    close_net();
}

/* --- options ------------------------------------------------------------------------------ */

ASYNC(is_bound, VARS(coro_stream *stream; coro_connect_options options; coro_address own;
                     char text[CORO_ADDRESS_TEXT_MAX], expected[32]; int error, on;))
{
    ASYNC_BEGIN;
    self->options.local_host = "127.0.0.77";
    self->options.local_port = ntohs(net.deaf.sin_port); /* free at that address */
    self->options.nagle = self->options.keep_alive = true;
    AWAIT(self->stream, coro_open_connection("one", "80", &self->options));
    self->own.size = sizeof self->own.bytes;
    EQ(getsockname(coro_stream_fd(self->stream), coro_address_any(&self->own), &self->own.size), 0);
    EQ(coro_address_format(&self->own, self->text, sizeof self->text), 0);
    snprintf(self->expected, sizeof self->expected, "127.0.0.77:%u", self->options.local_port);
    cr_assert(eq(str, self->text, self->expected));
    {
        socklen_t size = sizeof self->on;
        int fd = coro_stream_fd(self->stream);
        EQ(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &self->on, &size), 0);
        EQ(self->on, 1);
        EQ(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &self->on, &size), 0);
        EQ(self->on, 0);
    }
    coro_stream_abort(&self->stream);
    self->options.local_host = "::1"; /* no address of the family that is to be reached */
    self->options.local_port = 0;
    AWAIT_CATCH(self->error, self->stream, coro_open_connection("one", "80", &self->options));
    EQ(self->error, CORO_EADDRNOTAVAIL);
    self->options.local_host = "192.0.2.1"; /* nobody's */
    AWAIT_CATCH(self->error, self->stream, coro_open_connection("one", "80", &self->options));
    EQ(self->error, CORO_EADDRNOTAVAIL);
    self->options.local_host = NULL;
    self->options.local_port = ntohs(net.deaf.sin_port);
    AWAIT(self->stream, coro_open_connection("one", "80", &self->options));
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

Test(connect, a_socket_is_bound_and_has_its_options_before_it_connects)
{
    pretend_net();
    close(net.deaf_listener);
    EQ(RUN_JUMPING(is_bound()), 0);
    close_net();
}

/* --- sockets of the caller's -------------------------------------------------------------- */

ASYNC(connects_own, VARS(coro_stream *stream; int fd, error; coro_task *task;))
{
    ASYNC_BEGIN;
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AWAIT(self->stream, coro_open_connection_fd(self->fd, (struct sockaddr *)&net.there,
                                                sizeof net.there));
    EQ(coro_stream_fd(self->stream), self->fd);
    AWAIT(coro_stream_write(self->stream, "hello", 5));
    AWAIT(coro_stream_close(&self->stream));
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AWAIT_CATCH(self->error, self->stream,
                coro_wait_for(coro_open_connection_fd(self->fd, (struct sockaddr *)&net.deaf,
                                                      sizeof net.deaf),
                              CORO_MS(100)));
    EQ(self->error, CORO_ETIMEDOUT);
    EQ(fcntl(self->fd, F_GETFD), FD_CLOEXEC); /* it is still the caller's */
    close(self->fd);
    close(net.listener);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AWAIT_CATCH(self->error, self->stream,
                coro_open_connection_fd(self->fd, (struct sockaddr *)&net.there,
                                        sizeof net.there));
    EQ(self->error, CORO_ECONNREFUSED);
    EQ(close(self->fd), 0);
    self->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    AWAIT_CATCH(self->error, self->stream,
                coro_open_connection_fd(self->fd, (struct sockaddr *)&net.there,
                                        sizeof net.there));
    EQ(self->error, CORO_EINVAL);
    exhaust_memory();
    close(self->fd);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AWAIT_CATCH(self->error, self->stream,
                coro_open_connection_fd(self->fd, (struct sockaddr *)&net.there,
                                        sizeof net.there));
    EQ(self->error, CORO_ENOMEM);
    memory.fail_from = 0;
    EQ(close(self->fd), 0);
    ASYNC_END;
}

Test(connect, a_socket_of_the_callers_is_taken_on_success_only)
{
    coro_loop_options options = {.allocator = {fixture_resize, NULL}};
    net.listener = listen_somewhere(9, &net.there);
    listen_deaf();
    EQ(coro_run_with(connects_own(), &options), 0);
    EQ(memory.blocks, 0);
}

/* --- when the system fails ---------------------------------------------------------------- */

ASYNC(dials_or_throws, ARGS(const char *, host, const coro_connect_options *, options),
      VARS(coro_stream *stream;))
{
    ASYNC_BEGIN;
    AWAIT(self->stream, coro_wait_for(coro_open_connection(self->host, "80", self->options),
                                      CORO_SECONDS(60)));
  ASYNC_FINALLY:
    coro_stream_abort(&self->stream);
    ASYNC_END;
}

/* It may be the two that would answer who lack the memory: then the silent one is left. */
Test(connect, each_allocation_that_fails_is_an_error_and_nothing_leaks)
{
    coro_connect_options options = {.local_host = "127.0.0.1"};
    pretend_net();
    net.behaviour[1] = SILENT;
    net.behaviour[2] = ECONNREFUSED;
    for (size_t n = 1;; n++) {
        int error;
        memset(&memory, 0, sizeof memory);
        said_size = 0;
        memory.fail_at = n;
        error = RUN_JUMPING(dials_or_throws("three", &options));
        if (memory.failed == 0) {
            EQ(error, 0);
            break;
        }
        HOLDS(error == CORO_ENOMEM || error == CORO_ECONNREFUSED || error == CORO_ETIMEDOUT ||
              error == 0);
    }
    close_net();
}

static const char *faulty;
static int fault_at; /* counts down */

static bool fails(const char *name)
{
    if (faulty == NULL || strcmp(faulty, name) != 0 || fault_at == 0 || --fault_at > 0)
        return false;
    errno = EIO;
    return true;
}

static int faulty_socket(int domain, int type, int protocol)
{
    return fails("socket") ? -1 : real.socket(domain, type, protocol);
}

static int faulty_bind(int fd, const struct sockaddr *at, socklen_t size)
{
    return fails("bind") ? -1 : real.bind(fd, at, size);
}

static int faulty_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return name == SO_KEEPALIVE && fails("setsockopt")
               ? -1
               : real.setsockopt(fd, level, name, value, size);
}

static int faulty_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    return fails("getsockopt") ? -1 : real.getsockopt(fd, level, name, value, size);
}

static int faulty_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    return op == EPOLL_CTL_ADD && fails("epoll_ctl") ? -1 : real.epoll_ctl(epoll, op, fd, event);
}

/* Of two addresses one is lost by it, and the other is as good. */
Test(connect, a_system_call_that_fails_costs_one_address)
{
    static const char *const calls[] = {"socket", "bind", "setsockopt", "getsockopt", "epoll_ctl"};
    coro_connect_report report;
    coro_connect_options options = {
        .local_host = "127.0.0.1", .keep_alive = true, .report = &report};
    pretend_net();
    coro_sys.socket = faulty_socket;
    coro_sys.bind = faulty_bind;
    coro_sys.setsockopt = faulty_setsockopt;
    coro_sys.getsockopt = faulty_getsockopt;
    coro_sys.epoll_ctl = faulty_epoll_ctl;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        faulty = calls[i];
        fault_at = 1;
        EQ(RUN_JUMPING(dials_or_throws("two", &options)), 0);
        if (fault_at == 0) /* a connect that is answered at once is not waited for */
            EQ(report.attempts[0].error, CORO_EIO);
        fault_at = 1;
        EQ(RUN_JUMPING(dials_or_throws("one", &options)), fault_at == 0 ? CORO_EIO : 0);
    }
    close_net();
}
