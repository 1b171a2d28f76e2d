/* SPDX-License-Identifier: MIT */
/* test_beneath.c: what httpd and crawl do with files: no way out, whole pages; and crawl's set. */
#define _XOPEN_SOURCE 700
#include "helper.h"

#include "../examples/common/beneath.h"
#include "../examples/crawl/set.h"
#include "../examples/httpd/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/coro-beneath-XXXXXX";
static int root;

static void make_file(const char *path)
{
    int file = openat(root, path, O_WRONLY | O_CREAT, 0666);
    cr_assert(ge(int, file, 0));
    cr_assert(eq(int, (int)write(file, "text", 4), 4));
    close(file);
}

static void set_up(void)
{
    cr_assert(mkdtemp(folder) != NULL);
    int outside = open(folder, O_RDONLY | O_DIRECTORY);
    cr_assert(eq(int, mkdirat(outside, "root", 0777), 0));
    root = openat(outside, "root", O_RDONLY | O_DIRECTORY);
    cr_assert(ge(int, root, 0));
    close(outside);
    make_file("../secret");
    cr_assert(eq(int, mkdirat(root, "a", 0777), 0));
    cr_assert(eq(int, mkdirat(root, "a/b", 0777), 0));
    make_file("a/b/file");
    make_file("x&<y");
    cr_assert(eq(int, symlinkat("../secret", root, "link"), 0));
    cr_assert(eq(int, symlinkat("..", root, "up"), 0));
    cr_assert(eq(int, symlinkat("a", root, "inside"), 0));
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *walk)
{
    (void)stat, (void)flag, (void)walk;
    return remove(path);
}

static void tear_down(void)
{
    close(root);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(beneath, .init = set_up, .fini = tear_down, .timeout = TEST_TIMEOUT_S);

/* 0 if it can be opened, else errno. */
static int try_open(const char *path)
{
    int file = beneath_open(root, path, O_RDONLY, 0);
    if (file < 0)
        return errno;
    close(file);
    return 0;
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

Test(beneath, only_real_files_below_the_root_exist)
{
    int before = count_descriptors();
    cr_expect(eq(int, try_open(""), 0));
    cr_expect(eq(int, try_open("a"), 0));
    cr_expect(eq(int, try_open("a/b/file"), 0));
    cr_expect(eq(int, try_open("x&<y"), 0));
    cr_expect(eq(int, try_open("none"), ENOENT));
    cr_expect(eq(int, try_open("a/none/file"), ENOENT));
    cr_expect(eq(int, try_open("a/b/file/more"), ENOTDIR));
    cr_expect(eq(int, try_open(".."), ENOENT));
    cr_expect(eq(int, try_open("."), ENOENT));
    cr_expect(eq(int, try_open("../secret"), ENOENT));
    cr_expect(eq(int, try_open("a/../../secret"), ENOENT));
    cr_expect(eq(int, try_open("/etc/passwd"), ENOENT));
    cr_expect(eq(int, try_open("a//b"), ENOENT));
    cr_expect(eq(int, try_open("link"), ELOOP));
    cr_expect(eq(int, try_open("up/secret"), ENOTDIR));
    cr_expect(eq(int, try_open("inside/b/file"), ENOTDIR));
    char name[NAME_MAX + 3];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cr_expect(eq(int, try_open(name), ENAMETOOLONG));
    cr_expect(eq(int, count_descriptors(), before));
}

Test(beneath, directories_are_made_and_files_moved_below_the_root)
{
    int before = count_descriptors();
    make_file("part");
    cr_expect(eq(int, beneath_make_directories(root, ""), 0));
    cr_expect(eq(int, beneath_make_directories(root, "n/o/p"), 0));
    cr_expect(eq(int, beneath_make_directories(root, "n/o/p"), 0));
    cr_expect(eq(int, try_open("n/o/p"), 0));
    cr_expect(eq(int, beneath_make_directories(root, "up/q"), -1));
    cr_expect(eq(int, beneath_make_directories(root, "../q"), -1));
    cr_expect(eq(int, beneath_make_directories(root, "a/b/file/q"), -1));
    cr_expect(eq(int, beneath_move(root, "part", "../q"), -1));
    cr_expect(eq(int, beneath_move(root, "part", "up/q"), -1));
    cr_expect(eq(int, beneath_move(root, "part", "a"), -1));
    cr_expect(eq(int, beneath_move(root, "part", "new/dir/whole"), 0));
    cr_expect(eq(int, try_open("new/dir/whole"), 0));
    cr_expect(eq(int, try_open("part"), ENOENT));
    cr_expect(eq(int, count_descriptors(), before));
}

Test(beneath, a_listing_names_files_and_directories_and_no_links)
{
    int before = count_descriptors();
    char *page = NULL;
    size_t size = 0;
    cr_assert(eq(int, listing_make(root, "d&/", &page, &size), 0));
    cr_expect(eq(sz, strlen(page), size));
    cr_expect(strstr(page, "<title>Index of /d&amp;/</title>") != NULL);
    cr_expect(strstr(page, "<a href=\"../\">") != NULL);
    cr_expect(strstr(page, "<a href=\"./a/\">a/</a></td></tr>") != NULL);
    cr_expect(strstr(page, "<a href=\"./x%26%3Cy\">x&amp;&lt;y</a></td><td>4</td>") != NULL);
    cr_expect(strstr(page, "link") == NULL);
    cr_expect(strstr(page, "inside") == NULL);
    free(page);
    cr_expect(eq(int, count_descriptors(), before));
}

Test(beneath, a_set_finds_what_was_added_and_nothing_else)
{
    static char texts[20000][8];
    set s;
    set_init(&s);
    cr_expect(set_find(&s, "x", 1) == NULL);
    for (size_t i = 0; i < 20000; i++) {
        int size = snprintf(texts[i], sizeof texts[i], "%zu", i);
        cr_assert(set_find(&s, texts[i], (size_t)size) == NULL, "%zu", i);
        cr_assert(set_add(&s, texts[i], (size_t)size, texts[i]));
    }
    for (size_t i = 0; i < 20000; i++)
        cr_assert(set_find(&s, texts[i], strlen(texts[i])) == texts[i], "%zu", i);
    cr_expect(eq(sz, s.count, 20000));
    cr_expect(set_find(&s, "20000", 5) == NULL);
    cr_expect(set_find(&s, "1", 0) == NULL);
    set_free(&s);
}
