/* SPDX-License-Identifier: MIT */
/* signal.h - the one signal that a test may end by: coro_trap sends it. */
#ifndef SUITE_SIGNAL_H
#define SUITE_SIGNAL_H

#define SIGABRT 6

#endif
