/* SPDX-License-Identifier: MIT */
/*
 * answer.h: what to send for a request: decided at once, sent later.
 *
 *     struct answer answer;
 *     answer_make(&answer, &site, head, head_size);     // opens the file, or makes the page
 *     ... send answer.head, then what answer.file or answer.page holds ...
 *     answer_free(&answer);
 *
 * answer_make never suspends, so the request's bytes may go once it has returned.
 * Part of httpd.
 */
#ifndef EXAMPLES_HTTPD_ANSWER_H
#define EXAMPLES_HTTPD_ANSWER_H

#include "../common/http.h"

#include <stdio.h>

enum { REQUEST_BODY_MAX = 64 * 1024, ANSWER_LINE_SIZE = 160 };

/* A connection between two requests; in a ring, so that a stop finds them all. */
struct idle {
    struct idle *next, *prev;
    struct coro_task *task;
};

/* What all connections share. */
struct site {
    int root;                   /* the directory that is served */
    bool only_listings;         /* a directory's page is its listing, even where index.html is */
    unsigned delay_ms;
    unsigned idle_s;
    FILE *log;                  /* or NULL */
    bool stopping;              /* what is being answered is the connection's last */
    struct coro_tls_context *tls; /* who we are; NULL: plain HTTP */
    struct idle idle;           /* the ring's head */
};

struct answer {
    int status;
    bool keep_alive;
    http_body body;             /* of the request: to be read before the answer goes out */
    int file;                   /* -1: none */
    char *page;                 /* owned; NULL: none */
    uint64_t first, length;     /* the bytes of file or page that go out; length 0 for HEAD */
    char *head;                 /* owned; NULL: no memory even for that, just close */
    size_t head_size;
    char line[ANSWER_LINE_SIZE];/* the request's line, fit for a log */
};

/* Fills *answer for a complete request head. Every request has an answer; answer_free it. */
void answer_make(struct answer *answer, const struct site *site, const char *head, size_t size);

/* The same for a request that is none: an error page, after which the connection is closed. */
void answer_error(struct answer *answer, int status);

/* NULL-safe in all its parts: an answer of zeroes with file -1 is fine, and twice is too. */
void answer_free(struct answer *answer);

#endif
