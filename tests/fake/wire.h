/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tool's side of the fake (client.c) and the fake kernel say to each
 * other.
 *
 * A fake file is one end of a socketpair whose other end the kernel keeps:
 * fork, exec, dup, SCM_RIGHTS and SIGKILL do to it what they do to a real
 * file, and the kernel sees the end of the last copy as the release of the
 * struct file. Nothing is ever sent over it. A call is a connection of its
 * own: one packet there, one back; so two processes may use one file at once,
 * and a call that blocks blocks nobody else.
 */
#ifndef FAKE_WIRE_H
#define FAKE_WIRE_H

#include <stdint.h>

#define WIRE_SOCKET	"kernel"	/* in the directory of the machine */
#define WIRE_MAX	32768		/* bytes that follow a header */

enum wire_op {
	WIRE_PROC,	/* "I am a process of this machine" */
	WIRE_OPEN,	/* data: the path */
	WIRE_IOCTL,	/* data: the struct; the fd in it comes by SCM_RIGHTS */
	WIRE_WRITE,
	WIRE_READ,	/* at .offset, .size bytes */
	WIRE_SPAWN,	/* data: the arguments, each with its NUL */
	WIRE_MODULE,	/* data: the name */
	WIRE_REFRESH,	/* make /proc/PID/fd right */
	WIRE_CONTROL,	/* data: a line of the machine file */
	WIRE_STATE,	/* answer: all that the machine is, as text */
};

struct wire_call {
	uint32_t op;
	uint32_t flags;		/* of open() */
	uint64_t file;		/* st_ino of the client's end */
	uint64_t request;
	uint64_t offset;
	uint32_t size;		/* of the data; of the answer wanted for WIRE_READ */
	uint32_t null;		/* the ioctl's argument was NULL */
};

struct wire_answer {
	int32_t ret;		/* as the system call: >= 0 or a negative errno */
	uint32_t size;		/* of the data */
};

/* Not an errno: the file is none of the kernel's. */
#define WIRE_NOT_MINE	(-5000)

/*
 * The exit status of a process in which the machine went away under it: what
 * a caller on a real machine could never see.
 */
#define FAKE_JUMPED	90	/* a kexec: the next phase can begin */
#define FAKE_REBOOTED	91	/* through the firmware: everything is lost */
#define FAKE_HUNG	92	/* for ever, in device_shutdown() */
#define WIRE_END	1000	/* added to it in wire_answer.ret */

#endif
