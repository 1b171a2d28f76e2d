/* SPDX-License-Identifier: MIT */
/*
 * resp.c: see resp.h. One token at a time: a line, and behind a bulk's line its bytes.
 */
#include "resp.h"

#include <string.h>

/* The first line: its bytes without the end. The size with it, 0: missing, -1: too long. */
static ptrdiff_t line_of(resp_text *line, const char *data, size_t size)
{
    const char *end = memchr(data, '\n', size < RESP_LINE_MAX ? size : RESP_LINE_MAX);
    if (end == NULL)
        return size < RESP_LINE_MAX ? 0 : -1;
    line->data = data;
    line->size = (size_t)(end - data);
    if (line->size > 0 && end[-1] == '\r')
        line->size--;
    return end - data + 1;
}

static bool number_of(resp_text text, int64_t *number)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    int64_t value = 0;
    if (text.size == negative || text.size > 19)
        return false;
    for (size_t i = negative; i < text.size; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = negative ? -value : value;
    return true;
}

static ptrdiff_t malformed(resp_value *value, const char *why)
{
    value->error = why;
    return -1;
}

/* `line` bytes are the token's line; its bulk, if it is one, is behind them. */
static ptrdiff_t bulk(resp_value *value, size_t line, const char *data, size_t size)
{
    size_t length = (size_t)value->number, whole = line + length + 2;
    if (size < whole) {
        value->need = whole;
        return 0;
    }
    if (memcmp(data + line + length, "\r\n", 2) != 0)
        return malformed(value, "a value is longer than its length");
    value->text = (resp_text){data + line, length};
    return (ptrdiff_t)whole;
}

ptrdiff_t resp_parse_value(resp_value *value, const char *data, size_t size)
{
    resp_text line;
    ptrdiff_t end;
    *value = (resp_value){.need = size + 1};
    if (size == 0)
        return 0;
    value->type = data[0];
    if (strchr("+-:$*", data[0]) == NULL || data[0] == '\0')
        return malformed(value, "no type that is known");
    end = line_of(&line, data, size);
    if (end <= 0)
        return end == 0 ? 0 : malformed(value, "too long a line");
    line.data++;
    line.size--;
    if (value->type == '+' || value->type == '-') {
        value->text = line;
        return end;
    }
    if (!number_of(line, &value->number))
        return malformed(value, "no number where one must be");
    value->null = value->type != ':' && value->number == -1;
    if (value->type == ':' || value->null)
        return end;
    if (value->number < 0 ||
        value->number > (value->type == '$' ? RESP_BULK_MAX : RESP_ELEMENTS_MAX))
        return malformed(value, value->type == '$' ? "invalid bulk length"
                                                   : "invalid multibulk length");
    return value->type == '$' ? bulk(value, (size_t)end, data, size) : end;
}

/* --- requests ----------------------------------------------------------------------------- */

static ptrdiff_t refuse(resp_command *command, const char *why)
{
    command->error = why;
    return -1;
}

/* "GET k\r\n", as a person types it. */
static ptrdiff_t parse_words(resp_command *command, const char *data, size_t size)
{
    resp_text line;
    ptrdiff_t end = line_of(&line, data, size);
    if (end < 0)
        return refuse(command, "too big inline request");
    for (size_t i = 0; end > 0 && i < line.size;) {
        size_t begin = i;
        while (i < line.size && line.data[i] != ' ')
            i++;
        if (i > begin && command->count == RESP_WORDS_MAX)
            return refuse(command, "too many words");
        if (i > begin)
            command->words[command->count++] = (resp_text){line.data + begin, i - begin};
        i++;
    }
    return end;
}

/* "*3\r\n" and the like, as nearly all are: few digits, and all is here. Its size, or 0: look
 * closer. */
static inline size_t plain_line(const char *data, size_t size, char type, size_t *number)
{
    enum { DIGITS = 5 };
    size_t at = 1;
    if (size < 1 + DIGITS + 2 || data[0] != type)
        return 0;
    for (*number = 0; at <= DIGITS && data[at] >= '0' && data[at] <= '9'; at++)
        *number = *number * 10 + (size_t)(data[at] - '0');
    return at > 1 && data[at] == '\r' && data[at + 1] == '\n' ? at + 2 : 0;
}

/* The same for "$5\r\nhello\r\n", the most frequent token by far. Five digits are no limit yet. */
static inline size_t plain_bulk(const char *data, size_t size, resp_text *text)
{
    size_t length, line = plain_line(data, size, '$', &length);
    if (line == 0 || size - line < length + 2 || memcmp(data + line + length, "\r\n", 2) != 0)
        return 0;
    *text = (resp_text){data + line, length};
    return line + length + 2;
}

/* "*3\r\n": how many words follow. As resp_parse_command. */
static ptrdiff_t parse_count(resp_command *command, const char *data, size_t size, size_t *count)
{
    resp_value value;
    ptrdiff_t end = (ptrdiff_t)plain_line(data, size, '*', count);
    if (end == 0) {
        end = resp_parse_value(&value, data, size);
        if (end <= 0)
            return end == 0 ? 0 : refuse(command, value.error);
        *count = value.null ? 0 : (size_t)value.number;
    }
    return *count <= RESP_WORDS_MAX ? end : refuse(command, "too many words");
}

/* The word at `at`. As resp_parse_command. */
static ptrdiff_t parse_word(resp_command *command, const char *data, size_t size, size_t at)
{
    resp_value value;
    ptrdiff_t end;
    if (at < size && data[at] != '$')
        return refuse(command, "expected '$'");
    end = resp_parse_value(&value, data + at, size - at);
    if (end < 0 || value.null)
        return refuse(command, value.null ? "invalid bulk length" : value.error);
    if (end == 0)
        command->need = at + value.need;
    else
        command->words[command->count] = value.text;
    return end;
}

ptrdiff_t resp_parse_command(resp_command *command, const char *data, size_t size)
{
    size_t count, at;
    ptrdiff_t end;
    command->count = 0;
    command->need = size + 1;
    if (size == 0)
        return 0;
    if (data[0] != '*')
        return parse_words(command, data, size);
    end = parse_count(command, data, size, &count);
    if (end <= 0)
        return end;
    for (at = (size_t)end; command->count < count; command->count++) {
        size_t whole = plain_bulk(data + at, size - at, &command->words[command->count]);
        if (whole == 0) {
            end = parse_word(command, data, size, at);
            if (end <= 0)
                return end;
            whole = (size_t)end;
        }
        at += whole;
    }
    return (ptrdiff_t)at;
}

/* --- replies ------------------------------------------------------------------------------ */

ptrdiff_t resp_value_size(resp_scan *scan, const char *data, size_t size)
{
    if (!scan->begun) {
        scan->begun = true;
        scan->pending = 1;
    }
    while (scan->pending > 0) {
        resp_value value;
        ptrdiff_t end = resp_parse_value(&value, data + scan->at, size - scan->at);
        if (end <= 0) {
            scan->need = scan->at + value.need;
            scan->error = value.error;
            return end;
        }
        scan->at += (size_t)end;
        scan->pending--;
        if (value.type == '*' && !value.null)
            scan->pending += (size_t)value.number;
        if (scan->pending > RESP_ELEMENTS_MAX) {
            scan->error = "too many elements";
            return -1;
        }
    }
    return (ptrdiff_t)scan->at;
}

size_t resp_head(char text[RESP_HEAD_SIZE], char type, int64_t number)
{
    char digits[24], *end = digits + sizeof digits, *begin = end;
    uint64_t rest = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
    size_t size = 0;
    do
        *--begin = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    text[size++] = type;
    if (number < 0)
        text[size++] = '-';
    memcpy(text + size, begin, (size_t)(end - begin));
    size += (size_t)(end - begin);
    memcpy(text + size, "\r\n", 3);
    return size + 2;
}
