// SPDX-License-Identifier: GPL-2.0-only
/* Open files: struct file, and the ends of it that clients hold. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

struct end {
	struct end *next;
	struct file *file;
	ino_t ino;	/* of the client's half */
	int fd;		/* our end; it hangs up when the client closes its last copy */
};

static struct end *ends;

struct file *file_new(enum file_kind kind, const char *path)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		die("out of memory");
	file->kind = kind;
	snprintf(file->path, sizeof(file->path), "%s", path);
	return file;
}

int file_end(struct file *file)
{
	struct end *end = calloc(1, sizeof(*end));
	struct stat st;
	int pair[2];

	if (!end)
		die("out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    fstat(pair[1], &st)) {
		free(end);
		return -errno;
	}
	end->file = file;
	end->fd = pair[0];
	end->ino = st.st_ino;
	end->next = ends;
	ends = end;
	file->ends++;
	return pair[1];
}

static void file_put(struct file *file)
{
	if (file->ends || file->held)
		return;
	if (file->kind == FILE_VFIO)
		vfio_release(file);
	else if (file->kind == FILE_SESSION || file->kind == FILE_LIVEUPDATE)
		luo_release(file);
	free(file);
}

void file_hold(struct file *file)
{
	file->held++;
}

void file_drop(struct file *file)
{
	file->held--;
	file_put(file);
}

struct file *file_of_inode(uint64_t ino)
{
	for (struct end *end = ends; end; end = end->next)
		if (end->ino == ino)
			return end->file;
	return NULL;
}

struct file *file_of_fd(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ?
	       file_of_inode(st.st_ino) : NULL;
}

static struct end *find_dead(void)
{
	for (struct end *end = ends; end; end = end->next) {
		struct pollfd p = { .fd = end->fd, .events = POLLRDHUP };

		if (poll(&p, 1, 0) == 1)
			return end;
	}
	return NULL;
}

static void end_remove(struct end *end)
{
	struct end **where;

	for (where = &ends; *where != end; where = &(*where)->next)
		;
	*where = end->next;
	close(end->fd);
	free(end);
}

/* A release may drop other files, so start again after each. */
void file_sweep(void)
{
	struct end *end;
	struct file *file;

	while ((end = find_dead())) {
		file = end->file;
		end_remove(end);
		file->ends--;
		file_put(file);
	}
	pci_retry();
}

void file_forget_all(void)
{
	/* The structs are leaked, as in a kernel that a kexec replaces. */
	while (ends)
		end_remove(ends);
}

size_t file_poll(void *pollfds, size_t max)
{
	struct pollfd *p = pollfds;
	size_t n = 0;

	for (struct end *end = ends; end && n < max; end = end->next)
		p[n++] = (struct pollfd){ .fd = end->fd, .events = POLLRDHUP };
	return n;
}

/* Returns how many files all processes have; sockets do not show which process. */
void file_state(FILE *out)
{
	static const char *const names[] = {
		"/dev/liveupdate", "session", "iommufd", "vfio", "attribute",
	};
	unsigned int n[5] = { 0 };

	for (struct end *end = ends; end; end = end->next)
		n[end->file->kind]++;
	for (size_t i = 0; i < 5; i++)
		if (n[i])
			fprintf(out, "open %s %u\n", names[i], n[i]);
}
