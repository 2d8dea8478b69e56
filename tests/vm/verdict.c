/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads what a test machine printed, and decides its result. */
#include "base/text.h"
#include "machine.h"

static void keep_first(char *buf, size_t size, const char *text)
{
	if (!buf[0])
		snprintf(buf, size, "%s", text);
}

/* Is the line an unexpected fault? The trace of an expected fault is expected, too. */
static bool is_new_fault(struct machine *m, const char *line)
{
	const bool trace = strstr(line, "Call Trace:");

	if (strstr(line, "] vlu: ") || !(trace || is_fault(line) || strstr(line, "Kernel panic")))
		return false;
	if (m->expect && regexec(&m->expected, line, 0, NULL, 0) == 0) {
		m->excused = true;
		return false;
	}
	if (trace && m->excused) {
		m->excused = false;
		return false;
	}
	return true;
}

static void take_kernel_line(struct machine *m, const char *line)
{
	char text[sizeof(m->fault)];

	if (strncmp(line, "qemu: ", 6) == 0) {
		text_add(m->qemu, sizeof(m->qemu), "%s\n", line);
		return;
	}
	if (strstr(line, "] Linux version ")) {
		m->kernels++;
		m->ending = "the machine went away";
	} else if (strstr(line, "reboot: Power down")) {
		m->ending = "the machine was powered off";
	} else if (strstr(line, "reboot: Restarting") || strstr(line, "reboot: machine restart")) {
		m->ending = "the machine was reset";
	} else if (is_new_fault(m, line)) {
		snprintf(text, sizeof(text), "kernel log, phase %u: %s", m->kernels, line);
		keep_first(m->fault, sizeof(m->fault), text);
	}
}

/* "VLU-PHASE scenario=NAME phase=1", "VLU-RESULT scenario=NAME phase=1 pass=2 fail=0 skip=0" */
static void take_step_line(struct machine *m, const char *line)
{
	const char *at = strstr(line, " phase=");
	unsigned int phase, passed, failed, skipped;
	struct phase *of;

	if (strncmp(line, "FAIL ", 5) == 0) {
		at = line + 5 + strspn(line + 5, " ");
		keep_first(m->failure, sizeof(m->failure), at);
		keep_first(m->phase_of[m->phase].failure, sizeof(m->failure), at);
	} else if (at && strstr(line, "VLU-PHASE scenario=") && sscanf(at, " phase=%u", &phase) == 1) {
		text_add(m->started, sizeof(m->started), "%u ", phase);
		m->phase = phase <= PHASES ? phase : 0;
	} else if (at && strstr(line, "VLU-RESULT scenario=") &&
		   sscanf(at, " phase=%u pass=%u fail=%u skip=%u", &phase, &passed, &failed, &skipped) == 4 &&
		   phase <= PHASES) {
		of = &m->phase_of[phase];
		of->ended = true;
		of->passed += passed;
		of->failed += failed;
		of->skipped += skipped;
	}
}

void take_line(struct machine *m)
{
	const struct console *c = &m->console;
	struct shown *of = &m->shown[c->from_init];

	/* the first piece of a long line shows what kind of line it is */
	if (!of->goes_on && c->from_init) {
		take_step_line(m, c->line);
		of->show = m->verbose && strncmp(c->line, "VLU-", 4) != 0;
	} else if (!of->goes_on) {
		take_kernel_line(m, c->line);
		of->show = m->verbose > 1;
	}
	of->goes_on = c->goes_on;
	if (of->show) {
		printf("%s%s", c->line, c->goes_on ? "" : "\n");
		fflush(stdout);
	}
}

static void say_missing(const struct machine *m, unsigned int phase, char *why, size_t size)
{
	if (m->timed_out)
		snprintf(why, size, "phase %u: no result after %u s", phase, m->seconds);
	else if (m->kernels < phase)
		snprintf(why, size, "phase %u never came: %s", phase, m->ending);
	else
		snprintf(why, size, "phase %u: no result, %s", phase, m->ending);
}

/* Sets why to "ok", or to the first failure. */
static void judge(const struct machine *m, int status, char *why, size_t size)
{
	const struct phase *of = m->phase_of;
	char expected[sizeof(m->started)] = "";
	unsigned int phase, passed = 0;

	if (m->fault[0]) {
		snprintf(why, size, "%s", m->fault);
		return;
	}
	for (phase = 1; phase <= m->phases && !of[phase].failed && of[phase].ended; phase++) {
		text_add(expected, sizeof(expected), "%u ", phase);
		passed += of[phase].passed;
	}
	if (phase <= m->phases && !of[phase].ended)
		say_missing(m, phase, why, size);
	else if (phase <= m->phases)
		snprintf(why, size, "phase %u: %s", phase, of[phase].failure);
	else if (m->timed_out)
		snprintf(why, size, "still running after %u s", m->seconds);
	else if (m->phases && strcmp(m->started, expected) != 0)
		snprintf(why, size, "phases came as %s, expected %s", m->started, expected);
	else if (status)
		snprintf(why, size, "QEMU ended with %d", status);
	else if (m->phases && !passed)
		snprintf(why, size, "nothing was tested");
	else
		snprintf(why, size, "ok");
}

static FILE *file_of(const struct machine *m, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", m->dir, name);
	return fopen(path, "w");
}

int tell(const struct machine *m, int status)
{
	const long long seconds = (vlu_now() - m->began) / 1000;
	unsigned int phase, passed = 0, skipped = 0;
	char why[400];
	FILE *out;

	if (m->lost[0])
		snprintf(why, sizeof(why), "%s", m->failure[0] ? m->failure : m->fault);
	else
		judge(m, status, why, sizeof(why));
	for (phase = 1; phase <= PHASES; phase++) {
		passed += m->phase_of[phase].passed;
		skipped += m->phase_of[phase].skipped;
	}
	out = file_of(m, "qemu.log");
	if (out) {
		fputs(m->qemu, out);
		fclose(out);
	}
	out = file_of(m, "result");
	if (!out)
		return -EIO;
	fprintf(out, "why %s\npassed %u\nskipped %u\nkernels %u\nseconds %lld\ncpu %lld\nlost %s\n", why,
		passed, skipped, m->kernels, seconds, m->cpu, m->lost);
	if (m->verbose && strcmp(why, "ok") != 0)
		fprintf(stderr, "machine: %s%s\n", m->lost, why);
	return fclose(out) ? -EIO : strcmp(why, "ok") != 0;
}
