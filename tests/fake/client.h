/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of the kernel boundary for a process on the fake machine, and one raw call. */
#ifndef FAKE_CLIENT_H
#define FAKE_CLIENT_H

#include "sys/sys.h"
#include "wire.h"

/*
 * Adds this process to the machine in dir and connects to its kernel. Returns 0 or a
 * negative errno.
 */
int fake_join(const char *dir);

/* Makes one call. data has up to WIRE_MAX bytes, and the answer replaces them. */
int fake_call(struct wire_call *call, void *data, size_t data_size, int pass_fd,
	      int *ret_fd);

/* A line of the machine file (kernel.c). */
int fake_control(const char *line);

/* Called when the machine has ended while this process runs; FAKE_JUMPED, ... */
extern void (*fake_at_end)(int how);

/* Returns the path with which fd was opened here, "" if it was received. */
const char *fake_path(int fd);

/* Complete once fake_join() was called. */
extern struct sys_ops fake_ops;

#endif
