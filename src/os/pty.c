/* SPDX-License-Identifier: MIT */
/*
 * pty.c - pseudo terminals: a pipe with a terminal's manners in the middle.
 *
 *     master ◄──► line discipline (echo, ^C, lines) ◄──► slave: /dev/pts/7
 */
#define _GNU_SOURCE
#include "internal.h"

#include <sys/ioctl.h>
#include <termios.h>

/* The slave is opened by way of its master: no name is needed, nor the right /dev/pts. Linux
 * before 4.13 wants the name. */
static int open_slave(int master)
{
    char path[32] = "/dev/pts/";
    unsigned number, digits = 1;
    int slave = coro_sys.ioctl(master, TIOCGPTPEER, (void *)(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (slave >= 0 || (errno != EINVAL && errno != ENOTTY))
        return slave;
    if (coro_sys.ioctl(master, TIOCGPTN, &number) != 0)
        return -1;
    for (unsigned rest = number / 10; rest > 0; rest /= 10)
        digits++;
    for (path[9 + digits] = '\0'; digits > 0; number /= 10)
        path[8 + digits--] = (char)('0' + number % 10);
    return coro_sys.open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int coro_pty_open(int *slave)
{
    int unlocked = 0, error, master = coro_sys.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return -errno;
    *slave = coro_sys.ioctl(master, TIOCSPTLCK, &unlocked) == 0 ? open_slave(master) : -1;
    if (*slave >= 0)
        return master;
    error = -errno;
    coro_sys.close(master);
    return error;
}
