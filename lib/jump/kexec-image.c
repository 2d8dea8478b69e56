/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "base/bdf.h"
#include "base/cache.h"
#include "base/program.h"
#include "base/text.h"
#include "capture/witness.h"
#include "formats/cmdline.h"
#include "formats/kernel-image.h"
#include "jump/kexec-image.h"
#include "machine/device.h"
#include "machine/kexec-state.h"
#include "session/session.h"
#include "timeline/moments.h"

#define KEXEC_WORD_SIZE	(sizeof(KEXEC_WORD "=") + MOMENT_SIZE)
#define SEEN_MAX	(512u << 10)

/*
 * Names all outgoing sessions of the holder, and the number of the live update. By the number, a
 * later kernel sees that the names on its command line are from an earlier live update.
 */
static char *our_words(const struct ledger *ledger)
{
	const struct vlu_state *state = &ledger->state;
	const char *before = SESSION_WORD "=";
	const struct vlu_session *session;
	char *words = NULL;
	size_t size;
	FILE *out = open_memstream(&words, &size);

	if (!out)
		return NULL;
	each_session(session, state) {
		if (session->direction != VLU_OUTGOING || !(session->sources & VLU_FROM_HOLDER))
			continue;
		fprintf(out, "%s%s", before, session->name);
		before = ",";
	}
	if (*before == ',' && state->liveupdate_number >= 0)
		fprintf(out, " " UPDATE_WORD "=%lld", (long long)state->liveupdate_number + 1);
	if (!fclose(out))
		return words;
	free(words);
	return NULL;
}

/* Returns the longest command line that the image accepts, or 0 if it is not known. */
static size_t longest_cmdline(struct vlu_ctx *ctx, const char *path)
{
	unsigned char head[BZIMAGE_HEAD];
	int fd = sys_open(&ctx->sys, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = sys_pread(&ctx->sys, fd, head, sizeof(head), 0);
	sys_close(&ctx->sys, fd);
	return n == (ssize_t)sizeof(head) ? bzimage_cmdline_size(head) : 0;
}

static int make_line(const struct ledger *ledger, struct kexec_image *image)
{
	_cleanup_free_ char *words = our_words(ledger);
	size_t takes = longest_cmdline(ledger->ctx, image->kernel), has;

	free(image->line);
	image->line = words ? kexec_cmdline(image->cmdline, NULL, words) : NULL;
	if (!image->line)
		return vlu_nomem(ledger->ctx);
	/* vfio-lu kexec adds a word */
	has = strlen(image->line) + KEXEC_WORD_SIZE;
	return !takes || has <= takes ? 0 :
	       vlu_fail(ledger->ctx, FAIL_NEXT_KERNEL, -E2BIG, "the command line of the next "
			"kernel would have %zu bytes, and %s accepts %zu; shorten it: vfio-lu load "
			"--cmdline", has, image->kernel, takes);
}

/* Finds the preserved devices, or if there are none yet, those bound to vfio-pci. */
static int find_devices(const struct ledger *ledger, struct vlu_bdf **ret_bdfs, size_t *ret_n,
			bool *ret_preserved)
{
	const struct vlu_session *session;
	struct vlu_ctx *ctx = ledger->ctx;
	size_t i;
	int ret;

	ret = vlu_devices_read(ctx);
	each_session(session, &ledger->state)
		for (i = 0; !ret && session->direction == VLU_OUTGOING && i < session->n_devices; i++)
			if (is_held(&session->devices[i]))
				ret = bdf_add(ctx, ret_bdfs, ret_n, session->devices[i].bdf);
	*ret_preserved = *ret_n;
	for (i = 0; !ret && !*ret_preserved && i < vlu_device_count(ctx); i++)
		if (strcmp(vlu_device_at(ctx, i)->driver, VFIO_DRIVER) == 0)
			ret = bdf_add(ctx, ret_bdfs, ret_n, vlu_device_at(ctx, i)->bdf);
	return ret;
}

/* Does load --force accept this row, now (force) or before? Another failure of its check has another text. */
static bool is_forced(struct kexec_image *image, const struct vlu_check *row, bool force)
{
	_cleanup_free_ char *line = NULL;

	if (asprintf(&line, FORCED_WORD "%s (%s)", row->detail, row->id) < 0) {
		line = NULL;
		return force;
	}
	if (image->forced && list_has(image->forced, '\n', line))
		return true;
	/* a row with a line break cannot be stored, so kexec will refuse it */
	if (force && !strchr(line, '\n'))
		kexec_image_pass(image, line);
	return force;
}

/* An accepted failure must not hide an unknown result of another row. */
static enum vlu_result unforced_verdict(struct kexec_image *image, const struct vlu_report *report,
					bool force)
{
	enum vlu_result verdict = VLU_PASS;
	const struct vlu_check *row;
	size_t i;

	for (i = 0; (row = vlu_report_at(report, i)); i++)
		if (is_in_the_way(row, VLU_PASS) && !is_forced(image, row, force) &&
		    is_in_the_way(row, verdict))
			verdict = row->result;
	return verdict;
}

static int note_judged(const struct ledger *ledger, struct kexec_image *image,
		       const struct vlu_bdf *bdfs, size_t n)
{
	const struct vlu_session *session;
	char name[VLU_BDF_SIZE];
	size_t size = 0, i;
	FILE *out;

	free(image->judged);
	image->judged = NULL;
	out = open_memstream(&image->judged, &size);
	if (!out)
		return vlu_nomem(ledger->ctx);
	for (i = 0; i < n; i++)
		fprintf(out, "%s ", vlu_bdf_format(bdfs[i], name));
	each_session(session, &ledger->state)
		for (i = 0; session->direction == VLU_OUTGOING && i < session->n_files; i++)
			fprintf(out, "%s/%s ", session->name, session->files[i].name);
	return fclose(out) == 0 ? 0 : vlu_nomem(ledger->ctx);
}

static int judge(const struct ledger *ledger, struct kexec_image *image, bool force)
{
	const struct vlu_next next = {
		.kernel = image->kernel, .initrd = image->initrd, .cmdline = image->cmdline,
	};
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	struct vlu_ctx *ctx = ledger->ctx;
	struct failures failures = { 0 };
	const struct vlu_check *row;
	struct vlu_report *report;
	enum vlu_result verdict, unforced;
	size_t i, n = 0;
	bool stops, preserved;
	int ret;

	ret = find_devices(ledger, &bdfs, &n, &preserved);
	if (!ret)
		ret = vlu_check_next(ctx, &next, bdfs, n, &report);
	if (ret)
		return ret;
	verdict = vlu_report_verdict(report);
	unforced = unforced_verdict(image, report, force);
	for (i = 0; (row = vlu_report_at(report, i)); i++) {
		stops = is_in_the_way(row, unforced) && !is_forced(image, row, force);
		if (!stops && row->result != VLU_WARN && row->result != VLU_FAIL &&
		    !is_in_the_way(row, verdict))
			continue;
		vlu_fail(ctx, FAIL_NEXT_KERNEL, -EINVAL, "the next kernel: %s (%s)", row->detail, row->id);
		failure_fix(ctx, "fix", row->fix, row->fix_argv);
		failures_note(ctx, &failures, stops);
	}
	vlu_report_free(report);
	ret = failures_end(ctx, &failures);
	/* a failure is accepted for preserved devices only */
	return ret ? ret : note_judged(ledger, image, bdfs, image->forced && !preserved ? 0 : n);
}

int kexec_image_judge(const struct ledger *ledger, struct kexec_image *image, bool force)
{
	struct vlu_ctx *ctx = ledger->ctx;
	struct witness *witness;
	int ret;

	/* the witness does not see what was read before */
	cache_drop(ctx);
	if (witness_start(&ctx->sys, &witness))
		return vlu_nomem(ctx);
	ret = judge(ledger, image, force);
	free(image->seen);
	image->seen = witness_stop(witness);
	if (image->seen && strlen(image->seen) > SEEN_MAX)
		image->seen[0] = '\0';
	return ret ? ret : make_line(ledger, image);
}

int kexec_image_judge_again(const struct ledger *ledger, struct kexec_image *image)
{
	const struct vlu_loaded *loaded = ledger->state.loaded;
	struct vlu_ctx *ctx = ledger->ctx;
	int ret = 0;

	if (image->forced && !(loaded && loaded->judged)) {
		vlu_log(ctx, VLU_LOG_WARNING, "the failures that vfio-lu load --force accepted count again: "
			"since then, something was preserved or the image was unloaded");
		free(image->forced);
		image->forced = NULL;
	}
	/* a failure that load --force accepted is reported again */
	if (!image->forced && image->seen && loaded && loaded->judged &&
	    witness_holds(&ctx->sys, image->seen))
		vlu_log(ctx, VLU_LOG_DEBUG, "the next kernel was checked before, and nothing that the check "
			"read has changed");
	else
		ret = judge(ledger, image, false);
	return ret ? ret : make_line(ledger, image);
}

int kexec_image_load(struct vlu_ctx *ctx, const struct kexec_image *image, const char *kexec)
{
	_cleanup_free_ char *initrd = NULL, *line = NULL, *cmdline = NULL;
	char word[KEXEC_WORD_SIZE] = "";
	/* -s: kexec_file_load() only, never the old system call */
	const char *argv[] = { "kexec", "-s", "-l", image->kernel, NULL, NULL, NULL };
	char text[512] = "";
	int ret;

	if (kexec)
		snprintf(word, sizeof(word), KEXEC_WORD "=%s", kexec);
	cmdline = kexec ? cmdline_join(image->line, word) : strdup(image->line);
	if (!cmdline || asprintf(&line, "--command-line=%s", cmdline) < 0 ||
	    (image->initrd && asprintf(&initrd, "--initrd=%s", image->initrd) < 0))
		return vlu_nomem(ctx);
	argv[4] = line;
	argv[5] = initrd;
	/* after a failure the old image stays loaded (kexec_file_load(), kernel/kexec_file.c) */
	ret = program_run(ctx, argv, text, sizeof(text));
	if (ret > 0)
		return vlu_fail(ctx, FAIL_LOAD, -EIO, "the next kernel was not loaded: %s",
				*text ? text : "kexec failed silently");
	if (ret)
		return ret;
	return kexec_is_loaded(ctx) == VLU_NO ?
	       vlu_fail(ctx, FAIL_LOAD, -EIO, "kexec reported success, but the kernel has no "
			"image loaded") : 0;
}
