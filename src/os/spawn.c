/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - a child, from vfork to exec.
 *
 *     parent: block all signals ─► vfork ┊ (stands still) ┊ ─► unblock ─► read: end? it runs
 *     child:                        └► group ► descriptors ► directory ► handlers ► execve
 *                                          └ error: into the pipe ─► _exit(127)     └ closes it
 *
 * The child has our memory until its exec, and does nothing there but make system
 * calls and write to its own stack: no allocation, no lock, no table of tests. No
 * handler of ours may run in it, so all signals are blocked until the handlers are gone.
 *
 * Its error comes by a pipe, which closes itself at the exec: so it is right also where
 * vfork is a fork (valgrind, TSan, some emulators), and the parent goes on when the
 * child has become the other program. A child that failed is waited for here.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;

#define SIGNALS 64
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif
#define OLD_DESCRIPTORS_MAX 4096 /* where there is no close_range */

typedef struct plan {
    const coro_spawn *spawn;
    const char *path;
    int note; /* where its error goes */
} plan;

/* --- in the child: each answers 0 or -1 with errno ---------------------------------------- */

static int join_group(const coro_process_options *options)
{
    if (options->new_session || options->pty)
        return setsid() < 0 ? -1 : 0;
    return options->new_group ? setpgid(0, 0) : 0;
}

/* First out of the way of all targets, then each to its own: so they may trade places. */
static int place_descriptors(plan *plan)
{
    const coro_spawn *spawn = plan->spawn;
    int from[3 + CORO_PROCESS_FDS_MAX], limit = 3;
    for (size_t i = 0; i < spawn->fds_count; i++)
        limit = spawn->fds[i].childs >= limit ? spawn->fds[i].childs + 1 : limit;
    plan->note = fcntl(plan->note, F_DUPFD_CLOEXEC, limit);
    if (plan->note < 0)
        return -1;
    for (size_t i = 0; i < spawn->fds_count; i++) {
        from[i] = fcntl(spawn->fds[i].ours, F_DUPFD_CLOEXEC, limit);
        if (from[i] < 0)
            return -1;
    }
    for (size_t i = 0; i < spawn->fds_count; i++)
        if (dup2(from[i], spawn->fds[i].childs) < 0)
            return -1;
    return 0;
}

static void close_range_on_exec(unsigned first, unsigned last)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) == 0)
        return;
#endif
    for (unsigned fd = first; fd <= last && fd < OLD_DESCRIPTORS_MAX; fd++)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

/* Also those of libraries that forget to ask for it. */
static void close_others_on_exec(const coro_spawn *spawn)
{
    int first = 3;
    for (;;) {
        int next = INT_MAX;
        for (size_t i = 0; i < spawn->fds_count; i++)
            if (spawn->fds[i].childs >= first && spawn->fds[i].childs < next)
                next = spawn->fds[i].childs;
        if (next > first)
            close_range_on_exec((unsigned)first, next == INT_MAX ? ~0u : (unsigned)next - 1);
        if (next == INT_MAX)
            return;
        first = next + 1;
    }
}

static void reset_signals(void)
{
    struct sigaction now, defaults = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    for (int signo = 1; signo <= SIGNALS; signo++)
        if (sigaction(signo, NULL, &now) == 0 && now.sa_handler != SIG_DFL &&
            (now.sa_handler != SIG_IGN || signo == SIGPIPE))
            sigaction(signo, &defaults, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* One after another, until one can be executed: the error of the best of them. */
static int execute(const plan *plan)
{
    char *const *argv = (char *const *)(uintptr_t)plan->spawn->argv;
    const char *const *given = plan->spawn->options->environment;
    char *const *environment = given != NULL ? (char *const *)(uintptr_t)given : environ;
    const char *name = argv[0], *path = plan->path;
    size_t name_size = strlen(name);
    int error = ENOENT;
    if (strchr(name, '/') != NULL || *name == '\0')
        return execve(name, argv, environment);
    for (const char *end; path != NULL; path = *end == ':' ? end + 1 : NULL) {
        char full[PATH_MAX];
        size_t size;
        end = strchr(path, ':');
        end = end != NULL ? end : path + strlen(path);
        size = (size_t)(end - path);
        if (size + name_size + 2 > sizeof full)
            continue;
        memcpy(full, path, size);
        full[size] = '/';
        memcpy(full + size + (size > 0), name, name_size + 1); /* "" is the directory itself */
        execve(full, argv, environment);
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            return -1;
        error = errno == EACCES ? EACCES : error;
    }
    errno = error;
    return -1;
}

static void become(void *argument)
{
    plan mine = *(const plan *)argument; /* the parent has its own */
    const coro_process_options *options = mine.spawn->options;
    int error;
    ssize_t written;
    if (join_group(options) == 0 && place_descriptors(&mine) == 0 &&
        (!options->pty || ioctl(0, TIOCSCTTY, 0) == 0) &&
        (options->directory == NULL || chdir(options->directory) == 0)) {
        if (options->umask != NULL)
            umask(*options->umask);
        close_others_on_exec(mine.spawn);
        reset_signals();
        execute(&mine);
    }
    error = errno;
    written = write(mine.note >= 0 ? mine.note : ((const plan *)argument)->note, &error,
                    sizeof error);
    (void)written;
}

/* --- in the parent ------------------------------------------------------------------------ */

static const char *path_of(const coro_spawn *spawn)
{
    const char *const *each = spawn->options->environment;
    if (each == NULL)
        each = (const char *const *)(uintptr_t)environ;
    for (; each != NULL && *each != NULL; each++)
        if (strncmp(*each, "PATH=", 5) == 0)
            return *each + 5;
    return PATH_DEFAULT;
}

/* Its exec has closed the pipe, or it has said why not; then it is on its way out. */
static int hear_of(pid_t pid, int note)
{
    int error = 0;
    ssize_t size;
    siginfo_t info;
    do
        size = coro_sys.read(note, &error, sizeof error);
    while (size < 0 && errno == EINTR);
    if (size == 0)
        return 0;
    if (size != (ssize_t)sizeof error) {
        error = size < 0 ? errno : EIO;
        coro_sys.kill(pid, SIGKILL); /* whatever has become of it */
    }
    while (coro_sys.waitid(P_PID, pid, &info, WEXITED) != 0 && errno == EINTR)
        continue;
    return -error;
}

pid_t coro_spawn_child(const coro_spawn *spawn)
{
    int note[2], error;
    sigset_t all, before;
    pid_t pid;
    if (coro_sys.pipe2(note, O_CLOEXEC) != 0)
        return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = coro_sys.vfork(become, &(plan){spawn, path_of(spawn), note[1]});
    error = pid < 0 ? -errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    coro_sys.close(note[1]);
    if (error == 0)
        error = hear_of(pid, note[0]);
    coro_sys.close(note[0]);
    return error != 0 ? error : pid;
}
