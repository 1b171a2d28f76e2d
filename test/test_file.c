/* SPDX-License-Identifier: MIT */
/*
 * test_file.c: files and folders, in a folder of the test's own.
 */
#define _GNU_SOURCE
#include "net_fixture.h"

#include <coro/file.h>

#include <stdatomic.h>
#include <sys/stat.h>

SUITE(file);

static char folder[64];
static char paths[8][200];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/coro-file-XXXXXX");
    HOLDS(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
    EQ(rmdir(folder), 0); /* nothing is left in it */
}

/* A path in the folder; good until the next but seven. */
static const char *in_folder(const char *name)
{
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

#define FILE_TEST(name) Test(file, name, .init = make_folder, .fini = remove_folder)

/* --- a file ------------------------------------------------------------------------------- */

ASYNC(writes_and_reads, VARS(int fd; size_t n; struct stat status; char text[32];))
{
    ASYNC_BEGIN;
    self->fd = -1;
    AWAIT(self->fd, coro_file_open(in_folder("a"), O_RDWR | O_CREAT, 0600));
    HOLDS(fcntl(self->fd, F_GETFD) & FD_CLOEXEC);
    AWAIT(coro_file_write(self->fd, "hello, world", 12));
    AWAIT(coro_file_pwrite(self->fd, "W", 1, 7));
    EQ(coro_file_seek(self->fd, 0, SEEK_CUR), 12);
    EQ(coro_file_seek(self->fd, 7, SEEK_SET), 7);
    AWAIT(self->n, coro_file_read(self->fd, self->text, 32));
    HOLDS(self->n == 5 && memcmp(self->text, "World", 5) == 0); /* a short read */
    AWAIT(self->n, coro_file_read(self->fd, self->text, 32));
    EQ(self->n, 0);
    AWAIT(self->n, coro_file_pread(self->fd, self->text, 5, 0));
    HOLDS(self->n == 5 && memcmp(self->text, "hello", 5) == 0);
    AWAIT(coro_file_truncate(self->fd, 3));
    AWAIT(coro_file_sync(self->fd));
    AWAIT(coro_file_datasync(self->fd));
    AWAIT(coro_file_fstat(self->fd, &self->status));
    EQ(self->status.st_size, 3);
    AWAIT(coro_file_rename(in_folder("a"), in_folder("b")));
    AWAIT(coro_file_stat(in_folder("b"), &self->status));
    EQ(self->status.st_size, 3);
    AWAIT(coro_file_unlink(in_folder("b")));
    EQ(coro_file_close(&self->fd), 0);
    EQ(self->fd, -1);
    EQ(coro_file_close(&self->fd), 0);
    ASYNC_END;
}

FILE_TEST(what_was_written_can_be_read)
{
    EQ(RUN_NET(writes_and_reads()), 0);
}

ASYNC(fails, VARS(int fd, error; size_t n; struct stat status; char text[8];
                  coro_file_content *content; coro_file_list *list;))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->fd, coro_file_open(in_folder("none"), O_RDONLY, 0));
    EQ(self->error, CORO_ENOENT);
    AWAIT_CATCH(self->error, self->n, coro_file_read(-1, self->text, 8));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, self->n, coro_file_pread(0, self->text, 8, -1));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, coro_file_pwrite(0, self->text, 8, -1));
    EQ(self->error, CORO_EINVAL);
    AWAIT_CATCH(self->error, coro_file_write(-1, self->text, 8));
    EQ(self->error, CORO_EBADF);
    EQ(coro_file_seek(-1, 0, SEEK_SET), CORO_EBADF);
    AWAIT_CATCH(self->error, coro_file_truncate(-1, 0));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, coro_file_sync(-1));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, coro_file_datasync(-1));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, coro_file_fstat(-1, &self->status));
    EQ(self->error, CORO_EBADF);
    AWAIT_CATCH(self->error, coro_file_stat(in_folder("none"), &self->status));
    EQ(self->error, CORO_ENOENT);
    AWAIT_CATCH(self->error, coro_file_rename(in_folder("none"), in_folder("x")));
    EQ(self->error, CORO_ENOENT);
    AWAIT_CATCH(self->error, coro_file_unlink(in_folder("none")));
    EQ(self->error, CORO_ENOENT);
    AWAIT_CATCH(self->error, self->content, coro_read_file(in_folder("none"), 9));
    EQ(self->error, CORO_ENOENT);
    AWAIT_CATCH(self->error, self->content, coro_read_file(folder, 9));
    EQ(self->error, CORO_EISDIR);
    AWAIT_CATCH(self->error, coro_write_file(in_folder("none/x"), "x", 1, 0600));
    EQ(self->error, CORO_ENOENT);
    AWAIT_CATCH(self->error, self->list, coro_list_folder(in_folder("none"), 9));
    EQ(self->error, CORO_ENOENT);
    AWAIT_CATCH(self->error, self->list, coro_list_folder("/proc/self/status", 9));
    EQ(self->error, CORO_ENOTDIR);
    coro_file_content_free(NULL);
    coro_file_list_free(NULL);
    self->fd = 12345;
    EQ(coro_file_close(&self->fd), CORO_EBADF);
    EQ(self->fd, -1);
    ASYNC_END;
}

FILE_TEST(the_systems_error_is_the_awaits)
{
    EQ(RUN_NET(fails()), 0);
}

/* --- folders ------------------------------------------------------------------------------ */

ASYNC(folders, VARS(coro_file_list *list; int error, i; char name[16];))
{
    ASYNC_BEGIN;
    AWAIT(coro_file_mkdir(in_folder("d"), 0700));
    AWAIT_CATCH(self->error, coro_file_mkdir(in_folder("d"), 0700));
    EQ(self->error, CORO_EEXIST);
    AWAIT(self->list, coro_list_folder(in_folder("d"), 9));
    EQ(self->list->count, 0);
    coro_file_list_free(self->list);
    self->list = NULL;
    for (; self->i < 50; self->i++) {
        snprintf(self->name, sizeof self->name, "d/%02d", (self->i * 7) % 50);
        AWAIT(coro_write_file(in_folder(self->name), self->name, 4, 0600));
    }
    AWAIT(coro_file_mkdir(in_folder("d/e"), 0700));
    AWAIT(self->list, coro_list_folder(in_folder("d"), 51));
    EQ(self->list->count, 51);
    for (size_t i = 0; i < 50; i++)
        EQ(atoi(self->list->entries[i].name), i);
    HOLDS(strcmp(self->list->entries[50].name, "e") == 0);
    coro_file_list_free(self->list);
    self->list = NULL;
    AWAIT_CATCH(self->error, self->list, coro_list_folder(in_folder("d"), 50));
    EQ(self->error, CORO_ELIMIT);
    AWAIT_CATCH(self->error, coro_file_rmdir(in_folder("d")));
    EQ(self->error, CORO_ENOTEMPTY);
    AWAIT(coro_file_rmdir(in_folder("d/e")));
    for (self->i = 0; self->i < 50; self->i++) {
        snprintf(self->name, sizeof self->name, "d/%02d", self->i);
        AWAIT(coro_file_unlink(in_folder(self->name)));
    }
    AWAIT(coro_file_rmdir(in_folder("d")));
    ASYNC_END;
}

FILE_TEST(a_folder_is_listed_in_order)
{
    EQ(RUN_NET(folders()), 0);
}

/* --- whole files -------------------------------------------------------------------------- */

ASYNC(whole, VARS(coro_file_content *content; char *much; int error; struct stat status;))
{
    ASYNC_BEGIN;
    self->much = malloc(100000);
    for (int i = 0; i < 100000; i++)
        self->much[i] = (char)(i % 251);
    AWAIT(coro_write_file(in_folder("w"), self->much, 100000, 0640));
    AWAIT(self->content, coro_read_file(in_folder("w"), 100000));
    HOLDS(self->content->size == 100000 && memcmp(self->content->data, self->much, 100000) == 0);
    EQ(self->content->data[100000], '\0');
    coro_file_content_free(self->content);
    self->content = NULL;
    AWAIT_CATCH(self->error, self->content, coro_read_file(in_folder("w"), 99999));
    EQ(self->error, CORO_ELIMIT);
    AWAIT(coro_write_file(in_folder("w"), "new", 3, 0640)); /* in the place of the old one */
    AWAIT(self->content, coro_read_file(in_folder("w"), 3));
    HOLDS(strcmp(self->content->data, "new") == 0);
    coro_file_content_free(self->content);
    self->content = NULL;
    AWAIT_CATCH(self->error, self->content, coro_read_file(in_folder("w"), 0));
    EQ(self->error, CORO_ELIMIT);
    AWAIT(coro_write_file(in_folder("w"), NULL, 0, 0640));
    AWAIT(self->content, coro_read_file(in_folder("w"), 0));
    EQ(self->content->size, 0);
    AWAIT(coro_file_stat(in_folder("w"), &self->status));
    EQ(self->status.st_mode & 0777, 0640);
    AWAIT(coro_file_unlink(in_folder("w")));
  ASYNC_FINALLY:
    coro_file_content_free(self->content);
    free(self->much);
    ASYNC_END;
}

FILE_TEST(a_whole_file_is_replaced_and_read_up_to_a_limit)
{
    umask(022);
    EQ(RUN_NET(whole()), 0);
}

/* --- faults ------------------------------------------------------------------------------- */

static coro_sys_table real;
static struct {
    const char *name;
    int at, error, hits;
} fault;

static bool fails_now(const char *name)
{
    if (fault.name == NULL || strcmp(name, fault.name) != 0 || fault.at == 0 || --fault.at > 0)
        return false;
    fault.hits++;
    errno = fault.error;
    return true;
}

#define FAULTY(X)                                                                                  \
    X(int, -1, open, (const char *path, int flags, ...), (path, flags, 0600))                      \
    X(ssize_t, -1, read, (int fd, void *buffer, size_t size), (fd, buffer, size < 3 ? size : 3))   \
    X(ssize_t, -1, pread, (int fd, void *buffer, size_t size, off_t at), (fd, buffer, size, at))   \
    X(ssize_t, -1, pwrite, (int fd, const void *data, size_t size, off_t at),                      \
      (fd, data, size < 3 ? size : 3, at))                                                         \
    X(int, -1, ftruncate, (int fd, off_t size), (fd, size))                                        \
    X(int, -1, fsync, (int fd), (fd))                                                              \
    X(int, -1, fdatasync, (int fd), (fd))                                                          \
    X(int, -1, rename, (const char *from, const char *to), (from, to))                             \
    X(int, -1, mkdir, (const char *path, mode_t mode), (path, mode))                               \
    X(DIR *, NULL, opendir, (const char *path), (path))                                            \
    X(struct dirent *, NULL, readdir, (DIR *at), (at))

#define FAULTY_FUNCTION(result, failed, name, parameters, arguments)                               \
    static result faulty_##name parameters                                                         \
    {                                                                                              \
        return fails_now(#name) ? failed : real.name arguments;                                    \
    }
FAULTY(FAULTY_FUNCTION)

/* A close that fails has closed all the same. */
static int faulty_close(int fd)
{
    int result = real.close(fd);
    return fails_now("close") ? -1 : result;
}

/* A few bytes at a time; but eight are a wake of the loop. */
static ssize_t faulty_write(int fd, const void *data, size_t size)
{
    if (size == 8)
        return real.write(fd, data, size);
    return fails_now("write") ? -1 : real.write(fd, data, size < 3 ? size : 3);
}

#define FAULTY_ENTRY(result, failed, name, parameters, arguments) coro_sys.name = faulty_##name;
#define FAULTY_NAME(result, failed, name, parameters, arguments) #name,

ASYNC(all_of_it, VARS(int fd; size_t n; coro_file_list *list; coro_file_content *content;
                      char text[32];))
{
    ASYNC_BEGIN;
    self->fd = -1;
    AWAIT(coro_file_mkdir(in_folder("d"), 0700));
    AWAIT(self->fd, coro_file_open(in_folder("d/a"), O_RDWR | O_CREAT, 0600));
    AWAIT(coro_file_write(self->fd, "0123456789", 10));
    AWAIT(coro_file_pwrite(self->fd, "abcdefghij", 10, 10));
    AWAIT(self->n, coro_file_pread(self->fd, self->text, 32, 0));
    HOLDS(self->n == 20 && memcmp(self->text, "0123456789abcdefghij", 20) == 0);
    AWAIT(self->n, coro_file_read(self->fd, self->text, 32));
    HOLDS(self->n == 10 || self->n == 3); /* a short read */
    AWAIT(coro_file_truncate(self->fd, 3));
    AWAIT(coro_file_sync(self->fd));
    AWAIT(coro_file_datasync(self->fd));
    AWAIT(coro_file_rename(in_folder("d/a"), in_folder("d/b")));
    AWAIT(coro_write_file(in_folder("d/b"), "whole file", 10, 0600));
    AWAIT(self->content, coro_read_file(in_folder("d/b"), 10));
    HOLDS(strcmp(self->content->data, "whole file") == 0);
    AWAIT(self->list, coro_list_folder(in_folder("d"), 2));
    EQ(self->list->count, 1); /* no new file is left beside it */
  ASYNC_FINALLY:
    (void)coro_file_close(&self->fd);
    coro_file_list_free(self->list);
    coro_file_content_free(self->content);
    unlink(in_folder("d/a"));
    unlink(in_folder("d/b"));
    rmdir(in_folder("d"));
    ASYNC_END;
}

Test(file, each_system_call_that_fails_is_an_error_and_leaves_nothing, .init = make_folder,
     .fini = remove_folder, .timeout = 60)
{
    static const char *const names[] = {FAULTY(FAULTY_NAME) "write", "close"};
    static const int errors[] = {EINTR, EIO, ENOSPC};
    real = coro_sys;
    FAULTY(FAULTY_ENTRY)
    coro_sys.write = faulty_write;
    coro_sys.close = faulty_close;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < 3; k++)
            for (int at = 1;; at++) {
                int result;
                memset(&memory, 0, sizeof memory);
                fault.name = names[i];
                fault.error = errors[k];
                fault.at = at;
                fault.hits = 0;
                result = RUN_NET(all_of_it());
                EQ(access(in_folder("d"), F_OK), -1); /* no new file was left in it */
                if (fault.hits == 0) {
                    EQ(result, 0);
                    break;
                }
                HOLDS(result == 0 || result == -errors[k]);
                HOLDS(errors[k] != ENOSPC || result == 0 || result == CORO_ENOSPC);
                if (errors[k] == EINTR && (strcmp(names[i], "read") == 0 ||
                                           strcmp(names[i], "write") == 0))
                    EQ(result, 0);
            }
}

Test(file, each_allocation_that_fails_is_an_error, .init = make_folder, .fini = remove_folder)
{
    for (size_t n = 1;; n++) {
        int result;
        memset(&memory, 0, sizeof memory);
        memory.fail_at = n;
        result = RUN_NET_LOUD(all_of_it());
        HOLDS(result == 0 || result == CORO_ENOMEM);
        EQ(access(in_folder("d"), F_OK), -1);
        if (memory.calls < n)
            break;
    }
}

/* The linker puts these before the C library's: see meson.build. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static atomic_size_t heap_fails_at; /* counts down, in all threads: at 1 the next one fails */
static _Thread_local bool is_tests;  /* its realloc is the loop's allocator's, which fails above */

static bool heap_fails(void)
{
    return atomic_load(&heap_fails_at) > 0 && atomic_fetch_sub(&heap_fails_at, 1) == 1;
}

void *__wrap_malloc(size_t size)
{
    return heap_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return heap_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return !is_tests && heap_fails() ? NULL : __real_realloc(block, size);
}

Test(file, no_memory_for_threads_or_in_them_is_an_error, .init = make_folder, .fini = remove_folder)
{
    int lacked = 0, result;
    is_tests = true;
    for (size_t n = 1;; n++) {
        memset(&memory, 0, sizeof memory);
        atomic_store(&heap_fails_at, n);
        result = RUN_NET_LOUD(all_of_it());
        EQ(access(in_folder("d"), F_OK), -1);
        if (atomic_exchange(&heap_fails_at, 0) > 0)
            break;
        HOLDS(result == 0 || result == CORO_ENOMEM);
        lacked += result != 0;
    }
    EQ(result, 0);
    HOLDS(lacked > 5); /* the executor, a name, a content, two lists, and the loop */
}

/* --- cancelled ---------------------------------------------------------------------------- */

static int slow_gate[2];

/* Until the test lets it go on. */
static ssize_t slow_read(int fd, void *buffer, size_t size)
{
    char go;
    (void)fd;
    EQ(real.read(slow_gate[0], &go, 1), 1);
    memset(buffer, 'x', size);
    return (ssize_t)size;
}

static ssize_t gated_pread(int fd, void *buffer, size_t size, off_t at)
{
    (void)at;
    return slow_read(fd, buffer, size);
}

ASYNC(reads_slowly, VARS(size_t n; int error; char text[100];))
{
    ASYNC_BEGIN;
    AWAIT_CATCH(self->error, self->n, coro_file_pread(0, self->text, 100, 0));
    say("%d %zu %c", self->error, self->n, self->text[99]);
    ASYNC_END;
}

/* The frame, where the thread writes to, lasts until it has let go. */
ASYNC(cancels_a_read, VARS(coro_task *task;))
{
    ASYNC_BEGIN;
    EQ(pipe2(slow_gate, O_CLOEXEC), 0);
    self->task = coro_create_task(reads_slowly());
    AWAIT(coro_sleep(CORO_MS(20)));
    coro_task_cancel(self->task);
    AWAIT(coro_sleep(CORO_MS(5)));
    HOLDS(!coro_task_done(self->task));
    EQ(write(slow_gate[1], "!", 1), 1);
    AWAIT(coro_task_join(self->task));
    SAID("0 100 x"); /* what had been done is delivered */
  ASYNC_FINALLY:
    coro_task_release(self->task);
    close(slow_gate[0]);
    close(slow_gate[1]);
    ASYNC_END;
}

Test(file, a_cancelled_await_lasts_until_the_thread_has_let_go)
{
    real = coro_sys;
    coro_sys.pread = gated_pread;
    EQ(RUN_NET(cancels_a_read()), 0);
}

ASYNC(cancelled_before, VARS(int error, fd;))
{
    ASYNC_BEGIN;
    coro_task_cancel(coro_current_task());
    AWAIT_CATCH(self->error, self->fd, coro_file_open(in_folder("x"), O_CREAT | O_WRONLY, 0600));
    EQ(self->error, CORO_ECANCELED);
    AWAIT_CATCH(self->error, coro_write_file(in_folder("x"), "x", 1, 0600));
    EQ(self->error, CORO_ECANCELED);
    ASYNC_END;
}

FILE_TEST(a_cancelled_task_does_nothing_to_files)
{
    EQ(RUN_NET(cancelled_before()), 0);
}
