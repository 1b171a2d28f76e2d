/* SPDX-License-Identifier: MIT */
/* tail.c: prints the end of a file, and all that is written behind it, as `tail -f` does, until the
 * file is gone. A file that became shorter is read from its beginning. */
#include <coro/coro.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SHOWN_AT_FIRST = 1024, ROOM = 4096 };

ASYNC(print_new, ARGS(int, fd, int64_t *, at), VARS(size_t n; struct stat status;),
      SCRATCH(char data[ROOM];))
{
    ASYNC_BEGIN;
    AWAIT(coro_file_fstat(self->fd, &self->status));
    if (self->status.st_size < *self->at)
        *self->at = 0;
    do {
        AWAIT(self->n, coro_file_pread(self->fd, self->data, ROOM, *self->at));
        fwrite(self->data, 1, self->n, stdout);
        *self->at += (int64_t)self->n;
    } while (self->n > 0);
    fflush(stdout);
    ASYNC_END;
}

ASYNC(main_async, ARGS(const char *, path), VARS(int fd, error; int64_t at; coro_path_watch *watch;
                                                 coro_path_event event; struct stat status;))
{
    ASYNC_BEGIN;
    self->fd = -1;
    AWAIT(self->fd, coro_file_open(self->path, O_RDONLY, 0));
    self->error = coro_path_watch_open(&self->watch, self->path); /* before it is read */
    if (self->error != 0)
        ASYNC_THROW(self->error);
    AWAIT(coro_file_fstat(self->fd, &self->status));
    self->at = self->status.st_size > SHOWN_AT_FIRST ? self->status.st_size - SHOWN_AT_FIRST : 0;
    for (;;) {
        AWAIT(print_new(self->fd, &self->at));
        AWAIT(coro_path_watch_next(self->watch, &self->event));
        if (self->event.kind == CORO_PATH_GONE)
            break;
        /* the link count: an open file that was removed is changed, and not gone */
        AWAIT(coro_file_fstat(self->fd, &self->status));
        if (self->status.st_nlink == 0)
            break;
    }
  ASYNC_FINALLY:
    coro_path_watch_close(&self->watch);
    (void)coro_file_close(&self->fd);
    ASYNC_END;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: system_tail FILE\n");
        return 2;
    }
    return coro_main(main_async(argv[1]));
}
