/* SPDX-License-Identifier: MIT */
/*
 * coro-bench WORKLOAD N - what one operation costs.
 *
 * Prints `workload,coro,n,ns_per_op,peak_rss_kib`, the last one being VmHWM of
 * /proc/self/status. Exit status 3: no such workload; 4: a result was wrong.
 */
#define _POSIX_C_SOURCE 200809L

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    bench_workload *run;
} workloads[] = {
    {"switch", bench_switch},       {"nest", bench_nest},
    {"deep", bench_deep},           {"yield", bench_yield},
    {"yieldnest", bench_yieldnest}, {"yielddeep", bench_yielddeep},
    {"yield1000", bench_yield1000}, {"spawn", bench_spawn},
    {"sleep", bench_sleep},         {"chan1", bench_chan1},
    {"chan64", bench_chan64},       {"pingpong", bench_pingpong},
    {"mutex", bench_mutex},         {"timers", bench_timers},
    {"skynet", bench_skynet},       {"skynetlazy", bench_skynetlazy},
    {"wake", bench_wake},
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t bench_wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "coro-bench: wrong result: %s\n", what);
    exit(4);
}

void bench_run_(coro_header *call)
{
    static coro_loop loop; /* it is too large for a stack */
    int error = coro_loop_init(&loop, NULL);
    if (error == 0)
        error = coro_loop_run_until_complete_(&loop, call);
    if (error != 0) {
        fprintf(stderr, "coro-bench: %s\n", coro_strerror(error));
        exit(1);
    }
    coro_loop_close(&loop);
}

/* ru_maxrss would survive exec, and so count the parent too. */
static long peak_rss_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return -1;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    fclose(status);
    return kib;
}

static int usage(void)
{
    fputs("usage: coro-bench WORKLOAD N\nworkloads:", stderr);
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++)
        fprintf(stderr, " %s", workloads[i].name);
    fputc('\n', stderr);
    return 2;
}

int main(int argc, char **argv)
{
    char *end;
    uint64_t n;
    if (argc != 3)
        return usage();
    n = strtoull(argv[2], &end, 10);
    if (n == 0 || *end != '\0' || argv[2][0] == '-')
        return usage();
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++)
        if (strcmp(argv[1], workloads[i].name) == 0) {
            double ns = workloads[i].run(&n);
            printf("%s,coro,%llu,%.2f,%ld\n", argv[1], (unsigned long long)n, ns / (double)n,
                   peak_rss_kib());
            return 0;
        }
    fprintf(stderr, "coro-bench: no workload `%s`\n", argv[1]);
    return 3;
}
