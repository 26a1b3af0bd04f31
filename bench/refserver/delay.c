#include "delay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* xoshiro256+ (Blackman and Vigna): uniform in (0, 1) */
static double uniform(struct delay *delay)
{
    uint64_t *s = delay->state;
    const uint64_t result = s[0] + s[3], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return ((result >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller */
static double standard_normal(struct delay *delay)
{
    const double radius = sqrt(-2.0 * log(uniform(delay)));
    return radius * cos(2.0 * M_PI * uniform(delay));
}

bool parse_seconds(const char *text, double *seconds)
{
    char *unit;
    const double number = strtod(text, &unit);
    if (unit == text || number < 0)
        return false;
    if (!strcmp(unit, "us"))
        *seconds = number / 1e6;
    else if (!strcmp(unit, "ms"))
        *seconds = number / 1e3;
    else if (!strcmp(unit, "s"))
        *seconds = number;
    else
        return false;
    return true;
}

bool delay_parse(struct delay *delay, const char *text, uint64_t seed)
{
    char copy[128], *rest = copy, *parts[5] = {0};
    int count = 0;
    memset(delay, 0, sizeof *delay);
    for (int at = 0; at < 4; at++)
        delay->state[at] = splitmix(&seed);
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return false;
    while (count < 5 && (parts[count] = strsep(&rest, ":")) != NULL)
        count++;
    if (count == 1 && !strcmp(parts[0], "none")) {
        delay->kind = DELAY_NONE;
        return true;
    }
    if (count < 2 || !parse_seconds(parts[1], &delay->first))
        return false;
    if (count == 2 && !strcmp(parts[0], "constant")) {
        delay->kind = DELAY_CONSTANT;
        return true;
    }
    if (count == 2 && !strcmp(parts[0], "exponential")) {
        delay->kind = DELAY_EXPONENTIAL;
        return true;
    }
    if (count == 3 && !strcmp(parts[0], "lognormal")) {
        delay->kind = DELAY_LOGNORMAL;
        delay->second = atof(parts[2]);
        return delay->second >= 0;
    }
    if (count == 4 && !strcmp(parts[0], "bimodal")) {
        delay->kind = DELAY_BIMODAL;
        delay->share = atof(parts[3]);
        return parse_seconds(parts[2], &delay->second) && delay->share >= 0 && delay->share <= 1;
    }
    return false;
}

static double draw_seconds(struct delay *delay)
{
    switch (delay->kind) {
    case DELAY_CONSTANT:
        return delay->first;
    case DELAY_LOGNORMAL:
        return delay->first * exp(delay->second * standard_normal(delay));
    case DELAY_EXPONENTIAL:
        return -delay->first * log(uniform(delay));
    case DELAY_BIMODAL:
        return uniform(delay) < delay->share ? delay->second : delay->first;
    case DELAY_NONE:
        break;
    }
    return 0.0;
}

int64_t delay_draw(struct delay *delay)
{
    return (int64_t)(draw_seconds(delay) * 1e9);
}
