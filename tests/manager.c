// SPDX-License-Identifier: GPL-2.0-only
/*
 * A service manager with nothing but the file descriptor store of sd_notify(3). It
 * runs a command and keeps the files that the command stores. If a signal ends the
 * command, it runs the command again with these files.
 *
 * usage: manager DIR COMMAND...
 *
 * Like systemd, it does not execute the command if the names of the files do not fit
 * into one string of the environment (exit 203). DIR/notify is its socket. DIR/log
 * gets a line for each message and event, and DIR/pid the process id of the command.
 * The manager ends when the command exits without a signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX 8192
#define FEW 512	/* compare at most so many files with each other */

static struct { int fd; char name[256]; } store[MAX];
static int n_store;
static const char *dir;
static FILE *history;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_pid(pid_t pid)
{
	char path[4096], new[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/pid", dir);
	snprintf(new, sizeof(new), "%s.new", path);
	file = fopen(new, "we");
	if (!file)
		die(new);
	fprintf(file, "%d\n", (int)pid);
	fclose(file);
	rename(new, path);
}

static pid_t start(char **command, const char *socket_path)
{
	static char names[MAX * 256];
	char number[16], *end = names;
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	/* Move the files above the target numbers first, then to these numbers. */
	for (i = 0; i < n_store; i++)
		if (store[i].fd < 3 + n_store)
			store[i].fd = fcntl(store[i].fd, F_DUPFD, 3 + n_store);
	*names = '\0';
	for (i = 0; i < n_store; i++) {
		if (dup2(store[i].fd, 3 + i) < 0)
			_exit(126);
		end += sprintf(end, "%s%s", i ? ":" : "", store[i].name);
	}
	syscall(SYS_close_range, 3 + n_store, ~0U, 0);
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof(number), "%d", n_store);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	setenv("NOTIFY_SOCKET", socket_path, 1);
	execvp(command[0], command);
	_exit(203);
}

/* Copies the value of a key in a message. Returns false if the message does not have the key. */
static bool line_of(const char *message, const char *key, char *buf, size_t size)
{
	const char *p = message;
	size_t len = strlen(key);

	while (p) {
		if (strncmp(p, key, len) == 0 && p[len] == '=') {
			snprintf(buf, size, "%.*s", (int)strcspn(p + len + 1, "\n"), p + len + 1);
			return true;
		}
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return false;
}

static void remove_named(const char *name)
{
	for (int i = 0; i < n_store; i++) {
		if (strcmp(store[i].name, name))
			continue;
		close(store[i].fd);
		store[i--] = store[--n_store];
	}
}

/* fdname_is_valid() of systemd */
static bool is_good_name(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (*p < ' ' || *p >= 127 || *p == ':')
			return false;
	return p - name <= 255;
}

/* same_fd() of systemd: a file that is stored already is not stored again, under any name. */
static bool is_stored(int fd, const char *name)
{
	pid_t self = getpid();

	for (int i = 0; i < n_store; i++)
		if ((n_store < FEW || strcmp(store[i].name, name) == 0) &&
		    syscall(SYS_kcmp, self, self, 0, store[i].fd, fd) == 0)
			return true;
	return false;
}

static void hear(int fd)
{
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
	char text[4096], value[300], name[300] = "stored";
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	int got = -1;

	if (n < 0)
		return;
	text[n] = '\0';
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&got, CMSG_DATA(c), sizeof(int));
	line_of(text, "FDNAME", name, sizeof(name));
	if (line_of(text, "FDSTOREREMOVE", value, sizeof(value))) {
		remove_named(name);
		fprintf(history, "remove %s\n", name);
	} else if (line_of(text, "FDSTORE", value, sizeof(value)) && got >= 0) {
		if (n_store == MAX || !is_good_name(name) ||
		    !line_of(text, "FDPOLL", value, sizeof(value)) || strcmp(value, "0")) {
			fprintf(history, "refused %s\n", name);
		} else if (is_stored(got, name)) {
			fprintf(history, "suppressed %s\n", name);
		} else {
			store[n_store].fd = got;
			strcpy(store[n_store++].name, name);
			got = -1;
			fprintf(history, "store %s\n", name);
		}
	}
	if (line_of(text, "READY", value, sizeof(value)))
		fprintf(history, "ready\n");
	/* A barrier is passed when its end of the pipe is closed. */
	if (got >= 0)
		close(got);
	fflush(history);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct pollfd poll_one;
	struct rlimit files;
	char path[4096];
	int status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: manager DIR COMMAND...\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	dir = argv[1];
	snprintf(path, sizeof(path), "%s/log", dir);
	history = fopen(path, "ae");
	if (!history)
		die(path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", dir);
	unlink(addr.sun_path);
	poll_one.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	poll_one.events = POLLIN;
	if (poll_one.fd < 0 || bind(poll_one.fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die(addr.sun_path);
	for (;;) {
		pid = start(argv + 2, addr.sun_path);
		fprintf(history, "start %d with %d\n", (int)pid, n_store);
		fflush(history);
		write_pid(pid);
		while (waitpid(pid, &status, WNOHANG) == 0)
			if (poll(&poll_one, 1, 20) == 1)
				hear(poll_one.fd);
		/* read the last messages of the command */
		while (poll(&poll_one, 1, 0) == 1)
			hear(poll_one.fd);
		fprintf(history, "ended %d\n", status);
		fflush(history);
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
	}
}
