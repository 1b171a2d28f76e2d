/* SPDX-License-Identifier: MIT */
/* pipeline.c: words | sort | uniq -c, as a shell would run them, but with limits of time. */
#define _POSIX_C_SOURCE 200809L /* pipe */
#include <coro/coro.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORDS "pear\napple\nfig\napple\npear\napple\n"

enum { STAGES = 3 };

static const char *const words[] = {"cat", NULL};
static const char *const sort[] = {"sort", NULL};
static const char *const uniq[] = {"uniq", "-c", NULL};
static const char *const *const stages[STAGES] = {words, sort, uniq};

/* Each stage but the last writes to a pipe that the next one reads from; our copies of its ends
 * are closed as soon as both have it, or there would be no end of data. */
ASYNC(start_all, ARGS(coro_process **, processes),
      VARS(int i, between[2]; coro_process_options options;))
{
    ASYNC_BEGIN;
    for (; self->i < STAGES; self->i++) {
        self->options.in = self->i > 0 ? self->between[0] : CORO_PROCESS_PIPE;
        if (self->i < STAGES - 1 && pipe(self->between) != 0)
            ASYNC_THROW(CORO_EMFILE);
        self->options.out = self->i < STAGES - 1 ? self->between[1] : CORO_PROCESS_PIPE;
        AWAIT(self->processes[self->i],
              coro_create_subprocess_exec(stages[self->i], &self->options));
        if (self->options.in > 0)
            close(self->options.in);
        if (self->options.out > 0)
            close(self->options.out);
    }
    ASYNC_END;
}

ASYNC(run_pipeline, VARS(coro_process *processes[STAGES]; coro_stream *in; size_t n; int i,
                         returncode;),
      SCRATCH(char line[64];))
{
    ASYNC_BEGIN;
    AWAIT(start_all(self->processes));
    self->in = coro_process_stdin(self->processes[0]);
    AWAIT(coro_stream_write(self->in, WORDS, strlen(WORDS)));
    AWAIT(coro_stream_close(&self->in));
    for (;;) {
        AWAIT(self->n, coro_stream_read_line(coro_process_stdout(self->processes[STAGES - 1]),
                                             self->line, sizeof self->line));
        if (self->n == 0)
            break;
        printf("%.*s", (int)self->n, self->line);
    }
    for (self->i = 0; self->i < STAGES; self->i++) {
        AWAIT(self->returncode, coro_process_wait_exit(self->processes[self->i]));
        printf("%s: %d\n", stages[self->i][0], self->returncode);
    }
  ASYNC_FINALLY:
    for (self->i = 0; self->i < STAGES; self->i++)
        AWAIT(coro_process_close(&self->processes[self->i]));
    ASYNC_END;
}

ASYNC(main_async)
{
    ASYNC_BEGIN;
    AWAIT(coro_wait_for(run_pipeline(), CORO_SECONDS(30)));
    ASYNC_END;
}

int main(void)
{
    return coro_main(main_async());
}
