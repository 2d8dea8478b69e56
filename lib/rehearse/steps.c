/* SPDX-License-Identifier: GPL-2.0-only */
#include "rehearse/rehearsal.h"

#define HEADER_DIGITS	128

/* Configuration headers of the devices under the first kernel, and the first later difference. */
struct headers {
	size_t n, seen;
	char bdf[REHEARSAL_DEVICES][VLU_BDF_SIZE];
	char digits[REHEARSAL_DEVICES][HEADER_DIGITS + 1];
	char differs[160];
};

struct follower {
	struct rehearsal *r;
	struct console *c;
	const struct step_of *steps;
	size_t n, at;		/* the step whose answer is expected next */
	struct headers headers;
	bool over;
};

static const char *release_of(const struct rehearsal *r, unsigned int phase)
{
	return phase == 1 ? r->from.release : r->next.release;
}

/* Decides the row, and quotes the messages of init and of the kernel. */
static void step_ended(struct follower *f, const struct step_of *step, enum vlu_result result,
		       const char *why)
{
	struct rehearsal *r = f->r;
	char kernel[450];

	if (!console_trouble(f->c, kernel, sizeof(kernel))[0])
		text_add(kernel, sizeof(kernel), "%s", f->c->refusal);
	row_set(r, step->row, result, "%s (%s): %s%s%s%s", step->what, release_of(r, step->phase),
		why, kernel[0] ? "; the kernel: " : "", kernel,
		step->phase == 3 ? "; at the second kexec" : "");
}

static void step_failed(struct follower *f, const struct step_of *step, const char *why)
{
	step_ended(f, step, VLU_FAIL, why);
}

static void step_passed(struct follower *f, const struct step_of *step)
{
	char kernel[450];

	/* faults of a boot on an emulated machine do not count */
	if (strcmp(step->name, "up") == 0)
		console_calm(f->c);
	if (console_trouble(f->c, kernel, sizeof(kernel))[0])
		step_failed(f, step, "the step succeeded, but the kernel reported damage");
	else if (step->passed)
		row_set(f->r, step->row, VLU_PASS, "%s", step->passed);
	console_calm(f->c);
}

/* Skips command, status and interrupt line, which drivers and the kernel write. */
static bool is_same_header(const char *a, const char *b)
{
	size_t i;

	for (i = 0; i < HEADER_DIGITS; i++)
		if (a[i] != b[i] && !(i >= 8 && i < 16) && !(i >= 120 && i < 122))
			return false;
	return true;
}

static void take_header(struct headers *headers, unsigned int phase, const char *bdf,
			const char *digits)
{
	size_t i;

	if (strlen(digits) != HEADER_DIGITS || strlen(bdf) >= VLU_BDF_SIZE)
		return;
	for (i = 0; i < headers->n; i++) {
		if (strcmp(headers->bdf[i], bdf) != 0)
			continue;
		headers->seen++;
		if (!is_same_header(headers->digits[i], digits) && !headers->differs[0])
			snprintf(headers->differs, sizeof(headers->differs), "the configuration "
				 "space of %s is %.32s..., and was %.32s...", bdf, digits,
				 headers->digits[i]);
		return;
	}
	if (phase != 1 || headers->n == REHEARSAL_DEVICES)
		return;
	strcpy(headers->bdf[i], bdf);
	strcpy(headers->digits[i], digits);
	headers->n++;
}

/* Decides a step. "config" passes if the headers that init sent are the same as before. */
static void answered(struct follower *f, const struct step_of *step, bool done, const char *text)
{
	struct headers *headers = &f->headers;

	if (strcmp(step->name, "config") == 0 && step->phase > 1) {
		if (headers->differs[0])
			step_failed(f, step, headers->differs);
		else if (headers->seen != headers->n)
			step_failed(f, step, "the configuration space was not read");
		else
			step_passed(f, step);
		headers->seen = 0;
	} else if (done) {
		step_passed(f, step);
	} else {
		step_failed(f, step, text[0] ? text : "it failed and said nothing");
	}
}

/* Takes an answer such as "2 ok restore TEXT". */
static void take_answer(struct follower *f)
{
	char word[16], name[32], *line = f->c->line;
	const struct step_of *step;
	unsigned int phase;
	int used = 0;

	if (sscanf(line, "%u %15s %31s %n", &phase, word, name, &used) < 2)
		return;
	if (strcmp(word, "end") == 0) {
		f->over = true;
		return;
	}
	if (strcmp(word, "config") == 0)
		take_header(&f->headers, phase, name, line + used);
	if (strcmp(word, "ok") != 0 && strcmp(word, "no") != 0)
		return;
	/* a failed kexec is no step of the table: it fails the next step */
	step = &f->steps[f->at];
	if (phase != step->phase || strcmp(name, step->name) != 0) {
		if (strcmp(word, "no") == 0)
			step_failed(f, step, line + used);
		return;
	}
	f->at++;
	answered(f, step, word[0] == 'o', line + used);
	if (f->at < f->n)
		row_waits(f->r, f->steps[f->at].what);
}

/*
 * Decides the current step, to which no answer came. It failed if the kernel panicked or reported
 * damage. Damage of a boot on an emulated machine does not count. A reset without a message can be
 * an error of QEMU, and only a second one is a failure.
 */
static int judge_silence(struct follower *f, int ret)
{
	const struct step_of *step = &f->steps[f->at];
	struct console *c = f->c;
	char why[300];
	enum silence silence = console_silence(c, ret, why, sizeof(why));
	bool failed = silence == SILENCE_PANIC ||
		      (c->fault[0] && strcmp(step->name, "up") != 0);

	if (silence == SILENCE_RESET && !failed && !f->r->was_reset) {
		rows_reset(f->r, step->row, step->what);
		return RUN_AGAIN;
	}
	if (failed || silence == SILENCE_RESET) {
		step_failed(f, step, why);
		return 1;
	}
	if (ret == -EPIPE && !f->at && c->status > 0 && c->status < 128)
		return vlu_fail(c->ctx, VLU_UNSUPPORTED, -EIO, "QEMU does not start the virtual "
				"machine: %s", c->last[0] ? c->last : "it printed nothing");
	if (ret == -ETIMEDOUT && !f->r->decided[step->row])
		row_fix(f->r, step->row, "repeat it with a longer --timeout");
	step_ended(f, step, VLU_UNKNOWN, why);
	return 1;
}

int steps_follow(struct rehearsal *r, struct console *c, const struct step_of *steps, size_t n)
{
	struct follower f = { .r = r, .c = c, .steps = steps, .n = n };
	const struct step_of *step;
	long long deadline;
	size_t before;
	int ret = 0;

	row_waits(r, steps[0].what);
	while (!ret && !f.over && f.at < f.n) {
		deadline = vlu_now() + c->ctx->timeout * 1000LL;
		for (before = f.at; !ret && !f.over && f.at == before;) {
			ret = console_next(c, deadline);
			if (!ret && c->from_init)
				take_answer(&f);
		}
	}
	if (ret == -ETIMEDOUT || ret == -EPIPE)
		return judge_silence(&f, ret);
	if (ret)
		return ret;
	if (f.at >= f.n)
		return 0;
	step = &steps[f.at > 0 ? f.at - 1 : 0];
	if (step->phase == 1 && strcmp(step->name, "luo") == 0 && f.over)
		return vlu_fail(c->ctx, VLU_UNSUPPORTED, -ENOTSUP, "%s has no live update: %s",
				r->from.image, r->rows[step->row].detail);
	return 1;
}

/* Runs one machine through all steps. */
int rehearse_pair(struct rehearsal *r)
{
	static const struct step_of steps[] = {
		{ 1, "up", ROW_BOOTS, "the first kernel boots", NULL },
		{ 1, "luo", ROW_BOOTS, "the first kernel can hand over", NULL },
		{ 1, "bind", ROW_HANDS_OVER, "the first kernel has vfio-pci", NULL },
		{ 1, "preserve", ROW_HANDS_OVER, "the first kernel preserves the devices", NULL },
		{ 1, "config", ROW_HANDS_OVER, "the first kernel reads the devices", NULL },
		{ 1, "load", ROW_BOOTS, "the first kernel loads the next", NULL },
		{ 2, "up", ROW_BOOTS, "the next kernel boots by kexec", "both kernels boot, the next one by kexec" },
		{ 2, "luo", ROW_HANDS_OVER, "the next kernel accepts the handover",
		  "the devices are preserved, and the next kernel has live update on" },
		{ 2, "bind", ROW_RECOGNIZES, "the next kernel has vfio-pci", NULL },
		{ 2, "cdev", ROW_RECOGNIZES, "the next kernel knows the devices as preserved",
		  "the devices are protected: no other process can open them" },
		{ 2, "restore", ROW_RESTORES, "the next kernel restores the devices", NULL },
		{ 2, "config", ROW_RESTORES, "the devices are as they were",
		  "the devices are back, and their configuration spaces read as before" },
		{ 2, "finish", ROW_FINISHES, "the next kernel finishes the devices",
		  "the devices are ordinary devices again" },
		{ 2, "preserve", ROW_SECOND, "the next kernel preserves the devices", NULL },
		{ 2, "load", ROW_SECOND, "the next kernel loads itself", NULL },
		{ 3, "up", ROW_SECOND, "the next kernel boots by kexec", NULL },
		{ 3, "luo", ROW_SECOND, "the next kernel accepts the handover", NULL },
		{ 3, "bind", ROW_SECOND, "the next kernel has vfio-pci", NULL },
		{ 3, "cdev", ROW_SECOND, "the next kernel knows the devices as preserved", NULL },
		{ 3, "restore", ROW_SECOND, "the next kernel restores the devices", NULL },
		{ 3, "config", ROW_SECOND, "the devices are as they were", NULL },
		{ 3, "finish", ROW_SECOND, "the next kernel finishes the devices",
		  "a second kexec hands over in the same way" },
	};
	struct console c;
	int ret;

	ret = rehearsal_start(r, &c, false);
	if (!ret)
		ret = steps_follow(r, &c, steps, ARRAY_SIZE(steps));
	console_close(&c);
	return ret == 1 ? 0 : ret;
}
