/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses by the console of the kernel: serial ports, and ports of virtio. */
#include "base/attr.h"
#include "inuse/uses.h"

#define CONSOLES	"/proc/consoles"
#define ACTIVE		"/sys/class/tty/console/active"

struct consoles {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	const char *hvc;	/* the examined console */
};

static int look_at_vport(void *arg, const char *name)
{
	const struct consoles *consoles = arg;
	char path[512];

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%.32s", name);
	if (sys_readlink(&consoles->ctx->sys, path, path, sizeof(path)) > 0)
		inuse_add(consoles->inuse, path, USE_UNSURE, "first find out which device has the "
			  "console", "its port %.32s may be the kernel's console %.32s", name,
			  consoles->hvc);
	return 0;
}

/* Finds the port's place in sysfs. In a copy of sysfs, the port is a directory, and its device is a link. */
static bool find_port(struct vlu_ctx *ctx, const char *name, char path[512])
{
	char link[128];

	snprintf(link, sizeof(link), "/sys/class/tty/%.32s", name);
	if (sys_readlink(&ctx->sys, link, path, 512) > 0)
		return true;
	text_add(link, sizeof(link), "/device");
	return sys_readlink(&ctx->sys, link, path, 512) > 0;
}

static void look_at_name(struct consoles *consoles, const char *name)
{
	struct inuse *inuse = consoles->inuse;
	char path[512], fix[96];

	snprintf(fix, sizeof(fix), "boot without console=%.32s first", name);
	if (find_port(consoles->ctx, name, path)) {
		inuse_add(inuse, path, USE_BEARABLE, fix, "its port %.32s is the kernel's console",
			  name);
	} else if (strncmp(name, "tty", 3) == 0 && name[3] >= 'A' && name[3] <= 'Z' &&
		   !inuse->unseen_ports[0]) {
		snprintf(inuse->unseen_ports, sizeof(inuse->unseen_ports), "%.32s is the kernel's "
			 "console, and sysfs does not show on which device", name);
	}
	/* hvc_alloc(), drivers/tty/hvc/hvc_console.c: no link leads to the device below */
	if (strncmp(name, "hvc", 3) == 0) {
		consoles->hvc = name;
		sys_list(&consoles->ctx->sys, "/sys/class/virtio-ports", look_at_vport, consoles);
	}
}

static int read_consoles(struct consoles *consoles)
{
	_cleanup_free_ char *text = NULL;
	const char *p, *end, *next;
	char name[CONSOLE_NAME];
	size_t size = 0;
	int ret;

	ret = attr_read_all(consoles->ctx, CONSOLES, 65536, &text, &size);
	for (p = text, end = p + size; !ret && p < end; p = next) {
		next = next_line(p, end);
		if (console_parse(p, next, name))
			look_at_name(consoles, name);
	}
	return ret;
}

/* drivers/tty/tty_io.c show_cons_active(): "tty0 ttyS4" */
static int read_active(struct consoles *consoles)
{
	char names[256], *name, *save = NULL;
	ssize_t n = attr_read(consoles->ctx, names, sizeof(names), ACTIVE);

	for (name = n > 0 ? strtok_r(names, " ", &save) : NULL; name;
	     name = strtok_r(NULL, " ", &save))
		look_at_name(consoles, name);
	return n < 0 ? (int)n : 0;
}

void inuse_consoles(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct consoles consoles = { ctx, inuse, NULL };
	int ret = read_consoles(&consoles);

	/* both files name the same ports, but a container or a capture may have only one of them */
	if (read_active(&consoles) && ret)
		inuse_cannot(inuse->unseen_ports, CONSOLES, ret);
}
