#include "timers.h"

#include <stdio.h>
#include <stdlib.h>

static struct timer *heap;
static size_t count, room;

void timers_add(struct timer timer)
{
    if (count == room) {
        room = room ? 2 * room : 1024;
        heap = realloc(heap, room * sizeof *heap);
        if (!heap) {
            perror("no memory for timers");
            exit(1);
        }
    }
    size_t at = count++;
    for (; at && heap[(at - 1) / 2].due > timer.due; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = timer;
}

bool timers_next(struct timer *next)
{
    if (count)
        *next = heap[0];
    return count > 0;
}

void timers_drop(void)
{
    const struct timer last = heap[--count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && heap[child + 1].due < heap[child].due)
            child++;
        if (heap[child].due >= last.due)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
}
