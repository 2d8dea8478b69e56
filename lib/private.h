/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the library share; never included from outside lib/. */
#ifndef VLU_PRIVATE_H
#define VLU_PRIVATE_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys.h"
#include "vfio-lu.h"

#define RUN_DIR		"/run/vfio-lu"
#define STATE_DIR	"/var/lib/vfio-lu"

/* What the name of a session is made of; it does not begin with a dot. */
#define SESSION_BYTES	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@:-"

struct inuse;
struct irqs;
struct keeper;
struct klog;
struct names;
struct pcicaps;
struct procs;

struct vlu_ctx {
	struct sys sys;
	unsigned int timeout;	/* seconds */
	char *holder;		/* the program, NULL: the installed vfio-lu */
	vlu_log_fn log;
	void *log_arg;
	enum vlu_status status;
	char error[1024];

	struct vlu_device **devices;
	size_t n_devices, devices_room;
	size_t n_sorted;	/* of them, by address: all that a bus listing gave */
	struct klog *klog;	/* read once, klog.c */
	struct inuse *inuse;	/* these too, until inuse_drop() */
	struct irqs *irqs;
	struct keeper *keeper;
	struct pcicaps *pcicaps;
	struct procs *procs;
	pid_t vmm;		/* whose devices are being preserved, 0: nobody's; vmm.c */
	struct names *names;	/* opened once, names.c */
	bool kho_boot_read;
	enum vlu_known kho_boot;	/* host_kho_boot() */
	int lock_fd;		/* of RUN_DIR/lock, -1: not taken */
	unsigned int lock_depth;
	unsigned int plan_depth;	/* plans that run, one inside the other */
};

#define must_check __attribute__((warn_unused_result))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ __attribute__((cleanup(free_ptr)))

/*
 * The one way a function reports failure: text and class are kept in the
 * context, err comes back.
 */
int vlu_fail(struct vlu_ctx *ctx, enum vlu_status status, int err,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int vlu_nomem(struct vlu_ctx *ctx);
void vlu_log(struct vlu_ctx *ctx, enum vlu_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One changing command at a time: RUN_DIR/lock. Nests. */
int vlu_lock(struct vlu_ctx *ctx) must_check;
void vlu_unlock(struct vlu_ctx *ctx);

/* Milliseconds, monotonic: for deadlines. */
long long vlu_now(void);
void vlu_sleep(unsigned int msec);

#endif
