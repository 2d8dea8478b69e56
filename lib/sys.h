/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel boundary: everything this library asks of the machine goes
 * through one vector of operations.
 *
 * Paths are absolute and resolved below root_fd, so that "/" and a captured
 * tree are read by the same code. Every call returns a value >= 0 or a
 * negative errno.
 */
#ifndef VLU_SYS_H
#define VLU_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct recorder;
struct sys;
struct writers;

/* How a child process is run; see sys_ops.spawn. */
enum sys_spawn {
	SYS_SPAWN_WAIT,		/* wait for it, return its exit status */
	SYS_SPAWN_DETACH,	/* own session, no stdio, return its pid */
	/*
	 * It begins when we have executed another program, on our stderr and
	 * as nobody's child; return a pipe: a byte written to it and it never
	 * begins.
	 */
	SYS_SPAWN_BESIDE,
};

/* Files that one packet carries: fewer than SCM_MAX_FD, include/net/scm.h */
#define SYS_FILES	128
/* That wait in the kernel at the same time, at most. */
#define SYS_THREADS	64

struct sys_ops {
	/* flags as for open(2); O_CLOEXEC is added, mode is 0600 */
	int (*open)(struct sys *sys, const char *path, int flags);
	ssize_t (*read)(struct sys *sys, int fd, void *buf, size_t size);
	ssize_t (*pread)(struct sys *sys, int fd, void *buf, size_t size,
			 off_t offset);
	ssize_t (*write)(struct sys *sys, int fd, const void *buf, size_t size);
	int (*close)(struct sys *sys, int fd);
	int (*ioctl)(struct sys *sys, int fd, unsigned long request, void *arg);
	/* NUL-terminated; -ENAMETOOLONG when it does not fit */
	ssize_t (*readlink)(struct sys *sys, const char *path, char *buf,
			    size_t size);
	/* the st_mode of what the path leads to */
	int (*mode)(struct sys *sys, const char *path);
	/* the size in bytes of the file that the path leads to */
	off_t (*size)(struct sys *sys, const char *path);
	/* entries but "." and "..", unsorted, until fn returns non-zero */
	int (*list)(struct sys *sys, const char *path,
		    int (*fn)(void *arg, const char *name), void *arg);

	/*
	 * Our own files: a directory (0700), a file replaced in one step (to
	 * be read by those who may list its directory)
	 */
	int (*mkdir)(struct sys *sys, const char *path);
	int (*replace)(struct sys *sys, const char *path, const void *data,
		       size_t size);
	int (*unlink)(struct sys *sys, const char *path);
	/* an exclusive flock; -EWOULDBLOCK when somebody else has it */
	int (*lock)(struct sys *sys, const char *path);
	/*
	 * One write of data to the file at path by a child, which waits in our
	 * place where the kernel lets no signal through: a descriptor that can
	 * be read when it is done, and the child's pid.
	 */
	int (*write_start)(struct sys *sys, const char *path, const void *data,
			   size_t size, pid_t *ret_pid);
	/* Waits for it: what write(2) said, or why it came to none. */
	ssize_t (*write_end)(struct sys *sys, int fd);
	/* Or waits no more: the child ends when its write does, if it does. */
	void (*write_leave)(struct sys *sys, int fd);
	/* a sealed memfd with this content */
	int (*memfd)(struct sys *sys, const char *name, const void *data,
		     size_t size);

	/* Unix sockets that carry packets, and up to SYS_FILES files with each */
	int (*listen)(struct sys *sys, const char *path);
	/* -EAGAIN: the listener has no room just now */
	int (*connect)(struct sys *sys, const char *path);
	int (*accept)(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid);
	ssize_t (*send)(struct sys *sys, int fd, const void *buf, size_t size,
			const int *fds, size_t n_fds);
	/* those that came, at most *n_fds: more than that and none is kept */
	ssize_t (*recv)(struct sys *sys, int fd, void *buf, size_t size, int *fds,
			size_t *n_fds);
	/* wait until fds[i] can be read: its index, or -ETIMEDOUT */
	int (*wait)(struct sys *sys, const int *fds, size_t nfds, int msec);

	/*
	 * argv[0] is what the child sees, file is what is executed, a path or
	 * a name. What the child says on stderr goes to text.
	 */
	int (*spawn)(struct sys *sys, const char *file, char *const argv[],
		     enum sys_spawn how, char *text, size_t text_size);
	/* what is written to files, onto the disks */
	void (*sync)(struct sys *sys);
	int (*load_module)(struct sys *sys, const char *name);
	/* the exit status of a detached child, -EAGAIN while it runs */
	int (*reap)(struct sys *sys, pid_t pid);
	/* a duplicate of what another process, or this one, has open as fd */
	int (*take)(struct sys *sys, pid_t pid, int fd);
	/*
	 * Before exec: fds become 3, 4, ... and stay open in the program, all
	 * others from 3 on do not. fds may not be used after a failure.
	 */
	int (*pass)(struct sys *sys, const int *fds, size_t n);
	uid_t (*euid)(struct sys *sys);
	/*
	 * fn(arg) n times at once, fewer where threads are short; NULL: only
	 * ever once, and what was asked can be told in order.
	 */
	void (*together)(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg);

	/* Both may be NULL. This process, from here on: */
	/* as many files as it may have open: that number */
	int (*max_files)(struct sys *sys);
	/* kept in memory, and not ended by a terminal or a stray SIGTERM */
	int (*harden)(struct sys *sys);
};

struct sys {
	const struct sys_ops *ops;
	int root_fd;
	int near_fd;		/* -1: none; see sys_near() */
	char near[64];		/* "/sys/bus/pci/devices/0000:01:00.0/" */
	size_t near_size;
	/*
	 * Set for list, check, status and inspect: nothing that could change
	 * the machine gets past this file, whatever the caller asks.
	 */
	bool read_only;
	bool root_is_slash;
	struct recorder *recorder;	/* record.h; NULL: nothing is copied */
	struct writers *writers;	/* children that write, sys-writers.c */
};

extern const struct sys_ops sys_real_ops;

int sys_init(struct sys *sys, const struct sys_ops *ops, const char *root);
void sys_exit(struct sys *sys);

/*
 * Many of the next paths will begin with this directory: it is looked up once
 * instead of each time. NULL: no more. Nothing else changes by it.
 */
void sys_near(struct sys *sys, const char *dir);

/* The same machine for another thread, near nothing; sys_near(NULL) ends it. */
void sys_view(const struct sys *sys, struct sys *ret_view);

/* The gate. Everybody calls these, never ops directly. -EINTR does not pass it. */
int sys_open(struct sys *sys, const char *path, int flags);
ssize_t sys_read(struct sys *sys, int fd, void *buf, size_t size);
ssize_t sys_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset);
ssize_t sys_write(struct sys *sys, int fd, const void *buf, size_t size);
int sys_close(struct sys *sys, int fd);
int sys_ioctl(struct sys *sys, int fd, unsigned long request, void *arg);
ssize_t sys_readlink(struct sys *sys, const char *path, char *buf, size_t size);
int sys_mode(struct sys *sys, const char *path);
off_t sys_size(struct sys *sys, const char *path);
bool sys_exists(struct sys *sys, const char *path);
int sys_list(struct sys *sys, const char *path,
	     int (*fn)(void *arg, const char *name), void *arg);
int sys_mkdir(struct sys *sys, const char *path);
int sys_replace(struct sys *sys, const char *path, const void *data, size_t size);
int sys_unlink(struct sys *sys, const char *path);
int sys_lock(struct sys *sys, const char *path);
int sys_write_start(struct sys *sys, const char *path, const void *data, size_t size,
		    pid_t *ret_pid);
ssize_t sys_write_end(struct sys *sys, int fd);
void sys_write_leave(struct sys *sys, int fd);
/* The children that wait for another write end. */
void sys_writers_end(struct sys *sys);
int sys_memfd(struct sys *sys, const char *name, const void *data, size_t size);
int sys_listen(struct sys *sys, const char *path);
int sys_connect(struct sys *sys, const char *path);
int sys_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid);
ssize_t sys_send(struct sys *sys, int fd, const void *buf, size_t size, const int *fds,
		 size_t n_fds);
ssize_t sys_recv(struct sys *sys, int fd, void *buf, size_t size, int *fds,
		 size_t *n_fds);
int sys_wait(struct sys *sys, const int *fds, size_t nfds, int msec);
int sys_spawn(struct sys *sys, const char *file, char *const argv[],
	      enum sys_spawn how, char *text, size_t text_size);
int sys_sync(struct sys *sys);
int sys_load_module(struct sys *sys, const char *name);
int sys_reap(struct sys *sys, pid_t pid);
int sys_take(struct sys *sys, pid_t pid, int fd);
int sys_pass(struct sys *sys, const int *fds, size_t n);
uid_t sys_euid(struct sys *sys);
/*
 * fn(arg) in up to n threads, at least one, each of which does of the work what
 * no other has begun: it may call the kernel, but nothing that keeps a state.
 */
void sys_together(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg);
int sys_max_files(struct sys *sys);
int sys_harden(struct sys *sys);

#endif
