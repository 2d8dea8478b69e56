/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failures. The context keeps the last one. A function that cleans up before it
 * returns copies the failure first, and assigns it again afterwards:
 *	struct failure first = ctx->failure;
 */
#ifndef VLU_BASE_FAILURE_H
#define VLU_BASE_FAILURE_H

#include "base/argline.h"
#include "vfio-lu.h"

/*
 * The reason of a failure, for programs. problem.c has the words, which never change
 * their meaning. An enum vlu_status may be used as a code: it says no more than the status.
 */
enum failure_code {
	FAIL_WARNING = VLU_OK,
	/* status 1 */
	FAIL_STOPPED = 16, FAIL_NO_ROOT, FAIL_LOAD, FAIL_JUMP, FAIL_DRIVER, FAIL_HOLDER_ENDED,
	FAIL_FILE, FAIL_OUTPUT, FAIL_COMMAND, FAIL_NO_PROCESS,
	/* status 3 */
	FAIL_NO_DEVICE, FAIL_NO_SESSION, FAIL_IN_USE, FAIL_IN_SESSION, FAIL_DEVICE,
	FAIL_NEXT_KERNEL, FAIL_NO_IMAGE, FAIL_NOTHING, FAIL_WRONG_ORDER, FAIL_UNFINISHED,
	FAIL_INCOMPLETE, FAIL_LOST, FAIL_WOULD_LOSE, FAIL_FILE_KIND,
	/* status 4 */
	FAIL_HOST, FAIL_NO_PROGRAM,
	/* status 5 */
	FAIL_LOCKED, FAIL_HOLDER_SILENT, FAIL_LUO_BUSY, FAIL_STUCK, FAIL_NOT_BOUND,
	FAIL_NOT_RETRIEVED, FAIL_LENT,
	/* status 6 */
	FAIL_NOT_RESTORED,
	/* warnings */
	FAIL_UNSEEN,
};

struct failure {
	int err;	/* a negative errno */
	unsigned int code;
	enum vlu_status status;
	struct argline argv;	/* the fix as a command; none if it is not a command */
	char text[1024];
};

enum vlu_status failure_status(unsigned int code);

/* The memory behind a struct vlu_problem. */
struct told {
	struct vlu_problem problem;
	char bdf[VLU_BDF_SIZE];
	const char *argv[ARGLINE_MAX + 1];
};
const struct vlu_problem *failure_problem(const struct failure *failure, struct told *told);
void failure_log(struct vlu_ctx *ctx, enum vlu_level level, const struct failure *failure);
/* Logs the failure in the context as a warning if ret is not 0, for work that may fail. */
void failure_warn(struct vlu_ctx *ctx, int ret);

/*
 * Adds a fix to the failure in the context. The text gets "; LEAD: FIX", where lead is
 * "first" or "fix". argv is the fix as a command that ends with NULL, or NULL. Returns
 * the errno of the failure.
 */
int failure_fix(struct vlu_ctx *ctx, const char *lead, const char *fix, const char *const *argv);
/* Adds a command as the fix, both to the text and as words that can be executed. */
int failure_command(struct vlu_ctx *ctx, const char *lead, const char *const *argv);
#define failure_run(ctx, lead, ...) \
	failure_command((ctx), (lead), (const char *const[]){ __VA_ARGS__, NULL })

/*
 * Joins two failures: the first, and the one in the context that happened while
 * the first was being undone. The result is VLU_PARTIAL. Returns the first errno.
 */
int failure_join(struct vlu_ctx *ctx, const struct failure *first, const char *between);

/*
 * Collects several failures of one request. failures_add() logs the failure that was added
 * before, if any. The last failure is not logged: failures_end() makes it the context's
 * failure, with the gravest status of all. From gravest to mildest: VLU_PARTIAL, VLU_USAGE,
 * VLU_UNSUPPORTED, VLU_NOT_PRESERVABLE, VLU_BUSY, VLU_FAILED.
 */
struct failures {
	size_t n;
	int first;	/* errno */
	enum vlu_status worst;
	struct failure last;
};
void failures_add(struct vlu_ctx *ctx, struct failures *failures, const struct failure *failure);
/*
 * If the failure in the context stops the command, adds it to the failures, so that the user sees
 * all of them at once. Otherwise, logs it as a warning.
 */
void failures_note(struct vlu_ctx *ctx, struct failures *failures, bool stops);
/* Returns the errno of the first failure, or 0 if there was none. */
int failures_end(struct vlu_ctx *ctx, const struct failures *failures)
	__attribute__((warn_unused_result));

#endif
