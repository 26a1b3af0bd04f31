#define _GNU_SOURCE
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_HEAD 65536

static bool has_word(const char *text, size_t length, const char *word)
{
    const size_t size = strlen(word);
    for (size_t at = 0; at + size <= length; at++)
        if (!strncasecmp(text + at, word, size))
            return true;
    return false;
}

static void read_header(const char *line, size_t length, struct request *request, size_t *body)
{
    if (length > 15 && !strncasecmp(line, "content-length:", 15))
        *body = strtoul(line + 15, NULL, 10);
    else if (length > 11 && !strncasecmp(line, "connection:", 11)) {
        if (has_word(line + 11, length - 11, "close"))
            request->close = true;
        else if (has_word(line + 11, length - 11, "keep-alive"))
            request->close = false;
    }
}

enum parsed request_parse(const char *bytes, size_t length, struct request *request)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end)
        return length > LONGEST_HEAD ? NOT_HTTP : UNFINISHED;
    const char *line_end = memmem(bytes, length, "\r\n", 2);
    const char *space = memchr(bytes, ' ', (size_t)(line_end - bytes));
    const char *version = space ? memrchr(space + 1, ' ', (size_t)(line_end - space - 1)) : NULL;
    if (!version || strncmp(version + 1, "HTTP/1.", 7))
        return NOT_HTTP;
    request->path = space + 1;
    request->path_length = (size_t)(version - space - 1);
    request->head = !strncmp(bytes, "HEAD ", 5);
    request->close = version[8] == '0';
    size_t body = 0;
    for (const char *line = line_end + 2; line < end + 2;) {
        const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        read_header(line, (size_t)(stop - line), request, &body);
        line = stop + 2;
    }
    request->length = (size_t)(end + 4 - bytes) + body;
    return request->length > length ? UNFINISHED : PARSED;
}

const char *request_parameter(const struct request *request, const char *name, int slot)
{
    static char values[4][256];
    const char *end = request->path + request->path_length;
    const char *at = memchr(request->path, '?', request->path_length);
    const size_t size = strlen(name);
    while (at && ++at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        const size_t length = (size_t)((stop ? stop : end) - at);
        if (length > size && !strncmp(at, name, size) && at[size] == '=') {
            snprintf(values[slot], sizeof values[slot], "%.*s", (int)(length - size - 1), at + size + 1);
            return values[slot];
        }
        at = stop;
    }
    return NULL;
}
