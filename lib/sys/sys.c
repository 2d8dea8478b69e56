/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate in front of the kernel boundary. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sys/real.h"

int sys_init(struct sys *sys, const struct sys_ops *ops, const char *root)
{
	sys->ops = ops;
	sys->read_only = false;
	sys->recorder = NULL;
	sys->witness = NULL;
	sys->writers = NULL;
	sys->root_is_slash = strcmp(root, "/") == 0;
	sys->n_near = 0;
	sys->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return sys->root_fd < 0 ? -errno : 0;
}

void sys_exit(struct sys *sys)
{
	sys_writers_end(sys);
	while (sys->n_near)
		sys_near(sys, NULL, NULL);
	if (sys->root_fd >= 0)
		close(sys->root_fd);
	sys->root_fd = -1;
}

void sys_near(struct sys *sys, const char *dir, const char *target)
{
	struct near *near;

	if (!dir) {
		near = &sys->near[--sys->n_near];
		if (near->fd >= 0)
			close(near->fd);
		return;
	}
	near = &sys->near[sys->n_near];
	near->size = strlen(dir) + 1;
	near->fd = near->size < sizeof(near->path) ?
		   real_open(sys, target ? target : dir, O_PATH | O_DIRECTORY) : -1;
	if (near->fd >= 0)
		strcat(strcpy(near->path, dir), "/");
	sys->n_near++;
}

void sys_view(const struct sys *sys, struct sys *ret_view)
{
	*ret_view = *sys;
	ret_view->n_near = 0;
}

/* Repeats a call that a signal interrupted. vfio-lu uses no signal to cancel a call. */
#define again(call) ({			\
	__typeof__(call) result;	\
					\
	do				\
		result = (call);	\
	while (result == -EINTR);	\
	result;				\
})

/*
 * Opening a device node can have effects: /dev/liveupdate deserializes, a vfio file resets the
 * device. Opening the kernel log is harmless.
 */
static bool is_harmless_open(const char *path)
{
	return strncmp(path, "/dev/", 5) != 0 || strcmp(path, "/dev/kmsg") == 0;
}

int sys_open(struct sys *sys, const char *path, int flags)
{
	if (sys->read_only &&
	    ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY ||
	     !is_harmless_open(path)))
		return -EPERM;
	return again(sys->ops->open(sys, path, flags));
}

ssize_t sys_read(struct sys *sys, int fd, void *buf, size_t size)
{
	return again(sys->ops->read(sys, fd, buf, size));
}

ssize_t sys_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	return again(sys->ops->pread(sys, fd, buf, size, offset));
}

ssize_t sys_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	return sys->read_only ? -EPERM : again(sys->ops->write(sys, fd, buf, size));
}

int sys_close(struct sys *sys, int fd)
{
	int ret = fd < 0 ? 0 : sys->ops->close(sys, fd);

	/* EINTR: the file is closed anyway, and the number may be in use again. */
	return ret == -EINTR ? 0 : ret;
}

int sys_ioctl(struct sys *sys, int fd, unsigned long request, void *arg)
{
	return sys->read_only ? -EPERM : again(sys->ops->ioctl(sys, fd, request, arg));
}

ssize_t sys_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	return sys->ops->readlink(sys, path, buf, size);
}

int sys_mode(struct sys *sys, const char *path)
{
	return sys->ops->mode(sys, path);
}

int sys_node(struct sys *sys, const char *path, dev_t *ret_number)
{
	return sys->ops->node ? sys->ops->node(sys, path, ret_number) : -ENOSYS;
}

int sys_claim(struct sys *sys, const char *path, dev_t number)
{
	return sys->read_only ? -EPERM : again(sys->ops->claim(sys, path, number));
}

off_t sys_size(struct sys *sys, const char *path)
{
	return sys->ops->size ? sys->ops->size(sys, path) : -ENOSYS;
}

int sys_stamp(struct sys *sys, const char *path, struct sys_stamp *ret_stamp)
{
	return sys->ops->stamp ? sys->ops->stamp(sys, path, ret_stamp) : -ENOSYS;
}

bool sys_exists(struct sys *sys, const char *path)
{
	return sys_mode(sys, path) >= 0;
}

int sys_list(struct sys *sys, const char *path,
	     int (*fn)(void *arg, const char *name), void *arg)
{
	return sys->ops->list(sys, path, fn, arg);
}

void sys_note(struct sys *sys, const char *path, const void *data, size_t size)
{
	if (sys->ops->note)
		sys->ops->note(sys, path, data, size);
}

int sys_mkdir(struct sys *sys, const char *path)
{
	return sys->read_only ? -EPERM : sys->ops->mkdir(sys, path);
}

int sys_replace(struct sys *sys, const char *path, const void *data, size_t size)
{
	return sys->read_only ? -EPERM : again(sys->ops->replace(sys, path, data, size));
}

int sys_unlink(struct sys *sys, const char *path)
{
	return sys->read_only ? -EPERM : sys->ops->unlink(sys, path);
}

int sys_lock(struct sys *sys, const char *path)
{
	/* a read-only context takes the lock without writing */
	return again(sys->ops->lock(sys, path));
}

int sys_write_start(struct sys *sys, const char *path, const void *data, size_t size,
		    pid_t *ret_pid)
{
	return sys->read_only ? -EPERM :
	       sys->ops->write_start(sys, path, data, size, ret_pid);
}

ssize_t sys_write_end(struct sys *sys, int fd)
{
	return sys->ops->write_end(sys, fd);
}

void sys_write_leave(struct sys *sys, int fd)
{
	sys->ops->write_leave(sys, fd);
}

void sys_writers_end(struct sys *sys)
{
	if (sys->ops->writers_end)
		sys->ops->writers_end(sys);
}

int sys_memfd(struct sys *sys, const char *name, const void *data, size_t size)
{
	return sys->read_only ? -EPERM : sys->ops->memfd(sys, name, data, size);
}

int sys_listen(struct sys *sys, const char *path)
{
	return sys->read_only ? -EPERM : sys->ops->listen(sys, path);
}

int sys_connect(struct sys *sys, const char *path)
{
	return again(sys->ops->connect(sys, path));
}

int sys_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid)
{
	return again(sys->ops->accept(sys, fd, ret_pid, ret_uid));
}

ssize_t sys_send(struct sys *sys, int fd, const void *buf, size_t size, const int *fds,
		 size_t n_fds)
{
	/* A request for the holder's list changes nothing; other requests may. */
	if (sys->read_only &&
	    (n_fds || size < 5 || memcmp(buf, "list ", 5) != 0))
		return -EPERM;
	return again(sys->ops->send(sys, fd, buf, size, fds, n_fds));
}

ssize_t sys_recv(struct sys *sys, int fd, void *buf, size_t size, int *fds,
		 size_t *n_fds)
{
	return again(sys->ops->recv(sys, fd, buf, size, fds, n_fds));
}

int sys_wait(struct sys *sys, const int *fds, size_t nfds, int msec)
{
	return again(sys->ops->wait(sys, fds, nfds, msec));
}

int sys_pipe(struct sys *sys, int ret_ends[2])
{
	return sys->ops->pipe(sys, ret_ends);
}

int sys_notify_socket(struct sys *sys)
{
	if (sys->read_only)
		return -EPERM;
	return sys->ops->notify_socket ? sys->ops->notify_socket(sys) : -ENOENT;
}

int sys_journal(struct sys *sys, int priority, const char *const *fields, size_t n)
{
	if (sys->read_only)
		return -EPERM;
	return sys->ops->journal ? again(sys->ops->journal(sys, priority, fields, n)) : -ENOSYS;
}

int sys_spawn(struct sys *sys, const char *file, char *const argv[],
	      enum sys_spawn how, char *text, size_t text_size)
{
	size_t len;
	int ret;

	if (sys->read_only)
		return -EPERM;
	ret = sys->ops->spawn(sys, file, argv, how, text, text_size);
	/* the text becomes part of a sentence */
	len = text ? strlen(text) : 0;
	while (len && strchr(" \n", text[len - 1]))
		text[--len] = '\0';
	return ret;
}

int sys_sync(struct sys *sys)
{
	if (sys->read_only)
		return -EPERM;
	if (!sys->ops->sync)
		return -ENOSYS;
	sys->ops->sync(sys);
	return 0;
}

int sys_load_module(struct sys *sys, const char *name)
{
	return sys->read_only ? -EPERM : again(sys->ops->load_module(sys, name));
}

int sys_reap(struct sys *sys, pid_t pid)
{
	return sys->ops->reap(sys, pid);
}

int sys_start(struct sys *sys, const char *path, char *const argv[], const int *fds, size_t n)
{
	if (sys->read_only)
		return -EPERM;
	return sys->ops->start ? sys->ops->start(sys, path, argv, fds, n) : -ENOSYS;
}

int sys_end(struct sys *sys, pid_t pid)
{
	return sys->ops->end ? sys->ops->end(sys, pid) : -ENOSYS;
}

int sys_take(struct sys *sys, pid_t pid, int fd)
{
	if (sys->read_only)
		return -EPERM;
	return sys->ops->take ? sys->ops->take(sys, pid, fd) : -ENOSYS;
}

int sys_pass(struct sys *sys, const int *fds, size_t n)
{
	if (sys->read_only)
		return -EPERM;
	return sys->ops->pass ? sys->ops->pass(sys, fds, n) : -ENOSYS;
}

uid_t sys_euid(struct sys *sys)
{
	return sys->ops->euid(sys);
}

void sys_now(struct sys *sys, struct sys_time *ret_now)
{
	*ret_now = (struct sys_time){ -1, -1, -1 };
	if (sys->ops->now)
		sys->ops->now(sys, ret_now);
}

void sys_together(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg)
{
	if (n > 1 && sys->ops->together)
		sys->ops->together(sys, n, fn, arg);
	else
		fn(arg);
}

int sys_max_files(struct sys *sys)
{
	return sys->ops->max_files ? sys->ops->max_files(sys) : -ENOSYS;
}

int sys_harden(struct sys *sys)
{
	return sys->ops->harden ? sys->ops->harden(sys) : -ENOSYS;
}

int sys_follow(struct sys *sys, int dir)
{
	return sys->ops->follow ? sys->ops->follow(sys, dir) : -ENOSYS;
}
