/* A web server whose latencies are known: it holds every answer back for a time drawn from a distribution and logs
   when each request arrived and when its answer left, so that what a load generator reports can be compared with what
   was served.

   One thread: epoll for the clients, a heap of due answers, and a busy loop for the last `--spin` before one is due.
   An answer is due its delay after the kernel received the request (SO_TIMESTAMPNS), however late we read it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "delay.h"
#include "request.h"
#include "timers.h"
#include "truth.h"
#include "wire.h"

#define BATCH 16 /* clients served before due answers are looked at again */
#define READ_ROOM 16384
#define LARGEST_REQUEST (64u << 20)
#define MOST_CONNECTIONS 65536
#define MOST_ANSWERS 64
#define IDLE (SECOND / 10)

struct answer {
    char *bytes;
    size_t head, length, body;
};

struct connection {
    struct wire wire;
    uint32_t generation;
    bool open, answering, writing, closing;
    char *in; /* bytes of requests not answered yet */
    size_t in_used, in_room;
    int64_t arrived; /* of the last bytes in `in` */
    const struct answer *answer;
    bool head_only;
    char *report; /* what a control request gets; freed when it is sent */
    struct served served;
};

static struct {
    int port;
    size_t size, log;
    bool json;
    const char *dist, *certificate, *key, *dump;
    double stall, stall_every, spin;
    uint64_t seed;
} options = {.port = 8800, .size = 100, .log = 8u << 20, .dist = "none", .spin = 50e-6, .seed = 1};

static struct connection *connections;
static struct answer answers[MOST_ANSWERS];
static int answer_count, poller, listener;
static struct delay delay;
static volatile sig_atomic_t wants_dump, wants_end;

static void *allocated(void *memory)
{
    if (!memory) {
        perror("no memory");
        exit(1);
    }
    return memory;
}

/* -- answers */

static void fill_json(char *body, size_t size)
{
    const int used = snprintf(body, size + 1, "{\"id\": 12345, \"name\": \"tea\", \"pad\": \"");
    if (used + 2 > (int)size) {
        snprintf(body, size + 1, "{\"id\": 1}");
        return;
    }
    memset(body + used, 'x', size - (size_t)used - 2);
    memcpy(body + size - 2, "\"}", 2);
}

/* The whole message for a body of `size` bytes; made once. */
static const struct answer *answer_of(size_t size)
{
    for (int at = 0; at < answer_count; at++)
        if (answers[at].body == size)
            return &answers[at];
    if (answer_count == MOST_ANSWERS)
        return &answers[0];
    char head[256];
    const int used = snprintf(head, sizeof head,
                              "HTTP/1.1 200 OK\r\nServer: refserver\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                              options.json ? "application/json" : "text/plain", size);
    struct answer *one = &answers[answer_count++];
    one->head = (size_t)used;
    one->body = size;
    one->length = one->head + size;
    one->bytes = allocated(malloc(one->length + 16));
    memcpy(one->bytes, head, one->head);
    if (options.json && size >= 9)
        fill_json(one->bytes + one->head, size);
    else
        memset(one->bytes + one->head, 'x', size);
    return one;
}

static const struct answer *answer_for(const struct request *request)
{
    if (request->path_length > 7 && !strncmp(request->path, "/bytes/", 7))
        return answer_of(strtoul(request->path + 7, NULL, 10));
    return &answers[0];
}

/* -- connections */

static void watch(struct connection *one, bool writable)
{
    struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.u32 = (uint32_t)one->wire.fd};
    one->writing = writable;
    epoll_ctl(poller, EPOLL_CTL_MOD, one->wire.fd, &event);
}

static void hang_up(struct connection *one)
{
    if (one->answering && !one->report)
        truth_abandoned();
    one->open = one->answering = one->writing = false;
    one->generation++;
    one->in_used = 0;
    free(one->report);
    one->report = NULL;
    wire_close(&one->wire);
}

static void accept_all(void)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST_CONNECTIONS) {
            close(fd);
            continue;
        }
        struct connection *one = &connections[fd];
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
        wire_open(&one->wire, fd);
        one->open = true;
        one->closing = false;
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
        truth_accepted();
    }
}

static void serve_buffered(struct connection *one);

/* The answer is with the kernel: log it, and look for the client's next request. */
static void finish(struct connection *one)
{
    one->answering = false;
    if (one->report) {
        free(one->report);
        one->report = NULL;
    } else {
        truth_add(&one->served);
    }
    if (one->writing)
        watch(one, false);
    if (one->closing)
        hang_up(one);
    else
        serve_buffered(one);
}

static void send_bytes(struct connection *one, const char *bytes, size_t length)
{
    bool broken = false;
    one->served.handed = now_ns();
    if (wire_write(&one->wire, bytes, length, &broken))
        finish(one);
    else if (broken)
        hang_up(one);
    else
        watch(one, true);
}

static void go_on_writing(struct connection *one)
{
    bool broken = false;
    one->served.handed = now_ns();
    if (!wire_flush(&one->wire, &broken)) {
        if (broken)
            hang_up(one);
    } else if (one->answering) {
        finish(one);
    } else {
        watch(one, false);
    }
}

/* -- control requests, answered at once and never logged */

static void send_report(struct connection *one, char *body, size_t length)
{
    char *whole = allocated(malloc(length + 128));
    const int head = snprintf(whole, 128, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    memcpy(whole + head, body, length);
    free(body);
    one->report = whole;
    send_bytes(one, whole, (size_t)head + length);
}

static struct selection selection_of(const struct request *request)
{
    const char *from = request_parameter(request, "from", 0), *to = request_parameter(request, "to", 1);
    return (struct selection){
        .from = from ? strtoll(from, NULL, 10) : 0,
        .to = to ? strtoll(to, NULL, 10) : INT64_MAX,
        .path = request_parameter(request, "path", 2),
    };
}

static bool asks_for(const struct request *request, const char *path)
{
    const size_t length = strlen(path);
    return request->path_length >= length && !strncmp(request->path, path, length) &&
           (request->path_length == length || request->path[length] == '?');
}

static bool control(struct connection *one, const struct request *request)
{
    const bool summary = asks_for(request, "/truth/summary"), dump = asks_for(request, "/truth");
    const bool reset = asks_for(request, "/truth/reset"), health = asks_for(request, "/healthz");
    if (!summary && !dump && !reset && !health)
        return false;
    char *body = NULL;
    size_t length = 0;
    FILE *out = allocated(open_memstream(&body, &length));
    const struct selection selection = selection_of(request);
    const char *format = request_parameter(request, "format", 3);
    if (summary)
        truth_summary(out, &selection);
    else if (dump && format && !strcmp(format, "binary"))
        truth_binary(out, &selection);
    else if (dump)
        truth_csv(out, &selection);
    else
        fputs("ok\n", out);
    if (reset)
        truth_clear();
    fclose(out);
    one->answering = true;
    send_report(one, body, length);
    return true;
}

/* -- requests */

static void begin(struct connection *one, const struct request *request)
{
    one->closing = request->close;
    if (control(one, request))
        return;
    truth_received();
    one->answering = true;
    one->answer = answer_for(request);
    one->head_only = request->head;
    const char *query = memchr(request->path, '?', request->path_length);
    const size_t bare = query ? (size_t)(query - request->path) : request->path_length;
    one->served = (struct served){
        .arrived = one->arrived,
        .read = now_ns(),
        .due = one->arrived + delay_draw(&delay),
        .path = truth_path(request->path, bare),
        .connection = (uint32_t)one->wire.fd,
    };
    timers_add((struct timer){one->served.due, (uint32_t)one->wire.fd, one->generation});
}

/* Takes the next whole request from what has been read, unless one is being answered: answers keep their order. */
static void serve_buffered(struct connection *one)
{
    struct request request;
    if (one->answering || !one->in_used)
        return;
    switch (request_parse(one->in, one->in_used, &request)) {
    case UNFINISHED:
        return;
    case NOT_HTTP:
        hang_up(one);
        return;
    case PARSED:
        break;
    }
    char path[1024]; /* the buffer moves on below, and an answer given at once comes back here */
    const size_t kept = request.path_length < sizeof path ? request.path_length : sizeof path;
    memcpy(path, request.path, kept);
    request.path = path;
    request.path_length = kept;
    one->in_used -= request.length;
    memmove(one->in, one->in + request.length, one->in_used);
    begin(one, &request);
}

static void read_from(struct connection *one)
{
    for (;;) {
        if (one->in_room - one->in_used < READ_ROOM) {
            one->in_room = 2 * one->in_room + READ_ROOM;
            one->in = allocated(realloc(one->in, one->in_room));
        }
        int64_t arrived = 0;
        const ssize_t got = wire_read(&one->wire, one->in + one->in_used, one->in_room - one->in_used, &arrived);
        if (got == 0) {
            if (one->wire.waiting_length && !one->writing)
                watch(one, true);
            break;
        }
        if (got < 0 || one->in_used > LARGEST_REQUEST) {
            hang_up(one);
            return;
        }
        if (!arrived) {
            arrived = now_ns();
            truth_unstamped();
        }
        one->arrived = arrived;
        one->in_used += (size_t)got;
        if ((size_t)got < READ_ROOM && !wire_buffered(&one->wire))
            break; /* level-triggered: what comes later is told again */
    }
    serve_buffered(one);
}

static void answer_due(void)
{
    struct timer next;
    while (timers_next(&next) && next.due <= now_ns()) {
        timers_drop();
        struct connection *one = &connections[next.connection];
        if (!one->open || one->generation != next.generation)
            continue;
        send_bytes(one, one->answer->bytes, one->head_only ? one->answer->head : one->answer->length);
    }
}

/* -- the loop */

static void sleep_until(int64_t when)
{
    const struct timespec until = {.tv_sec = when / SECOND, .tv_nsec = when % SECOND};
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == EINTR && !wants_end)
        ;
}

/* Nothing at all is served in a stall. Returns when the next one begins. */
static int64_t stall(int64_t next)
{
    if (!options.stall || now_ns() < next)
        return next;
    const int64_t begun = now_ns();
    sleep_until(next + (int64_t)(options.stall * 1e9));
    truth_stall(begun, now_ns());
    return next + (int64_t)(options.stall_every * 1e9);
}

static int64_t patience(int64_t next_stall)
{
    struct timer next;
    const int64_t now = now_ns();
    int64_t left = IDLE;
    if (timers_next(&next) && next.due - (int64_t)(options.spin * 1e9) - now < left)
        left = next.due - (int64_t)(options.spin * 1e9) - now;
    if (options.stall && next_stall - now < left)
        left = next_stall - now;
    return left > 0 ? left : 0;
}

static void dump(void)
{
    const struct selection everything = {.from = 0, .to = INT64_MAX};
    FILE *out = fopen(options.dump, "w");
    if (!out) {
        perror(options.dump);
        return;
    }
    truth_csv(out, &everything);
    fclose(out);
}

static void loop(void)
{
    struct epoll_event events[BATCH];
    int64_t next_stall = now_ns() + (int64_t)(options.stall_every * 1e9);
    while (!wants_end) {
        next_stall = stall(next_stall);
        answer_due();
        const int64_t left = patience(next_stall);
        const struct timespec timeout = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
        const int ready = epoll_pwait2(poller, events, BATCH, &timeout, NULL);
        if (wants_dump) {
            wants_dump = 0;
            dump();
        }
        for (int at = 0; at < ready; at++) {
            const int fd = (int)events[at].data.u32;
            struct connection *one = &connections[fd];
            if (fd == listener) {
                accept_all();
                continue;
            }
            if (one->open && events[at].events & EPOLLOUT)
                go_on_writing(one);
            if (one->open && events[at].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                read_from(one);
        }
    }
}

/* -- starting */

static void on_signal(int number)
{
    if (number == SIGUSR1)
        wants_dump = 1;
    else
        wants_end = 1;
}

static void listen_on(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    /* Inherited by what is accepted, so that a request is stamped even if it came before we accepted. */
    setsockopt(listener, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("cannot listen");
        exit(1);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)listener};
    poller = epoll_create1(0);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
}

static void usage(const char *complaint)
{
    fprintf(stderr,
            "%s\nrefserver [--port 8800] [--dist none|constant:5ms|lognormal:MEDIAN:SIGMA|exponential:MEAN|\n"
            "           bimodal:FAST:SLOW:SHARE] [--stall 500ms/5s] [--tls CERT KEY] [--size BYTES] [--json]\n"
            "           [--spin 50us] [--seed N] [--log ANSWERS] [--dump FILE (written on SIGUSR1)]\n"
            "GET /truth/summary?from=NS&to=NS&path=/x   what was served, as JSON\n"
            "GET /truth?format=csv|binary   GET /truth/reset   GET /bytes/N   GET /healthz\n",
            complaint);
    exit(2);
}

static void parse_stall(char *text)
{
    char *every = strchr(text, '/');
    if (every)
        *every++ = 0;
    if (!every || !parse_seconds(text, &options.stall) || !parse_seconds(every, &options.stall_every) ||
        options.stall >= options.stall_every)
        usage("--stall wants a duration and a longer period: 500ms/5s");
}

static void parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"port", 1, 0, 'p'}, {"dist", 1, 0, 'd'}, {"stall", 1, 0, 's'}, {"tls", 1, 0, 't'},  {"size", 1, 0, 'b'},
        {"json", 0, 0, 'j'}, {"spin", 1, 0, 'x'}, {"seed", 1, 0, 'r'},  {"log", 1, 0, 'l'},  {"dump", 1, 0, 'o'},
        {"help", 0, 0, 'h'}, {0},
    };
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'p': options.port = atoi(optarg); break;
        case 'd': options.dist = optarg; break;
        case 's': parse_stall(optarg); break;
        case 't':
            if (optind >= argc)
                usage("--tls wants two files: certificate and key");
            options.certificate = optarg;
            options.key = argv[optind++];
            break;
        case 'b': options.size = strtoul(optarg, NULL, 10); break;
        case 'j': options.json = true; break;
        case 'x':
            if (!parse_seconds(optarg, &options.spin))
                usage("--spin wants a duration: 50us");
            break;
        case 'r': options.seed = strtoull(optarg, NULL, 10); break;
        case 'l': options.log = strtoul(optarg, NULL, 10); break;
        case 'o': options.dump = optarg; break;
        default: usage("");
        }
    }
    if (optind < argc)
        usage("arguments without a name are not understood");
    if (!delay_parse(&delay, options.dist, options.seed))
        usage("--dist is none of the known ones");
}

int main(int argc, char **argv)
{
    const struct rlimit files = {MOST_CONNECTIONS, MOST_CONNECTIONS};
    parse_options(argc, argv);
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_TIMERSLACK, 1UL); /* ns: by default the kernel lets every sleep last 50 us longer */
    if (options.certificate)
        wire_use_tls(options.certificate, options.key);
    connections = allocated(calloc(MOST_CONNECTIONS, sizeof *connections));
    truth_open(options.log);
    answer_of(options.size);
    listen_on(options.port);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (options.dump)
        sigaction(SIGUSR1, &action, NULL);
    fprintf(stderr, "refserver on 127.0.0.1:%d, %s%s\n", options.port, options.dist, options.certificate ? ", TLS" : "");
    loop();
    return 0;
}
