/* SPDX-License-Identifier: MIT */
/*
 * hosts.c - what a machine knows about names without asking anybody: /etc/hosts, localhost.
 *
 *     127.0.0.1   build.example   build    # comment
 *      address    canonical       others
 *
 * The file is kept in memory and read anew when it is another one: a question costs
 * open, fstat and close. A file of a size that makes reading it through slow is
 * left to the system's resolver, which has a thread to do so.
 *
 * localhost needs no file (RFC 6761, 6.3), nor do names that end with .localhost.
 */
#define _GNU_SOURCE
#include "resolve.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define FILE_MAX (256 * 1024)
#define LOCALHOST "localhost"
#define BLANKS " \t\r"

/* --- the file ----------------------------------------------------------------------------- */

static void forget(coro_hosts *hosts)
{
    free(hosts->text);
    memset(hosts, 0, sizeof *hosts);
}

static void read_all(coro_hosts *hosts, int fd, const struct stat *now)
{
    size_t room = (size_t)now->st_size;
    ssize_t count = 1;
    hosts->text = malloc(room + 1);
    if (hosts->text == NULL)
        return;
    while (count > 0 && hosts->size < room) {
        count = coro_sys.read(fd, hosts->text + hosts->size, room - hosts->size);
        if (count > 0)
            hosts->size += (size_t)count;
    }
    hosts->text[hosts->size] = '\0';
    hosts->changed = now->st_mtim;
    hosts->inode = now->st_ino;
}

/* Empty when there is none, or none that is for us. */
static void refresh(coro_hosts *hosts)
{
    struct stat now;
    int fd = coro_sys.open(coro_names.hosts, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        forget(hosts);
        return;
    }
    if (coro_sys.fstat(fd, &now) != 0 || !S_ISREG(now.st_mode) || now.st_size > FILE_MAX) {
        forget(hosts);
    } else if (hosts->text == NULL || hosts->inode != now.st_ino ||
               hosts->size != (size_t)now.st_size ||
               memcmp(&hosts->changed, &now.st_mtim, sizeof hosts->changed) != 0) {
        forget(hosts);
        read_all(hosts, fd, &now);
    }
    coro_sys.close(fd);
}

void coro_hosts_close(coro_hosts *hosts)
{
    forget(hosts);
}

/* --- its lines ---------------------------------------------------------------------------- */

typedef struct line {
    const char *next; /* the rest of it */
    const char *end;
} line;

/* The line at *text, which moves on. False: that was the last one. */
static bool next_line(const char **text, line *each)
{
    const char *end;
    if (**text == '\0')
        return false;
    end = *text + strcspn(*text, "\n");
    each->next = *text;
    each->end = *text + strcspn(*text, "#\n");
    *text = *end == '\n' ? end + 1 : end;
    return true;
}

/* The next word of a line; its length, 0 at the end. */
static size_t next_word(line *each, const char **word)
{
    size_t length;
    while (each->next < each->end && strchr(BLANKS, *each->next) != NULL)
        each->next++;
    *word = each->next;
    while (each->next < each->end && strchr(BLANKS, *each->next) == NULL)
        each->next++;
    length = (size_t)(each->next - *word);
    return length;
}

/* The address that a line begins with. */
static bool line_address(line *each, coro_address *address, char *text, size_t room)
{
    const char *word;
    size_t length = next_word(each, &word);
    if (length == 0 || length >= room)
        return false;
    memcpy(text, word, length);
    text[length] = '\0';
    return coro_address_parse(address, text, 0) == 0 && coro_address_family(address) != AF_UNIX;
}

static bool is_name(const char *word, size_t length, const char *name, size_t name_length)
{
    return length == name_length && strncasecmp(word, name, length) == 0;
}

/* Does one of the line's names equal this one? The first is the canonical one. */
static bool line_names(line *each, const char *name, size_t length, const char **first,
                       size_t *first_length)
{
    const char *word;
    size_t word_length = *first_length = next_word(each, first);
    bool found = is_name(*first, word_length, name, length);
    while (!found && (word_length = next_word(each, &word)) > 0)
        found = is_name(word, word_length, name, length);
    return found && *first_length <= CORO_HOST_MAX;
}

/* --- questions ---------------------------------------------------------------------------- */

static size_t name_length(const char *name)
{
    size_t length = strlen(name);
    return length > 1 && name[length - 1] == '.' ? length - 1 : length; /* "example.org." */
}

static bool is_localhost(const char *name, size_t length)
{
    size_t own = sizeof LOCALHOST - 1;
    return length >= own && strncasecmp(name + length - own, LOCALHOST, own) == 0 &&
           (length == own || name[length - own - 1] == '.');
}

static void add(coro_hosts_answer *answer, const char *address)
{
    if (answer->count < CORO_HOSTS_MAX)
        memcpy(answer->address[answer->count++], address, strlen(address) + 1);
}

static bool is_of(int asked, int family)
{
    return asked == AF_UNSPEC || asked == family;
}

bool coro_hosts_find(coro_hosts *hosts, const char *name, int family, coro_hosts_answer *answer)
{
    const char *text, *first;
    size_t length = name_length(name), first_length;
    coro_address address;
    char literal[sizeof answer->address[0]];
    line each;
    answer->count = 0;
    refresh(hosts);
    text = hosts->text != NULL ? hosts->text : "";
    while (next_line(&text, &each)) {
        if (!line_address(&each, &address, literal, sizeof literal) ||
            !line_names(&each, name, length, &first, &first_length) ||
            !is_of(family, coro_address_family(&address)))
            continue;
        if (answer->count == 0) {
            memcpy(answer->canonical, first, first_length);
            answer->canonical[first_length] = '\0';
        }
        add(answer, literal);
    }
    if (answer->count == 0 && is_localhost(name, length)) {
        memcpy(answer->canonical, LOCALHOST, sizeof LOCALHOST);
        if (is_of(family, AF_INET6))
            add(answer, "::1");
        if (is_of(family, AF_INET))
            add(answer, "127.0.0.1");
    }
    return answer->count > 0;
}

/* The same but for the port. */
static bool is_host(const coro_address *one, const coro_address *other)
{
    char text[2][CORO_ADDRESS_TEXT_MAX];
    coro_address a = *one, b = *other;
    coro_address_set_port(&a, 0);
    coro_address_set_port(&b, 0);
    return coro_address_format(&a, text[0], sizeof text[0]) == 0 &&
           coro_address_format(&b, text[1], sizeof text[1]) == 0 && strcmp(text[0], text[1]) == 0;
}

bool coro_hosts_name(coro_hosts *hosts, const coro_address *address, char *name)
{
    static const char *const own[] = {"127.0.0.1", "::1"};
    const char *text, *word;
    char literal[64];
    coro_address each_address;
    line each;
    refresh(hosts);
    text = hosts->text != NULL ? hosts->text : "";
    while (next_line(&text, &each)) {
        size_t length;
        if (!line_address(&each, &each_address, literal, sizeof literal) ||
            !is_host(&each_address, address))
            continue;
        length = next_word(&each, &word);
        if (length == 0 || length > CORO_HOST_MAX)
            continue;
        memcpy(name, word, length);
        name[length] = '\0';
        return true;
    }
    for (size_t i = 0; i < 2; i++)
        if (coro_address_parse(&each_address, own[i], 0) == 0 && is_host(&each_address, address)) {
            memcpy(name, LOCALHOST, sizeof LOCALHOST);
            return true;
        }
    return false;
}
