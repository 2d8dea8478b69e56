/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "machine/device.h"
#include "bind/at-boot.h"

/*
 * The first rule sets the override and loads vfio-pci, which takes all devices with this override.
 * The second rule frees a device that a built-in driver, or a driver in the initrd, has taken. The third
 * is for a device that appears after vfio-pci was loaded.
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

static void boot_file_text(enum boot_file kind, struct vlu_bdf bdf, char text[RULE_SIZE])
{
	if (kind == DRIVERCTL)
		strcpy(text, VFIO_DRIVER "\n");
	else
		persist_rule(bdf, text);
}

/* Looks for the rule or the command of driverctl, since its directory may be left over. */
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

enum vlu_known is_bound_at_boot(const char *path, const char *text, struct vlu_bdf bdf)
{
	char own[RULE_SIZE];
	struct vlu_bdf whose;
	enum boot_file kind;

	for (kind = 0; kind < N_BOOT_FILES; kind++) {
		if (!is_boot_file(kind, path, &whose))
			continue;
		boot_file_text(kind, whose, own);
		if (kind == UDEV && strcmp(text, own) != 0)
			break;	/* changed by an administrator */
		return vlu_bdf_compare(whose, bdf) == 0 && boot_file_has_vfio(kind, text) ?
		       VLU_YES : VLU_NO;
	}
	return VLU_DONT_KNOW;
}

/* ------------------------------------------------------------------ steps */

static int write_file(struct step *step, const char *text)
{
	int ret = sys_replace(&step->plan->ctx->sys, step->path, text, strlen(text));

	return ret ? vlu_failed(step->plan->ctx, ret, "%s: cannot write %s", step->name, step->path) : 0;
}

static int run_write(struct step *step)
{
	return write_file(step, step->value);
}

static int remove_file(struct step *step)
{
	int ret = sys_unlink(&step->plan->ctx->sys, step->path);

	if (ret && ret != -ENOENT)
		return vlu_failed(step->plan->ctx, ret, "%s: cannot remove %s", step->name, step->path);
	return 0;
}

/* extra: the text of the file before the step; NULL: no file */
static int write_back(struct step *step)
{
	return step->extra ? write_file(step, step->extra) : remove_file(step);
}

/* value: the text to write */
static const struct step_kind step_persist = {
	.text = "%d: give it to vfio-pci at every boot, by %p",
	.run = run_write,
	.undo = write_back,
};

static const struct step_kind step_end = {
	.text = "%d: remove %p",
	.run = remove_file,
	.undo = write_back,
};

int persist_add(struct vlu_plan *plan, struct vlu_bdf bdf)
{
	char path[96], text[RULE_SIZE], now[RULE_SIZE], name[VLU_BDF_SIZE];
	struct vlu_ctx *ctx = plan->ctx;
	enum boot_file kind;
	int ret;

	vlu_bdf_format(bdf, name);
	kind = has_driverctl(ctx) ? DRIVERCTL : UDEV;
	if (kind == UDEV && !sys_exists(&ctx->sys, RULES_DIR))
		return vlu_fail(ctx, VLU_UNSUPPORTED, -ENOENT, "%s: cannot be bound at every "
				"boot: there is neither driverctl nor " RULES_DIR, name);
	boot_file_path(kind, bdf, path);
	boot_file_text(kind, bdf, text);
	ret = boot_file_read(ctx, path, now);
	if (ret && ret != -ENOENT)
		return ret;
	if (!ret && !boot_file_has_vfio(kind, now))
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EEXIST, "%s: %s gives it to %.*s at "
				"every boot; remove that file first", name, path,
				(int)strcspn(now, "\n"), now);
	if (ret || strcmp(now, text) != 0) {
		ret = plan_add(plan, &step_persist, bdf, path, text, ret ? NULL : now);
		return ret ? ret : plan_say(plan, "persist", "%s  to be bound at every boot, by %s",
					    name, path);
	}
	return plan_say_already(plan, "persist", "%s  already bound at every boot, by %s", name, path);
}

int persist_drop(struct vlu_plan *plan, struct vlu_bdf bdf, bool end)
{
	char path[96], now[RULE_SIZE], name[VLU_BDF_SIZE];
	enum boot_file kind;
	int ret;

	vlu_bdf_format(bdf, name);
	for (kind = 0; kind < N_BOOT_FILES; kind++) {
		boot_file_path(kind, bdf, path);
		ret = boot_file_read(plan->ctx, path, now);
		if (ret == -ENOENT || (!ret && !boot_file_has_vfio(kind, now)))
			continue;
		if (!end) {
			vlu_log(plan->ctx, VLU_LOG_WARNING, "%s: %s gives it to vfio-pci again "
				"at the next boot; --persist ends that too", name, path);
			continue;
		}
		if (!ret)
			ret = plan_add(plan, &step_end, bdf, path, NULL, now);
		if (!ret)
			ret = plan_say(plan, "unpersist", "%s  no longer to be bound at boot", name);
		if (ret)
			return ret;
	}
	return 0;
}
