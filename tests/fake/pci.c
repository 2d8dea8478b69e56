// SPDX-License-Identifier: GPL-2.0-only
/* The driver core and the PCI bus: the effects of writes into sysfs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

struct device *devices;
static struct driver *drivers;

/* A write that waits, in a process in state D, until a device is released. */
struct pending {
	struct pending *next;
	struct device *dev;
	int call_fd;
	size_t size;
	char path[PATH_SIZE];
	char text[NAME_SIZE];
};

static struct pending *pendings;

/* --------------------------------------------------------------- drivers */

struct driver *driver_find(const char *name)
{
	struct driver *drv;

	for (drv = drivers; drv && strcmp(drv->name, name); drv = drv->next)
		;
	return drv;
}

void driver_add(const char *name, const char *module, const char *how,
		const char *ids)
{
	struct driver **end, *drv = calloc(1, sizeof(*drv));

	if (!drv)
		die("out of memory");
	snprintf(drv->name, sizeof(drv->name), "%s", name);
	snprintf(drv->module, sizeof(drv->module), "%s", module);
	drv->builtin = strcmp(how, "builtin") == 0;
	drv->boot = strcmp(how, "boot") == 0;
	drv->variant = strstr(ids, "variant") != NULL;
	snprintf(drv->ids, sizeof(drv->ids), "%s", ids);
	/* The bus tries drivers in the order of registration. */
	for (end = &drivers; *end; end = &(*end)->next)
		;
	*end = drv;
}

/* The driver's files, which bus_add_driver(), drivers/base/bus.c, makes after probing. */
void driver_files(struct driver *drv, bool there)
{
	const char *const files[] = { "bind", "unbind", "new_id", "remove_id", "uevent" };
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/%s", drv->name, files[i]);
		if (there)
			tree_write(path, "%s", "");
		else
			tree_remove(path);
	}
}

static void driver_register(struct driver *drv)
{
	char path[PATH_SIZE], target[PATH_SIZE];

	drv->registered = true;
	driver_files(drv, true);
	snprintf(target, sizeof(target), "sys/module/%s", drv->module);
	tree_mkdir(target);
	if (!drv->builtin) {
		snprintf(path, sizeof(path), "sys/module/%s/initstate", drv->module);
		tree_write(path, "live\n");
		snprintf(path, sizeof(path), "sys/module/%s/refcnt", drv->module);
		tree_write(path, "0\n");
	}
	snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/module", drv->name);
	tree_link(path, target);
}

bool is_module_loaded(const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "sys/module/%s", name);
	return tree_exists(path);
}

/* --------------------------------------------------------------- devices */

struct device *device_find(const char *name)
{
	struct device *dev;

	for (dev = devices; dev && strcmp(dev->name, name); dev = dev->next)
		;
	return dev;
}

static void device_file(const struct device *dev, const char *name, char *path)
{
	snprintf(path, PATH_SIZE, "%.300s/%.200s", dev->path, name);
}

static unsigned int device_number(const struct device *dev, const char *name)
{
	char path[PATH_SIZE], text[NAME_SIZE];

	device_file(dev, name, path);
	return tree_read(path, text, sizeof(text)) ? (unsigned int)strtoul(text, NULL, 0) : 0;
}

void device_power(const struct device *dev, char *buf, size_t size)
{
	char path[PATH_SIZE];

	device_file(dev, "power_state", path);
	if (!tree_read(path, buf, size))
		snprintf(buf, size, "unknown");
}

bool device_has_group(const struct device *dev)
{
	char path[PATH_SIZE];

	device_file(dev, "iommu_group", path);
	return tree_exists(path);
}

bool device_is_bridge(const struct device *dev)
{
	return dev->class >> 8 == 0x0604;
}

bool device_is_vf(const struct device *dev)
{
	char path[PATH_SIZE];

	device_file(dev, "physfn", path);
	return tree_exists(path);
}

bool device_is_vfio(const struct device *dev)
{
	return dev->driver && strcmp(dev->driver->name, "vfio-pci") == 0;
}

void device_upstream(const struct device *dev, void (*fn)(struct device *bridge))
{
	char path[PATH_SIZE];
	struct device *bridge;
	char *slash;

	snprintf(path, sizeof(path), "%s", dev->path);
	while ((slash = strrchr(path, '/'))) {
		*slash = '\0';
		slash = strrchr(path, '/');
		bridge = slash ? device_find(slash + 1) : NULL;
		if (!bridge)
			break;
		fn(bridge);
	}
}

static void override_show(struct device *dev)
{
	char path[PATH_SIZE];

	device_file(dev, "driver_override", path);
	tree_write(path, "%s\n", dev->override[0] ? dev->override : "(null)");
}

/* Runtime power management: an idle device of vfio-pci sleeps. */
void device_set_power(const struct device *dev, const char *state)
{
	char path[PATH_SIZE];

	device_file(dev, "power_state", path);
	tree_write(path, "%s\n", state);
}

/* Shows a vector of the device in /proc/interrupts, which does not name its user. */
void device_set_irq(struct device *dev, enum irq irq)
{
	static const char *const names[] = { "intx", "msi[0]", "msix[0]" };
	char text[8192] = "            CPU0\n  0:         33  timer\n";

	dev->irq = irq;
	for (struct device *d = devices; d; d = d->next)
		if (d->irq != IRQ_NONE && d->files)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 " 40:          0  vfio-%s(%s)\n", names[d->irq], d->name);
	tree_write("proc/interrupts", "%s", text);
}

static void scan_one(const char *name)
{
	struct device *dev = calloc(1, sizeof(*dev)), **end;
	char path[PATH_SIZE];

	if (!dev)
		die("out of memory");
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", name);
	if (tree_real(path, dev->path, sizeof(dev->path)))
		die("%s leads nowhere", path);
	dev->vendor = device_number(dev, "vendor");
	dev->id = device_number(dev, "device");
	dev->class = device_number(dev, "class");
	dev->minor = -1;
	dev->irq = IRQ_NONE;
	for (end = &devices; *end; end = &(*end)->next)
		;
	*end = dev;
}

void pci_scan(void)
{
	tree_each("sys/bus/pci/devices", scan_one);
}

/* ------------------------------------------------------------------ vfio */

/* vfio_register_group_dev(), drivers/vfio/vfio_main.c: the first free number */
static void vfio_add(struct device *dev)
{
	char path[PATH_SIZE], name[NAME_SIZE];
	int minor = 0;

	for (struct device *d = devices; d; d = d->next)
		if (d->minor == minor) {
			minor++;
			d = devices;
		}
	dev->minor = minor;
	snprintf(name, sizeof(name), "vfio-dev/vfio%d/dev", minor);
	device_file(dev, name, path);
	tree_write(path, "511:%d\n", minor);
	*strrchr(path, '/') = '\0';
	snprintf(name, sizeof(name), "sys/class/vfio-dev/vfio%d", minor);
	tree_link(name, path);
	snprintf(name, sizeof(name), "dev/vfio/devices/vfio%d", minor);
	tree_write(name, "%s", "");
}

static void vfio_remove(struct device *dev)
{
	char path[PATH_SIZE];

	if (dev->minor < 0)
		return;
	device_file(dev, "vfio-dev", path);
	tree_remove(path);
	snprintf(path, sizeof(path), "sys/class/vfio-dev/vfio%d", dev->minor);
	tree_remove(path);
	snprintf(path, sizeof(path), "dev/vfio/devices/vfio%d", dev->minor);
	tree_remove(path);
	dev->minor = -1;
}

/* ------------------------------------------------------ bind and unbind */

/* pci_match_device(), drivers/pci/pci-driver.c */
static bool is_driver_match(const struct driver *drv, const struct device *dev)
{
	char id[32], class[32];

	if (!drv->registered)
		return false;
	if (dev->override[0])
		return strcmp(dev->override, drv->name) == 0;
	snprintf(id, sizeof(id), "%04x:%04x", dev->vendor, dev->id);
	snprintf(class, sizeof(class), "class:%04x", dev->class >> 8);
	/* all entries of vfio-pci's table are override_only, so it has no ids here */
	return strstr(drv->ids, id) || strstr(drv->ids, class);
}

/* register_netdevice(), net/core/dev.c: an interface that is down */
static void net_add(struct device *dev)
{
	char path[PATH_SIZE], name[NAME_SIZE];
	int n = -1;

	do
		snprintf(path, sizeof(path), "sys/class/net/eth%d", ++n);
	while (tree_exists(path));
	snprintf(name, sizeof(name), "net/eth%d/flags", n);
	device_file(dev, name, path);
	tree_write(path, "0x1002\n");
	*strrchr(path, '/') = '\0';
	snprintf(name, sizeof(name), "sys/class/net/eth%d", n);
	tree_link(name, path);
}

static struct device *netless;

static void drop_net(const char *name)
{
	char path[PATH_SIZE], of[PATH_SIZE], real[PATH_SIZE];

	snprintf(path, sizeof(path), "sys/class/net/%s", name);
	device_file(netless, "net/", of);
	if (tree_real(path, real, sizeof(real)) == 0 && strncmp(real, of, strlen(of)) == 0)
		tree_remove(path);
}

static void net_remove(struct device *dev)
{
	char path[PATH_SIZE];

	netless = dev;
	tree_each("sys/class/net", drop_net);
	device_file(dev, "net", path);
	tree_remove(path);
}

/* really_probe(), drivers/base/dd.c */
static int driver_probe(struct driver *drv, struct device *dev)
{
	char path[PATH_SIZE], target[PATH_SIZE];

	if (drv->variant || strcmp(drv->name, "vfio-pci") == 0) {
		/* vfio_pci_core_register_device(): header type 0 only */
		if (device_is_bridge(dev))
			return -EINVAL;
		/* vfio_device_set_group(): no group, no device */
		if (!device_has_group(dev))
			return -EINVAL;
		vfio_add(dev);
		/* its pm_runtime_put(), unless disable_idle_d3 */
		if (dev->has_pm)
			device_set_power(dev, "D3hot");
	}
	dev->driver = drv;
	device_file(dev, "driver", path);
	snprintf(target, sizeof(target), "sys/bus/pci/drivers/%s", drv->name);
	tree_link(path, target);
	snprintf(target, sizeof(target), "sys/bus/pci/drivers/%s/%s", drv->name, dev->name);
	tree_link(target, dev->path);
	if (strcmp(drv->name, "e1000e") == 0)
		net_add(dev);
	return 0;
}

/* device_attach(), drivers/base/dd.c: 1: bound; 0: no driver matches */
static int device_attach(struct device *dev)
{
	for (struct driver *drv = drivers; drv; drv = drv->next)
		if (is_driver_match(drv, dev) && driver_probe(drv, dev) == 0)
			return 1;
	return 0;
}

static void device_detach(struct device *dev)
{
	char path[PATH_SIZE];

	if (!dev->driver)
		return;
	vfio_remove(dev);
	net_remove(dev);
	snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/%s", dev->driver->name, dev->name);
	tree_remove(path);
	device_file(dev, "driver", path);
	tree_remove(path);
	dev->driver = NULL;
	if (dev->has_pm)
		device_set_power(dev, "D0");
	/* Only a new probe makes a frozen device usable again (measured). */
	dev->poisoned = false;
	dev->irq = IRQ_NONE;
}

static int block(struct device *dev, const char *path, const char *text,
		 int call_fd)
{
	struct pending **end, *p = calloc(1, sizeof(*p));

	if (!p)
		die("out of memory");
	p->dev = dev;
	p->call_fd = call_fd;
	p->size = strlen(text);
	snprintf(p->path, sizeof(p->path), "%s", path);
	snprintf(p->text, sizeof(p->text), "%s", text);
	for (end = &pendings; *end; end = &(*end)->next)
		;
	*end = p;
	return BLOCKED;
}

/* vfio_unregister_group_dev(): the cdev goes first, then it waits for users. */
static int unbind_blocks(struct device *dev, const char *path, const char *text,
			 int call_fd)
{
	kmsg_device(dev, "No device request channel registered, blocked until released by user");
	vfio_remove(dev);
	dev->unbinding = true;
	return block(dev, path, text, call_fd);
}

/* unbind_store(), drivers/base/bus.c */
static int write_unbind(struct driver *drv, struct device *dev, const char *path,
			const char *text, int call_fd)
{
	if (!dev || dev->driver != drv)
		return -ENODEV;
	if (dev->files)
		return unbind_blocks(dev, path, text, call_fd);
	device_detach(dev);
	return 0;
}

/* bind_store(), drivers/base/bus.c; __driver_probe_device(), drivers/base/dd.c */
static int write_bind(struct driver *drv, struct device *dev)
{
	if (!dev || !is_driver_match(drv, dev))
		return -ENODEV;
	if (dev->driver)
		return -EBUSY;
	return driver_probe(drv, dev);
}

/* drivers_probe_store(), drivers/base/bus.c: no driver is no error */
static int write_probe(struct device *dev)
{
	if (!dev)
		return -ENODEV;
	if (!dev->driver)
		device_attach(dev);
	return 0;
}

/* driver_set_override(), drivers/base/driver.c */
static int write_override(struct device *dev, const char *text)
{
	snprintf(dev->override, sizeof(dev->override), "%s", text);
	override_show(dev);
	return 0;
}

/* path is the resolved path of the attribute, from the root of the tree. */
bool pci_is_writable(const char *path)
{
	const char *base = strrchr(path, '/');

	if (!base)
		return false;
	base++;
	if (strcmp(path, "sys/bus/pci/drivers_probe") == 0)
		return true;
	if (strncmp(path, "sys/bus/pci/drivers/", 20) == 0)
		return !strcmp(base, "bind") || !strcmp(base, "unbind");
	return strcmp(base, "driver_override") == 0;
}

static int write_line(const char *path, const char *line, int call_fd);

/* Does first what the machine file requests for this attribute of the device. */
static int write_as_told(struct device *dev, const char *base, const char *path,
			 const char *line, int call_fd)
{
	int ret;

	if (strcmp(dev->stalls_at, base) == 0) {
		dev->unbinding = true;
		return block(dev, path, line, call_fd);
	}
	dev->vanishes_at[0] = '\0';
	ret = write_line(path, line, call_fd);
	device_vanish(dev);
	return ret;
}

static int write_line(const char *path, const char *line, int call_fd)
{
	char owner[PATH_SIZE];
	const char *base, *slash = strrchr(path, '/');
	struct device *dev;
	struct driver *drv;

	base = slash + 1;
	snprintf(owner, sizeof(owner), "%.*s", (int)(slash - path), path);
	slash = strrchr(owner, '/');
	if (strcmp(base, "driver_override") == 0)
		dev = device_find(slash + 1);
	else
		dev = device_find(line);
	/* All these attributes take the device lock, which a waiting unbind holds. */
	if (dev && dev->unbinding)
		return block(dev, path, line, call_fd);
	if (dev && (!strcmp(dev->stalls_at, base) || !strcmp(dev->vanishes_at, base)))
		return write_as_told(dev, base, path, line, call_fd);
	if (strcmp(base, "driver_override") == 0)
		return dev ? write_override(dev, line) : -ENODEV;
	if (strcmp(base, "drivers_probe") == 0)
		return write_probe(dev);
	drv = driver_find(slash + 1);
	if (!drv)
		return -ENODEV;
	return strcmp(base, "bind") == 0 ? write_bind(drv, dev) :
	       write_unbind(drv, dev, path, line, call_fd);
}

int pci_write(const char *path, const char *text, size_t size, int call_fd)
{
	char line[NAME_SIZE];
	int ret;

	if (size == 0)
		return 0;	/* sysfs_kf_write(), fs/sysfs/file.c */
	if (size >= 4095 || size >= sizeof(line))
		return -EINVAL;
	snprintf(line, sizeof(line), "%.*s", (int)size, text);
	line[strcspn(line, "\n")] = '\0';
	ret = write_line(path, line, call_fd);
	return ret ? ret : (int)size;
}

/* Continues the writes that waited for devices that are free now. */
void pci_retry(void)
{
	struct pending **where = &pendings, *p;
	int ret;

	while ((p = *where)) {
		if (p->dev->files || p->dev->stalls_at[0]) {
			where = &p->next;
			continue;
		}
		*where = p->next;
		p->dev->unbinding = false;
		ret = write_line(p->path, p->text, p->call_fd);
		if (ret != BLOCKED)
			answer(p->call_fd, ret ? ret : (int)p->size, NULL, 0, -1);
		free(p);
		where = &pendings;
	}
}

bool pci_has_pending_unbind(void)
{
	for (struct device *dev = devices; dev; dev = dev->next)
		if (dev->unbinding)
			return true;
	return false;
}

void pci_forget_pending(void)
{
	struct pending *p;

	while ((p = pendings)) {
		pendings = p->next;
		answer(p->call_fd, -EIO, NULL, 0, -1);
		free(p);
	}
}

/* Surprise removal of a device that no process uses. */
void device_vanish(struct device *dev)
{
	struct device **where;
	char path[PATH_SIZE];

	if (dev->incoming)
		kmsg_device(dev, "Destroying incoming-preserved device!");
	device_detach(dev);
	tree_remove(dev->path);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", dev->name);
	tree_remove(path);
	for (where = &devices; *where != dev; where = &(*where)->next)
		;
	*where = dev->next;
	free(dev);
}

/* --------------------------------------------------------------- modules */

int module_brings(const char *name, const char *other)
{
	struct driver *drv = driver_find(name);

	if (!drv)
		return -ENOENT;
	snprintf(drv->brings, sizeof(drv->brings), "%s", other);
	return 0;
}

int module_load(const char *name)
{
	char module[NAME_SIZE];
	bool known = false;

	snprintf(module, sizeof(module), "%s", name);
	for (char *p = module; *p; p++)
		if (*p == '-')
			*p = '_';
	for (struct driver *drv = drivers; drv; drv = drv->next) {
		if (strcmp(drv->module, module))
			continue;
		known = true;
		if (!drv->registered && drv->brings[0])
			module_load(drv->brings);
		if (drv->registered)
			continue;
		driver_register(drv);
		/* driver_attach(): offers devices without a driver to a new driver */
		for (struct device *dev = devices; dev; dev = dev->next)
			if (!dev->driver && is_driver_match(drv, dev))
				driver_probe(drv, dev);
	}
	return known ? 0 : -ENOENT;
}

/* The next kernel has no overrides, and no drivers of modules. */
void pci_reset(void)
{
	pci_forget_pending();
	for (struct device *dev = devices; dev; dev = dev->next) {
		dev->unbinding = false;
		device_detach(dev);
		dev->override[0] = '\0';
		override_show(dev);
		dev->files = 0;
		dev->opened = false;
		dev->preserved = 0;
		device_set_irq(dev, IRQ_NONE);
		device_set_power(dev, "D0");
	}
	tree_clear("sys/bus/pci/drivers");
	tree_clear("sys/module");
	tree_write("sys/bus/pci/drivers_probe", "%s", "");
}

void pci_boot(void)
{
	for (struct driver *drv = drivers; drv; drv = drv->next) {
		drv->registered = false;
		if (drv->builtin || drv->boot)
			driver_register(drv);
	}
	for (struct device *dev = devices; dev; dev = dev->next)
		device_attach(dev);
}

void pci_state(FILE *out)
{
	char power[NAME_SIZE];

	for (struct device *dev = devices; dev; dev = dev->next) {
		device_power(dev, power, sizeof(power));
		fprintf(out, "%s driver=%s override=%s %s files=%u irq=%d%s%s%s%s%s\n", dev->name,
			dev->driver ? dev->driver->name : "", dev->override, power,
			dev->files, dev->irq, dev->opened ? " opened" : "",
			dev->unbinding ? " unbinding" : "", dev->poisoned ? " poisoned" : "",
			dev->preserved ? " preserved" : "", dev->incoming ? " incoming" : "");
	}
	for (struct driver *drv = drivers; drv; drv = drv->next)
		if (drv->registered && !drv->builtin)
			fprintf(out, "module %s\n", drv->module);
}
