/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory in an ELF core file: /proc/kcore, or a crash dump. Where a
 * physical address is in the file is what its program headers say; where the
 * kernel has it mapped does not matter. Read at the addresses asked for and
 * nowhere else.
 */
#ifndef VLU_CORE_H
#define VLU_CORE_H

#include "blob.h"

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

/* -EBADMSG with why (a constant): it can be read and is no core of memory. */
int core_open(struct sys *sys, const char *path, struct core *ret,
	      const char **ret_why) must_check;
void core_close(struct core *core);

/* As memory.read; arg is the core. -ENXIO: it does not have that memory. */
int core_read(void *arg, uint64_t address, void *buf, size_t size);

/*
 * Calls fn with piece after piece of all the memory, until it returns non-zero;
 * data is only lent. For dumps: all of the file is read for it.
 */
#define CORE_PIECE	65536

int core_each(struct core *core,
	      int (*fn)(void *arg, uint64_t address, const unsigned char *data, size_t size),
	      void *arg) must_check;

#endif
