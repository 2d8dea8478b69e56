/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses by processes that have a device node of a function open, under any name. */
#include "base/attr.h"
#include "inuse/below.h"
#include "machine/device.h"
#include "machine/processes.h"

#define NVIDIA "/proc/driver/nvidia/gpus"

/*
 * How much harm the loss of an open device does. Programs expect that a USB device can
 * disappear, and many processes have all keyboards open. If a device of any other kind is taken
 * away, the kernel may wait until that device is closed, as in snd_card_free(), sound/core/init.c.
 */
static enum use_weight weight_of(const struct proc_file *file)
{
	if (file->is_block)
		return USE_VITAL;
	if (strstr(file->sysfs, "/input/"))
		return USE_IDLE;
	return strstr(file->sysfs, "/usb") ? USE_BEARABLE : USE_VITAL;
}

struct drivers_node {
	struct below *below;
	const struct proc_file *file;
	const char *fix;
	int64_t number;		/* of the node; -1: none */
	char driver[32];
	size_t n;		/* functions that this driver has */
};

/* Reads "Device Minor: \t 0" from the driver's own file. Returns -1 when it has no such line. */
static int64_t nvidia_number(struct vlu_ctx *ctx, const char *bdf)
{
	char path[96];
	_cleanup_free_ char *text = NULL;
	const char *line;
	size_t size;

	snprintf(path, sizeof(path), NVIDIA "/%.16s/information", bdf);
	if (attr_read_all(ctx, path, 65536, &text, &size))
		return -1;
	line = strstr(text, "Device Minor:");
	return line ? strtol(line + strlen("Device Minor:"), NULL, 10) : -1;
}

/* Is name a function of that driver? The driver's directory has other files as well. */
static bool has_driver(const struct drivers_node *node, const char *name)
{
	struct vlu_bdf bdf;
	char driver[64];

	return vlu_bdf_parse(name, &bdf) == 0 &&
	       attr_link(node->below->ctx, driver, sizeof(driver), PCI_DEVICES "/%.16s/driver",
			 name) > 0 && strcmp(driver, node->driver) == 0;
}

static int count_function(void *arg, const char *name)
{
	struct drivers_node *node = arg;

	node->n += has_driver(node, name);
	return 0;
}

static int look_at_function(void *arg, const char *name)
{
	const struct drivers_node *node = arg;
	int64_t number;
	char path[32];
	bool sure;

	if (!has_driver(node, name))
		return 0;
	number = nvidia_number(node->below->ctx, name);
	if (number >= 0 && node->number >= 0 && number != node->number)
		return 0;
	snprintf(path, sizeof(path), "/%.16s", name);
	sure = node->number >= 0 && (number >= 0 || node->n == 1);
	inuse_add(node->below->inuse, path, sure ? USE_VITAL : USE_UNSURE, node->fix,
		  "process %d (%s) has %s open%s", (int)node->file->pid, node->file->comm,
		  node->file->name, sure ? "" : ", which may belong to it");
	return 0;
}

/* Are the first len bytes of the node's name a driver? If so, counts the functions of the driver. */
static bool is_driver(struct drivers_node *node, const char *name, size_t len, char dir[96])
{
	if (!len || !take_text(node->driver, sizeof(node->driver), name, len))
		return false;
	if (is_digit((unsigned char)name[len]))
		node->number = strtol(name + len, NULL, 10);
	snprintf(dir, 96, "/sys/bus/pci/drivers/%s", node->driver);
	return sys_list(&node->below->ctx->sys, dir, count_function, node) >= 0;
}

/*
 * The nodes of nvidia are in no class of sysfs: "/dev/nvidia0" belongs to driver "nvidia",
 * "/dev/nvidia-nvswitch0" to "nvidia-nvswitch", "/dev/nvidia-uvm" to "nvidia". /dev/sev is
 * a node of driver "ccp", but has no parent device in sysfs (sev_misc_init(),
 * drivers/crypto/ccp/sev-dev.c).
 */
static void use_driver(struct below *below, const struct proc_file *file, const char *fix)
{
	const char *slash = strrchr(file->name, '/'), *name = slash ? slash + 1 : file->name;
	struct drivers_node node = { .below = below, .file = file, .fix = fix, .number = -1 };
	struct sys *sys = &below->ctx->sys;
	char dir[96];
	const char *list = dir;

	if (strcmp(name, "sev") == 0)
		name = "ccp0";
	if (!is_driver(&node, name, strcspn(name, "0123456789"), dir) &&
	    !is_driver(&node, name, strcspn(name, "0123456789-"), dir))
		return;
	/* a captured machine may have the "driver" links of the devices, and an empty driver directory */
	if (!node.n) {
		list = PCI_DEVICES;
		sys_list(sys, list, count_function, &node);
	}
	sys_list(sys, list, look_at_function, &node);
}

static void look_at_open(struct below *below, const struct proc_file *file)
{
	const char *name;
	char fix[80];

	/* udev opens every disk for a moment */
	if (strcmp(file->comm, "(udev-worker)") == 0 || strcmp(file->comm, "systemd-udevd") == 0)
		return;
	snprintf(fix, sizeof(fix), "stop process %d (%s) first", (int)file->pid, file->comm);
	if (!file->sysfs || strstr(file->sysfs, "/virtual/misc/sev")) {
		use_driver(below, file, fix);
		return;
	}
	below->weight = weight_of(file);
	name = strrchr(file->sysfs, '/');
	if (file->is_block && name)
		use_disk(below, name + 1, fix, "process %d (%s) has %s open", (int)file->pid,
			 file->comm, file->name);
	else
		use_place(below, file->sysfs, fix, "process %d (%s) has %s open",
			  (int)file->pid, file->comm, file->name);
}

void inuse_nodes(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct below below = { .ctx = ctx, .inuse = inuse };
	const struct procs *procs = procs_get(ctx);
	const struct proc_file *files;
	size_t i, n;

	if (!procs) {
		inuse->short_of_memory = true;
		return;
	}
	files = procs_kind(procs, PROC_NODE, &n);
	for (i = 0; i < n; i++)
		look_at_open(&below, &files[i]);
}
