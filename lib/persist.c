/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "device.h"
#include "persist.h"

#define DRIVERCTL_DIR	"/etc/driverctl.d"
#define RULES_DIR	"/etc/udev/rules.d"

enum means { DRIVERCTL, UDEV, N_MEANS };

static void means_path(enum means means, struct vlu_bdf bdf, char path[96])
{
	char name[VLU_BDF_SIZE];

	vlu_bdf_format(bdf, name);
	if (means == DRIVERCTL)	/* its name for a device is BUS-DEVICE */
		snprintf(path, 96, DRIVERCTL_DIR "/pci-%s", name);
	else	/* before the rules that load drivers, which are 80 */
		snprintf(path, 96, RULES_DIR "/05-vfio-lu-%s.rules", name);
}

/*
 * The first line has vfio-pci loaded, which takes all that wait for it then; the
 * second is for a device that a driver of the initial RAM disk, or one that is
 * built in, has taken before; the third for one that comes to a vfio-pci which
 * another device has had loaded.
 */
void persist_rule(struct vlu_bdf bdf, char text[RULE_SIZE])
{
	char name[VLU_BDF_SIZE];

	vlu_bdf_format(bdf, name);
	snprintf(text, RULE_SIZE,
		 "# vfio-lu bind --persist made this; vfio-lu unbind --persist %s removes it.\n"
		 "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", "
		 "ATTR{driver_override}=\"vfio-pci\", RUN{builtin}+=\"kmod load vfio-pci\"\n"
		 "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", DRIVER==\"?*\", "
		 "DRIVER!=\"vfio-pci\", ATTR{driver/unbind}=\"$kernel\"\n"
		 "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", "
		 "ATTR{[subsystem/pci]drivers_probe}=\"$kernel\"\n", name, name, name, name);
}

static void means_text(enum means means, struct vlu_bdf bdf, char text[RULE_SIZE])
{
	if (means == DRIVERCTL)
		strcpy(text, "vfio-pci\n");
	else
		persist_rule(bdf, text);
}

/* The rule or the command is the program; the directory alone may be left over. */
static bool has_driverctl(struct vlu_ctx *ctx)
{
	static const char *const parts[] = {
		"/usr/lib/udev/rules.d/05-driverctl.rules",
		"/lib/udev/rules.d/05-driverctl.rules",
		"/usr/sbin/driverctl",
		"/usr/bin/driverctl",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (sys_exists(&ctx->sys, parts[i]))
			return sys_exists(&ctx->sys, DRIVERCTL_DIR);
	return false;
}

/* What is in the file; -ENOENT: there is none. */
static int means_read(struct vlu_ctx *ctx, const char *path, char text[RULE_SIZE])
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int ret;

	ret = attr_read_all(ctx, path, RULE_SIZE - 1, &data, &size);
	if (!ret)
		memcpy(text, data, size + 1);
	else if (ret != -ENOENT)
		vlu_fail(ctx, VLU_FAILED, ret, "cannot read %s: %s", path, strerror(-ret));
	return ret;
}

/* driverctl takes the first line, whatever blanks it has around it. */
static bool gives_to_vfio(enum means means, const char *text)
{
	size_t len;

	if (means == UDEV)
		return true;	/* the file is ours */
	text += strspn(text, " \t\n");
	len = strcspn(text, " \t\n");
	return len == 8 && memcmp(text, "vfio-pci", len) == 0;
}

/* ------------------------------------------------------------------ steps */

/* extra: what is in the file */
static int write_file(struct vlu_plan *plan, struct step *step)
{
	char name[VLU_BDF_SIZE];
	int ret;

	ret = sys_replace(&plan->ctx->sys, step->path, step->extra, strlen(step->extra));
	if (ret)
		return vlu_fail(plan->ctx, VLU_FAILED, ret, "%s: cannot write %s: %s",
				vlu_bdf_format(step->bdf, name), step->path, strerror(-ret));
	return 0;
}

static int remove_file(struct vlu_plan *plan, struct step *step)
{
	int ret = sys_unlink(&plan->ctx->sys, step->path);
	char name[VLU_BDF_SIZE];

	if (ret && ret != -ENOENT)
		return vlu_fail(plan->ctx, VLU_FAILED, ret, "%s: cannot remove %s: %s",
				vlu_bdf_format(step->bdf, name), step->path, strerror(-ret));
	return 0;
}

static const struct step_kind step_persist = {
	.text = "%d: give it to vfio-pci at every boot, by %p",
	.run = write_file,
	.undo = remove_file,
};

static const struct step_kind step_end = {
	.text = "%d: remove %p",
	.run = remove_file,
	.undo = write_file,
};

int persist_add(struct vlu_plan *plan, struct vlu_bdf bdf)
{
	char path[96], text[RULE_SIZE], now[RULE_SIZE], name[VLU_BDF_SIZE];
	struct vlu_ctx *ctx = plan->ctx;
	enum means means;
	int ret;

	vlu_bdf_format(bdf, name);
	means = has_driverctl(ctx) ? DRIVERCTL : UDEV;
	if (means == UDEV && !sys_exists(&ctx->sys, RULES_DIR))
		return vlu_fail(ctx, VLU_UNSUPPORTED, -ENOENT, "%s: nothing here could bind it "
				"at boot: there is neither driverctl nor " RULES_DIR, name);
	means_path(means, bdf, path);
	means_text(means, bdf, text);
	ret = means_read(ctx, path, now);
	if (ret && ret != -ENOENT)
		return ret;
	if (!ret && !gives_to_vfio(means, now))
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EEXIST, "%s: %s gives it to %.*s at "
				"every boot; remove that file first", name, path,
				(int)strcspn(now, "\n"), now);
	if (ret || strcmp(now, text) != 0) {
		ret = plan_add(plan, &step_persist, bdf, path, NULL, text);
		return ret ? ret : plan_say(plan, "%s  to be bound at every boot, by %s",
					    name, path);
	}
	return plan_say(plan, "%s  already to be bound at every boot, by %s", name, path);
}

int persist_drop(struct vlu_plan *plan, struct vlu_bdf bdf, bool end)
{
	char path[96], now[RULE_SIZE], name[VLU_BDF_SIZE];
	enum means means;
	int ret;

	vlu_bdf_format(bdf, name);
	for (means = 0; means < N_MEANS; means++) {
		means_path(means, bdf, path);
		ret = means_read(plan->ctx, path, now);
		if (ret == -ENOENT || (!ret && !gives_to_vfio(means, now)))
			continue;
		if (!end) {
			vlu_log(plan->ctx, VLU_LOG_WARNING, "%s: %s gives it to vfio-pci again "
				"at the next boot; --persist ends that too", name, path);
			continue;
		}
		if (!ret)
			ret = plan_add(plan, &step_end, bdf, path, NULL, now);
		if (!ret)
			ret = plan_say(plan, "%s  no longer to be bound at boot", name);
		if (ret)
			return ret;
	}
	return 0;
}

enum vlu_known vlu_device_persist(const struct vlu_device *dev)
{
	enum vlu_known known = VLU_NO;
	char path[96], now[RULE_SIZE];
	enum means means;
	int ret;

	for (means = 0; means < N_MEANS; means++) {
		means_path(means, dev->bdf, path);
		ret = means_read(dev->ctx, path, now);
		if (!ret && gives_to_vfio(means, now))
			return VLU_YES;
		if (ret && ret != -ENOENT)
			known = VLU_DONT_KNOW;
	}
	return known;
}
