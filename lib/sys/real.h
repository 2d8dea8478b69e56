/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of sys_real_ops, for which sys.h is the manual. */
#ifndef VLU_SYS_REAL_H
#define VLU_SYS_REAL_H

#include "sys.h"

/* write_start with a file that the child keeps open (-1: none). */
int writer_start(struct sys *sys, int keep, const char *path, const void *data,
		 size_t size, pid_t *ret_pid);
/* Opens the directory of path. *ret_name points to the last component of path. */
int real_open_parent(struct sys *sys, const char *path, const char **ret_name);
int real_open(struct sys *sys, const char *path, int flags);
ssize_t real_read(struct sys *sys, int fd, void *buf, size_t size);
ssize_t real_pread(struct sys *sys, int fd, void *buf, size_t size,
			  off_t offset);
ssize_t real_write(struct sys *sys, int fd, const void *buf, size_t size);
int real_close(struct sys *sys, int fd);
int real_ioctl(struct sys *sys, int fd, unsigned long request, void *arg);
ssize_t real_readlink(struct sys *sys, const char *path, char *buf,
			     size_t size);
int real_mode(struct sys *sys, const char *path);
int real_node(struct sys *sys, const char *path, dev_t *ret_number);
int real_claim(struct sys *sys, const char *path, dev_t number);
off_t real_size(struct sys *sys, const char *path);
int real_stamp(struct sys *sys, const char *path, struct sys_stamp *ret_stamp);
int real_list(struct sys *sys, const char *path,
		     int (*fn)(void *arg, const char *name), void *arg);
int real_mkdir(struct sys *sys, const char *path);
int real_replace(struct sys *sys, const char *path, const void *data,
			size_t size);
int real_unlink(struct sys *sys, const char *path);
int real_lock(struct sys *sys, const char *path);
int real_write_start(struct sys *sys, const char *path, const void *data,
			    size_t size, pid_t *ret_pid);
ssize_t real_write_end(struct sys *sys, int fd);
void real_write_leave(struct sys *sys, int fd);
void real_writers_end(struct sys *sys);
int real_memfd(struct sys *sys, const char *name, const void *data,
		      size_t size);
int real_listen(struct sys *sys, const char *path);
int real_connect(struct sys *sys, const char *path);
int real_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid);
ssize_t real_send(struct sys *sys, int fd, const void *buf, size_t size, const int *fds,
		  size_t n_fds);
ssize_t real_recv(struct sys *sys, int fd, void *buf, size_t size, int *fds, size_t *n_fds);
int real_wait(struct sys *sys, const int *fds, size_t nfds, int msec);
int real_pipe(struct sys *sys, int ret_ends[2]);
int real_notify_socket(struct sys *sys);
int real_journal(struct sys *sys, int priority, const char *const *fields, size_t n);
int real_spawn(struct sys *sys, const char *file, char *const argv[],
		      enum sys_spawn how, char *text, size_t text_size);
int real_reap(struct sys *sys, pid_t pid);
/* real-children.c */
int real_start(struct sys *sys, const char *path, char *const argv[], const int *fds,
	       size_t n);
int real_end(struct sys *sys, pid_t pid);
int real_take(struct sys *sys, pid_t pid, int fd);
int real_pass(struct sys *sys, const int *fds, size_t n);
void real_sync(struct sys *sys);
void real_now(struct sys *sys, struct sys_time *ret_now);
int real_load_module(struct sys *sys, const char *name);
uid_t real_euid(struct sys *sys);
void real_together(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg);
int real_max_files(struct sys *sys);
int real_harden(struct sys *sys);
int real_follow(struct sys *sys, int dir);

#endif
