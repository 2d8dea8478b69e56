// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a VMM that uses libvfio-lu alone. tests/scenario/vmm.sh runs it in the VM.
 *
 * usage: vmm preserve SESSION BDF	before the kexec: opens the device, writes to the memory of
 *					the guest, and preserves both
 *        vmm restore SESSION		after the kexec: restores the device and the memory, and
 *					reads both
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* memfd_create() */
#endif
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>
#include <vfio-lu.h>

/* <linux/vfio.h> has it since 6.6 */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	__u32 argsz, flags;
	__s32 iommufd;
	__u32 out_devid;
};
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#endif

static int die(const char *what)
{
	perror(what);
	return 1;
}

static int failed(struct vlu_ctx *ctx)
{
	fprintf(stderr, "vmm: %s\n", vlu_error(ctx));
	vlu_free(ctx);
	return 1;
}

/* Every change is a plan, which a program can also show before it runs the plan. */
static int run(struct vlu_plan *plan)
{
	size_t i;
	int ret = vlu_plan_run(plan);

	for (i = 0; i < vlu_plan_result_count(plan); i++)
		printf("%s\n", vlu_plan_result(plan, i)->text);
	vlu_plan_free(plan);
	return ret;
}

/* Prints the state of the session. A VMM can ask for the state at any time. */
static int tell(struct vlu_ctx *ctx, const char *session, const char *when)
{
	const char *stands = "unknown";
	struct vlu_state *state;
	size_t i;

	if (vlu_state_read(ctx, session, &state))
		return -1;
	for (i = 0; i < state->n_sessions; i++)
		if (strcmp(state->sessions[i].name, session) == 0)
			stands = vlu_standing_word(state->sessions[i].standing);
	printf("%s: session %s, %s\n", when, stands,
	       state->n_incoming ? "devices were handed over" : "nothing was handed over");
	vlu_state_free(state);
	return 0;
}

/* Uses the device as a VMM does: binds the file to an iommufd, and reads through the file. */
static int look(int fd)
{
	struct vfio_region_info region = {
		.argsz = sizeof(region), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	unsigned char ids[4];

	bind.iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (bind.iommufd < 0)
		return die("/dev/iommu");
	if (ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return die("VFIO_DEVICE_BIND_IOMMUFD");
	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region) < 0)
		return die("VFIO_DEVICE_GET_REGION_INFO");
	if (pread(fd, ids, sizeof(ids), (off_t)region.offset) != sizeof(ids))
		return die("config space");
	printf("vendor 0x%02x%02x device 0x%02x%02x\n", ids[1], ids[0], ids[3], ids[2]);
	return 0;
}

/* Makes the memory of the guest, a memfd, because the kernel can preserve memfds. */
static int memory(void)
{
	static const char words[] = "written before the kexec";
	int fd = memfd_create("ram", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 1 << 20) < 0 ||
	    pwrite(fd, words, sizeof(words), 4096) != sizeof(words)) {
		perror("ram");
		return -1;
	}
	return fd;
}

static int recall(int fd)
{
	char words[64] = "";

	if (pread(fd, words, sizeof(words) - 1, 4096) < 0)
		return die("ram");
	printf("ram: %s\n", words);
	return 0;
}

static int preserve(struct vlu_ctx *ctx, const char *session, struct vlu_bdf bdf)
{
	struct vlu_vmm_file ram = { .fd = memory(), .name = "ram" };
	struct vlu_device *dev;
	struct vlu_plan *plan;
	const char *cdev;
	int fd;

	if (ram.fd < 0)
		return 1;
	if (tell(ctx, session, "before preserve") ||
	    vlu_plan_bind(ctx, &bdf, 1, 0, &plan) || run(plan) ||
	    vlu_device_refresh(ctx, bdf, &dev))
		return failed(ctx);
	cdev = vlu_device_cdev(dev);
	fd = cdev ? open(cdev, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return die(cdev ? cdev : "CONFIG_VFIO_DEVICE_CDEV");
	if (look(fd))
		return 1;
	/* ... here the guest runs, until the administrator begins a live update */
	if (vlu_plan_preserve_vmm(ctx, session, getpid(), &bdf, 1, &ram, 1, &plan) ||
	    run(plan) || tell(ctx, session, "after preserve"))
		return failed(ctx);
	/* The holder has the device and the memory now, so this process may end. */
	vlu_free(ctx);
	return 0;
}

static int restore(struct vlu_ctx *ctx, const char *session)
{
	const struct vlu_lent *file;
	struct vlu_plan *plan;
	struct vlu_loan *loan;
	int status = 0;
	size_t i;

	if (tell(ctx, session, "before restore") ||
	    vlu_plan_restore(ctx, session, &plan) || run(plan) ||
	    tell(ctx, session, "after restore") ||
	    vlu_loan_new(ctx, session, NULL, false, &loan))
		return failed(ctx);
	/* Bind the files before finish, which binds those that no VMM has bound: a file is bound only once. */
	for (i = 0; !status && i < vlu_loan_count(loan); i++) {
		file = vlu_loan_at(loan, i);
		status = strcmp(file->name, "ram") == 0 ? recall(file->fd) : look(file->fd);
	}
	vlu_loan_free(loan);
	if (!status && (vlu_plan_finish(ctx, session, NULL, &plan) || run(plan) ||
			tell(ctx, session, "after finish")))
		status = failed(ctx);
	else
		vlu_free(ctx);
	return status;
}

int main(int argc, char **argv)
{
	struct vlu_ctx *ctx;
	struct vlu_bdf bdf;

	if (argc == 4 && strcmp(argv[1], "preserve") == 0 && vlu_bdf_parse(argv[3], &bdf) == 0)
		return vlu_new(&ctx) ? 1 : preserve(ctx, argv[2], bdf);
	if (argc == 3 && strcmp(argv[1], "restore") == 0)
		return vlu_new(&ctx) ? 1 : restore(ctx, argv[2]);
	fprintf(stderr, "usage: vmm preserve SESSION BDF | vmm restore SESSION\n");
	return 2;
}
