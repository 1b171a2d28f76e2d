/* SPDX-License-Identifier: MIT */
/*
 * test_watch_path.c: what happens in a folder of the test's own is told, in order.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <coro/watch_path.h>

#include <sys/stat.h>

SUITE(watch_path);

static char folder[64];
static char paths[8][300];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/coro-watch-XXXXXX");
    HOLDS(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
    HOLDS(rmdir(folder) == 0 || errno == ENOENT);
}

#define WATCH_TEST(name) Test(watch_path, name, .init = make_folder, .fini = remove_folder)

/* A path in the folder; good until the next but seven. */
static const char *in_folder(const char *name)
{
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    HOLDS(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* "kind:name" of the next ones, until one of that kind has come. */
ASYNC(says_until, ARGS(coro_path_watch *, watch, int, kind), VARS(coro_path_event event;))
{
    ASYNC_BEGIN;
    do {
        AWAIT(coro_path_watch_next(self->watch, &self->event));
        say("%d%s:%s%s%s ", (int)self->event.kind, self->event.is_folder ? "d" : "",
            self->event.from, self->event.from[0] != '\0' ? ">" : "", self->event.name);
    } while ((int)self->event.kind != self->kind);
    ASYNC_END;
}

ASYNC(hears_all, VARS(coro_path_watch *watch; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_path_watch_open(&self->watch, folder), 0);
    write_file("a", "text");
    EQ(rename(in_folder("a"), in_folder("b")), 0);
    EQ(mkdir(in_folder("d"), 0700), 0);
    EQ(rename(in_folder("b"), in_folder("d/b")), 0);
    EQ(rename(in_folder("d/b"), in_folder("c")), 0);
    EQ(chmod(in_folder("c"), 0400), 0);
    EQ(unlink(in_folder("c")), 0);
    EQ(rmdir(in_folder("d")), 0);
    EQ(rmdir(folder), 0);
    AWAIT(says_until(self->watch, CORO_PATH_GONE));
    SAID("1:a 2:a 3:a 5:a>b 1d:d 6:b 1:c 4:c 6:c 6d:d 7: ");
    AWAIT_CATCH(self->error, says_until(self->watch, CORO_PATH_GONE));
    EQ(self->error, CORO_EEOF);
  ASYNC_FINALLY:
    coro_path_watch_close(&self->watch);
    HOLDS(self->watch == NULL);
    coro_path_watch_close(&self->watch);
    ASYNC_END;
}

WATCH_TEST(each_kind_of_event_is_told_in_order)
{
    EQ(RUN_NET(hears_all()), 0);
}

ASYNC(says_error, ARGS(coro_path_watch *, watch, coro_path_event *, event), VARS(int error;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, coro_path_watch_next(self->watch, self->event));
    say("%d ", self->error);
    ASYNC_END;
}

ASYNC(waits, VARS(coro_path_watch *watch; coro_path_event event; coro_task *task; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_path_watch_open(&self->watch, folder), 0);
    self->task = coro_create_task(says_error(self->watch, &self->event));
    AWAIT(coro_yield());
    AWAIT_CATCH(self->error, coro_path_watch_next(self->watch, &self->event));
    EQ(self->error, CORO_EBUSY);
    coro_task_cancel(self->task);
    AWAIT(coro_task_join(self->task));
    coro_task_release(self->task);
    self->task = coro_create_task(says_error(self->watch, &self->event));
    AWAIT(coro_yield());
    write_file("a", "1");
    AWAIT(coro_task_join(self->task));
    HOLDS(self->event.kind == CORO_PATH_CREATED && strcmp(self->event.name, "a") == 0);
    EQ(unlink(in_folder("a")), 0);
    AWAIT(says_until(self->watch, CORO_PATH_DELETED));
    coro_task_release(self->task);
    self->task = coro_create_task(says_error(self->watch, &self->event));
    AWAIT(coro_yield());
    coro_path_watch_close(&self->watch);
    AWAIT(coro_task_join(self->task));
    AWAIT(says_error(NULL, &self->event));
    SAID("-125 0 2:a 3:a 6:a -1001 -1001 ");
  ASYNC_FINALLY:
    coro_task_release(self->task);
    ASYNC_END;
}

WATCH_TEST(a_task_waits_and_can_be_cancelled_and_sent_home)
{
    EQ(RUN_NET(waits()), 0);
}

/* A file that is watched itself has no names. */
ASYNC(watches_a_file, VARS(coro_path_watch *watch;))
{
    ASYNC_BEGIN;
    write_file("f", "1");
    EQ(coro_path_watch_open(&self->watch, in_folder("f")), 0);
    write_file("f", "2");
    EQ(rename(in_folder("f"), in_folder("g")), 0);
    AWAIT(says_until(self->watch, CORO_PATH_GONE));
    SAID("2: 3: 7: ");
    EQ(unlink(in_folder("g")), 0);
  ASYNC_FINALLY:
    coro_path_watch_close(&self->watch);
    ASYNC_END;
}

WATCH_TEST(a_file_is_watched_by_itself)
{
    EQ(RUN_NET(watches_a_file()), 0);
}

/* --- faults ------------------------------------------------------------------------------- */

static coro_sys_table real;
static int fault_at, fault_error, small, overflow;

static ssize_t faulty_read(int fd, void *buffer, size_t size)
{
    if (fault_at > 0 && --fault_at == 0) {
        errno = fault_error;
        return -1;
    }
    if (overflow-- > 0) {
        struct inotify_event event = {.wd = -1, .mask = IN_Q_OVERFLOW};
        memcpy(buffer, &event, sizeof event);
        return sizeof event;
    }
    return real.read(fd, buffer, small > 0 && size > (size_t)small ? (size_t)small : size);
}

ASYNC(hears, ARGS(const char *, expected), VARS(coro_path_watch *watch;))
{
    ASYNC_BEGIN;
    EQ(coro_path_watch_open(&self->watch, folder), 0);
    write_file("a", "1");
    EQ(rename(in_folder("a"), in_folder("b")), 0);
    EQ(unlink(in_folder("b")), 0);
    AWAIT(says_until(self->watch, CORO_PATH_DELETED));
    SAID(self->expected);
  ASYNC_FINALLY:
    coro_path_watch_close(&self->watch);
    ASYNC_END;
}

#define ALL "1:a 2:a 3:a 5:a>b 6:b "

WATCH_TEST(a_pair_that_comes_in_two_reads_is_one_event)
{
    real = coro_sys;
    coro_sys.read = faulty_read;
    small = 40; /* one event */
    EQ(RUN_NET(hears(ALL)), 0);
}

WATCH_TEST(lost_events_are_told)
{
    real = coro_sys;
    coro_sys.read = faulty_read;
    overflow = 1;
    EQ(RUN_NET(hears("8: " ALL)), 0);
}

WATCH_TEST(a_read_that_is_interrupted_is_made_again_and_another_error_is_the_awaits)
{
    real = coro_sys;
    coro_sys.read = faulty_read;
    fault_at = 1;
    fault_error = EINTR;
    EQ(RUN_NET(hears(ALL)), 0);
    fault_at = 1;
    fault_error = EIO;
    EQ(RUN_NET(hears(ALL)), CORO_EIO);
}

static int no_watches(int fd, const char *path, uint32_t mask)
{
    (void)fd, (void)path, (void)mask;
    errno = ENOSPC;
    return -1;
}

static int no_inotify(int flags)
{
    (void)flags;
    errno = EMFILE;
    return -1;
}

static coro_path_watch *foreign;

ASYNC(cannot_open, VARS(coro_path_watch *watch; coro_path_event event; int error;))
{
    ASYNC_BEGIN;
    EQ(coro_path_watch_open(&self->watch, in_folder("none")), CORO_ENOENT);
    coro_sys.inotify_add_watch = no_watches;
    EQ(coro_path_watch_open(&self->watch, folder), CORO_ENOSPC);
    coro_sys.inotify_init1 = no_inotify;
    EQ(coro_path_watch_open(&self->watch, folder), CORO_EMFILE);
    exhaust_memory();
    EQ(coro_path_watch_open(&self->watch, folder), CORO_ENOMEM);
    memory.fail_from = 0;
    AWAIT_CATCH(self->error, coro_path_watch_next(foreign, &self->event));
    EQ(self->error, CORO_EWRONGLOOP);
    ASYNC_END;
}

ASYNC(opens_foreign)
{
    ASYNC_BEGIN;
    EQ(coro_path_watch_open(&foreign, folder), 0);
    ASYNC_END;
}

WATCH_TEST(what_cannot_be_watched_says_why)
{
    coro_loop_options options = {.backend = coro_backend_named("epoll")};
    coro_loop_options counted = {.allocator = {fixture_resize, NULL}};
    coro_loop first;
    EQ(coro_loop_init(&first, &options), 0);
    EQ(coro_loop_run_until_complete(&first, opens_foreign()), 0);
    EQ(coro_run_with(cannot_open(), &counted), 0);
    EQ(memory.blocks, 0);
    coro_path_watch_close(&foreign);
    coro_loop_close(&first);
}
