/* SPDX-License-Identifier: GPL-2.0-only */
/* The context, and helpers for all files of the library. Outside lib/, only tests include this. */
#ifndef VLU_BASE_CTX_H
#define VLU_BASE_CTX_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/progress.h"
#include "sys/sys.h"
#include "vfio-lu.h"

#define RUN_DIR		"/run/vfio-lu"
#define STATE_DIR	"/var/lib/vfio-lu"

struct cached;

struct vlu_ctx {
	struct sys sys;
	unsigned int timeout;	/* seconds */
	char *holder;		/* path of the program; NULL: the installed vfio-lu */
	char *rehearsals;	/* directory of this user's rehearsals; NULL: none */
	vlu_stop_fn stop;	/* NULL: nothing is ever stopped */
	void *stop_arg;
	vlu_log_fn log;
	void *log_arg;
	vlu_wait_fn wait;
	void *wait_arg;
	struct failure failure;	/* the last failure */
	struct told told;	/* the last result of vlu_problem() */

	struct cached *cached;	/* the cached data of the readers, base/cache.h */
	unsigned int look;	/* number of times the cache was dropped */
	pid_t vmm;		/* the VMM whose devices are being preserved; 0: none; session/vmm.c */
	int lock_fd;		/* RUN_DIR/lock; -1: not locked */
	unsigned int lock_depth;
	unsigned int plan_depth;	/* number of nested plans that are running */
	bool plan_ran;		/* a plan has run, so it may have changed the machine */
};

#define must_check __attribute__((warn_unused_result))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ __attribute__((cleanup(free_ptr)))

/*
 * Reports a failure: stores it in the context and returns err. All failures go through
 * here. The argument why is an enum failure_code, or an enum vlu_status where no code is
 * more precise. The arguments of fmt may contain the text of the previous failure.
 */
int vlu_fail(struct vlu_ctx *ctx, unsigned int why, int err,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Reports VLU_FAILED or FAIL_NO_ROOT, and appends the meaning of the errno to the text. */
int vlu_failed(struct vlu_ctx *ctx, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int vlu_nomem(struct vlu_ctx *ctx);
void vlu_log(struct vlu_ctx *ctx, enum vlu_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns whether the function that was passed to vlu_set_stop() asks to stop. */
bool is_stopped(const struct vlu_ctx *ctx);
/*
 * Fails if is_stopped(). For waits and long work before a plan runs. While a plan runs, this does
 * nothing: the plan itself asks between its steps, and never during its undo.
 */
int stop_check(struct vlu_ctx *ctx) must_check;

/* Takes RUN_DIR/lock: one changing command runs at a time. Calls nest. */
int vlu_lock(struct vlu_ctx *ctx) must_check;
void vlu_unlock(struct vlu_ctx *ctx);
/*
 * Begins a change: takes the lock, then begins a new look at the machine. The lock is
 * held until the plan is freed, so nothing changes between the decision and the plan's
 * run. A read-only context takes the lock too, because a half-done change would mislead it.
 */
int change_begin(struct vlu_ctx *ctx) must_check;
void change_end(struct vlu_ctx *ctx);

/* Returns monotonic time in milliseconds, for deadlines. */
long long vlu_now(void);
void vlu_sleep(unsigned int msec);

#endif
