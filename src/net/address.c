/* SPDX-License-Identifier: MIT */
/*
 * address.c - addresses to text and back.
 *
 *     [ fe80::1 % eth0 ] : 80
 *       host      zone     port       brackets where there is a port, or none at all
 *
 * What has been parsed and formatted parses to the same address again; so has what the
 * system gave, but for abstract Unix names with a 0 inside, which text cannot hold.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define UNIX "unix:"
_Static_assert(sizeof(struct sockaddr_storage) == sizeof((coro_address *)NULL)->bytes,
               "an address of every family fits");
#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static struct sockaddr_in *v4(coro_address *address)
{
    return (struct sockaddr_in *)(void *)address->bytes;
}

static struct sockaddr_in6 *v6(coro_address *address)
{
    return (struct sockaddr_in6 *)(void *)address->bytes;
}

/* --- from text ---------------------------------------------------------------------------- */

/* Digits alone, at most `most`. */
static bool read_number(const char *text, unsigned long most, unsigned long *number)
{
    unsigned long value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned long)(*text - '0');
        if (value > most)
            return false;
    }
    *number = value;
    return true;
}

static bool read_zone(const char *text, uint32_t *zone)
{
    unsigned long number;
    if (read_number(text, UINT32_MAX, &number)) {
        *zone = (uint32_t)number;
        return true;
    }
    *zone = *text != '\0' ? coro_sys.if_nametoindex(text) : 0;
    return *zone != 0;
}

static bool parse_v4(coro_address *address, const char *host)
{
    if (inet_pton(AF_INET, host, &v4(address)->sin_addr) != 1)
        return false;
    v4(address)->sin_family = AF_INET;
    address->size = sizeof *v4(address);
    return true;
}

static bool parse_v6(coro_address *address, char *host)
{
    char *zone = strchr(host, '%');
    if (zone != NULL)
        *zone++ = '\0';
    if (inet_pton(AF_INET6, host, &v6(address)->sin6_addr) != 1)
        return false;
    if (zone != NULL && !read_zone(zone, &v6(address)->sin6_scope_id))
        return false;
    v6(address)->sin6_family = AF_INET6;
    address->size = sizeof *v6(address);
    return true;
}

static bool parse_path(coro_address *address, const char *path)
{
    struct sockaddr_un *to = (struct sockaddr_un *)(void *)address->bytes;
    size_t length = strlen(path);
    bool is_path = length > 0 && path[0] != '@'; /* it has an end; the others have a length */
    if (length + is_path > sizeof to->sun_path)
        return false;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path, length);
    if (!is_path)
        to->sun_path[0] = '\0';
    address->size = (socklen_t)(PATH_AT + length + is_path);
    return true;
}

/* Split "host:port", "[host]:port", "[host]" and "host". *port is NULL where there is none. */
static bool split(char *text, char **host, char **port, bool *bracketed)
{
    char *end;
    *bracketed = text[0] == '[';
    *host = text + *bracketed;
    end = *bracketed ? strchr(text, ']') : strchr(text, ':');
    *port = NULL;
    if (*bracketed) {
        if (end == NULL)
            return false;
        *end++ = '\0';
        if (*end != '\0' && *end != ':')
            return false;
    } else if (end != NULL && strchr(end + 1, ':') != NULL) {
        return true; /* several colons: IPv6 as it is */
    }
    if (end != NULL && *end == ':') {
        *end = '\0';
        *port = end + 1;
    }
    return true;
}

int coro_address_parse(coro_address *address, const char *text, uint16_t port)
{
    coro_address fresh;
    char copy[CORO_ADDRESS_TEXT_MAX], *host, *port_text;
    size_t length = strlen(text);
    unsigned long number = port;
    bool bracketed, good;
    memset(&fresh, 0, sizeof fresh);
    if (length >= sizeof copy)
        return CORO_EINVAL;
    if (strncmp(text, UNIX, sizeof UNIX - 1) == 0) {
        good = parse_path(&fresh, text + sizeof UNIX - 1);
    } else {
        memcpy(copy, text, length + 1);
        good = split(copy, &host, &port_text, &bracketed) &&
               (port_text == NULL || read_number(port_text, UINT16_MAX, &number)) &&
               ((!bracketed && parse_v4(&fresh, host)) ||
                ((bracketed || port_text == NULL) && parse_v6(&fresh, host)));
        coro_address_set_port(&fresh, (uint16_t)number);
    }
    if (!good)
        return CORO_EINVAL;
    *address = fresh;
    return 0;
}

/* --- to text ------------------------------------------------------------------------------ */

static int format_v6(const struct sockaddr_in6 *from, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "";
    uint32_t index = from->sin6_scope_id;
    inet_ntop(AF_INET6, &from->sin6_addr, host, sizeof host);
    if (index != 0) {
        zone[0] = '%';
        if (coro_sys.if_indextoname(index, zone + 1) == NULL)
            snprintf(zone, sizeof zone, "%%%lu", (unsigned long)index);
    }
    return snprintf(text, size, "[%s%s]:%u", host, zone, ntohs(from->sin6_port));
}

static int format_path(const struct sockaddr_un *from, size_t size, char *text, size_t room)
{
    char path[sizeof from->sun_path];
    size_t length = size > PATH_AT ? size - PATH_AT : 0;
    length = length < sizeof path ? length : sizeof path; /* the system counts an end as well */
    memcpy(path, from->sun_path, length);
    if (length > 0 && path[0] == '\0')
        path[0] = '@';
    return snprintf(text, room, UNIX "%.*s", (int)length, path);
}

int coro_address_format(const coro_address *address, char *text, size_t size)
{
    const void *from = address->bytes;
    char host[INET_ADDRSTRLEN];
    int length = 0;
    if (size > 0)
        text[0] = '\0';
    switch (coro_address_family(address)) {
    case AF_INET:
        inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, host, sizeof host);
        length = snprintf(text, size, "%s:%u", host, coro_address_port(address));
        break;
    case AF_INET6:
        length = format_v6(from, text, size);
        break;
    case AF_UNIX:
        length = format_path(from, address->size, text, size);
        break;
    default:
        return CORO_EINVAL;
    }
    return (size_t)length < size ? 0 : CORO_ERANGE;
}

/* --- parts -------------------------------------------------------------------------------- */

int coro_address_set(coro_address *address, const struct sockaddr *from, size_t size)
{
    if (size > sizeof address->bytes)
        return CORO_EINVAL;
    memset(address, 0, sizeof *address);
    memcpy(address->bytes, from, size);
    address->size = (socklen_t)size;
    return 0;
}

int coro_address_family(const coro_address *address)
{
    return coro_address_any(address)->sa_family;
}

uint16_t coro_address_port(const coro_address *address)
{
    const void *from = address->bytes;
    if (coro_address_family(address) == AF_INET)
        return ntohs(((const struct sockaddr_in *)from)->sin_port);
    if (coro_address_family(address) == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)from)->sin6_port);
    return 0;
}

void coro_address_set_port(coro_address *address, uint16_t port)
{
    if (coro_address_family(address) == AF_INET)
        v4(address)->sin_port = htons(port);
    else if (coro_address_family(address) == AF_INET6)
        v6(address)->sin6_port = htons(port);
}
