/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what the workloads share: clocks, checks, and who does what.
 *
 * A workload is a function that does *n operations and answers how many
 * nanoseconds they took; where it needs a round number it rounds *n. Its clock
 * starts when the loop runs and stops with the last result in hand. Every workload
 * checks its sums, so that no compiler and no bug of ours can make it fast by
 * leaving work out.
 */
#ifndef CORO_BENCH_H
#define CORO_BENCH_H

#include <coro/loop.h>

#include <stdint.h>

typedef double bench_workload(uint64_t *n);

/* chain.c: frames that await each other */
bench_workload bench_switch, bench_nest, bench_deep, bench_yieldnest, bench_yielddeep;
/* turn.c: tasks that give way to each other */
bench_workload bench_yield, bench_yield1000;
/* task.c: tasks made, joined and freed */
bench_workload bench_spawn, bench_skynet, bench_skynetlazy;
/* channel.c: tasks that talk */
bench_workload bench_chan1, bench_chan64, bench_pingpong, bench_mutex;
/* time.c: tasks that wait for the clock */
bench_workload bench_sleep, bench_timers;
/* wake.c: two loops in two threads */
bench_workload bench_wake;

uint64_t bench_wall_ns(void);
uint64_t bench_cpu_ns(void); /* of the whole process */

/* Stop with exit status 4: a figure of a wrong result is none. */
void bench_check(bool ok, const char *what);

/* A loop of its own for one call; takes the call. The call stores the time it took. */
#define bench_run(call) bench_run_(&(call)->coro)
void bench_run_(coro_header *call);

/* Tasks in the workloads that have "many"; batches of those that spawn. */
#define BENCH_TASKS 1000

#endif
