/* Bytes to and from one client, plain or TLS, with the time the kernel received them. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wire {
    int fd;
    void *tls; /* SSL, or NULL */
    const char *waiting; /* bytes that the kernel has not taken yet */
    size_t waiting_length;
    char *cipher; /* memory behind `waiting` under TLS */
    size_t cipher_room;
};

/* Before the first wire. Exits with a message when the files are no good, or TLS was not built in. */
void wire_use_tls(const char *certificate, const char *key);
bool wire_built_with_tls(void);

void wire_open(struct wire *wire, int fd);
void wire_close(struct wire *wire);

/* Up to `room` plain bytes and when the kernel got them (0 where it did not say). 0 bytes: nothing more now;
   -1: the connection is over. */
ssize_t wire_read(struct wire *wire, char *into, size_t room, int64_t *arrived);

/* Whether bytes have been received that wire_read has not given out yet. */
bool wire_buffered(const struct wire *wire);

/* Hands bytes, which must live until they are gone, to the kernel. True when it has taken all. */
bool wire_write(struct wire *wire, const char *bytes, size_t length, bool *broken);
bool wire_flush(struct wire *wire, bool *broken);

#endif
