/* SPDX-License-Identifier: MIT */
/*
 * coro/sock.h - the system's socket calls, awaited, without a stream's comfort:
 * asyncio's loop.sock_recv and its like.
 *
 *     error = coro_socket_from_fd(&self->sock, socket(AF_INET, SOCK_STREAM, 0));
 *     AWAIT(coro_sock_connect(self->sock, coro_address_any(&self->at), self->at.size));
 *     AWAIT(coro_sock_sendall(self->sock, "hello", 5));
 *     AWAIT(self->n, coro_sock_recv(self->sock, self->data, sizeof self->data));
 *     coro_socket_close(&self->sock);
 *
 * One task may receive (or accept), and one send (or connect), at a time: CORO_EBUSY.
 * A NULL socket is a closed one: CORO_ECLOSED. Another loop's: CORO_EWRONGLOOP. What
 * the system refuses is its own error.
 *
 * Cancelled: nothing was received, accepted or sent, but for sendall, of which a part
 * may have left, and a connect, which may be made all the same: close the socket then.
 *
 * Memory: the coro_socket, from the loop's pool; buffers and addresses are borrowed
 * until the await has ended. Threads: the loop's.
 */
#ifndef CORO_SOCK_H
#define CORO_SOCK_H

#include <coro/address.h>
#include <coro/loop.h>

#if CORO_HOSTED && CORO_SCOPES

CORO_BEGIN_DECLS

typedef struct coro_socket coro_socket;

/* Take a socket of any kind, and make it non-blocking. On failure fd stays the caller's. */
CORO_API int coro_socket_from_fd(coro_socket **sock, int fd);
CORO_API int coro_socket_fd(const coro_socket *sock);

/* What has come, at most `size` bytes: of a stream 0 is the end, of datagrams one, cut off. */
CORO_API CORO_NODISCARD coro_size *coro_sock_recv(coro_socket *sock, void *buffer, size_t size);

/* The same, and who sent it; of a stream nobody: from->size is 0. */
CORO_API CORO_NODISCARD coro_size *coro_sock_recvfrom(coro_socket *sock, void *buffer, size_t size,
                                                      coro_address *from);

/* All of it. */
CORO_API CORO_NODISCARD coro_void *coro_sock_sendall(coro_socket *sock, const void *data,
                                                     size_t size);

/* One datagram; its size. to: NULL when the socket is connected. */
CORO_API CORO_NODISCARD coro_size *coro_sock_sendto(coro_socket *sock, const void *data,
                                                    size_t size, const coro_address *to);

CORO_API CORO_NODISCARD coro_void *coro_sock_connect(coro_socket *sock,
                                                     const struct sockaddr *address, size_t size);

/* The next connection, as a descriptor that is the caller's, non-blocking. */
CORO_API CORO_NODISCARD coro_int *coro_sock_accept(coro_socket *sock);

/* SHUT_RD, SHUT_WR, SHUT_RDWR. 0, CORO_ECLOSED, or the system's error. Never suspends. */
CORO_API int coro_sock_shutdown(coro_socket *sock, int how);

/* Close it, and set *sock to NULL; who waits gets CORO_ECLOSED. NULL is fine. Never suspends. */
CORO_API void coro_socket_close(coro_socket **sock);

CORO_END_DECLS

#endif

#endif
