/* SPDX-License-Identifier: GPL-2.0-only */
/* A virtual machine of the tests, from power on to its end. */
#ifndef TESTS_VM_MACHINE_H
#define TESTS_VM_MACHINE_H

#include <regex.h>

#include "rehearse/console.h"

#define PHASES		32

struct phase {
	bool ended;
	unsigned int passed, failed, skipped;
	char failure[300];	/* the first */
};

struct machine {
	const char *kernel, *initrd, *words, *dir, *devices, *expect;
	unsigned int phases, seconds, verbose;
	char *const *more;

	struct console console;
	struct shown {
		bool goes_on, show;	/* the current line */
	} shown[2];
	regex_t expected;
	bool excused;		/* the trace of an expected fault is still to come */
	unsigned int kernels;
	unsigned int phase;	/* the phase that began last, 0: none */
	char started[4 * PHASES];	/* "1 2 " */
	struct phase phase_of[PHASES + 1];
	char fault[300], failure[300], qemu[600];
	const char *ending;
	long long began, cpu;
	unsigned int still;
	bool timed_out;
	char lost[80];
};

/* Takes the line that the console has read. */
void take_line(struct machine *m);
/*
 * Writes "result", and returns 0 if all checks passed. status is the exit status of QEMU. A lost
 * machine proves nothing, unless a check had failed before.
 */
int tell(const struct machine *m, int status);

#endif
