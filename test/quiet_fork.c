/* SPDX-License-Identifier: MIT */
/*
 * quiet_fork.c - no fork while a thread of the test framework is inside malloc.
 *
 * Criterion forks for each test, and the child allocates before its exec. A thread of the parent's
 * that is inside AddressSanitizer's allocator just then leaves a lock to the child that nobody in
 * there will give back: gcc 12's and clang 14's take no locks around a fork, later ones do. So
 * before a fork the framework's process waits until all of its other threads sleep.
 *
 *     main    ──── malloc ────── wait ········ fork ──── ...
 *     worker  ─ (started) ── malloc ─ epoll_wait ·················
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES_MAX = 2000, TRY_EVERY_US = 500 };

static bool sleeps(const char *thread)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return true; /* it has ended meanwhile */
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end == NULL || strncmp(name_end, ") S", 3) == 0;
}

static bool others_sleep(void)
{
    DIR *threads = opendir("/proc/self/task");
    bool all = true;
    for (struct dirent *entry; all && threads != NULL && (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] != '.' && atol(entry->d_name) != (long)getpid())
            all = sleeps(entry->d_name);
    }
    if (threads != NULL)
        closedir(threads);
    return all;
}

static void wait_for_the_others(void)
{
    for (int tries = 0; tries < TRIES_MAX && !others_sleep(); tries++)
        usleep(TRY_EVERY_US);
}

/* Only where tests are started from: a test forks as it likes. */
__attribute__((constructor)) static void make_forks_quiet(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "boxfort-worker") != 0)
        pthread_atfork(wait_for_the_others, NULL, NULL);
}
