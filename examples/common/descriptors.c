/* SPDX-License-Identifier: MIT */
/*
 * descriptors.c: the soft limit, which is ours to raise, and the hard one, which is not.
 */
#define _POSIX_C_SOURCE 200809L
#include "descriptors.h"

#include <sys/resource.h>

enum { RESERVE = 16 };          /* standard streams, the loop's own, a directory, a log... */

size_t descriptors_allow(size_t wanted, size_t each)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    rlim_t need = (rlim_t)wanted * each + RESERVE;
    if (need > limit.rlim_cur) {
        struct rlimit raised = {need < limit.rlim_max ? need : limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    if (need <= limit.rlim_cur)
        return wanted;
    return limit.rlim_cur > RESERVE + each ? (size_t)(limit.rlim_cur - RESERVE) / each : 1;
}
