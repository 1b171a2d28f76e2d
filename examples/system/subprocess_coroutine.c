/* SPDX-License-Identifier: MIT */
/* subprocess_coroutine.c: a program's output, line by line, and how it ended. */
#include <coro/coro.h>
#include <stdio.h>

#define TABLE                                                                                      \
    "Filesystem Size Used Avail\n"                                                                 \
    "/dev/disk1 446G 402G 44G\n"                                                                   \
    "/dev/disk2 931G 120G 811G\n"

static void print_row(const char *line)
{
    char name[32], size[16], used[16], left[16];
    if (sscanf(line, "%31s %15s %15s %15s", name, size, used, left) == 4)
        printf("%-12s %8s %8s %8s\n", name, size, used, left);
}

/* In place of `df -hl`, whose answer is another one on each machine. */
ASYNC(run_df, RETURNS(int),
      VARS(coro_process *df; coro_process_options options; size_t n; int returncode;),
      SCRATCH(char line[128];))
{
    ASYNC_BEGIN;
    self->options.out = CORO_PROCESS_PIPE;
    printf("launching process\n");
    AWAIT(self->df, coro_create_subprocess_exec(CORO_ARGV("printf", TABLE), &self->options));
    for (;;) {
        AWAIT(self->n, coro_stream_read_line(coro_process_stdout(self->df), self->line,
                                             sizeof self->line - 1));
        if (self->n == 0)
            break;
        self->line[self->n] = '\0';
        print_row(self->line);
    }
    printf("no more output from command\n");
    AWAIT(self->returncode, coro_process_wait(self->df));
    printf("return code %d\n", self->returncode);
    ASYNC_RETURN(self->returncode);
  ASYNC_FINALLY:
    AWAIT(coro_process_close(&self->df));
    ASYNC_END;
}

int main(void)
{
    return coro_main(run_df());
}
