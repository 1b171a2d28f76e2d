/* SPDX-License-Identifier: MIT */
/*
 * test_process_protocol.c: the callbacks of a child, and what they may do.
 */
#define _GNU_SOURCE
#include "process_fixture.h"

#include <coro/flag.h>
#include <coro/process_protocol.h>

SUITE(process_protocol);

typedef struct recorder {
    coro_process_protocol protocol; /* first */
    const char *input;              /* to write in connection_made, with an end */
    bool closes;                    /* when something is heard */
    int returncode;
    char heard[2][64]; /* of descriptors 1 and 2 */
    bool exited, lost_pipes[3];
    int pipe_errors[3], lost_error;
    coro_flag lost;
} recorder;

static recorder subject;

static recorder *of(coro_process_protocol *self)
{
    return (recorder *)(void *)self;
}

static void made(coro_process_protocol *self)
{
    int error;
    HOLDS(coro_process_pid(coro_process_protocol_process(self)) > 0);
    if (of(self)->input == NULL)
        return;
    error = coro_process_protocol_write(self, of(self)->input, strlen(of(self)->input));
    HOLDS(error == 0 || (error == CORO_ENOMEM && memory.failed > 0));
    EQ(coro_process_protocol_write_eof(self), 0);
    EQ(coro_process_protocol_write_eof(self), 0);
    EQ(coro_process_protocol_write(self, "x", 1), CORO_EPIPE);
}

static void said_something(coro_process_protocol *self, int fd, const void *data, size_t size)
{
    char *heard = of(self)->heard[fd - 1];
    HOLDS(strlen(heard) + size < sizeof of(self)->heard[0]);
    strncat(heard, data, size);
    if (of(self)->closes)
        coro_process_protocol_close(self);
}

static void pipe_over(coro_process_protocol *self, int fd, int error)
{
    HOLDS(!of(self)->lost_pipes[fd]);
    of(self)->lost_pipes[fd] = true;
    of(self)->pipe_errors[fd] = error;
}

static void has_exited(coro_process_protocol *self)
{
    of(self)->exited = true;
    of(self)->returncode = coro_process_returncode(coro_process_protocol_process(self));
}

static void lost(coro_process_protocol *self, int error)
{
    of(self)->lost_error = error;
    HOLDS(coro_process_protocol_process(self) == NULL);
    EQ(coro_process_protocol_write(self, "x", 1), CORO_EPIPE);
    EQ(coro_process_protocol_write_eof(self), CORO_EPIPE);
    coro_process_protocol_close(self);
    coro_flag_set(&of(self)->lost);
}

static const coro_process_protocol_type recording = {
    .connection_made = made,
    .pipe_data_received = said_something,
    .pipe_connection_lost = pipe_over,
    .process_exited = has_exited,
    .connection_lost = lost,
};

/* Run a script by the protocol, to its end. */
ASYNC(records, ARGS(const char *, script))
{
    ASYNC_BEGIN;
    coro_process_protocol_init(&subject.protocol, &recording);
    AWAIT(coro_subprocess_shell(&subject.protocol, self->script, &piped));
    AWAIT(coro_flag_wait(&subject.lost));
    ASYNC_END;
}

Test(process_protocol, hears_both_outputs_and_the_end)
{
    subject.input = "some words";
    EQ(RUN_OS(records("tr a-z A-Z; echo oops >&2; exit 3")), 0);
    cr_assert(eq(str, subject.heard[0], TEXT("SOME WORDS")));
    cr_assert(eq(str, subject.heard[1], TEXT("oops\n")));
    HOLDS(subject.exited && subject.lost_pipes[1] && subject.lost_pipes[2]);
    EQ(subject.returncode, 3);
    EQ(subject.pipe_errors[1], 0);
    EQ(subject.lost_error, 0);
}

Test(process_protocol, of_a_child_that_closes_its_input_is_told)
{
    EQ(RUN_OS(records("exec 0<&-; sleep 0.2")), 0);
    HOLDS(subject.lost_pipes[0]);
    EQ(subject.lost_error, 0);
}

Test(process_protocol, that_closes_ends_its_child)
{
    subject.closes = true;
    EQ(RUN_OS(records("echo hello; exec sleep 1000")), 0);
    cr_assert(eq(str, subject.heard[0], TEXT("hello\n")));
    HOLDS(!subject.exited);
    EQ(subject.lost_error, 0);
}

ASYNC(starts, ARGS(const char *const *, argv), VARS(int error;))
{
    ASYNC_BEGIN;
    coro_process_protocol_init(&subject.protocol, &recording);
    AWAIT(coro_subprocess_exec(&subject.protocol, self->argv, &piped));
    AWAIT_CATCH(self->error, coro_subprocess_exec(&subject.protocol, CORO_ARGV("true"), NULL));
    EQ(self->error, CORO_EALREADY);
    AWAIT_CATCH(self->error, coro_subprocess_shell(&subject.protocol, "true", NULL));
    EQ(self->error, CORO_EALREADY);
    ASYNC_END;
}

Test(process_protocol, of_a_program_that_is_not_there_is_not_called)
{
    EQ(RUN_OS(starts(CORO_ARGV("/no/such/program"))), CORO_ENOENT);
    HOLDS(!subject.exited && subject.protocol.run == NULL);
}

Test(process_protocol, is_told_when_its_loop_is_closed)
{
    EQ(RUN_OS(starts(CORO_ARGV("sleep", "1000"))), 0);
    EQ(subject.lost_error, CORO_ECANCELED);
}

ASYNC(short_of_memory)
{
    ASYNC_BEGIN;
    subject.input = "hello";
    AWAIT(records("cat"));
  ASYNC_FINALLY:
    HOLDS(self->coro.error == 0 || self->coro.error == CORO_ENOMEM);
    HOLDS(subject.protocol.run == NULL);
    HOLDS(subject.lost_error == 0 || subject.lost_error == CORO_ENOMEM);
    ASYNC_END;
}

Test(process_protocol, each_allocation_may_fail)
{
    for (size_t n = 1;; n++) {
        int error;
        memset(&memory, 0, sizeof memory);
        memset(&subject, 0, sizeof subject);
        memory.fail_at = n;
        error = RUN_NET_LOUD(short_of_memory()); /* a task that fails alone is reported as well */
        no_children();
        HOLDS(error == 0 || error == CORO_ENOMEM);
        if (memory.failed == 0)
            break;
    }
}
