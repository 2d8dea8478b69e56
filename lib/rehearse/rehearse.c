/* SPDX-License-Identifier: GPL-2.0-only */
/* A rehearsal, from the request to its record. */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/disk-file.h"
#include "base/program.h"
#include "rehearse/rehearsal.h"

/* Makes a path absolute, since the record may be read from another working directory. */
static const char *absolute(struct rehearsal *r, const char *path)
{
	_cleanup_free_ char *text = path ? file_absolute(r->ctx, path) : NULL;

	return text ? pool_print(&r->pool, "%s", text) : NULL;
}

/* Opens a log with a name of its own, since several rehearsals may run at the same time. */
static int open_log_in(struct rehearsal *r, const char *dir)
{
	struct vlu_ctx *ctx = r->ctx;
	time_t now = time(NULL);
	char date[32];
	struct tm tm;
	int ret;

	ret = rehearsed_make_dir(ctx, dir);
	if (ret)
		return ret;
	dir = absolute(r, dir);
	strftime(date, sizeof(date), "%Y%m%d-%H%M%S", gmtime_r(&now, &tm));
	r->log_path = dir ? pool_print(&r->pool, "%s/rehearsal-%s-%d.log", dir, date,
				       (int)getpid()) : NULL;
	if (!r->log_path)
		return vlu_nomem(ctx);
	r->log = sys_open(&ctx->sys, r->log_path, O_WRONLY | O_CREAT | O_TRUNC);
	return r->log < 0 ? vlu_failed(ctx, r->log, "cannot write %s", r->log_path) : 0;
}

/* A user without a directory for rehearsals gets the log in the current one. */
static int open_log(struct rehearsal *r, const char *named)
{
	struct vlu_ctx *ctx = r->ctx;

	if (named || !ctx->rehearsals)
		return open_log_in(r, named ? named : ".");
	if (open_log_in(r, ctx->rehearsals) == 0)
		return 0;
	vlu_log(ctx, VLU_LOG_WARNING, "%s; so the log is in the current directory",
		ctx->failure.text);
	return open_log_in(r, ".");
}

static bool has_passed(const struct rehearsal *r, enum rehearsal_row row)
{
	return r->decided[row] &&
	       (r->rows[row].result == VLU_PASS || r->rows[row].result == VLU_WARN);
}

static int run_pair(struct rehearsal *r)
{
	int ret = rehearse_pair(r);

	if (ret || !r->initrd || !has_passed(r, ROW_BOOTS) || !has_passed(r, ROW_HANDS_OVER))
		return ret;
	return rehearse_initrd(r);
}

static int run_machines(struct rehearsal *r)
{
	int ret;

	if (!r->from.is_kernel) {
		row_set(r, ROW_BOOTS, VLU_FAIL, "%s: %s", r->from.image, r->from.why);
		return 0;
	}
	row_waits(r, "testing whether KVM works");
	r->kvm = has_kvm(r->ctx, r->qemu, r->from.image);
	do
		ret = run_pair(r);
	while (ret == RUN_AGAIN);
	return ret;
}

static int make_report(struct rehearsal *r, struct vlu_report **ret_report)
{
	struct vlu_report *report;
	enum rehearsal_row row;
	int ret;

	ret = report_new(r->ctx, &report);
	if (ret)
		return ret;
	for (row = 0; row < ROWS; row++) {
		if (row == ROW_INITRD && !r->initrd)
			continue;
		row_set(r, row, VLU_UNKNOWN, "not reached: the rehearsal ended before this row");
		report_add(report, rehearsal_id(row), &r->rows[row]);
	}
	return report_give(r->ctx, report, ret_report);
}

/*
 * Stores the result, unless nothing is known of the pair. If that fails, the result is still
 * of use.
 */
static void store(struct rehearsal *r, const struct pair *pair, enum vlu_result verdict,
		  const char *json)
{
	const char *dir = r->ctx->rehearsals;

	if (verdict != VLU_UNKNOWN && dir &&
	    (rehearsed_make_dir(r->ctx, dir) ||
	     rehearsed_write(r->ctx, dir, pair, r->began_at, json)))
		vlu_log(r->ctx, VLU_LOG_WARNING, "%s; so the result is not stored",
			r->ctx->failure.text);
}

static int write_down(struct rehearsal *r, const struct pair *pair,
		      enum vlu_result *ret_verdict, char **ret_json)
{
	struct rehearsed rehearsed = {
		.pair = *pair, .from = r->from.release, .to = r->next.release,
		.from_image = absolute(r, r->from.image),
		.next_image = absolute(r, r->next.image), .initrd = absolute(r, r->initrd),
		.cmdline = r->cmdline, .devices = r->devices, .n_devices = r->n_devices,
		.log = r->log_path, .accel = r->kvm ? "kvm" : "tcg",
		.seconds = (vlu_now() - r->began) / 1000,
	};
	struct vlu_report *report;
	int ret;

	if (!rehearsed.from_image || !rehearsed.next_image || (r->initrd && !rehearsed.initrd))
		return vlu_nomem(r->ctx);
	ret = make_report(r, &report);
	if (ret)
		return ret;
	rehearsed.report = report;
	*ret_verdict = vlu_report_verdict(report);
	*ret_json = rehearsed_format(&rehearsed);
	vlu_report_free(report);
	if (!*ret_json)
		return vlu_nomem(r->ctx);
	store(r, pair, *ret_verdict, *ret_json);
	return 0;
}

static int rehearse(struct rehearsal *r, const struct vlu_rehearse *what,
		    enum vlu_result *ret_verdict, char **ret_json)
{
	struct vlu_ctx *ctx = r->ctx;
	char qemu[256];
	struct pair pair;
	int ret;

	ret = program_find(ctx, "qemu-system-x86_64", qemu, sizeof(qemu));
	ret = ret ? ret : rehearsal_choose(r, what);
	ret = ret ? ret : pair_read(ctx, r->from.image, r->next.image, r->initrd, &pair);
	ret = ret ? ret : open_log(r, what->log_dir);
	if (ret)
		return ret;
	r->qemu = qemu;
	guest_places(r);
	ret = run_machines(r);
	sys_close(&ctx->sys, r->log);
	if (ret == -EINTR)
		return vlu_fail(ctx, VLU_FAILED, ret, "stopped; the log: %s", r->log_path);
	return ret ? ret : write_down(r, &pair, ret_verdict, ret_json);
}

int vlu_rehearse(struct vlu_ctx *ctx, const struct vlu_rehearse *what, vlu_rehearse_fn fn,
		 void *arg, enum vlu_result *ret_verdict, char **ret_json)
{
	struct rehearsal r = {
		.ctx = ctx, .fn = fn, .arg = arg, .began = vlu_now(), .row_began = vlu_now(),
	};
	time_t now = time(NULL);
	struct tm tm;
	int ret;

	strftime(r.began_at, sizeof(r.began_at), REHEARSED_DATE, gmtime_r(&now, &tm));
	ret = rehearse(&r, what, ret_verdict, ret_json);
	pool_free(&r.pool);
	return ret;
}

int vlu_rehearsal_export(struct vlu_ctx *ctx, const char *path, const char *json)
{
	int ret = sys_replace(&ctx->sys, path, json, strlen(json));

	return ret ? vlu_failed(ctx, ret, "cannot write %s", path) : 0;
}
