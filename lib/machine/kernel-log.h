/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages about live updates in the kernel log. */
#ifndef VLU_MACHINE_KERNEL_LOG_H
#define VLU_MACHINE_KERNEL_LOG_H

#include "base/pool.h"

#define KLOG_LINES	64

struct klog {
	struct pool pool;	/* owns all strings and arrays */
	int error;		/* errno of the reading, or 0 */
	bool whole;		/* the first line has not been overwritten */
	int64_t liveupdate_number;	/* "luo: Retrieved ..."; -1: not in the log */
	int64_t kexec_count;		/* "KHO: exec from ..."; -1: not in the log */
	char previous_release[65];	/* "": not in the log */
	size_t n_incoming;
	struct vlu_bdf *incoming;	/* preserved, not finished */
	size_t n_finished;
	struct vlu_bdf *finished;	/* preserved, and finished under this kernel */
	size_t n_leaked;
	char (*leaked)[64];	/* sessions that were closed before finish */
	size_t n_outgoing;
	struct vlu_bdf *outgoing;	/* preserved for the next kernel */
	int64_t init_started;		/* microseconds since the kernel started; -1: not in the log */
	/* /dev/liveupdate was opened before vfio-pci was loaded; "": not in the log */
	char no_handler[160];
	/* The kernel recognized no list of preserved PCI devices. */
	bool no_list;
	/* The newest line about a device that could not be frozen, with the reason. */
	char freeze[256];
	unsigned int n_freezes;	/* number of these lines */
	/* The last lines of KHO, LUO and PCI about the handover, oldest first. */
	size_t n_lines;
	char *lines[KLOG_LINES];
};

/* Reads the log once per look. Returns NULL only when out of memory. */
const struct klog *klog_get(struct vlu_ctx *ctx);
/* Did the previous kernel preserve the device, and is its session not finished? */
enum vlu_known klog_is_incoming(struct vlu_ctx *ctx, struct vlu_bdf bdf);
/* Is the device in a session for the next kernel? */
enum vlu_known klog_is_outgoing(struct vlu_ctx *ctx, struct vlu_bdf bdf);

/* Was this session retrieved and then closed before it was finished? */
bool klog_is_leaked(struct vlu_ctx *ctx, const char *session);
/* Was /dev/liveupdate opened before vfio-pci could take its devices from the handover? */
bool klog_has_early_open(struct vlu_ctx *ctx);
/* Did the kernel report that it recognizes no list of PCI devices in the handover? */
bool klog_has_no_list(struct vlu_ctx *ctx);
/* Did the previous kernel preserve the device, and is its session finished now? */
bool klog_is_finished(struct vlu_ctx *ctx, struct vlu_bdf bdf);

/* Reads a saved log, in the format of /dev/kmsg or of dmesg. */
int klog_read(struct vlu_ctx *ctx, const char *path, struct klog **ret_log) must_check;
/* For tests: parses text of either format. */
struct klog *klog_parse(const char *text, size_t size);

#endif
