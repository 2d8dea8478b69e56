/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boots the next kernel with its own initrd, unchanged, to see whether the initrd restores the
 * devices before a driver takes them. The initrd stops at a shell before it mounts a root file
 * system. The shell is asked over the console.
 */
#include "rehearse/rehearsal.h"

#define ASK_AGAIN	2000	/* ms: input is lost until the shell reads */

struct seen {
	struct rehearsal *r;
	struct console *c;
	bool booted, shell, answered;
	bool frozen;		/* systemd gave up and offers no shell */
	bool has_vfio_lu;
	size_t restored;
	char driver[REHEARSAL_DEVICES][32];	/* "": none */
	char bdf[REHEARSAL_DEVICES][VLU_BDF_SIZE];
	size_t n_drivers;
	char taken[200];	/* the first line in which a network driver names a device */
};

/*
 * The shell removes the backslashes, so that the echo of the question does not look like an answer.
 * The text has no quotes: if the beginning of the line were lost, a quote could stay open.
 */
static void ask(const struct seen *seen)
{
	char text[1024] = "echo 1 >/proc/sys/kernel/printk; udevadm settle --timeout=30; for d in";
	const char *bdfs = seen->r->bdfs;
	size_t n;

	for (; *bdfs; bdfs += n + (bdfs[n] == ',')) {
		n = strcspn(bdfs, ",");
		text_add(text, sizeof(text), " %.*s", (int)n, bdfs);
	}
	text_add(text, sizeof(text), "; do l=$(readlink /sys/bus/pci/devices/$d/driver); "
		 "echo rehearse-\\driver $d ${l##*/}; done; "
		 "vfio-lu status --no-headings; echo rehearse-\\status $?\n");
	console_type(seen->c, text);
}

static void take_driver(struct seen *seen, const char *line)
{
	size_t n = seen->n_drivers;

	/* a shell with line editing prints escape sequences first */
	line = strstr(line, "rehearse-driver ");
	if (line && n < REHEARSAL_DEVICES &&
	    sscanf(line, "rehearse-driver %19s %31s", seen->bdf[n], seen->driver[n]) >= 1)
		seen->n_drivers++;
}

/* "e1000e 0000:04:00.0 eth0: ..." */
static void look_at_kernel(struct seen *seen, const char *line)
{
	const char *text = without_time(line), *bdf = seen->r->bdfs;
	size_t n;

	if (strstr(text, "Linux version"))
		seen->booted = true;
	for (; *bdf && !seen->taken[0]; bdf += n + (bdf[n] == ',')) {
		n = strcspn(bdf, ",");
		if (strstr(text, "eth") && memmem(text, strlen(text), bdf, n))
			snprintf(seen->taken, sizeof(seen->taken), "%s", text);
	}
}

static void take_line(struct seen *seen)
{
	const char *line = seen->c->line, *answer = strstr(line, "rehearse-status ");
	int status;

	look_at_kernel(seen, line);
	if (strstr(line, "Freezing execution"))
		seen->frozen = true;
	if (strstr(line, "rehearse-shell"))
		seen->shell = true;
	if (strstr(line, "  retrieved; now with vfio-pci"))
		seen->restored++;
	take_driver(seen, line);
	if (answer && sscanf(answer, "rehearse-status %d", &status) == 1) {
		seen->answered = true;
		seen->has_vfio_lu = status != 127;
	}
}

/* Was /dev/liveupdate opened before vfio-pci was there? luo_file_deserialize_one() */
static bool is_refused(const struct seen *seen)
{
	return strstr(seen->c->refusal, "luo: No registered handler") ||
	       strstr(seen->c->refusal, "luo: Failed to deserialize");
}

/* Waits until the shell has answered, or the kernel log shows that nothing can be restored. */
static int listen(struct seen *seen)
{
	struct console *c = seen->c;
	long long now = vlu_now(), deadline = now + c->ctx->timeout * 1000LL, again = now;
	int ret = 0;

	while (!seen->answered && !seen->frozen && !is_refused(seen) && !c->panic[0] &&
	       vlu_now() < deadline) {
		ret = console_next(c, vlu_now() + 100);
		if (!ret)
			take_line(seen);
		else if (ret != -ETIMEDOUT)
			return ret;
		if (!seen->booted || vlu_now() < again)
			continue;
		if (seen->shell)
			ask(seen);
		else
			console_type(c, "\necho rehearse-\\shell\n");
		again = vlu_now() + (seen->shell ? 60000 : ASK_AGAIN);
	}
	return seen->answered || is_refused(seen) ? 0 : -ETIMEDOUT;
}

#define ADD_HOOK	"install vfio-lu so that initramfs-tools or dracut finds its hook (its package does, " \
			"and make install PREFIX=/usr), and make it again: update-initramfs -u -k RELEASE, " \
			"dracut -f --kver RELEASE"

static void judge(const struct seen *seen)
{
	struct rehearsal *r = seen->r;
	char others[200] = "";
	size_t i;

	for (i = 0; i < seen->n_drivers; i++)
		if (seen->driver[i][0] && strcmp(seen->driver[i], "vfio-pci") != 0)
			text_add(others, sizeof(others), "%s%s is with %s", others[0] ? ", " : "",
				 seen->bdf[i], seen->driver[i]);
	if (!others[0] && seen->restored >= r->n_devices) {
		row_set(r, ROW_INITRD, VLU_PASS, "the initrd restores the devices before a driver "
			"takes one");
		return;
	}
	row_set(r, ROW_INITRD, VLU_FAIL, "the initrd %s%s%s%s%s", seen->has_vfio_lu ?
		"has vfio-lu and did not restore the devices" :
		"did not restore the devices: there is no vfio-lu in it", others[0] ? "; " : "",
		others, seen->taken[0] ? "; the kernel: " : "", seen->taken);
	row_fix(r, ROW_INITRD, ADD_HOOK);
}

static void judge_silence(struct seen *seen, int ret)
{
	struct rehearsal *r = seen->r;
	char kernel[450], why[300];
	bool blamed = console_silence(seen->c, ret, why, sizeof(why)) != SILENCE_OTHER || seen->frozen;

	console_trouble(seen->c, kernel, sizeof(kernel));
	if (is_refused(seen)) {
		row_set(r, ROW_INITRD, VLU_FAIL, "a program of the initrd, such as its systemd, "
			"opened /dev/liveupdate before vfio-pci was loaded; the kernel: %s",
			seen->c->refusal);
		row_fix(r, ROW_INITRD, "choose a kernel with CONFIG_VFIO_PCI=y, or have vfio-pci "
			"loaded before that program starts");
	} else if (blamed && kernel[0]) {
		row_set(r, ROW_INITRD, VLU_FAIL, "the next kernel does not boot with this initrd: "
			"%s", kernel);
	} else {
		row_set(r, ROW_INITRD, VLU_UNKNOWN, "the initrd offered no shell before the root "
			"file system was mounted: %s", seen->frozen ? "its systemd gave up" : why);
	}
}

int rehearse_initrd(struct rehearsal *r)
{
	static const struct step_of steps[] = {
		{ 1, "up", ROW_INITRD, "the first kernel boots", NULL },
		{ 1, "luo", ROW_INITRD, "the first kernel can hand over", NULL },
		{ 1, "bind", ROW_INITRD, "the first kernel has vfio-pci", NULL },
		{ 1, "preserve", ROW_INITRD, "the first kernel preserves the devices", NULL },
		{ 1, "config", ROW_INITRD, "the first kernel reads the devices", NULL },
		{ 1, "load", ROW_INITRD, "the first kernel loads the next", NULL },
	};
	struct seen seen = { .r = r };
	struct console c;
	int ret;

	seen.c = &c;
	ret = rehearsal_start(r, &c, true);
	if (!ret)
		ret = steps_follow(r, &c, steps, ARRAY_SIZE(steps));
	if (!ret) {
		row_waits(r, "the next kernel boots with its initrd");
		ret = listen(&seen);
		if (!ret && seen.answered)
			judge(&seen);
		else if (!ret || ret == -ETIMEDOUT || ret == -EPIPE)
			judge_silence(&seen, ret);
		ret = !ret || ret == -ETIMEDOUT || ret == -EPIPE ? 0 : ret;
	}
	console_close(&c);
	if (ret >= 0 || ret == -EINTR)
		return ret == 1 ? 0 : ret;
	/* the other rows are decided and stay valid */
	row_set(r, ROW_INITRD, VLU_UNKNOWN, "%s", r->ctx->failure.text);
	return 0;
}
