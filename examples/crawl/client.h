/* SPDX-License-Identifier: MIT */
/*
 * client.h: GET, over a connection that is kept for the next one.
 *
 *     struct client client = {0};
 *     AWAIT(client_get(&client, &url, timeout));       // client.response is filled
 *     for (;;) {
 *         AWAIT(self->more, client_read(&client, timeout));
 *         if (!self->more)
 *             break;
 *         ... client.piece: the next bytes of the body, until the next call ...
 *     }
 *     AWAIT(client_close(&client));
 *
 * A connection is used again if the next URL has the same origin and the last body was read to its
 * end. A server may close an idle one at any moment: then client_get connects anew, once, unseen.
 * An https URL needs client.tls. Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_CLIENT_H
#define EXAMPLES_CRAWL_CLIENT_H

#include "../common/http.h"
#include "url.h"

#include <coro/coro.h>

/* Beside the library's errors: what came is not HTTP/1.x. */
enum { CLIENT_ENOTHTTP = -5001 };

struct response {
    int status;
    bool keep_alive;
    bool is_html;
    unsigned retry_after_s;     /* 0: not said */
    char *location;             /* owned; NULL: none */
};

struct client {
    coro_tls_context *tls;      /* borrowed: whom to believe; NULL: no https URL is asked for */
    coro_stream *stream;        /* NULL: not connected */
    char origin[URL_ORIGIN_SIZE_MAX]; /* where it leads to, not terminated */
    size_t origin_size;
    char *why;                  /* owned; what else is known of the error; NULL: nothing */
    struct response response;
    http_body body;
    http_text piece;
    size_t used;                /* bytes of the stream's buffer that piece lies in */
};

/* Sends the request and reads the head of the answer. Borrows the URL. On error there is no
 * connection. */
ASYNC_DECLARE(client_get, ARGS(struct client *, client, url, target, coro_duration, timeout),
              VARS(bool reused; int error;),
              SCRATCH(char host[URL_HOST_SIZE_MAX]; char port[URL_PORT_SIZE_MAX];));

/* The next piece of the body; false at its end. CORO_EINCOMPLETE, CLIENT_ENOTHTTP. */
ASYNC_DECLARE(client_read, RETURNS(bool), ARGS(struct client *, client, coro_duration, timeout),
              VARS(size_t want, have; int step; coro_scope limit;));

/* Never fails; sets the client back to nothing. */
ASYNC_DECLARE(client_close, ARGS(struct client *, client));

/* The same at once: no good-bye to the server. */
void client_abort(struct client *client);

/* The sentence for an error of these functions; the same of the last call, which may know more. */
const char *client_strerror(int error);
const char *client_why(const struct client *client, int error);

#endif
