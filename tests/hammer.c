// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends malformed and nearly well-formed requests to the holder, some with a file,
 * some cut off, some without waiting for the answer. It never sends a complete
 * "drop", nor a new value for the session, because these would be valid.
 *
 * usage: hammer SOCKET COUNT SEED SESSION
 *        hammer lock FILE		takes the lock and keeps it until killed
 *        hammer fill SOCKET N		puts N files under device/many/..., in few requests
 *        hammer count SOCKET N	checks that the holder has each of these files
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned int seed;

static unsigned int roll(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

/* Makes a request of words of the protocol, or of random bytes. */
static size_t make(char *text, size_t size, const char *session)
{
	static const char *const verbs[] = { "put ", "get ", "drop ", "list ", "PUT", "", "quit " };
	static const char *const kinds[] = { "session/", "device/", "iommufd/", "x/", "/", "" };
	static const char *const tails[] = {
		"", "\n", "\ndirection=incoming", "\nstate=failed", " ", "\n\n", "/0000:01:00.0",
		"/0000:ff:1f.7", "/../../x", "-9", "\nA", "\n\xff",
	};
	size_t len, i, noise;

	if (roll(4) == 0) {
		len = roll((unsigned int)size - 1);
		for (i = 0; i < len; i++)
			text[i] = (char)roll(256);
		return len;
	}
	len = (size_t)snprintf(text, size, "%s%s%s%s", verbs[roll(7)], kinds[roll(6)],
			       roll(2) ? session : roll(2) ? "other" : "", tails[roll(12)]);
	/* flip some bits */
	for (noise = roll(3); noise && len; noise--)
		text[roll((unsigned int)len)] ^= (char)(1 << roll(8));
	if (roll(8) == 0)
		len = roll((unsigned int)len + 1);
	if (len > 5 && memcmp(text, "drop ", 5) == 0)
		text[len++] = (char)roll(33);
	/* make a request that would change the value of the session malformed */
	if (len > 12 && memcmp(text, "put session/", 12) == 0)
		text[4] = '/';
	return len;
}

static int dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int dir, fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	const char *slash = strrchr(path, '/');
	char parent[4096];

	/* the path may be longer than a socket's */
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d%s", dir, slash);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		perror(path);
		exit(1);
	}
	close(dir);
	return fd;
}

static void send_one(int fd, const char *text, size_t len, int files)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(3 * sizeof(int))]; } control = { 0 };
	struct iovec iov = { .iov_base = (void *)text, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int pass[3] = { 0, 1, 2 };

	if (files) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN((size_t)files * sizeof(int));
		memcpy(CMSG_DATA(&control.header), pass, (size_t)files * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)files * sizeof(int));
	}
	sendmsg(fd, &msg, MSG_NOSIGNAL);
}

/* Sends a request with n files. Returns the number of files in the reply, or -1 unless it is "ok". */
static int ask(const char *path, const char *text, int *files, int n, char *reply, size_t size)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(64 * sizeof(int))]; } control = { 0 };
	struct iovec iov = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int fd = dial(path);
	ssize_t len;

	if (n) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), files, (size_t)n * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
	}
	sendmsg(fd, &msg, MSG_NOSIGNAL);
	iov = (struct iovec){ .iov_base = reply, .iov_len = size - 1 };
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control.space);
	len = recvmsg(fd, &msg, 0);
	close(fd);
	reply[len < 0 ? 0 : len] = '\0';
	if (strncmp(reply, "ok", 2) != 0) {
		fprintf(stderr, "hammer: '%.60s': %s\n", text, reply);
		return -1;
	}
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(files, CMSG_DATA(c), (size_t)n * sizeof(int));
	return n;
}

/* Makes a file whose content is its number. */
static int numbered_file(int i)
{
	int fd = memfd_create("many", 0);

	return write(fd, &i, sizeof(i)) == sizeof(i) ? fd : -1;
}

/* Puts n files in one request, or gets them and compares their content. */
static int some_of_many(const char *path, int first, int n, bool put)
{
	char text[8192], reply[8192];
	int files[64], i, got, is;
	size_t used = (size_t)sprintf(text, put ? "put" : "get");

	for (i = 0; i < n; i++) {
		used += (size_t)sprintf(text + used, "%cdevice/many/0000:%02x:%02x.%d%s", i ? '\n' : ' ',
					(first + i) >> 8, (first + i) >> 3 & 31, (first + i) & 7,
					put ? "\nstate=opened" : "");
		files[i] = put ? numbered_file(first + i) : -1;
	}
	got = ask(path, text, files, put ? n : 0, reply, sizeof(reply));
	for (i = 0; i < (put ? n : got); i++) {
		if (!put && (pread(files[i], &is, sizeof(is), 0) != sizeof(is) || is != first + i))
			got = -1;
		close(files[i]);
	}
	return got == (put ? 0 : n) ? 0 : 1;
}

static int with_many(const char *path, int n, bool put)
{
	int done, some, bad = 0;

	for (done = 0; !bad && done < n; done += some) {
		some = n - done < 64 ? n - done : 64;
		bad = some_of_many(path, done, some, put);
	}
	printf("%d of %d\n", bad ? done - some : done, n);
	return bad;
}

int main(int argc, char **argv)
{
	unsigned int count, errors = 0, answers = 0;
	char text[9000], reply[9000];
	struct pollfd poll_one = { .events = POLLIN };
	ssize_t n;

	if (argc == 3 && strcmp(argv[1], "lock") == 0)
		return flock(open(argv[2], O_RDWR | O_CLOEXEC), LOCK_EX) || pause();
	if (argc == 4 && (strcmp(argv[1], "fill") == 0 || strcmp(argv[1], "count") == 0))
		return with_many(argv[2], atoi(argv[3]), argv[1][0] == 'f');
	if (argc != 5)
		return 2;
	count = (unsigned int)atoi(argv[2]);
	seed = (unsigned int)atoi(argv[3]);
	for (unsigned int i = 0; i < count; i++) {
		size_t len = make(text, roll(16) ? 300 : sizeof(text), argv[4]);

		poll_one.fd = dial(argv[1]);
		send_one(poll_one.fd, text, len, roll(4) ? 0 : (int)roll(4));
		/* Wait for most answers, as clients do. */
		if (roll(8) && len) {
			if (poll(&poll_one, 1, 5000) != 1) {
				fprintf(stderr, "hammer: no answer to request %u\n", i);
				return 1;
			}
			n = recv(poll_one.fd, reply, sizeof(reply), 0);
			answers += n > 0;
			errors += n > 6 && memcmp(reply, "error ", 6) == 0;
		}
		close(poll_one.fd);
	}
	printf("%u requests, %u answers, %u of them errors\n", count, answers, errors);
	return !answers || !errors;
}
