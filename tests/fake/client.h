/* SPDX-License-Identifier: GPL-2.0-only */
/* The boundary ops of a process on the fake machine, and one raw call. */
#ifndef FAKE_CLIENT_H
#define FAKE_CLIENT_H

#include "sys/sys.h"
#include "wire.h"

/*
 * Makes this process one of the machine in dir: opens the way to its kernel.
 * 0 or a negative errno.
 */
int fake_join(const char *dir);

/* One call. data holds up to WIRE_MAX bytes and is replaced by the answer's. */
int fake_call(struct wire_call *call, void *data, size_t data_size, int pass_fd,
	      int *ret_fd);

/* A line of the machine file (kernel.c). */
int fake_control(const char *line);

/* Called when the machine went away under this process; FAKE_JUMPED, ... */
extern void (*fake_at_end)(int how);

/* The path with which fd was opened here, "" when it came from elsewhere. */
const char *fake_path(int fd);

/* Complete once fake_join() was called. */
extern struct sys_ops fake_ops;

#endif
