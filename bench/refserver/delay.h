/* How long an answer is held back: a draw from a known distribution. */
#ifndef DELAY_H
#define DELAY_H

#include <stdbool.h>
#include <stdint.h>

enum delay_kind { DELAY_NONE, DELAY_CONSTANT, DELAY_LOGNORMAL, DELAY_EXPONENTIAL, DELAY_BIMODAL };

struct delay {
    enum delay_kind kind;
    double first;  /* s: the value, the median, the mean, or the fast mode */
    double second; /* sigma of the logarithm, or the slow mode in s */
    double share;  /* of the slow mode */
    uint64_t state[4];
};

/* none | constant:5ms | lognormal:MEDIAN:SIGMA | exponential:MEAN | bimodal:FAST:SLOW:SHARE_OF_SLOW */
bool delay_parse(struct delay *delay, const char *text, uint64_t seed);

/* The next draw, in ns. */
int64_t delay_draw(struct delay *delay);

/* "500us", "20ms", "1.5s" as seconds; false when it is none of these. */
bool parse_seconds(const char *text, double *seconds);

#endif
