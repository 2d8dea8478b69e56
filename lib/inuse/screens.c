/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses by the console: a frame buffer, a serial port. */
#include "base/attr.h"
#include "inuse/uses.h"

struct screens {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	bool console;		/* the console is on a frame buffer */
};

static int look_at_console(void *arg, const char *name)
{
	struct screens *screens = arg;
	char kind[64];
	int64_t bound;

	/* drivers/tty/vt/vt.c: "(M) frame buffer device" */
	if (attr_read(screens->ctx, kind, sizeof(kind),
		      "/sys/class/vtconsole/%.32s/name", name) > 0 &&
	    strstr(kind, "frame buffer") &&
	    attr_number(screens->ctx, &bound, "/sys/class/vtconsole/%.32s/bind",
			name) == 0 && bound == 1)
		screens->console = true;
	return 0;
}

static int look_at_screen(void *arg, const char *name)
{
	struct screens *screens = arg;
	char path[512];

	if (strncmp(name, "fb", 2) != 0 || name[2] < '0' || name[2] > '9')
		return 0;
	snprintf(path, sizeof(path), "/sys/class/graphics/%.16s", name);
	if (sys_readlink(&screens->ctx->sys, path, path, sizeof(path)) < 0)
		return 0;
	inuse_add(screens->inuse, path, USE_BEARABLE, "move the console to a serial line "
		  "or another screen first (boot with console=ttyS0 and video=off)",
		  "its frame buffer %.16s shows the console", name);
	return 0;
}

/* drivers/tty/tty_io.c show_cons_active(): "tty0 ttyS4" */
static void look_at_ports(struct screens *screens)
{
	char names[256], path[512], fix[96], *name, *save = NULL;

	if (attr_read(screens->ctx, names, sizeof(names), "/sys/class/tty/console/active") <= 0)
		return;
	for (name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		snprintf(path, sizeof(path), "/sys/class/tty/%.32s", name);
		snprintf(fix, sizeof(fix), "boot without console=%.32s first", name);
		if (sys_readlink(&screens->ctx->sys, path, path, sizeof(path)) > 0)
			inuse_add(screens->inuse, path, USE_BEARABLE, fix,
				  "its port %.32s is the kernel's console", name);
	}
}

void inuse_screens(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct screens screens = { ctx, inuse, false };

	/* A host without a screen has neither directory. */
	sys_list(&ctx->sys, "/sys/class/vtconsole", look_at_console, &screens);
	if (screens.console)
		sys_list(&ctx->sys, "/sys/class/graphics", look_at_screen, &screens);
	look_at_ports(&screens);
}
