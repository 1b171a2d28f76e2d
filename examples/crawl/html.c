/* SPDX-License-Identifier: MIT */
/*
 * html.c: a machine that eats one byte at a time.
 *
 *             '<'          letter or '/'         blank            '='
 *     TEXT ────────► OPEN ──────────────► NAME ────────► SPACE ──► ATTRIBUTE ──► VALUE
 *      ▲ ▲             │ '!' '?'            │              │ ▲                     │
 *      │ └──────────── MARKUP, COMMENT      └──── '>' ─────┘ └──── end of value ───┘
 *      └──────────────────────────────────────────┘
 *
 * It follows the tokenizer of the HTML standard (section 13.2.5) as far as links need it. Texts
 * that are too long for their buffer are marked and dropped, never cut into a wrong link.
 */
#include "html.h"

#include <string.h>

void html_begin(html *page, html_found_fn *found, void *user)
{
    memset(page, 0, sizeof *page);
    page->found = found;
    page->user = user;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/* Names are cut at 15 bytes: the ones we look for are shorter, so a cut name is none of them. */
static void add_to_name(char name[HTML_NAME_SIZE_MAX], size_t *size, char c)
{
    if (*size < HTML_NAME_SIZE_MAX - 1)
        name[(*size)++] = lower(c);
    name[*size] = '\0';
}

static void add_to_value(html *page, char c)
{
    if (page->value_size < sizeof page->value - 1)
        page->value[page->value_size++] = c;
    else
        page->is_full = true;
}

static size_t put_utf8(char *out, unsigned long code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* "&#38;" or "&#x26;" at text: its size, and the code; 0 if it is none. */
static size_t number_reference(const char *text, size_t size, unsigned long *code)
{
    size_t at = 2;
    bool hex = size > 2 && lower(text[2]) == 'x';
    size_t digits = at += hex;
    *code = 0;
    for (; at < size && at < digits + 8; at++) {
        char c = lower(text[at]);
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
            : hex && c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (digit == 16)
            break;
        *code = *code * (hex ? 16 : 10) + digit;
    }
    if (at == digits || *code == 0 || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return at + (at < size && text[at] == ';');
}

/* Replaces character references in place. A reference is never shorter than what it means. */
static size_t decode(char *text, size_t size)
{
    static const struct {
        const char *name;
        char c;
    } table[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    size_t used = 0;
    for (size_t i = 0; i < size;) {
        unsigned long code = 0;
        size_t length = 0;
        if (text[i] == '&' && i + 1 < size && text[i + 1] == '#')
            length = number_reference(text + i, size - i, &code);
        for (size_t k = 0; text[i] == '&' && length == 0 && k < sizeof table / sizeof table[0];
             k++) {
            size_t name = strlen(table[k].name);
            if (size - i >= name && memcmp(text + i, table[k].name, name) == 0) {
                length = name;
                code = (unsigned char)table[k].c;
            }
        }
        if (length > 0) {
            used += put_utf8(text + used, code);
            i += length;
        } else {
            text[used++] = text[i++];
        }
    }
    return used;
}

/* "a.png 1x, b.png 2x": the first word behind each comma. */
static void report_set(html *page, const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        while (at < size && (is_space(text[at]) || text[at] == ','))
            at++;
        size_t start = at;
        while (at < size && !is_space(text[at]))
            at++;
        size_t end = at;
        while (end > start && text[end - 1] == ',')
            end--;
        if (end > start)
            page->found(page->user, HTML_LINK, text + start, end - start);
        if (end == at) {                                /* its width or density follows */
            while (at < size && text[at] != ',')
                at++;
        }
    }
}

static bool is_tag(const html *page, const char *name)
{
    return strcmp(page->tag, name) == 0;
}

static bool is_attribute(const html *page, const char *name)
{
    return strcmp(page->attribute, name) == 0;
}

static bool has_word(const char *text, size_t size, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++) {
        size_t k = 0;
        while (k < length && lower(text[i + k]) == word[k])
            k++;
        if (k == length)
            return true;
    }
    return false;
}

static void end_attribute(html *page)
{
    if (page->is_full || page->is_end_tag)
        return;
    page->value_size = decode(page->value, page->value_size);
    const char *value = page->value;
    size_t size = page->value_size;
    if (is_tag(page, "meta")) {
        if (is_attribute(page, "content")) {
            memcpy(page->content, value, size);
            page->content_size = size;
        } else if (is_attribute(page, "name")) {
            page->is_robots = size == 6 && has_word(value, size, "robots");
        } else if (is_attribute(page, "http-equiv")) {
            page->is_refresh = size == 7 && has_word(value, size, "refresh");
        }
    } else if (is_attribute(page, "srcset")) {
        report_set(page, value, size);
    } else if (is_attribute(page, "href") || is_attribute(page, "src")
               || is_attribute(page, "poster")
               || (is_attribute(page, "data") && is_tag(page, "object"))) {
        page->found(page->user, is_tag(page, "base") ? HTML_BASE : HTML_LINK, value, size);
    }
}

/* content="5; URL='next.html'" */
static void report_refresh(html *page)
{
    const char *text = page->content, *end = text + page->content_size;
    const char *at = memchr(text, ';', page->content_size);
    if (at == NULL)
        return;
    at++;
    while (at < end && is_space(*at))
        at++;
    if (end - at < 4 || !has_word(at, 3, "url"))
        return;
    at += 3;
    while (at < end && (is_space(*at) || *at == '='))
        at++;
    if (at < end && (*at == '\'' || *at == '"')) {
        const char *quote = memchr(at + 1, *at, (size_t)(end - at - 1));
        at++;
        end = quote != NULL ? quote : end;
    }
    page->found(page->user, HTML_LINK, at, (size_t)(end - at));
}

static void end_tag(html *page)
{
    static const char *const raw[] = {"script", "style", "textarea", "title", "xmp", "noembed",
                                      "noframes"};
    if (page->is_robots && (has_word(page->content, page->content_size, "nofollow")
                            || has_word(page->content, page->content_size, "none")))
        page->found(page->user, HTML_NOFOLLOW, "", 0);
    if (page->is_refresh)
        report_refresh(page);
    for (size_t i = 0; !page->is_end_tag && i < sizeof raw / sizeof raw[0]; i++) {
        if (is_tag(page, raw[i]))
            memcpy(page->raw, page->tag, sizeof page->raw);
    }
    page->value_size = 0;
    page->state = HTML_TEXT;
}

static void begin_tag(html *page, bool is_end_tag)
{
    page->is_end_tag = is_end_tag;
    page->is_robots = page->is_refresh = false;
    page->tag_size = page->content_size = 0;
    page->tag[0] = '\0';
    page->state = HTML_TAG_NAME;
}

/* Within <script> and the like, all is text but its own end tag. */
static bool leaves_raw(html *page)
{
    if (!page->is_end_tag || strcmp(page->raw, page->tag) != 0)
        return false;
    if (strcmp(page->raw, "title") == 0) {
        page->value_size = decode(page->value, page->value_size);
        page->found(page->user, HTML_TITLE, page->value, page->value_size);
    }
    page->raw[0] = '\0';
    return true;
}

static void eat_text(html *page, char c)
{
    if (c == '<')
        page->state = HTML_TAG_OPEN;
    else if (page->raw[0] == 't')               /* of a title, kept; of a textarea, forgotten */
        add_to_value(page, c);
}

static void eat_tag_open(html *page, char c)
{
    if (c == '/' && !page->is_end_tag)
        page->is_end_tag = true;                /* stays in this state: a letter must follow */
    else if (is_letter(c) && (page->is_end_tag || page->raw[0] == '\0')) {
        begin_tag(page, page->is_end_tag);
        add_to_name(page->tag, &page->tag_size, c);
    } else if (page->raw[0] == '\0' && (c == '!' || c == '?' || page->is_end_tag)) {
        page->state = c == '>' ? HTML_TEXT : HTML_MARKUP;
        page->dashes = 0;
    } else {
        page->state = HTML_TEXT;
        eat_text(page, c);
    }
}

/* <!DOCTYPE ...>, <?xml ...>, </3>: until '>'. "<!--" opens a comment, which may hold '>'. */
static void eat_markup(html *page, char c)
{
    if (page->state == HTML_MARKUP) {
        if (c == '>')
            page->state = HTML_TEXT;
        else if (c != '-')
            page->dashes = 3;                   /* no comment any more */
        else if (++page->dashes == 2)
            page->state = HTML_COMMENT;         /* "<!-->" is a whole one: keep the dashes */
    } else if (c == '-') {
        page->dashes++;
    } else {
        if (c == '>' && page->dashes >= 2)
            page->state = HTML_TEXT;
        page->dashes = 0;
    }
}

static void begin_attribute(html *page, char c)
{
    page->attribute_size = page->value_size = 0;
    page->is_full = false;
    add_to_name(page->attribute, &page->attribute_size, c);
    page->state = HTML_ATTRIBUTE_NAME;
}

/* The bytes between a tag's name and its '>', outside of values. */
static void eat_in_tag(html *page, char c)
{
    bool in_tag_name = page->state == HTML_TAG_NAME;
    if (in_tag_name && !is_space(c) && c != '/' && c != '>') {
        add_to_name(page->tag, &page->tag_size, c);
    } else if (in_tag_name && page->raw[0] != '\0' && !leaves_raw(page)) {
        page->state = HTML_TEXT;
        page->is_end_tag = false;
    } else if (c == '>') {
        end_tag(page);
    } else if (is_space(c) || c == '/') {
        page->state = page->state == HTML_ATTRIBUTE_NAME && c != '/' ? HTML_AFTER_NAME
            : page->state == HTML_AFTER_NAME && c != '/' ? HTML_AFTER_NAME : HTML_TAG_SPACE;
    } else if (c == '=' && page->state != HTML_TAG_SPACE) {
        page->state = HTML_BEFORE_VALUE;
    } else if (page->state == HTML_ATTRIBUTE_NAME) {
        add_to_name(page->attribute, &page->attribute_size, c);
    } else {
        begin_attribute(page, c);
    }
}

static void eat_value(html *page, char c)
{
    bool bare = page->state == HTML_VALUE_BARE;
    if (page->state == HTML_BEFORE_VALUE) {
        if (is_space(c))
            return;
        page->state = c == '"' ? HTML_VALUE_DOUBLE : c == '\'' ? HTML_VALUE_SINGLE
            : HTML_VALUE_BARE;
        if (c == '>')
            end_tag(page);
        else if (page->state == HTML_VALUE_BARE)
            add_to_value(page, c);
    } else if ((c == '"' && page->state == HTML_VALUE_DOUBLE)
               || (c == '\'' && page->state == HTML_VALUE_SINGLE)
               || (bare && (is_space(c) || c == '>'))) {
        end_attribute(page);
        page->state = HTML_TAG_SPACE;
        if (bare && c == '>')
            end_tag(page);
    } else {
        add_to_value(page, c);
    }
}

void html_feed(html *page, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (page->state) {
        case HTML_TEXT:
            page->is_end_tag = false;
            if (page->raw[0] == '\0') {         /* most bytes are between tags: jump over them */
                const char *open = memchr(data + i, '<', size - i);
                if (open == NULL)
                    return;
                i = (size_t)(open - data);
            }
            eat_text(page, data[i]);
            break;
        case HTML_TAG_OPEN:
            eat_tag_open(page, data[i]);
            break;
        case HTML_MARKUP:
        case HTML_COMMENT:
            eat_markup(page, data[i]);
            break;
        case HTML_BEFORE_VALUE:
        case HTML_VALUE_DOUBLE:
        case HTML_VALUE_SINGLE:
        case HTML_VALUE_BARE:
            eat_value(page, data[i]);
            break;
        case HTML_TAG_NAME:
        case HTML_TAG_SPACE:
        case HTML_ATTRIBUTE_NAME:
        case HTML_AFTER_NAME:
            eat_in_tag(page, data[i]);
            break;
        }
    }
}
