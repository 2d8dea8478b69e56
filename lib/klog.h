/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel log says about live updates. */
#ifndef VLU_KLOG_H
#define VLU_KLOG_H

#include "private.h"

#define KLOG_LINES	64

struct klog {
	int error;		/* the log could not be read: a negative errno */
	bool whole;		/* its first line is still there */
	int64_t liveupdate_number;	/* "luo: Retrieved ...", -1: not said */
	int64_t kexec_count;		/* "KHO: exec from ...", -1: not said */
	char previous_release[65];	/* "": not said */
	size_t n_incoming;
	struct vlu_bdf *incoming;	/* preserved and not finished, in order */
	size_t n_finished;
	struct vlu_bdf *finished;	/* preserved, and finished under this kernel */
	size_t n_leaked;
	char (*leaked)[64];	/* sessions that were closed and not finished */
	size_t n_outgoing;
	struct vlu_bdf *outgoing;	/* preserved for the next kernel */
	/* An open of /dev/liveupdate came before vfio-pci; "": not said */
	char no_handler[160];
	/* The newest line that says why a device refused to be frozen */
	char freeze[256];
	unsigned int n_freezes;	/* how many such lines there are */
	/* What KHO and LUO said for themselves: the last ones, in order */
	size_t n_lines;
	char *lines[KLOG_LINES];
};

/* Read once a context. NULL only when memory is short. */
const struct klog *klog_get(struct vlu_ctx *ctx);
/* Forget it, so that the next klog_get() sees what was said since. */
void klog_drop(struct vlu_ctx *ctx);
void klog_free(struct klog *log);
enum vlu_known klog_incoming(struct vlu_ctx *ctx, struct vlu_bdf bdf);
/* Is it in some session for the next kernel? */
enum vlu_known klog_outgoing(struct vlu_ctx *ctx, struct vlu_bdf bdf);

/* Was this session retrieved, and closed before it was finished? */
bool klog_leaked(struct vlu_ctx *ctx, const char *session);
/* Was /dev/liveupdate opened before vfio-pci could take what came over? */
bool klog_shut(struct vlu_ctx *ctx);
bool klog_finished(struct vlu_ctx *ctx, struct vlu_bdf bdf);

/* A log that was saved: as /dev/kmsg gives it, or as dmesg prints it. */
int klog_read(struct vlu_ctx *ctx, const char *path, struct klog **ret_log) must_check;
/* For tests: the text of either. */
struct klog *klog_parse(const char *text, size_t size);

#endif
