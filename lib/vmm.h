/* SPDX-License-Identifier: GPL-2.0-only */
/* A running VMM, as seen from outside: the device files that it has open. */
#ifndef VLU_VMM_H
#define VLU_VMM_H

#include "procs.h"

#define VMM_COMMAND	4096	/* bytes of its command line that are kept */

struct vmm {
	pid_t pid;
	char comm[16];
	struct procs *files;
};

/* Fails for a process that is not there. */
int vmm_read(struct vlu_ctx *ctx, pid_t pid, struct vmm *ret_vmm) must_check;
void vmm_free(struct vmm *vmm);
/*
 * Its file of the device. Fails when it has none, and when it has it by the
 * legacy group, of which the kernel preserves nothing.
 */
int vmm_device(struct vlu_ctx *ctx, const struct vmm *vmm, struct vlu_bdf bdf,
	       const struct proc_file **ret_file) must_check;
/* A duplicate of what it has open as fd; what is said of it is in what. */
int vmm_take(struct vlu_ctx *ctx, const struct vmm *vmm, int fd, const char *what,
	     int *ret_fd) must_check;
/* The same of a device, seen to be that device's. */
int vmm_take_device(struct vlu_ctx *ctx, const struct vmm *vmm, struct vlu_bdf bdf,
		    int *ret_fd) must_check;
/* Its command line as a shell would take it, cut if need be; "": it has none. */
void vmm_command(struct vlu_ctx *ctx, pid_t pid, char buf[VMM_COMMAND]);

/* For tests: the words of /proc/PID/cmdline. */
void vmm_quote(const char *words, size_t size, char buf[VMM_COMMAND]);

#endif
