/* SPDX-License-Identifier: MIT */
/*
 * ending.c - how a child ends, and how that is seen.
 *
 *     LIVES ──close──► ASKED (SIGTERM) ──its grace is over──► KILLED (SIGKILL) ──5 s──► given up
 *       │                │                                      │                        (waits on)
 *       └── abort ───────┼─────────────────────────────────────►│
 *                        └─── it has ended, its group too ──────┴──► GONE
 *
 * Its exit is seen by the loop: a pidfd becomes readable, or, where the system has
 * none, SIGCHLD comes and each of the loop's children is asked for. waitid asks for one
 * child, never for any; ECHILD means that somebody else has taken its status.
 *
 * A child with a group of its own is not reaped before its handle is closed: as long as
 * its number is taken, so is the group's, and no signal for what it has left behind can
 * reach a stranger. From then on the group is looked at until it is empty: it has no
 * way to tell.
 *
 * Invariants. P1: a process is in its loop's ring until it is GONE; what is still there
 * when the loop closes is killed. P2: a signal is sent only to what is not reaped. P3: the
 * machine goes on without its owner, and allocates nothing; where there is no room for
 * its timer it does not wait.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <stdlib.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define KILL_LIMIT CORO_SECONDS(5)
#define GROUP_LOOK CORO_MS(10)
#define LAST_WAIT_MS 1000 /* for a child at the end of its loop */

/* --- who there is ------------------------------------------------------------------------- */

/* Those of a loop. */
typedef struct coro_process_ring {
    coro_hook closer; /* first: it is how the loop knows us */
    coro_process *first;
} ring;

static void ring_close(coro_hook *closer);

ring *coro_process_ring_of(coro_loop *loop)
{
    ring *self;
    for (coro_hook *each = loop->closers; each != NULL; each = each->next)
        if (each->run == ring_close)
            return (ring *)each;
    self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->closer.run = ring_close;
    coro_loop_add_closer(loop, &self->closer);
    return self;
}

static void ring_add(ring *self, coro_process *process)
{
    coro_process *first = self->first;
    process->next = first != NULL ? first : process;
    process->before = first != NULL ? first->before : process;
    process->next->before = process->before->next = process;
    self->first = first != NULL ? first : process;
}

static void ring_remove(coro_process *process)
{
    ring *self = process->ring;
    process->next->before = process->before;
    process->before->next = process->next;
    if (self->first == process)
        self->first = process->next != process ? process->next : NULL;
}

void coro_process_unref(coro_process *process)
{
    if (--process->holders == 0)
        coro_pool_give_(&process->loop->pool, process, sizeof *process);
}

/* --- its exit ----------------------------------------------------------------------------- */

/* waitid for this child and no other. */
static int ask(const coro_process *process, siginfo_t *info, int flags)
{
    int kind = process->exit.loop != NULL ? P_PIDFD : P_PID, result;
    for (;;) {
        *info = (siginfo_t){0};
        result = coro_sys.waitid(kind, kind == P_PIDFD ? process->exit.fd : process->pid, info,
                                 WEXITED | WNOHANG | flags);
        if (result == 0)
            return 0;
        if (errno == EINVAL && kind == P_PIDFD)
            kind = P_PID; /* Linux 5.3 has pidfds, and no waitid for them */
        else if (errno != EINTR)
            return -1;
    }
}

static void stop_watching(coro_process *process)
{
    coro_fd_close(&process->exit);
    coro_signals_close(&process->child_signals);
}

/* Take its status, and let its number go. */
static void reap(coro_process *process)
{
    siginfo_t info;
    if (process->reaped)
        return;
    (void)ask(process, &info, 0);
    process->reaped = true;
    stop_watching(process);
}

/* Its waiters know. */
static void ended(coro_process *process, int returncode)
{
    process->returncode = returncode;
    for (coro_task *task; (task = coro_waiters_pop(&process->waiters)) != NULL;) {
        task->wait.a.number = returncode;
        coro_wait_done(task, 0);
    }
}

/* Has it ended? */
static bool look(coro_process *process)
{
    siginfo_t info;
    int returncode = CORO_PROCESS_UNKNOWN;
    if (process->returncode != CORO_PROCESS_RUNNING)
        return true;
    if (ask(process, &info, WNOWAIT) != 0) {
        process->reaped = true; /* its number is nobody's, or a stranger's */
        stop_watching(process);
    } else if (info.si_pid == 0) {
        return false;
    } else {
        returncode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
        if (!process->has_group)
            reap(process);
    }
    ended(process, returncode);
    return true;
}

/* --- its end ------------------------------------------------------------------------------ */

static void closed(coro_process *process, int error)
{
    for (coro_task *task; (task = coro_waiters_pop(&process->closers)) != NULL;)
        coro_wait_done(task, error);
}

static void gone(coro_process *process)
{
    process->phase = CORO_PROCESS_GONE_;
    reap(process);
    coro_handle_cancel(&process->timer);
    ring_remove(process);
    closed(process, 0);
    coro_process_unref(process);
}

int coro_process_send_(const coro_process *process, int signo)
{
    int result = process->exit.loop != NULL
                     ? coro_sys.pidfd_send_signal(process->exit.fd, signo)
                     : coro_sys.kill(process->pid, signo);
    return result == 0 ? 0 : -errno;
}

/* To it and its group: it may have left that. */
static void send_all(const coro_process *process, int signo)
{
    if (process->has_group)
        (void)coro_sys.kill(-process->pid, signo);
    if (!process->reaped)
        (void)coro_process_send_(process, signo);
}

/* After its exit: is its group empty? As long as that is not so its number is the group's. */
static bool is_alone(coro_process *process)
{
    if (!process->has_group || process->returncode == CORO_PROCESS_UNKNOWN)
        return true;
    reap(process);
    return coro_sys.kill(-process->pid, 0) != 0 && errno == ESRCH;
}

static void tick(void *context);

/* Look again when something may have changed. False: there is no room for a timer. */
static bool look_again(coro_process *process, coro_time now, bool over)
{
    coro_time when = process->deadline;
    if (over && when > now + GROUP_LOOK)
        when = now + GROUP_LOOK;
    return coro_loop_call_at(process->loop, &process->timer, when, tick, process) == 0;
}

/* Where are we? Called when it has ended, and when it is time for something. */
static void settle(coro_process *process)
{
    coro_time now = coro_loop_time(process->loop);
    bool over = look(process);
    if (process->phase == CORO_PROCESS_LIVES_)
        return;
    if (!over || (process->phase == CORO_PROCESS_ASKED_ && !is_alone(process))) {
        if (now < process->deadline && look_again(process, now, over))
            return;
        if (process->phase == CORO_PROCESS_KILLED_) {
            if (now >= process->deadline)
                closed(process, CORO_ETIMEDOUT); /* the system holds it; its exit will come */
            return;
        }
        process->phase = CORO_PROCESS_KILLED_;
        process->deadline = now + KILL_LIMIT;
        send_all(process, SIGKILL);
        if (!over) {
            (void)look_again(process, now, false);
            return;
        }
    }
    gone(process);
}

static void tick(void *context)
{
    settle(context);
}

static void exit_ready(coro_fd *fd, unsigned directions)
{
    coro_process *process = coro_container_of(fd, coro_process, exit);
    (void)directions;
    if (look(process))
        settle(process);
    else
        (void)coro_fd_want(fd, CORO_FD_READ);
}

static void child_signal(int signo, void *context)
{
    coro_process *process = context;
    (void)signo;
    if (process->returncode == CORO_PROCESS_RUNNING && look(process))
        settle(process);
}

void coro_process_stop(coro_process *process, coro_duration grace)
{
    coro_stream_abort(&process->terminal);
    coro_stream_abort(&process->in);
    coro_stream_abort(&process->out);
    coro_stream_abort(&process->err);
    if (process->phase != CORO_PROCESS_LIVES_)
        return;
    process->phase = CORO_PROCESS_ASKED_;
    process->deadline = coro_loop_time(process->loop) + grace;
    if (grace > 0 && (process->returncode == CORO_PROCESS_RUNNING || process->has_group))
        send_all(process, SIGTERM);
    settle(process);
}

void coro_process_kill_now(coro_process *process)
{
    coro_process_stop(process, 0);
    if (process->phase == CORO_PROCESS_ASKED_) {
        process->deadline = coro_loop_time(process->loop);
        settle(process);
    }
}

/* The loop is over: the last that can be done for those that are left. */
static void ring_close(coro_hook *closer)
{
    ring *self = (ring *)closer;
    for (coro_process *process; (process = self->first) != NULL;) {
        process->holders++;
        coro_process_kill_now(process);
        for (int ms = 0; ms < LAST_WAIT_MS && process->phase != CORO_PROCESS_GONE_; ms++) {
            struct pollfd one = {.fd = process->exit.fd, .events = POLLIN};
            (void)coro_sys.poll(&one, process->exit.loop != NULL ? 1 : 0, 1);
            settle(process);
        }
        if (process->phase != CORO_PROCESS_GONE_)
            gone(process);
        process->holders = 1; /* who held it went with the loop's tasks */
        coro_process_unref(process);
    }
    free(self);
}

void coro_process_fork_reset(coro_loop *loop)
{
    for (coro_hook *each = loop->closers; each != NULL; each = each->next) {
        ring *self = (ring *)each;
        if (each->run != ring_close)
            continue;
        for (coro_process *process; (process = self->first) != NULL;) {
            process->has_group = false;
            process->reaped = true; /* it is not for us to reap, nor to signal */
            stop_watching(process);
            ended(process, CORO_PROCESS_UNKNOWN);
            gone(process);
        }
    }
}

/* --- its beginning ------------------------------------------------------------------------ */

static int watch(coro_process *process)
{
    int pidfd = coro_sys.pidfd_open(process->pid);
    int error = pidfd >= 0 ? coro_fd_open(process->loop, &process->exit, pidfd, exit_ready) : 0;
    if (pidfd >= 0 && error != 0)
        coro_sys.close(pidfd);
    if (process->exit.loop != NULL && coro_fd_want(&process->exit, CORO_FD_READ) == 0)
        return 0;
    coro_fd_close(&process->exit);
    error = coro_signals_call(process->loop, &process->child_signals, CORO_SIGNAL(SIGCHLD),
                              child_signal, process);
    if (error == 0)
        child_signal(SIGCHLD, process); /* it may have come before */
    return error;
}

int coro_process_begin(coro_process *process, pid_t pid)
{
    process->pid = pid;
    process->phase = CORO_PROCESS_LIVES_;
    process->returncode = CORO_PROCESS_RUNNING;
    process->reaped = false;
    process->holders++;
    ring_add(process->ring, process);
    return watch(process);
}
