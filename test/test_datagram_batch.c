/* SPDX-License-Identifier: MIT */
/*
 * test_datagram_batch.c: many datagrams at once, as one where the system can, and one by one where
 * it says that it cannot.
 */
#define _GNU_SOURCE
#include "datagram_fixture.h"

#include <netinet/udp.h>

SUITE(datagram_batch);

enum { MANY = 100, ROOM = 2000 };

static coro_datagram_message messages[MANY];
static char memories[MANY][ROOM];

static void set_up(void)
{
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < MANY; i++) {
        messages[i].data = memories[i];
        messages[i].room = ROOM;
    }
}

/* The sizes of those that are there, in order. */
static void say_all(const coro_datagram *at)
{
    char text[ROOM];
    for (ssize_t n; (n = recv(coro_datagram_fd(at), text, sizeof text, 0)) >= 0;) {
        say("%zd ", n);
        for (ssize_t i = 1; i < n; i++)
            EQ(text[i], text[0]);
    }
}

/* Of these sizes, all to one address or to the remote one; each full of a letter of its own. */
static void fill(const int *sizes, int count, const coro_address *to)
{
    set_up();
    for (int i = 0; i < count; i++) {
        messages[i].size = (size_t)sizes[i];
        memset(memories[i], 'a' + i % 26, (size_t)sizes[i]);
        if (to != NULL)
            messages[i].address = *to;
    }
}

/* --- the system calls --------------------------------------------------------------------- */

static coro_sys_table real;
static struct {
    int calls, headers, segmented;
    int fails;   /* so many calls with segments fail with this: */
    int error;
    int at;      /* the n-th call fails with `error`, whatever it is */
    int most;    /* headers that a call takes; 0: all */
} sent;

static int watched_sendmmsg(int fd, struct mmsghdr *all, unsigned count, int flags)
{
    sent.calls++;
    for (unsigned i = 0; i < count; i++) {
        bool segmented = all[i].msg_hdr.msg_controllen > 0;
        sent.segmented += segmented;
        if (segmented && sent.fails > 0 && i > 0)
            count = i; /* it will be the first of the next call */
    }
    if (sent.calls == sent.at || (sent.fails > 0 && all[0].msg_hdr.msg_controllen > 0)) {
        sent.fails--;
        errno = sent.error;
        return -1;
    }
    if (sent.most > 0 && count > (unsigned)sent.most)
        count = (unsigned)sent.most;
    sent.headers += (int)count;
    return real.sendmmsg(fd, all, count, flags);
}

static void watch_sends(void)
{
    real = coro_sys;
    coro_sys.sendmmsg = watched_sendmmsg;
}

/* --- sent --------------------------------------------------------------------------------- */

ASYNC(sends_sizes, ARGS(const int *, sizes, int, count),
      VARS(coro_datagram *a, *b; size_t n; int error; coro_address to;))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    EQ(coro_datagram_local(self->a, &self->to), 0);
    fill(self->sizes, self->count, NULL);
    AWAIT_CATCH(self->error, self->n,
                coro_datagram_send_batch(self->b, messages, (size_t)self->count));
    if (self->error != 0)
        ASYNC_THROW(self->error);
    EQ(self->n, self->count);
    say_all(self->a);
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

static const int sizes[] = {10, 10, 10, 4, 10, 0, 0, 7, 7, 8};
#define SIZES "10 10 10 4 10 0 0 7 7 8 "

Test(datagram_batch, neighbours_of_one_size_leave_as_one)
{
    watch_sends();
    EQ(RUN_NET(sends_sizes(sizes, 10)), 0);
    SAID(SIZES);
    EQ(sent.calls, 1);
    EQ(sent.segmented, 2); /* 10 10 10 4, and 7 7 */
    EQ(sent.headers, 6);
}

Test(datagram_batch, a_system_that_takes_a_part_gets_the_rest_again)
{
    watch_sends();
    sent.most = 1;
    EQ(RUN_NET(sends_sizes(sizes, 10)), 0);
    SAID(SIZES);
    EQ(sent.calls, 6);
}

static int old_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    if (level == IPPROTO_UDP) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return real.getsockopt(fd, level, name, value, size);
}

Test(datagram_batch, a_system_without_segments_gets_single_ones)
{
    watch_sends();
    coro_sys.getsockopt = old_getsockopt;
    EQ(RUN_NET(sends_sizes(sizes, 10)), 0);
    SAID(SIZES);
    EQ(sent.segmented, 0);
    EQ(sent.headers, 10);
}

Test(datagram_batch, segments_that_are_refused_leave_one_by_one)
{
    static const int errors[] = {EIO, ENOPROTOOPT, EINVAL, EMSGSIZE};
    watch_sends();
    for (int i = 0; i < 4; i++) {
        bool for_good = i < 2;
        memset(&sent, 0, sizeof sent);
        said_size = 0;
        sent.error = errors[i];
        sent.fails = 2;
        EQ(RUN_NET(sends_sizes(sizes, 10)), 0);
        SAID(SIZES);
        EQ(sent.calls, for_good ? 2 : 4); /* a device that cannot is not asked again */
    }
}

Test(datagram_batch, another_error_is_the_callers)
{
    watch_sends();
    sent.error = EPERM;
    sent.at = 1;
    EQ(RUN_NET(sends_sizes(sizes, 10)), CORO_EPERM);
}

Test(datagram_batch, an_interrupted_call_is_made_again)
{
    watch_sends();
    sent.error = EINTR;
    sent.at = 1;
    EQ(RUN_NET(sends_sizes(sizes, 10)), 0);
    SAID(SIZES);
}

ASYNC(error_in_the_middle, VARS(coro_datagram *a, *b; size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    fill((const int[]){5, 6, 7}, 3, NULL);
    sent.most = 1;
    sent.at = 2;
    sent.error = EPERM;
    AWAIT(self->n, coro_datagram_send_batch(self->b, messages, 3));
    EQ(self->n, 1);
    AWAIT_CATCH(self->error, self->n, coro_datagram_send_batch(self->b, messages + 1, 2));
    EQ(self->error, CORO_EPERM);
    AWAIT(self->n, coro_datagram_send_batch(self->b, messages + 1, 2));
    EQ(self->n, 2);
    say_all(self->a);
    SAID("5 6 7 ");
    AWAIT(self->n, coro_datagram_send_batch(self->b, messages, 0));
    EQ(self->n, 0);
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram_batch, an_error_in_the_middle_comes_with_the_next_send)
{
    watch_sends();
    EQ(RUN_NET(error_in_the_middle()), 0);
}

/* One message of several datagrams, as a socket that merges receives it. */
ASYNC(sends_segments, VARS(coro_datagram *a, *b; size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    fill((const int[]){50, 25, 3}, 3, NULL);
    messages[0].segment = 20;
    messages[1].segment = 25; /* one that is no more than one */
    AWAIT(self->n, coro_datagram_send_batch(self->b, messages, 3));
    EQ(self->n, 3);
    say_all(self->a);
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram_batch, a_message_of_segments_is_so_many_datagrams)
{
    watch_sends();
    EQ(RUN_NET(sends_segments()), 0);
    SAID("20 20 10 25 3 ");
    EQ(sent.calls, 1);
    said_size = 0;
    sent.fails = 100;
    sent.error = EINVAL;
    EQ(RUN_NET(sends_segments()), 0);
    SAID("20 20 10 25 3 ");
}

/* Several addresses in one batch; none is the socket's own. */
ASYNC(sends_to_both, VARS(coro_datagram *a, *b, *c; size_t n; coro_address to[2];))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    AWAIT(self->c, open_at("127.0.0.1"));
    EQ(coro_datagram_local(self->a, &self->to[0]), 0);
    EQ(coro_datagram_local(self->c, &self->to[1]), 0);
    fill((const int[]){1, 1, 1, 1}, 4, &self->to[1]);
    messages[2].address = self->to[0];
    AWAIT(self->n, coro_datagram_send_batch(self->b, messages, 4));
    say_all(self->a);
    SAID("1 ");
    say_all(self->c);
    SAID("1 1 1 1 ");
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    coro_datagram_close(&self->c);
    ASYNC_END;
}

Test(datagram_batch, each_message_goes_to_its_address)
{
    EQ(RUN_NET(sends_to_both()), 0);
}

ASYNC(sends_all, ARGS(coro_datagram *, by, size_t, count), VARS(size_t n;))
{
    ASYNC_BEGIN;
    AWAIT(self->n, coro_datagram_send_batch(self->by, messages, self->count));
    say("sent %zu ", self->n);
    ASYNC_END;
}

/* A Unix socket takes few at a time. */
ASYNC(waits_in_a_batch, VARS(coro_datagram *a, *b; coro_task *task; size_t n; int i; char text[9];))
{
    ASYNC_BEGIN;
    open_unix_pair(&self->a, &self->b);
    set_up();
    for (int i = 0; i < MANY; i++)
        messages[i].size = (size_t)snprintf(memories[i], ROOM, "%d", i);
    self->task = coro_create_task(sends_all(self->b, MANY));
    for (; self->i < MANY; self->i++) {
        AWAIT(self->n, coro_datagram_receive(self->a, self->text, 8));
        self->text[self->n] = '\0';
        EQ(atoi(self->text), self->i);
    }
    AWAIT(coro_task_join(self->task));
    SAID("sent 100 ");
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram_batch, waits_for_room_in_its_middle)
{
    EQ(RUN_NET(waits_in_a_batch()), 0);
}

ASYNC(sends_after_giving_up, VARS(coro_datagram *a, *b; coro_task *task; size_t n; int error, calls;
                                  char text[9];))
{
    ASYNC_BEGIN;
    open_unix_pair(&self->a, &self->b);
    fill((const int[]){1}, 1, NULL);
    for (self->error = 0; self->error == 0;)
        AWAIT_CATCH(self->error, self->n,
                    coro_wait_for(coro_datagram_send_batch(self->b, messages, 1), CORO_MS(5)));
    EQ(self->error, CORO_ETIMEDOUT);
    self->calls = sent.calls;
    self->task = coro_create_task(sends_all(self->b, 1));
    AWAIT(coro_yield());
    EQ(sent.calls, self->calls); /* that it is full is known */
    while (!coro_task_done(self->task))
        AWAIT(self->n, coro_datagram_receive(self->a, self->text, 8));
    SAID("sent 1 ");
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram_batch, where_there_was_no_room_the_system_is_not_asked_again)
{
    watch_sends();
    EQ(RUN_NET(sends_after_giving_up()), 0);
}

/* --- received ----------------------------------------------------------------------------- */

static int receives_count;

static int watched_recvmmsg(int fd, struct mmsghdr *all, unsigned count, int flags,
                            struct timespec *timeout)
{
    receives_count++;
    return real.recvmmsg(fd, all, count, flags, timeout);
}

ASYNC(receives_many, VARS(coro_datagram *a, *b; size_t n; int i; coro_address from;))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    EQ(coro_datagram_local(self->b, &self->from), 0);
    for (; self->i < MANY; self->i++)
        AWAIT(coro_datagram_send(self->b, memories[0], (size_t)self->i));
    set_up();
    messages[5].room = 3;
    AWAIT(self->n, coro_datagram_receive_batch(self->a, messages, MANY));
    EQ(self->n, CORO_DATAGRAM_BATCH_MAX);
    for (size_t i = 0; i < self->n; i++) {
        EQ(messages[i].size, i == 5 ? 3 : i);
        EQ(messages[i].truncated, i == 5);
        EQ(messages[i].segment, 0);
        EQ(coro_address_port(&messages[i].address), coro_address_port(&self->from));
    }
    AWAIT(self->n, coro_datagram_receive_batch(self->a, messages, MANY));
    EQ(self->n, MANY - CORO_DATAGRAM_BATCH_MAX);
    EQ(receives_count, 2);
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram_batch, takes_all_that_are_there_with_one_call)
{
    real = coro_sys;
    coro_sys.recvmmsg = watched_recvmmsg;
    EQ(RUN_NET(receives_many()), 0);
}

ASYNC(takes, ARGS(coro_datagram *, from), VARS(size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive_batch(self->from, messages, 9));
    say("%d:%zu ", self->error, self->n);
    ASYNC_END;
}

ASYNC(waits_for_a_batch, VARS(coro_datagram *a, *b; coro_task *task; size_t n; int error;))
{
    ASYNC_BEGIN;
    AWAIT(open_two(&self->a, &self->b));
    set_up();
    self->task = coro_create_task(takes(self->a));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive_batch(self->a, messages, 1));
    EQ(self->error, CORO_EBUSY);
    EQ(receives_count, 1);
    coro_task_cancel(self->task);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    self->task = coro_create_task(takes(self->a));
    AWAIT(coro_yield());
    EQ(receives_count, 1); /* it is known that there is nothing */
    AWAIT(coro_datagram_send(self->b, NULL, 0));
    AWAIT(coro_task_join(self->task));
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive_batch(self->a, messages, 0));
    EQ(self->error, CORO_EINVAL);
    coro_task_release(self->task);
    self->task = coro_create_task(takes(self->a));
    AWAIT(coro_yield());
    coro_datagram_close(&self->a);
    AWAIT(coro_task_join(self->task));
    SAID("-125:0 0:1 -1001:0 ");
    coro_datagram_close(&self->b);
    AWAIT(open_two(&self->a, &self->b));
    coro_datagram_close(&self->a);
    AWAIT(coro_datagram_send(self->b, "?", 1));
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive_batch(self->b, messages, 9));
    EQ(self->error, CORO_ECONNREFUSED);
  ASYNC_FINALLY:
    coro_task_release(self->task);
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    ASYNC_END;
}

Test(datagram_batch, waits_for_the_first_and_can_be_cancelled_and_closed)
{
    real = coro_sys;
    coro_sys.recvmmsg = watched_recvmmsg;
    EQ(RUN_NET(waits_for_a_batch()), 0);
}

/* --- merged ------------------------------------------------------------------------------- */

ASYNC(merges, VARS(coro_datagram *a, *b, *back; size_t n, bytes; int error; char *large;))
{
    ASYNC_BEGIN;
    self->large = calloc(2, 65536);
    AWAIT(self->a, coro_datagram_open(&(coro_datagram_options){
                       .local_host = "127.0.0.1", .local_service = "0", .merge = true}));
    AWAIT(self->b, coro_datagram_open(&(coro_datagram_options){
                       .local_host = "127.0.0.1", .remote_host = "127.0.0.1",
                       .remote_service = port_of(self->a)}));
    AWAIT_CATCH(self->error, self->n, coro_datagram_receive(self->a, self->large, 65536));
    EQ(self->error, CORO_EINVAL);
    fill((const int[]){100, 100, 100, 100, 30}, 5, NULL);
    AWAIT(self->n, coro_datagram_send_batch(self->b, messages, 5));
    set_up();
    for (int i = 0; i < 2; i++) {
        messages[i].data = self->large + 65536 * i;
        messages[i].room = 65536;
    }
    while (self->bytes < 430) {
        AWAIT(self->n, coro_datagram_receive_batch(self->a, messages, 2));
        for (size_t i = 0; i < self->n; i++)
            self->bytes += messages[i].size;
        AWAIT(self->n, coro_datagram_send_batch(self->a, messages, self->n));
    }
    EQ(self->bytes, 430);
    say_all(self->b);
    SAID("100 100 100 100 30 ");
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    coro_datagram_close(&self->b);
    free(self->large);
    ASYNC_END;
}

Test(datagram_batch, what_was_merged_is_sent_back_as_it_came)
{
    EQ(RUN_NET(merges()), 0);
}

ASYNC(merges_or_not, VARS(coro_datagram *a;))
{
    ASYNC_BEGIN;
    AWAIT(self->a, coro_datagram_open(&(coro_datagram_options){
                       .local_host = "127.0.0.1", .local_service = "0", .merge = true}));
  ASYNC_FINALLY:
    coro_datagram_close(&self->a);
    ASYNC_END;
}

static int old_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    (void)fd, (void)level, (void)name, (void)value, (void)size;
    errno = ENOPROTOOPT;
    return -1;
}

Test(datagram_batch, a_system_that_cannot_merge_is_fine)
{
    coro_sys.setsockopt = old_setsockopt;
    EQ(RUN_NET(merges_or_not()), 0);
}
