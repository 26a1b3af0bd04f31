#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
static SSL_CTX *context;
#endif

#define CIPHER_READ 65536

/* What recvmsg gives and the kernel's timestamp with it: the arrival of the last segment that was read. */
static ssize_t receive(int fd, char *into, size_t room, int64_t *arrived)
{
    char control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec part = {.iov_base = into, .iov_len = room};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    const ssize_t got = recvmsg(fd, &message, 0);
    if (got <= 0)
        return got == 0 || (errno != EAGAIN && errno != EINTR) ? -1 : 0;
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one))
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(one), sizeof stamp);
            *arrived = stamp.tv_sec * SECOND + stamp.tv_nsec;
        }
    return got;
}

bool wire_flush(struct wire *wire, bool *broken)
{
    while (wire->waiting_length) {
        const ssize_t sent = send(wire->fd, wire->waiting, wire->waiting_length, MSG_NOSIGNAL);
        if (sent < 0) {
            *broken = errno != EAGAIN && errno != EINTR;
            return false;
        }
        wire->waiting += sent;
        wire->waiting_length -= (size_t)sent;
    }
    return true;
}

void wire_open(struct wire *wire, int fd)
{
    memset(wire, 0, sizeof *wire);
    wire->fd = fd;
#ifdef WITH_TLS
    if (context) {
        SSL *ssl = SSL_new(context);
        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl);
        wire->tls = ssl;
    }
#endif
}

void wire_close(struct wire *wire)
{
#ifdef WITH_TLS
    if (wire->tls)
        SSL_free(wire->tls);
#endif
    free(wire->cipher);
    close(wire->fd);
    memset(wire, 0, sizeof *wire);
}

#ifdef WITH_TLS

bool wire_built_with_tls(void)
{
    return true;
}

void wire_use_tls(const char *certificate, const char *key)
{
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

/* Appends what TLS wants to send to what is waiting. */
static void collect_cipher(struct wire *wire)
{
    char *bytes;
    const size_t length = (size_t)BIO_get_mem_data(SSL_get_wbio(wire->tls), &bytes);
    if (!length)
        return;
    const size_t wanted = wire->waiting_length + length;
    if (wanted > wire->cipher_room) {
        char *room = malloc(wanted);
        if (wire->waiting_length)
            memcpy(room, wire->waiting, wire->waiting_length);
        free(wire->cipher);
        wire->cipher = room;
        wire->cipher_room = wanted;
    } else if (wire->waiting_length) {
        memmove(wire->cipher, wire->waiting, wire->waiting_length);
    }
    memcpy(wire->cipher + wire->waiting_length, bytes, length);
    wire->waiting = wire->cipher;
    wire->waiting_length = wanted;
    (void)BIO_reset(SSL_get_wbio(wire->tls));
}

static ssize_t read_tls(struct wire *wire, char *into, size_t room, int64_t *arrived)
{
    static char cipher[CIPHER_READ];
    bool broken = false;
    ERR_clear_error();
    for (;;) {
        const int plain = SSL_read(wire->tls, into, (int)room);
        collect_cipher(wire); /* handshake and session tickets */
        wire_flush(wire, &broken);
        if (broken)
            return -1;
        if (plain > 0)
            return plain;
        if (SSL_get_error(wire->tls, plain) != SSL_ERROR_WANT_READ)
            return -1;
        const ssize_t got = receive(wire->fd, cipher, sizeof cipher, arrived);
        if (got <= 0)
            return got;
        BIO_write(SSL_get_rbio(wire->tls), cipher, (int)got);
    }
}

bool wire_buffered(const struct wire *wire)
{
    return wire->tls && (SSL_pending(wire->tls) || BIO_pending(SSL_get_rbio(wire->tls)));
}

ssize_t wire_read(struct wire *wire, char *into, size_t room, int64_t *arrived)
{
    return wire->tls ? read_tls(wire, into, room, arrived) : receive(wire->fd, into, room, arrived);
}

bool wire_write(struct wire *wire, const char *bytes, size_t length, bool *broken)
{
    if (wire->tls) {
        ERR_clear_error();
        if (SSL_write(wire->tls, bytes, (int)length) != (int)length) {
            *broken = true;
            return false;
        }
        collect_cipher(wire);
    } else {
        wire->waiting = bytes;
        wire->waiting_length = length;
    }
    return wire_flush(wire, broken);
}

#else

bool wire_built_with_tls(void)
{
    return false;
}

void wire_use_tls(const char *certificate, const char *key)
{
    (void)certificate;
    (void)key;
    fputs("built without OpenSSL: no --tls\n", stderr);
    exit(2);
}

bool wire_buffered(const struct wire *wire)
{
    (void)wire;
    return false;
}

ssize_t wire_read(struct wire *wire, char *into, size_t room, int64_t *arrived)
{
    return receive(wire->fd, into, room, arrived);
}

bool wire_write(struct wire *wire, const char *bytes, size_t length, bool *broken)
{
    wire->waiting = bytes;
    wire->waiting_length = length;
    return wire_flush(wire, broken);
}

#endif
