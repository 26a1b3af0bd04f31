/* Just enough HTTP/1.1 to know where a request ends and what it asks for. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct request {
    size_t length; /* head and body, in bytes */
    const char *path; /* with its query */
    size_t path_length;
    bool head; /* the method is HEAD */
    bool close; /* the client wants no more after this one */
};

enum parsed { PARSED, UNFINISHED, NOT_HTTP };

enum parsed request_parse(const char *bytes, size_t length, struct request *request);

/* The value of a query parameter, or NULL; in memory of its own, overwritten by the next call of the same slot. */
const char *request_parameter(const struct request *request, const char *name, int slot);

#endif
