/* What is due when: a binary heap, the earliest first. */
#ifndef TIMERS_H
#define TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
    int64_t due;
    uint32_t connection, generation; /* whose answer; stale when the connection has another generation by now */
};

void timers_add(struct timer timer);
bool timers_next(struct timer *next); /* looks; false when there is none */
void timers_drop(void);               /* takes the earliest out */

#endif
