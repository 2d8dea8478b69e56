/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory in an ELF core file, which is /proc/kcore. Program headers map physical addresses
 * to the file; the kernel's own mapping does not matter. Only the requested addresses are read.
 */
#ifndef VLU_INSPECT_ELF_CORE_H
#define VLU_INSPECT_ELF_CORE_H

#include "abi/blob.h"

struct core_load {
	uint64_t address;	/* physical */
	uint64_t size;
	uint64_t offset;	/* in the file */
};

struct core {
	struct sys *sys;
	int fd;
	size_t n;
	struct core_load *loads;
};

/* Returns -EBADMSG, with a constant text in *ret_why, if the file is not a core file of memory. */
int core_open(struct sys *sys, const char *path, struct core *ret,
	      const char **ret_why) must_check;
void core_close(struct core *core);

/* A memory.read function, arg is the core. Returns -ENXIO for memory that is not in the core. */
int core_read(void *arg, uint64_t address, void *buf, size_t size);

#endif
