// SPDX-License-Identifier: GPL-2.0-only
/*
 * hide FILE: keeps FILE open until this process is killed, but where no list of open files shows it:
 * in a message that no process receives.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = {
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)),
	} };
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control.space),
	};
	int fd, pair[2];

	if (argc != 2)
		return 2;
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
		perror(argv[1]);
		return 1;
	}
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(pair[0], &msg, 0) < 0) {
		perror("sendmsg");
		return 1;
	}
	close(fd);
	puts("hidden");
	fflush(stdout);
	for (;;)
		pause();
}
