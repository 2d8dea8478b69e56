/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of a virtual machine. */
#include <fcntl.h>

#include "rehearse/guest.h"

#define KVM_SECONDS	5	/* a kernel without a root file system panics within one second */

void qemu_word(struct words *words, const char *fmt, ...)
{
	char **at = pool_add(&words->pool, &words->at, &words->n);
	va_list args;

	va_start(args, fmt);
	if (at)
		*at = pool_vprint(&words->pool, fmt, args);
	va_end(args);
	if (!at || !*at)
		words->failed = true;
}

void qemu_option(struct words *words, const char *name, const char *value)
{
	qemu_word(words, "-%s", name);
	qemu_word(words, "%s", value);
}

/* Values of --device. */
static const struct qemu_kind kinds[] = {
	{ "nvme", "nvme", "", true },
	{ "e1000e", "e1000e", ",romfile=", false },
	{ "igb", "igb", ",romfile=", false },
	{ "virtio-net", "virtio-net-pci", ",romfile=,disable-legacy=on,iommu_platform=on", false },
	{ "virtio-blk", "virtio-blk-pci", ",disable-legacy=on,iommu_platform=on", true },
	{ "edu", "edu", "", false },
	{ "pci-testdev", "pci-testdev", "", false },
};

const struct qemu_kind *qemu_kind(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

void qemu_device(struct words *words, const struct qemu_kind *kind, size_t n, const char *port,
		 unsigned int function)
{
	char drive[64] = "";

	if (kind->disk) {
		qemu_word(words, "-blockdev");
		qemu_word(words, "driver=null-co,node-name=disk%zu,size=16777216,read-zeroes=on", n);
		snprintf(drive, sizeof(drive), ",drive=disk%zu,serial=vfio-lu-%zu", n, n);
	}
	qemu_word(words, "-device");
	qemu_word(words, "%s,id=dev%zu,bus=%s,addr=0.%u,multifunction=on%s%s", kind->model, n, port,
		  function, kind->more, drive);
}

/*
 * On a loaded host an emulated timer can fail the kernel's timer test, and the kernel can measure a
 * TSC that is much too slow.
 */
const char *guest_words(bool kvm)
{
	return kvm ? "console=ttyS0 loglevel=7 printk.devkmsg=on intel_iommu=on" :
		     "console=ttyS0 loglevel=7 printk.devkmsg=on intel_iommu=on mitigations=off "
		     "no_timer_check tsc=unstable clocksource=hpet";
}

static void add_port(struct words *words, const char *chardev, const char *id, const char *log)
{
	qemu_word(words, "-chardev");
	qemu_word(words, "%s,id=%s%s%s", chardev, id, log ? ",logfile=" : "", log ? log : "");
	qemu_word(words, "-serial");
	qemu_word(words, "chardev:%s", id);
}

/*
 * One thread for all emulated processors: with a thread each, QEMU 7.2 froze at times. Without erms
 * a kernel copies by words, which is many times faster in an emulator than by bytes. A reset
 * ends the machine.
 */
void qemu_guest(struct words *words, const struct guest *guest)
{
	char says[64];

	qemu_word(words, "qemu");
	qemu_option(words, "machine", "q35,kernel-irqchip=split");
	qemu_option(words, "accel", guest->kvm ? "kvm" : "tcg,thread=single");
	qemu_option(words, "cpu", guest->kvm ? "host" : "max,-erms");
	qemu_option(words, "smp", "2");
	qemu_word(words, "-m");
	qemu_word(words, "%lld", guest->memory);
	qemu_word(words, "-nodefaults");
	qemu_word(words, "-no-user-config");
	qemu_word(words, "-no-reboot");
	qemu_option(words, "display", "none");
	add_port(words, "stdio,signal=off", "console", guest->kernel_log);
	snprintf(says, sizeof(says), "file,path=/proc/self/fd/%d", QEMU_SAYS);
	add_port(words, says, "says", guest->says_log);
	qemu_option(words, "device", "intel-iommu,intremap=on");
	qemu_option(words, "kernel", guest->kernel);
	if (guest->initrd)
		qemu_option(words, "initrd", guest->initrd);
	qemu_option(words, "append", guest->cmdline);
}

int qemu_start(struct vlu_ctx *ctx, const char *qemu, struct words *words, const int *fds, size_t n)
{
	char **end = pool_add(&words->pool, &words->at, &words->n);
	int ret;

	if (!end || words->failed)
		ret = vlu_nomem(ctx);
	else
		ret = sys_start(&ctx->sys, qemu, words->at, fds, n);
	pool_free(&words->pool);
	return ret < 0 ? vlu_failed(ctx, ret, "cannot start %s", qemu) : ret;
}

/* Without a root file system the kernel panics and resets, and QEMU ends. */
bool has_kvm(struct vlu_ctx *ctx, const char *qemu, const char *kernel)
{
	const struct guest guest = {
		.kvm = true, .memory = 512, .kernel = kernel,
		.cmdline = "console=ttyS0 panic=-1 rdinit=/none root=none",
	};
	struct words words = { .n = 0 };
	struct sys *sys = &ctx->sys;
	long long deadline = vlu_now() + KVM_SECONDS * 1000;
	int null, pid, ret = -EAGAIN;

	if (sys_mode(sys, "/dev/kvm") < 0)
		return false;
	null = sys_open(sys, "/dev/null", O_RDWR);
	if (null < 0)
		return false;
	qemu_guest(&words, &guest);
	pid = qemu_start(ctx, qemu, &words, (const int[QEMU_FILES]){ null, null, null, null },
			 QEMU_FILES);
	sys_close(sys, null);
	if (pid < 0)
		return false;
	while (ret == -EAGAIN && vlu_now() < deadline && !is_stopped(ctx)) {
		vlu_sleep(20);
		ret = sys_reap(sys, pid);
	}
	if (ret == -EAGAIN)
		sys_end(sys, pid);
	return ret == 0;
}
