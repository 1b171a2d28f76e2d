/* SPDX-License-Identifier: MIT */
/*
 * answer.c: from a request's head to the head of its answer.
 *
 *     parse ──► method? ──► path ──► open below the root ──► file ──► range? unchanged? ──► head
 *       │         │          │                          └──► directory ──► index.html or listing
 *       └─ 4xx    └─ 405     └─ 4xx                      └── 403, 404
 *
 * A draft collects what the answer says; render() writes it down at the end, so that each decision
 * is made in one place. Conditions (RFC 9110, 13) compare texts: our own ETag, our own date.
 */
#define _POSIX_C_SOURCE 200809L
#include "answer.h"

#include "../common/beneath.h"
#include "../common/percent.h"
#include "listing.h"
#include "mime.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What render() needs beside the answer itself. */
struct draft {
    struct answer *answer;
    const http_head *request;
    const char *type;
    const char *location;       /* path below the root, to be escaped; NULL: none */
    uint64_t size;              /* of the whole thing */
    char etag[64];
    char modified[HTTP_DATE_SIZE];
    bool is_head;               /* the method is HEAD: all but the body */
};

/* A request's line goes into a log: nothing in it may look like a line end or a quote. */
static void copy_line(char *line, const http_head *head)
{
    const http_text parts[] = {head->method, {" ", 1}, head->target};
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (size_t k = 0; k < parts[i].size && used < ANSWER_LINE_SIZE - 1; k++) {
            char c = parts[i].data[k];
            line[used++] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c;
        }
    }
    line[used] = '\0';
}

static void print_header(FILE *out, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        fprintf(out, "%s: %s\r\n", name, value);
}

/* Path to URL: each byte of the path at most three, a slash in front, one behind. */
static void print_location(FILE *out, const char *path)
{
    char piece[3 * 64 + 1];
    fputs("Location: /", out);
    for (size_t left = strlen(path); left > 0;) {
        size_t size = left < 64 ? left : 64;
        if (percent_encode(path, size, "/", piece, sizeof piece) > 0)
            fputs(piece, out);
        path += size;
        left -= size;
    }
    fputs("/\r\n", out);
}

static void render(struct draft *draft)
{
    struct answer *answer = draft->answer;
    char date[HTTP_DATE_SIZE];
    FILE *out = open_memstream(&answer->head, &answer->head_size);
    if (out == NULL)
        return;
    fprintf(out, "HTTP/1.1 %d %s\r\nServer: coro-httpd\r\n", answer->status,
            http_reason(answer->status));
    if (http_date(date, (int64_t)time(NULL)))
        print_header(out, "Date", date);
    print_header(out, "Connection", !answer->keep_alive ? "close"
                 : draft->request->minor == 0 ? "keep-alive" : NULL);
    if (answer->status == 405)
        print_header(out, "Allow", "GET, HEAD");
    if (draft->location != NULL)
        print_location(out, draft->location);
    if (answer->file >= 0 || draft->etag[0] != '\0')
        print_header(out, "Accept-Ranges", "bytes");
    print_header(out, "ETag", draft->etag);
    print_header(out, "Last-Modified", draft->modified);
    if (answer->status == 206)
        fprintf(out, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
                answer->first, answer->first + answer->length - 1, draft->size);
    else if (answer->status == 416)
        fprintf(out, "Content-Range: bytes */%" PRIu64 "\r\n", draft->size);
    if (answer->status != 304) {
        print_header(out, "Content-Type", draft->type);
        fprintf(out, "Content-Length: %" PRIu64 "\r\n", answer->length);
    }
    fputs("\r\n", out);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(answer->head);
        answer->head = NULL;
    }
    if (draft->is_head || answer->status == 304)
        answer->length = 0;
}

/* Turns the draft into an error's page. */
static void set_error(struct draft *draft, int status)
{
    struct answer *answer = draft->answer;
    char text[128];
    int size = snprintf(text, sizeof text, "%d %s\n", status, http_reason(status));
    if (answer->file >= 0)
        close(answer->file);
    free(answer->page);
    answer->file = -1;
    answer->status = status;
    answer->page = strdup(text);
    answer->first = 0;
    answer->length = answer->page != NULL ? (uint64_t)size : 0;
    draft->type = "text/plain; charset=utf-8";
    draft->modified[0] = '\0';
}

static int status_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return 503;
    case EIO:
        return 500;
    default:                    /* ENOENT, ENOTDIR, ELOOP (a link), ENXIO (a pipe, a socket) ... */
        return 404;
    }
}

/* Does the client have it already? RFC 9110, 13.2.2: If-None-Match wins. */
static bool is_unchanged(const struct draft *draft)
{
    http_text match = http_find(draft->request, "if-none-match");
    if (match.data != NULL)
        return http_text_is(match, "*") || http_list_has(match, draft->etag);
    http_text since = http_find(draft->request, "if-modified-since");
    return since.data != NULL && http_text_is(since, draft->modified);
}

static void apply_range(struct draft *draft)
{
    http_text range = http_find(draft->request, "range");
    http_text only_if = http_find(draft->request, "if-range");
    struct answer *answer = draft->answer;
    if (range.data == NULL || draft->is_head
        || (only_if.data != NULL && !http_text_is(only_if, draft->etag)
            && !http_text_is(only_if, draft->modified)))
        return;
    switch (http_parse_range(range, draft->size, &answer->first, &answer->length)) {
    case HTTP_RANGE_PART:
        answer->status = 206;
        break;
    case HTTP_RANGE_NONE:
        set_error(draft, 416);
        break;
    case HTTP_RANGE_WHOLE:
        break;
    }
}

static void set_file(struct draft *draft, int file, const struct stat *stat, const char *path)
{
    struct answer *answer = draft->answer;
    answer->file = file;
    answer->length = draft->size = (uint64_t)stat->st_size;
    snprintf(draft->etag, sizeof draft->etag, "\"%jx-%jx-%jx\"", (uintmax_t)stat->st_size,
             (uintmax_t)stat->st_mtim.tv_sec, (uintmax_t)stat->st_mtim.tv_nsec);
    if (!http_date(draft->modified, (int64_t)stat->st_mtim.tv_sec))
        draft->modified[0] = '\0';
    if (is_unchanged(draft)) {
        answer->status = 304;
        return;
    }
    draft->type = mime_by_name(path);
    if (draft->type == NULL) {
        char sniff[MIME_SNIFF_SIZE];
        ssize_t size = pread(file, sniff, sizeof sniff, 0);
        draft->type = mime_by_content(sniff, size > 0 ? (size_t)size : 0);
    }
    apply_range(draft);
}

static void set_directory(struct draft *draft, const struct site *site, int directory,
                          const char *path)
{
    static const char index[] = "index.html";
    struct stat stat;
    int file = -1;
    if (!site->only_listings)
        file = openat(directory, index, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0 && fstat(file, &stat) == 0 && S_ISREG(stat.st_mode)) {
        set_file(draft, file, &stat, index);
        return;
    }
    if (file >= 0)
        close(file);
    size_t size;
    int error = listing_make(directory, path, &draft->answer->page, &size);
    if (error != 0) {
        set_error(draft, status_of(-error));
        return;
    }
    draft->type = "text/html; charset=utf-8";
    draft->answer->length = draft->size = size;
}

/* The path names something: a file, or a directory with the slash that belongs behind it. */
static void set_path(struct draft *draft, const struct site *site, char *path)
{
    size_t size = strlen(path);
    bool wants_directory = size == 0 || path[size - 1] == '/';
    struct stat stat;
    if (size > 0 && wants_directory)
        path[size - 1] = '\0';
    /* O_NONBLOCK: opening a pipe must not wait for its writer. */
    int file = beneath_open(site->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (file < 0 || fstat(file, &stat) != 0) {
        set_error(draft, status_of(errno));
    } else if (S_ISDIR(stat.st_mode) && !wants_directory) {
        set_error(draft, 301);
        draft->location = path;
    } else if (S_ISDIR(stat.st_mode)) {
        if (size > 0)
            path[size - 1] = '/';
        set_directory(draft, site, file, path);
    } else if (S_ISREG(stat.st_mode) && !wants_directory) {
        set_file(draft, file, &stat, path);
        return;                                         /* the answer has the descriptor now */
    } else {
        set_error(draft, 404);
    }
    if (file >= 0)
        close(file);
}

static struct draft begin(struct answer *answer, const http_head *request)
{
    memset(answer, 0, sizeof *answer);
    answer->status = 200;
    answer->file = -1;
    answer->body.state = HTTP_BODY_DONE;
    return (struct draft){.answer = answer, .request = request};
}

void answer_make(struct answer *answer, const struct site *site, const char *head, size_t size)
{
    http_head request;
    char path[PATH_SIZE_MAX];
    struct draft draft = begin(answer, &request);
    int status = http_parse_request(&request, head, size);
    copy_line(answer->line, &request);
    if (status != 0) {
        set_error(&draft, status);
        render(&draft);
        return;
    }
    answer->keep_alive = request.keep_alive && !site->stopping;
    http_body_begin_request(&answer->body, &request);
    draft.is_head = http_text_is(request.method, "HEAD");
    bool waits = http_list_has(http_find(&request, "expect"), "100-continue");
    if (answer->body.state == HTTP_BODY_LENGTH && answer->body.left > REQUEST_BODY_MAX)
        status = 413;
    else if (!draft.is_head && !http_text_is(request.method, "GET"))
        status = 405;
    else
        status = path_from_target(request.target, path);
    /* A body that will not be read, or perhaps not be sent, ends the connection. */
    if (status == 413 || (waits && answer->body.state != HTTP_BODY_DONE)) {
        answer->keep_alive = false;
        answer->body.state = HTTP_BODY_DONE;
    }
    if (status != 0)
        set_error(&draft, status);
    else
        set_path(&draft, site, path);
    render(&draft);
}

void answer_error(struct answer *answer, int status)
{
    static const http_head nobody = {.minor = 1};
    struct draft draft = begin(answer, &nobody);
    answer->line[0] = '-';
    set_error(&draft, status);
    render(&draft);
}

void answer_free(struct answer *answer)
{
    if (answer->file >= 0)
        close(answer->file);
    free(answer->page);
    free(answer->head);
    answer->file = -1;
    answer->page = answer->head = NULL;
}
