/* SPDX-License-Identifier: MIT */
/*
 * html.h: the links of a page, while it comes in.
 *
 *     html_begin(&page, found, user);
 *     html_feed(&page, "<a hre", 6);          a page may be cut anywhere
 *     html_feed(&page, "f='x'>x</a>", 11);    ──► found(user, HTML_LINK, "x", 1)
 *
 * The reader keeps nothing but the tag it is in: its memory does not depend on the page's size. It
 * is no browser: what scripts would make is not seen, and any bytes at all are a page.
 * Part of crawl.
 */
#ifndef EXAMPLES_CRAWL_HTML_H
#define EXAMPLES_CRAWL_HTML_H

#include <stdbool.h>
#include <stddef.h>

enum { HTML_VALUE_SIZE_MAX = 2048, HTML_NAME_SIZE_MAX = 16 };

enum html_what {
    HTML_LINK,                  /* an address in href, src, srcset, data, poster, refresh */
    HTML_BASE,                  /* <base href>: later links are relative to it */
    HTML_TITLE,                 /* the text of <title>, its first 2047 bytes */
    HTML_NOFOLLOW,              /* <meta name=robots content=nofollow>: the text is empty */
};

/* Text has its character references ("&amp;") replaced; it is borrowed for the call. */
typedef void html_found_fn(void *user, enum html_what what, const char *text, size_t size);

enum html_state {
    HTML_TEXT,
    HTML_TAG_OPEN,              /* after '<' */
    HTML_TAG_NAME,
    HTML_TAG_SPACE,             /* before an attribute, or the end of the tag */
    HTML_ATTRIBUTE_NAME,
    HTML_AFTER_NAME,
    HTML_BEFORE_VALUE,
    HTML_VALUE_DOUBLE,
    HTML_VALUE_SINGLE,
    HTML_VALUE_BARE,
    HTML_MARKUP,                /* after "<!", "<?": until '>', or a comment */
    HTML_COMMENT,               /* until "-->" */
};

/* The fields are private; the struct is here so that you can place it anywhere. */
typedef struct html {
    html_found_fn *found;
    void *user;
    enum html_state state;
    bool is_end_tag;
    bool is_full;               /* the value did not fit: it is no link */
    size_t dashes;              /* in a comment: how many '-' stood just now */
    char tag[HTML_NAME_SIZE_MAX];
    size_t tag_size;
    char attribute[HTML_NAME_SIZE_MAX];
    size_t attribute_size;
    char value[HTML_VALUE_SIZE_MAX];
    size_t value_size;
    char raw[HTML_NAME_SIZE_MAX]; /* within <script>, <style>, ...: only its end tag counts */
    bool is_robots, is_refresh; /* of a <meta>, whose attributes come in any order: */
    char content[HTML_VALUE_SIZE_MAX];
    size_t content_size;
} html;

void html_begin(html *page, html_found_fn *found, void *user);
void html_feed(html *page, const char *data, size_t size);

#endif
