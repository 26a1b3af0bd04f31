#include "truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PATHS 4096
#define MOST_STALLS 4096
#define LONGEST_PATH 120

static struct served *all;
static size_t capacity, count, overflow, unstamped, accepted, received, abandoned;
static char paths[MOST_PATHS][LONGEST_PATH + 1];
static uint32_t path_count;
static int64_t stalls[MOST_STALLS][2];
static size_t stall_count;

void truth_open(size_t most)
{
    capacity = most;
    all = calloc(capacity, sizeof *all); /* pages become real only as they are written */
    if (!all) {
        perror("no memory for the log");
        exit(1);
    }
}

void truth_clear(void)
{
    count = overflow = unstamped = accepted = received = abandoned = stall_count = 0;
    path_count = 0;
}

uint32_t truth_path(const char *path, size_t length)
{
    static uint32_t last; /* mostly the same as before */
    if (length > LONGEST_PATH)
        length = LONGEST_PATH;
    if (last < path_count && !strncmp(paths[last], path, length) && !paths[last][length])
        return last;
    for (uint32_t at = 0; at < path_count; at++)
        if (!strncmp(paths[at], path, length) && !paths[at][length])
            return last = at;
    if (path_count == MOST_PATHS)
        return MOST_PATHS - 1; /* the last one stands for all others */
    memcpy(paths[path_count], path, length);
    paths[path_count][length] = 0;
    return last = path_count++;
}

void truth_add(const struct served *one)
{
    if (count == capacity)
        overflow++;
    else
        all[count++] = *one;
}

void truth_stall(int64_t begin, int64_t end)
{
    if (stall_count < MOST_STALLS) {
        stalls[stall_count][0] = begin;
        stalls[stall_count++][1] = end;
    }
}

void truth_unstamped(void)
{
    unstamped++;
}

void truth_accepted(void)
{
    accepted++;
}

void truth_received(void)
{
    received++;
}

void truth_abandoned(void)
{
    abandoned++;
}

static bool selected(const struct served *one, const struct selection *selection)
{
    if (one->arrived < selection->from || one->arrived >= selection->to)
        return false;
    return !selection->path || !strcmp(paths[one->path], selection->path);
}

static int ascending(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Nearest rank on sorted values. */
static int64_t quantile(const int64_t *values, size_t number, double q)
{
    if (!number)
        return 0;
    const size_t rank = (size_t)ceil(q * (double)number);
    return values[rank ? rank - 1 : 0];
}

static void quantiles(FILE *out, const char *name, int64_t *values, size_t number)
{
    qsort(values, number, sizeof *values, ascending);
    fprintf(out, "\"%s\": {\"p50\": %lld, \"p90\": %lld, \"p95\": %lld, \"p99\": %lld, \"max\": %lld}", name,
            (long long)quantile(values, number, 0.50), (long long)quantile(values, number, 0.90),
            (long long)quantile(values, number, 0.95), (long long)quantile(values, number, 0.99),
            (long long)quantile(values, number, 1.00));
}

void truth_summary(FILE *out, const struct selection *selection)
{
    int64_t *served = malloc((count + 1) * sizeof *served), *read = malloc((count + 1) * sizeof *read);
    int64_t *late = malloc((count + 1) * sizeof *late), first = 0, last = 0;
    size_t number = 0;
    for (size_t at = 0; at < count; at++) {
        const struct served *one = &all[at];
        if (!selected(one, selection))
            continue;
        served[number] = one->handed - one->arrived;
        read[number] = one->read - one->arrived;
        late[number++] = one->handed - one->due;
        if (!first || one->arrived < first)
            first = one->arrived;
        if (one->arrived > last)
            last = one->arrived;
    }
    double sum = 0;
    for (size_t at = 0; at < number; at++)
        sum += (double)served[at];
    fprintf(out, "{\"count\": %zu, \"first\": %lld, \"last\": %lld, \"mean\": %.0f, ", number, (long long)first,
            (long long)last, number ? sum / (double)number : 0.0);
    quantiles(out, "served", served, number);
    fputs(", ", out);
    quantiles(out, "read_lag", read, number);
    fputs(", ", out);
    quantiles(out, "late", late, number);
    fprintf(out,
            ", \"received\": %zu, \"abandoned\": %zu, \"connections\": %zu, \"unstamped\": %zu, \"overflow\": %zu, "
            "\"stalls\": [",
            received, abandoned, accepted, unstamped, overflow);
    for (size_t at = 0; at < stall_count; at++)
        fprintf(out, "%s[%lld, %lld]", at ? ", " : "", (long long)stalls[at][0], (long long)stalls[at][1]);
    fputs("]}\n", out);
    free(served);
    free(read);
    free(late);
}

void truth_csv(FILE *out, const struct selection *selection)
{
    fputs("path,connection,arrived,read,due,handed\n", out);
    for (size_t at = 0; at < count; at++) {
        const struct served *one = &all[at];
        if (selected(one, selection))
            fprintf(out, "\"%s\",%u,%lld,%lld,%lld,%lld\n", paths[one->path], one->connection, (long long)one->arrived,
                    (long long)one->read, (long long)one->due, (long long)one->handed);
    }
}

void truth_binary(FILE *out, const struct selection *selection)
{
    for (size_t at = 0; at < count; at++)
        if (selected(&all[at], selection))
            fwrite(&all[at], sizeof all[at], 1, out);
}
