/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The protocol between client.c and the fake kernel.
 *
 * A fake file is one end of a socket pair; the kernel has the other end. So
 * fork, exec, dup, SCM_RIGHTS and SIGKILL affect it as they affect a real
 * file, and the kernel notices when the last copy is closed. No data is sent
 * over it. Each call has a connection of its own, with one packet in each
 * direction. So two processes can use one file at once, and a call that
 * blocks does not block others.
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
	WIRE_REFRESH,	/* update /proc/PID/fd */
	WIRE_CONTROL,	/* data: a line of the machine file */
	WIRE_STATE,	/* answer: the state of the machine, as text */
};

struct wire_call {
	uint32_t op;
	uint32_t flags;		/* of open() */
	uint64_t file;		/* st_ino of the client's end */
	uint64_t request;
	uint64_t offset;
	uint32_t size;		/* size of the data; for WIRE_READ, of the wanted answer */
	uint32_t null;		/* the ioctl's argument was NULL */
};

struct wire_answer {
	int32_t ret;		/* result of the system call: >= 0 or a negative errno */
	uint32_t size;		/* of the data */
};

/* Not an errno: the file does not belong to the fake kernel. */
#define WIRE_NOT_MINE	(-5000)

/*
 * The exit status of a process whose machine has ended. On a real machine, no caller
 * would see it.
 */
#define FAKE_JUMPED	90	/* a kexec: the next phase can begin */
#define FAKE_REBOOTED	91	/* through the firmware: everything is lost */
#define FAKE_HUNG	92	/* for ever, in device_shutdown() */
#define WIRE_END	1000	/* added to it in wire_answer.ret */

#endif
