/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules on vfio: its device files, its handler, unbinds that hang. */
#include "machine/pending-unbind.h"
#include "checks/host-rules.h"
#include "machine/vfio-handler.h"
#include "machine/systemd.h"
#include "machine/kernel-log.h"

static int has_cdev(void *arg, const char *name)
{
	const struct host *host = arg;
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/vfio-dev/%.32s/dev", name);
	return sys_exists(&host->ctx->sys, path);
}

/* drivers/vfio/Kconfig; vfio_init_device_cdev() makes a node for each device */
void look_vfio_cdev(const struct host *host, struct verdict *v)
{
	if (sys_list(&host->ctx->sys, "/sys/class/vfio-dev", has_cdev,
		     (void *)host) > 0) {
		verdict_set(v, VLU_PASS, "vfio devices have one, in /sys/class/vfio-dev");
	} else if (!host_kconfig(host)->text) {
		look_without_config(v, "CONFIG_VFIO_DEVICE_CDEV");
	} else if (kconfig_get(host_kconfig(host), "VFIO_DEVICE_CDEV")) {
		verdict_set(v, VLU_PASS, "CONFIG_VFIO_DEVICE_CDEV=y in %s",
			    host_kconfig(host)->source);
	} else {
		verdict_set(v, VLU_FAIL, "this kernel gives vfio devices no character "
			    "device (CONFIG_VFIO_DEVICE_CDEV is not set in %s)",
			    host_kconfig(host)->source);
		verdict_fix(v, "boot a kernel with CONFIG_VFIO_DEVICE_CDEV=y");
	}
}

/* vfio_pci_liveupdate_init() of the VFIO series (v5). Linux 7.3 preserves memfds alone. */
void look_vfio_handler(const struct host *host, struct verdict *v)
{
	struct handler handler;

	handler_find(host->ctx, host_kconfig(host), &handler);
	verdict_set(v, handler.there == VLU_YES ? VLU_PASS :
		    handler.there == VLU_NO ? VLU_FAIL : VLU_UNKNOWN, "%s", handler.detail);
	if (handler.there == VLU_NO)
		verdict_fix(v, "boot a kernel with the vfio-pci live update series "
			    "(CONFIG_VFIO_PCI_LIVEUPDATE=y)");
	else if (handler.there == VLU_DONT_KNOW)
		verdict_fix(v, "look for CONFIG_VFIO_PCI_LIVEUPDATE in the kernel's build");
}

/* With ZDEV_KVM, can_preserve() of the VFIO series returns ENOENT (in v1, EINVAL) for every device. */
void look_no_zdev_kvm(const struct host *host, struct verdict *v)
{
	switch (kconfig_has(host_kconfig(host), "VFIO_PCI_ZDEV_KVM")) {
	case VLU_NO:
		verdict_set(v, VLU_PASS, "CONFIG_VFIO_PCI_ZDEV_KVM is not set in %s",
			    host_kconfig(host)->source);
		break;
	case VLU_YES:
		verdict_set(v, VLU_FAIL, "this kernel was built with CONFIG_VFIO_PCI_ZDEV_KVM (in "
			    "%s), and so preserves no file of vfio-pci", host_kconfig(host)->source);
		verdict_fix(v, "boot a kernel without CONFIG_VFIO_PCI_ZDEV_KVM");
		break;
	default:
		look_without_config(v, "CONFIG_VFIO_PCI_ZDEV_KVM");
	}
}

/*
 * luo_file_deserialize_one(), kernel/liveupdate/luo_file.c: the first open of /dev/liveupdate
 * fails when the handler of a file is not registered by then. luo_open() keeps the result, so
 * every later open fails with EIO.
 */
void look_vfio_handler_early(const struct host *host, struct verdict *v)
{
	const struct klog *log = klog_get(host->ctx);
	char built = vfio_pci_built(host->ctx, host_kconfig(host));

	if (log && log->no_handler[0]) {
		verdict_set(v, VLU_FAIL, "vfio-pci was loaded too late: " DEV_LIVEUPDATE " was opened "
			    "before it, and every open fails until the next kexec (\"%s\")",
			    log->no_handler);
		verdict_fix(v, "load vfio-pci in the initrd, and start again with a kexec or "
			    "a reboot");
	} else if (built == 'y') {
		verdict_set(v, VLU_PASS, "vfio-pci is built in");
	} else if (host->systemd > 0 && !systemd_has_luo(host->systemd)) {
		verdict_set(v, VLU_PASS, "systemd %d does not open " DEV_LIVEUPDATE ", and "
			    "vfio-lu restore loads vfio-pci first", host->systemd);
	} else if (host->systemd == 0) {
		verdict_set(v, VLU_PASS, "process 1 is not systemd, and vfio-lu restore loads "
			    "vfio-pci before it opens " DEV_LIVEUPDATE);
	} else if (host->systemd < 0) {
		verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot see whether vfio-pci is built in, nor "
			    "the version of systemd (%d and later open " DEV_LIVEUPDATE " at boot)", SYSTEMD_LIVEUPDATE);
	} else {
		verdict_set(v, VLU_WARN, "vfio-pci is %s, and systemd %d opens " DEV_LIVEUPDATE
			    " at boot: unless the initrd loads vfio-pci, all that is handed "
			    "over is lost", built == 'm' ? "a module" :
			    "not known to be built in", host->systemd);
		verdict_fix(v, "load vfio-pci in the initrd of the next kernel, or build it in");
	}
}

/*
 * vfio_unregister_group_dev(), drivers/vfio/vfio_main.c, waits for a device that a session
 * holds. device_shutdown() then waits for the lock of that device, and the kexec hangs.
 */
void look_no_pending_unbind(const struct host *host, struct verdict *v)
{
	struct blocked blocked;

	switch (blocked_find(host->ctx, &blocked)) {
	case VLU_YES:
		verdict_set(v, VLU_FAIL, "task %lld (%s) is unbinding or removing a device "
			    "(%s), and a kexec would hang the machine",
			    (long long)blocked.pid, blocked.name, blocked.where);
		verdict_fix(v, "end the use of that device (a preserved one: vfio-lu release), "
			    "and wait until task %lld ends", (long long)blocked.pid);
		break;
	case VLU_NO:
		verdict_set(v, VLU_PASS, "no task waits for a device to be unbound");
		break;
	default:
		verdict_set(v, VLU_UNKNOWN, "this user cannot see where every task waits");
		if (sys_euid(&host->ctx->sys) != 0)
			verdict_fix(v, "run it as root");
	}
}
