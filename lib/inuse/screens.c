/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses by the console on a screen. */
#include <limits.h>

#include "base/attr.h"
#include "inuse/uses.h"
#include "machine/device.h"

#define MOVE_CONSOLE	"move the console to a serial line or another screen first (boot with " \
			"console=ttyS0 and video=off)"

struct screens {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	bool console;		/* the console is on a frame buffer */
	bool firmware;		/* ... on the frame buffer of the firmware, or on a text screen */
	bool mapped;		/* other frame buffers than the first may show it, by "fbcon=map:" */
	long first;		/* number of the first frame buffer */
};

static long number_of(const char *name)
{
	return strncmp(name, "fb", 2) == 0 && is_digit((unsigned char)name[2]) ?
	       strtol(name + 2, NULL, 10) : LONG_MAX;
}

static int find_first(void *arg, const char *name)
{
	struct screens *screens = arg;
	long number = number_of(name);

	screens->first = number < screens->first ? number : screens->first;
	return 0;
}

static int look_at_console(void *arg, const char *name)
{
	struct screens *screens = arg;
	char kind[64];
	int64_t bound;

	/* drivers/tty/vt/vt.c: "(M) frame buffer device", "(S) VGA+" */
	if (attr_read(screens->ctx, kind, sizeof(kind),
		      "/sys/class/vtconsole/%.32s/name", name) <= 0 ||
	    attr_number(screens->ctx, &bound, "/sys/class/vtconsole/%.32s/bind", name) ||
	    bound != 1)
		return 0;
	screens->console |= strstr(kind, "frame buffer") != NULL;
	screens->firmware |= strstr(kind, "VGA") != NULL;
	return 0;
}

static int look_at_screen(void *arg, const char *name)
{
	struct screens *screens = arg;
	long number = number_of(name);
	char path[512];

	if (number == LONG_MAX)
		return 0;
	snprintf(path, sizeof(path), "/sys/class/graphics/%.16s", name);
	if (sys_readlink(&screens->ctx->sys, path, path, sizeof(path)) < 0)
		return 0;
	screens->firmware |= strstr(path, "/platform/") != NULL;
	/* fbcon_fb_registered(), drivers/video/fbdev/core/fbcon.c: the console is on the first alone */
	if (number == screens->first)
		inuse_add(screens->inuse, path, USE_BEARABLE, MOVE_CONSOLE,
			  "its frame buffer %.16s shows the console", name);
	else if (screens->mapped)
		inuse_add(screens->inuse, path, USE_UNSURE, MOVE_CONSOLE,
			  "its frame buffer %.16s may show the console, by fbcon=map:", name);
	return 0;
}

/*
 * The frame buffer of the firmware (efifb, simplefb) is a platform device, and a text screen is no
 * device. The function that the firmware chose for them has boot_vga 1 (drivers/pci/vgaarb.c).
 */
static int look_at_boot_screen(void *arg, const char *name)
{
	const struct screens *screens = arg;
	char path[32], driver[64];
	int64_t boot;

	if (attr_number(screens->ctx, &boot, PCI_DEVICES "/%.16s/boot_vga", name) || boot != 1)
		return 0;
	/* vfio-pci has taken the screen from the firmware's driver */
	if (attr_link(screens->ctx, driver, sizeof(driver), PCI_DEVICES "/%.16s/driver", name) > 0 &&
	    strcmp(driver, VFIO_DRIVER) == 0)
		return 0;
	snprintf(path, sizeof(path), "/%.16s", name);
	inuse_add(screens->inuse, path, USE_BEARABLE, MOVE_CONSOLE,
		  "the firmware's screen is on it, and shows the console");
	return 0;
}

void inuse_screens(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct screens screens = { .ctx = ctx, .inuse = inuse, .first = LONG_MAX };
	char cmdline[8192];

	/* A host without a screen has neither directory. */
	sys_list(&ctx->sys, "/sys/class/vtconsole", look_at_console, &screens);
	if (screens.console) {
		screens.mapped = attr_read(ctx, cmdline, sizeof(cmdline), "/proc/cmdline") <= 0 ||
				 (strstr(cmdline, "fbcon=") && strstr(cmdline, "map:"));
		sys_list(&ctx->sys, "/sys/class/graphics", find_first, &screens);
		sys_list(&ctx->sys, "/sys/class/graphics", look_at_screen, &screens);
	}
	if (screens.firmware)
		sys_list(&ctx->sys, PCI_DEVICES, look_at_boot_screen, &screens);
}
