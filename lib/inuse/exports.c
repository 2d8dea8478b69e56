/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of disks and of Fibre Channel ports by targets (NVMe over Fabrics, LIO, SCST, USB gadgets). */
#include <ctype.h>

#include "base/attr.h"
#include "inuse/below.h"
#include "machine/device-node.h"

#define CONFIGFS "/sys/kernel/config"

/* Where targets list their exports; see Documentation/nvme and Documentation/target. "*" is any name. */
static const struct export {
	const char *dirs;
	const char *attr;	/* names a node, or says whether a port is a target */
	const char *module;	/* when it is loaded the directories must exist; or NULL */
} exports[] = {
	{ CONFIGFS "/nvmet/subsystems/*/namespaces/*", "device_path", "nvmet" },
	{ CONFIGFS "/nvmet/subsystems/*/passthru", "device_path", NULL },
	{ CONFIGFS "/target/core/*/*", "udev_path", "target_core_mod" },
	{ CONFIGFS "/target/core/*/*", "info", NULL },
	{ CONFIGFS "/usb_gadget/*/functions/*/*", "file", NULL },
	{ CONFIGFS "/target/*/*/*", "enable", NULL },
	{ CONFIGFS "/nvmet/ports/*", "addr_traddr", NULL },
	{ "/sys/kernel/scst_tgt/devices/*", "filename", "scst" },
};

struct place {
	struct below *below;
	const struct export *export;
	const char *rest;	/* the rest of export->dirs, still to walk */
	char path[400];
};

static void add_export(struct place *place, const char *node)
{
	struct below *below = place->below;
	char name[64], sysfs[NODE_SYSFS], fix[448];
	int64_t enabled;

	/* an export that is not enabled has not opened its disk yet */
	below->weight = attr_number(below->ctx, &enabled, "%s/enable", place->path) == 0 &&
			!enabled ? USE_BEARABLE : USE_VITAL;
	snprintf(fix, sizeof(fix), "take it out of %s first", place->path);
	if (disk_name(below->ctx, node, name)) {
		use_disk(below, name, fix, "%.100s is exported by %.300s", node, place->path);
		return;
	}
	node_by_name(below->ctx, node, sysfs);
	if (!sysfs[0] && !below->inuse->unseen_disks[0])
		snprintf(below->inuse->unseen_disks, sizeof(below->inuse->unseen_disks),
			 "%.60s is exported, but vfio-lu cannot see which device it belongs to", node);
	use_place(below, sysfs, fix, "%.100s is exported by %.300s", node, place->path);
}

/* Makes "0x21000024ff000001" of "21:00:00:24:ff:00:00:01". Returns false for another name. */
static bool port_name(const char *text, char name[20])
{
	size_t n = 2;

	strcpy(name, "0x");
	for (text += strncmp(text, "0x", 2) == 0 ? 2 : 0; isxdigit((unsigned char)*text) || *text == ':'; text++)
		if (*text != ':' && n < 18)
			name[n++] = (char)tolower((unsigned char)*text);
	name[n] = '\0';
	return n == 18 && (!*text || *text == '/');
}

/*
 * An adapter is a target if "target/qla2xxx/21:00:.../tpgt_1/enable" is "1", or if a port of NVMe over
 * Fibre Channel has a subsystem and the address "nn-0x...:pn-0x...".
 */
static void add_port(struct place *place, const char *word)
{
	const char *at = strstr(word, ":pn-");
	char fix[448], name[20], path[448];

	snprintf(path, sizeof(path), "%s/subsystems", place->path);
	if (at && sys_list(&place->below->ctx->sys, path, any_name, NULL) != 1)
		return;
	if (!at && strcmp(word, "1") == 0)
		for (at = strrchr(place->path, '/'); at > place->path && at[-1] != '/'; at--)
			;
	if (!at || !port_name(*at == ':' ? at + 4 : at, name))
		return;
	place->below->weight = USE_VITAL;
	snprintf(fix, sizeof(fix), "disable %s first", place->path);
	use_port(place->below, name, fix, "its port %s exports disks, by %.300s", name, place->path);
}

static void read_export(struct place *place)
{
	char path[448], *word, *save = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", place->path, place->export->attr);
	ret = attr_read_all(place->below->ctx, path, 65536, &text, &size);
	if (ret == -EACCES || ret == -EPERM)
		inuse_cannot(place->below->inuse->unseen_disks, path, ret);
	if (ret)
		return;
	for (word = strtok_r(text, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save))
		if (strncmp(word, "/dev/", 5) == 0)
			add_export(place, word);
		else
			add_port(place, word);
}

static void walk(struct place *place);

static int look_at_place(void *arg, const char *name)
{
	struct place below = *(const struct place *)arg;

	text_add(below.path, sizeof(below.path), "/%s", name);
	walk(&below);
	return 0;
}

static void walk(struct place *place)
{
	const char *star = strstr(place->rest, "/*");
	struct inuse *inuse = place->below->inuse;
	struct sys *sys = &place->below->ctx->sys;
	char module[64];
	int ret;

	text_add(place->path, sizeof(place->path), "%.*s", star ? (int)(star - place->rest) :
		 (int)strlen(place->rest), place->rest);
	if (!star) {
		read_export(place);
		return;
	}
	place->rest = star + 2;
	ret = sys_list(sys, place->path, look_at_place, place);
	snprintf(module, sizeof(module), "/sys/module/%.32s", place->export->module ?
		 place->export->module : "");
	if (ret == -EACCES || ret == -EPERM || (ret == -ENOENT && place->export->module &&
						sys_exists(sys, module)))
		inuse_cannot(inuse->unseen_disks, place->path, ret);
}

void inuse_exports(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct below below = { .ctx = ctx, .inuse = inuse };
	struct place place;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(exports); i++) {
		place = (struct place){ &below, &exports[i], exports[i].dirs, "" };
		walk(&place);
	}
}
