/* What was truly served: every answer with its times, in memory, for reports to be compared with. */
#ifndef TRUTH_H
#define TRUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One answer. Times in ns of the wall clock. Also the layout of the binary dump (little endian, 40 bytes). */
struct served {
    int64_t arrived; /* the request's last byte reached the kernel */
    int64_t read;    /* ... and this program */
    int64_t due;     /* arrived + the delay drawn */
    int64_t handed;  /* the answer's last bytes were given to the kernel */
    uint32_t path;   /* number of the path, in order of first appearance */
    uint32_t connection;
};

struct selection {
    int64_t from, to; /* arrived in [from, to) */
    const char *path; /* only this one, unless NULL */
};

void truth_open(size_t capacity);
void truth_clear(void);
uint32_t truth_path(const char *path, size_t length); /* its number */
void truth_add(const struct served *one);             /* beyond the capacity it is only counted */
void truth_stall(int64_t begin, int64_t end);
void truth_unstamped(void);                           /* a request for which the kernel gave no time */
void truth_accepted(void);                            /* a connection */
void truth_received(void);                            /* a whole request */
void truth_abandoned(void);                           /* its client went away before the answer */

void truth_summary(FILE *out, const struct selection *selection); /* JSON; times in ns */
void truth_csv(FILE *out, const struct selection *selection);
void truth_binary(FILE *out, const struct selection *selection);

#endif
