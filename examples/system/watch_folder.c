/* SPDX-License-Identifier: MIT */
/* watch_folder.c: says what happens in a folder, until that is gone. */
#include <coro/coro.h>
#include <stdio.h>

static const char *const words[] = {
    [CORO_PATH_CREATED] = "created", [CORO_PATH_MODIFIED] = "modified",
    [CORO_PATH_WRITTEN] = "written", [CORO_PATH_CHANGED] = "changed",
    [CORO_PATH_DELETED] = "deleted", [CORO_PATH_GONE] = "gone",
    [CORO_PATH_OVERFLOW] = "too much happens: some of it was lost",
};

ASYNC(main_async, ARGS(const char *, path), VARS(coro_path_watch *watch; coro_path_event event;
                                                 int error;))
{
    ASYNC_BEGIN;
    self->error = coro_path_watch_open(&self->watch, self->path);
    if (self->error != 0)
        ASYNC_THROW(self->error);
    printf("watching %s\n", self->path);
    fflush(stdout);
    do {
        AWAIT(coro_path_watch_next(self->watch, &self->event));
        if (self->event.kind == CORO_PATH_MOVED)
            printf("%s is now %s\n", self->event.from, self->event.name);
        else
            printf("%s%s%s\n", self->event.name, self->event.name[0] != '\0' ? " " : "",
                   words[self->event.kind]);
        fflush(stdout);
    } while (self->event.kind != CORO_PATH_GONE);
  ASYNC_FINALLY:
    coro_path_watch_close(&self->watch);
    ASYNC_END;
}

int main(int argc, char **argv)
{
    return coro_main(main_async(argc > 1 ? argv[1] : "."));
}
