/* SPDX-License-Identifier: GPL-2.0-only */
/* Turns failures into the public struct vlu_problem: code words, device and fix. */
#include <ctype.h>

#include "base/ctx.h"
#include "base/text.h"

static const struct {
	unsigned int code;
	enum vlu_status status;
	const char *word, *meaning;
} codes[] = {
	{ FAIL_WARNING, VLU_OK, "warning", "nothing failed, but the user should know this" },
	{ FAIL_UNSEEN, VLU_OK, "unseen", "the answer may be incomplete" },
	{ VLU_FAILED, VLU_FAILED, "failed", "no other code applies" },
	{ FAIL_STOPPED, VLU_FAILED, "stopped", "a signal ended the command" },
	{ FAIL_NO_ROOT, VLU_FAILED, "no-root", "the command must be run as root" },
	{ FAIL_LOAD, VLU_FAILED, "load-failed", "the kernel did not accept the image" },
	{ FAIL_JUMP, VLU_FAILED, "kexec-failed", "the kernel refused the kexec" },
	{ FAIL_DRIVER, VLU_FAILED, "driver-failed", "a driver did not bind or release a device, "
		"or a module was not loaded" },
	{ FAIL_HOLDER_ENDED, VLU_FAILED, "holder-ended", "the holder did not start, or it ended" },
	{ FAIL_FILE, VLU_FAILED, "file", "a file that the command line names cannot be used" },
	{ FAIL_NO_PROCESS, VLU_FAILED, "no-process", "there is no such process" },
	{ FAIL_COMMAND, VLU_FAILED, "no-command", "the command of run cannot be executed, "
		"or is not found" },
	{ FAIL_OUTPUT, VLU_FAILED, "output", "the output could not be written" },
	{ VLU_USAGE, VLU_USAGE, "usage", "the command line is wrong" },
	{ VLU_NOT_PRESERVABLE, VLU_NOT_PRESERVABLE, "refused", "the command refused" },
	{ FAIL_NO_DEVICE, VLU_NOT_PRESERVABLE, "no-device", "there is no such device" },
	{ FAIL_NO_SESSION, VLU_NOT_PRESERVABLE, "no-session", "there is no session of this name" },
	{ FAIL_IN_USE, VLU_NOT_PRESERVABLE, "in-use", "the host or a process uses the device" },
	{ FAIL_IN_SESSION, VLU_NOT_PRESERVABLE, "in-session", "the device is preserved already" },
	{ FAIL_DEVICE, VLU_NOT_PRESERVABLE, "device-unfit", "a check of the device fails" },
	{ FAIL_NEXT_KERNEL, VLU_NOT_PRESERVABLE, "next-kernel-unfit", "a check of the next kernel fails" },
	{ FAIL_NO_IMAGE, VLU_NOT_PRESERVABLE, "no-image", "vfio-lu has loaded no next kernel, or "
		"its files are gone" },
	{ FAIL_NOTHING, VLU_NOT_PRESERVABLE, "nothing-preserved", "no session is held, so a kexec "
		"would preserve nothing" },
	{ FAIL_WRONG_ORDER, VLU_NOT_PRESERVABLE, "wrong-order", "run another command first" },
	{ FAIL_UNFINISHED, VLU_NOT_PRESERVABLE, "unfinished", "a session of the previous kernel is not "
		"finished" },
	{ FAIL_INCOMPLETE, VLU_NOT_PRESERVABLE, "incomplete", "a promised file is not held" },
	{ FAIL_LOST, VLU_NOT_PRESERVABLE, "lost", "the session or the device is lost" },
	{ FAIL_WOULD_LOSE, VLU_NOT_PRESERVABLE, "would-lose", "something would be lost, and the option "
		"that allows it was not given" },
	{ FAIL_FILE_KIND, VLU_NOT_PRESERVABLE, "file-kind", "this kind of file is not preserved" },
	{ VLU_UNSUPPORTED, VLU_UNSUPPORTED, "unsupported", "this host or kernel lacks something" },
	{ FAIL_HOST, VLU_UNSUPPORTED, "host-unfit", "a check of this host fails" },
	{ FAIL_NO_PROGRAM, VLU_UNSUPPORTED, "no-program", "a required program is not installed" },
	{ VLU_BUSY, VLU_BUSY, "busy", "another process uses what the command needs" },
	{ FAIL_LOCKED, VLU_BUSY, "locked", "another vfio-lu command is running; repeat the command" },
	{ FAIL_HOLDER_SILENT, VLU_BUSY, "holder-silent", "the holder does not answer, or restarts" },
	{ FAIL_LUO_BUSY, VLU_BUSY, "luo-busy", "another process has /dev/liveupdate open" },
	{ FAIL_STUCK, VLU_BUSY, "stuck", "the kernel has not returned from a system call" },
	{ FAIL_NOT_BOUND, VLU_BUSY, "not-bound", "a VMM has a device and has not bound it yet" },
	{ FAIL_NOT_RETRIEVED, VLU_BUSY, "not-retrieved", "a device or file is not retrieved" },
	{ FAIL_LENT, VLU_BUSY, "lent", "another process has the file already" },
	{ VLU_PARTIAL, VLU_PARTIAL, "partial", "a part is done, and could not be undone" },
	{ FAIL_NOT_RESTORED, VLU_PARTIAL, "not-restored", "some files could not be restored" },
};

static size_t row_of(unsigned int code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes) - 1; i++)
		if (codes[i].code == code)
			break;
	return i;
}

const char *vlu_code_at(size_t i, enum vlu_status *ret_status, const char **ret_meaning)
{
	if (i >= ARRAY_SIZE(codes))
		return NULL;
	*ret_status = codes[i].status;
	*ret_meaning = codes[i].meaning;
	return codes[i].word;
}

enum vlu_status failure_status(unsigned int code)
{
	return codes[row_of(code)].status;
}

/*
 * Finds the first BDF in a text, in the form of vlu_bdf_format(). Each text names the
 * device that it is about.
 */
static bool find_bdf(const char *text, char *ret_bdf)
{
	unsigned int domain, bus, device, function;
	int n;

	while (*text) {
		n = 0;
		if (sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &n) == 4 &&
		    n >= (int)strlen("0000:00:00.0") && isxdigit((unsigned char)*text) &&
		    !isalnum((unsigned char)text[n]))
			return take_text(ret_bdf, VLU_BDF_SIZE, text, (size_t)n);
		/* A BDF does not begin in the middle of a word. */
		while (isalnum((unsigned char)*text))
			text++;
		text += *text != '\0';
	}
	return false;
}

/* Returns the text behind the last of these leads, or NULL. */
static const char *find_fix(const char *text)
{
	static const char *const leads[] = { "; fix: ", "; first: " };
	const char *fix = NULL, *found;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(leads); i++)
		for (found = text; (found = strstr(found, leads[i])); ) {
			found += strlen(leads[i]);
			if (!fix || found > fix)
				fix = found;
		}
	return fix;
}

const struct vlu_problem *failure_problem(const struct failure *failure, struct told *told)
{
	told->problem = (struct vlu_problem){
		.status = failure->status,
		.code = codes[row_of(failure->code)].word,
		.text = failure->text,
		.bdf = find_bdf(failure->text, told->bdf) ? told->bdf : NULL,
		.fix = find_fix(failure->text),
		.fix_argv = argline_argv(&failure->argv, told->argv),
	};
	return &told->problem;
}

void failure_log(struct vlu_ctx *ctx, enum vlu_level level, const struct failure *failure)
{
	struct told told;

	if (ctx->log)
		ctx->log(ctx->log_arg, level, failure_problem(failure, &told));
}
