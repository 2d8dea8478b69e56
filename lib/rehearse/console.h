/* SPDX-License-Identifier: GPL-2.0-only */
/* The two serial ports of a virtual machine: the kernel log, and the output of its steps. */
#ifndef VLU_REHEARSE_CONSOLE_H
#define VLU_REHEARSE_CONSOLE_H

#include "rehearse/guest.h"

#define LINE_MAX_SIZE	1024	/* longer lines come in pieces */

struct stream {
	int fd;			/* -1: at its end */
	size_t used;
	char buf[LINE_MAX_SIZE];
};

struct console {
	struct vlu_ctx *ctx;
	int log;		/* the file to which all lines are written, -1: none */
	const char *log_path;
	int pid;
	int in, in_end;		/* both ends of the pipe, so that a write raises no SIGPIPE */
	struct stream kernel, says;
	bool from_init;		/* line is from the second port */
	bool goes_on;		/* line is a piece, and more follows */
	char line[LINE_MAX_SIZE];
	/* text of the kernel log, without times; console_calm() clears the first four */
	char fault[200];	/* the first line about damage */
	char where[100];	/* the kernel function of the fault */
	char panic[100];
	char refusal[200];	/* the first refusal of live update */
	char last[200];
	char ended[200];	/* the message of a QEMU that a signal ended */
	int status;		/* of QEMU, as console_close() returned it */
};

void console_init(struct console *c, struct vlu_ctx *ctx, int log, const char *log_path);
/*
 * Starts a machine. image becomes file descriptor QEMU_FILES of QEMU; -1: none. Call
 * console_close() even after a failure.
 */
int console_start(struct console *c, const char *qemu, struct words *words, int image) must_check;
/* Returns the exit status of QEMU, or 128 + signal. */
int console_close(struct console *c);
/*
 * Reads the next line into c->line. Returns -ETIMEDOUT after the deadline, -EPIPE when the machine
 * has ended, -EINTR if vlu_set_stop()'s function asks to stop, or the error of writing the log.
 */
int console_next(struct console *c, long long deadline) must_check;
/* What the absence of an answer says about the kernel. */
enum silence {
	SILENCE_OTHER,	/* nothing: a timeout, or another process ended QEMU */
	SILENCE_RESET,	/* the machine was reset: by the kernel, or by an error of QEMU */
	SILENCE_PANIC,
};

/*
 * Closes the console when no answer came, and describes the reason in buf. ret is the result of
 * console_next(), -ETIMEDOUT or -EPIPE; or 0 if the caller closes the console for another reason.
 * The caller then ignores buf.
 */
enum silence console_silence(struct console *c, int ret, char *buf, size_t size) must_check;
void console_type(struct console *c, const char *text);
/* Returns a line of the kernel log without its time. */
const char *without_time(const char *line);
/* Does the line report damage? */
bool is_fault(const char *line);
/* Forgets the fault, its place, the panic and the refusal so far. */
void console_calm(struct console *c);
/* Describes the damage that the kernel reported, or returns "". */
const char *console_trouble(struct console *c, char *buf, size_t size);

#endif
