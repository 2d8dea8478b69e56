// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VMM that lives through a live update does with libvfio-lu, and
 * nothing else: an example, which tests/scenario/vmm.sh runs in the VM.
 *
 * usage: vmm preserve SESSION BDF	before the jump
 *        vmm restore SESSION BDF	after it: says who the device is
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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

/* Every change is a plan: it could be shown before it is run. */
static int run(struct vlu_plan *plan)
{
	size_t i;
	int ret = vlu_plan_run(plan);

	for (i = 0; i < vlu_plan_result_count(plan); i++)
		printf("%s\n", vlu_plan_result(plan, i));
	vlu_plan_free(plan);
	return ret;
}

static int preserve(struct vlu_ctx *ctx, const char *session, struct vlu_bdf bdf)
{
	struct vlu_plan *plan;

	if (vlu_plan_bind(ctx, &bdf, 1, 0, &plan) || run(plan) ||
	    vlu_plan_preserve(ctx, session, &bdf, 1, &plan) || run(plan))
		return failed(ctx);
	/* The holder has it now, and this process may end. */
	vlu_free(ctx);
	return 0;
}

/* The device as the VMM sees it: through its file, bound to its iommufd. */
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

static int restore(struct vlu_ctx *ctx, const char *session, struct vlu_bdf bdf)
{
	struct vlu_plan *plan;
	int fd, status;

	if (vlu_plan_restore(ctx, session, &plan) || run(plan) ||
	    vlu_session_device_fd(ctx, session, bdf, &fd))
		return failed(ctx);
	/* A file is bound once: before finish, which binds what nobody took. */
	status = look(fd);
	if (!status && (vlu_plan_finish(ctx, session, &plan) || run(plan)))
		return failed(ctx);
	vlu_free(ctx);
	return status;
}

int main(int argc, char **argv)
{
	struct vlu_ctx *ctx;
	struct vlu_bdf bdf;

	if (argc != 4 || vlu_bdf_parse(argv[3], &bdf) || vlu_new(&ctx)) {
		fprintf(stderr, "usage: vmm preserve|restore SESSION BDF\n");
		return 2;
	}
	if (strcmp(argv[1], "preserve") == 0)
		return preserve(ctx, argv[2], bdf);
	return restore(ctx, argv[2], bdf);
}
