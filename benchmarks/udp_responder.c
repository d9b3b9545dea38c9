/* A fast local carrier for the benchmarks: answers OPTIONS with 200, REGISTER with 401 and then 200.
 *
 * It prints its port, serves until it is ended, and tells a datagram "COUNT" how many requests came since the last
 * one. Batches keep its cost a probe below that of every client it is measured with. It judges no digests.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, DATAGRAM_LIMIT = 4096, ADDED_LIMIT = 512, BUFFER_BYTES = 4 * 1024 * 1024 };

#define IS(line, name) (strncmp((line), (name), sizeof(name) - 1) == 0)

static const char OK[] = "SIP/2.0 200 OK\r\n";
static const char UNAUTHORIZED[] = "SIP/2.0 401 Unauthorized\r\n";
static const char CHALLENGE[] =
    "WWW-Authenticate: Digest realm=\"bench\", nonce=\"%016lx\", qop=\"auth\", algorithm=MD5\r\n";
static const char END[] = "Content-Length: 0\r\n\r\n";

static char requests[BATCH][DATAGRAM_LIMIT + 1];
static char answers[BATCH][DATAGRAM_LIMIT + ADDED_LIMIT];
static unsigned long nonce;

static char *put(char *to, const char *from, size_t length)
{
    memcpy(to, from, length);
    return to + length;
}

/* RFC 3581 §4: the port goes into an empty rport, and the address beside it. */
static char *put_via(char *to, const char *line, size_t length, const struct sockaddr_in *source)
{
    const char *rport = memmem(line, length, ";rport", 6);
    char after = rport == NULL ? '=' : rport[6];
    if (after == '=')
        return put(to, line, length);
    to = put(to, line, (size_t)(rport + 6 - line));
    to += sprintf(to, "=%u;received=%s", ntohs(source->sin_port), inet_ntoa(source->sin_addr));
    return put(to, rport + 6, (size_t)(line + length - rport - 6));
}

static size_t answer(const char *request, const struct sockaddr_in *source, char *out)
{
    int challenged = IS(request, "REGISTER ") && strstr(request, "\r\nAuthorization:") == NULL;
    char *to = challenged ? put(out, UNAUTHORIZED, sizeof UNAUTHORIZED - 1) : put(out, OK, sizeof OK - 1);
    const char *end;
    for (const char *line = request; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        size_t length = (size_t)(end + 1 - line);
        if (IS(line, "Via:")) {
            to = put_via(to, line, length, source);
        } else if (IS(line, "To:")) {
            to = put(to, line, length - 2);
            to = put(to, ";tag=bench\r\n", 12);
        } else if (IS(line, "From:") || IS(line, "Call-ID:") || IS(line, "CSeq:")) {
            to = put(to, line, length);
        }
    }
    if (challenged) /* no nonce twice, so that no client answers from memory */
        to += sprintf(to, CHALLENGE, nonce += 0x9e3779b97f4a7c15);
    return (size_t)(put(to, END, sizeof END - 1) - out);
}

static void send_all(int server, struct mmsghdr *messages, unsigned int count)
{
    unsigned int sent = 0;
    while (sent < count) {
        int taken = sendmmsg(server, messages + sent, count - sent, 0);
        if (taken > 0)
            sent += (unsigned int)taken;
        else if (errno == ECONNREFUSED)
            sent++; /* a client that has gone */
        else if (errno != EINTR) {
            perror("sendmmsg");
            exit(EXIT_FAILURE);
        }
    }
}

static void serve(int server)
{
    static struct sockaddr_in sources[BATCH];
    static struct iovec received[BATCH], written[BATCH];
    static struct mmsghdr in[BATCH], out[BATCH];
    unsigned long seen = 0;
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            received[i] = (struct iovec){requests[i], DATAGRAM_LIMIT};
            in[i].msg_hdr = (struct msghdr){&sources[i], sizeof sources[i], &received[i], 1, NULL, 0, 0};
        }
        int count = recvmmsg(server, in, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0) {
            if (errno == EINTR || errno == ECONNREFUSED)
                continue;
            perror("recvmmsg");
            exit(EXIT_FAILURE);
        }
        for (int i = 0; i < count; i++) {
            size_t length;
            requests[i][in[i].msg_len] = '\0';
            if (strcmp(requests[i], "COUNT") == 0) {
                length = (size_t)sprintf(answers[i], "%lu", seen);
                seen = 0;
            } else {
                length = answer(requests[i], &sources[i], answers[i]);
                seen++;
            }
            written[i] = (struct iovec){answers[i], length};
            out[i].msg_hdr = (struct msghdr){&sources[i], sizeof sources[i], &written[i], 1, NULL, 0, 0};
        }
        send_all(server, out, (unsigned int)count);
    }
}

int main(void)
{
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    int bytes = BUFFER_BYTES;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    if (server < 0 || setsockopt(server, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0 ||
        bind(server, (struct sockaddr *)&own, sizeof own) != 0 ||
        getsockname(server, (struct sockaddr *)&own, &length) != 0) {
        perror("socket");
        return EXIT_FAILURE;
    }
    printf("%u\n", ntohs(own.sin_port));
    fflush(stdout);
    serve(server);
}
