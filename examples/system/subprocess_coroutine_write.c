/* SPDX-License-Identifier: MIT */
/* subprocess_coroutine_write.c: text into a program, and what it makes of that. */
#include <coro/coro.h>
#include <stdio.h>
#include <string.h>

ASYNC(to_upper, ARGS(const char *, text), VARS(coro_process *tr; coro_process_options options;
                                               coro_process_output output;))
{
    ASYNC_BEGIN;
    self->options.in = CORO_PROCESS_PIPE;
    self->options.out = CORO_PROCESS_PIPE;
    printf("launching process\n");
    AWAIT(self->tr, coro_create_subprocess_exec(CORO_ARGV("tr", "[:lower:]", "[:upper:]"),
                                                &self->options));
    printf("communicating with process\n");
    AWAIT(coro_process_communicate(self->tr, self->text, strlen(self->text), 1000, &self->output));
    printf("return code %d\n", self->output.returncode);
    printf("Original: %s\n", self->text);
    printf("Changed : %s\n", self->output.out.data);
  ASYNC_FINALLY:
    coro_process_output_free(&self->output);
    AWAIT(coro_process_close(&self->tr));
    ASYNC_END;
}

int main(void)
{
    return coro_main(to_upper("This message will be converted to all caps."));
}
