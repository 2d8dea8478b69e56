/* SPDX-License-Identifier: GPL-2.0-only */
/* A running VMM and the device files that it has open. */
#ifndef VLU_SESSION_VMM_H
#define VLU_SESSION_VMM_H

#include "machine/processes.h"

#define VMM_COMMAND	4096	/* most bytes of its command line */

struct vmm {
	struct vlu_ctx *ctx;
	pid_t pid;
	char who[48];	/* "process PID (COMM)", for messages */
	char command[VMM_COMMAND]; /* quoted for a shell, cut if too long; "": none */
	struct procs *files;
};

/* Reads a process. Fails if it does not exist. */
int vmm_read(struct vlu_ctx *ctx, pid_t pid, struct vmm **ret_vmm) must_check;
void vmm_free(struct vmm *vmm);
/*
 * Finds the VMM's file of a device. Fails if the VMM has none, or has opened the device through
 * the legacy group: the kernel cannot preserve such a file.
 */
int vmm_device(const struct vmm *vmm, struct vlu_bdf bdf, const struct proc_file **ret_file)
	must_check;
/* Fails and reports that the VMM has no device open. */
int vmm_idle(const struct vmm *vmm) must_check;
/* Duplicates the VMM's file with the number fd. name: the name of the file in failures. */
int vmm_take(const struct vmm *vmm, int fd, const char *name, int *ret_fd) must_check;
/* Duplicates a device's file, and checks that the duplicate belongs to that device. */
int vmm_take_device(const struct vmm *vmm, struct vlu_bdf bdf, int *ret_fd) must_check;
/* Quotes the words of /proc/PID/cmdline. Declared for tests. */
void vmm_quote(const char *words, size_t size, char buf[VMM_COMMAND]);

#endif
