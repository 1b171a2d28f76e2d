/* SPDX-License-Identifier: MIT */
/* subprocess_protocol.c: what a child says, collected by callbacks, and read when it has ended. */
#include <coro/coro.h>
#include <coro/process_protocol.h>
#include <stdio.h>
#include <string.h>

typedef struct listener {
    coro_process_protocol protocol; /* first */
    char output[1024];
    size_t size;
    int returncode;
    coro_future done;
} listener;

static void made(coro_process_protocol *self)
{
    (void)self;
    puts("process started");
}

static void received(coro_process_protocol *self, int fd, const void *data, size_t size)
{
    listener *us = (listener *)(void *)self;
    printf("read %zu bytes from its %s\n", size, fd == 1 ? "stdout" : "stderr");
    if (fd != 1 || size > sizeof us->output - us->size)
        return;
    memcpy(us->output + us->size, data, size);
    us->size += size;
}

static void exited(coro_process_protocol *self)
{
    listener *us = (listener *)(void *)self;
    us->returncode = coro_process_returncode(coro_process_protocol_process(self));
}

static void lost(coro_process_protocol *self, int error)
{
    listener *us = (listener *)(void *)self;
    printf("process exited, return code %d\n", us->returncode);
    if (error != 0)
        coro_future_set_error(&us->done, error);
    else
        coro_future_set_result(&us->done, NULL);
}

static const coro_process_protocol_type listening = {
    .connection_made = made,
    .pipe_data_received = received,
    .process_exited = exited,
    .connection_lost = lost,
};

/* One line a disk: its name, a space, how full it is. */
static void parse(const listener *us)
{
    char name[32];
    int full, at = 0, length;
    while (sscanf(us->output + at, "%31s %d%%\n%n", name, &full, &length) == 2) {
        printf("%s: %d %% used\n", name, full);
        at += length;
    }
}

ASYNC(main_async, VARS(listener us; coro_process_options options; void *nothing;))
{
    ASYNC_BEGIN;
    coro_future_init(&self->us.done);
    coro_process_protocol_init(&self->us.protocol, &listening);
    self->options = (coro_process_options){.out = CORO_PROCESS_PIPE, .err = CORO_PROCESS_PIPE};
    puts("launching process");
    AWAIT(coro_subprocess_exec(&self->us.protocol,
                               CORO_ARGV("printf", "/dev/sda1 40%%\n/dev/sdb1 72%%\n"),
                               &self->options));
    AWAIT(self->nothing, coro_future_wait(&self->us.done));
    coro_future_close(&self->us.done);
    parse(&self->us);
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
