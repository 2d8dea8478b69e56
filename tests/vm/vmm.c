// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VMM does with a device that came over: takes its file from the
 * holder, binds it to an iommufd of its own and reads config space through it.
 * usage: vmm SESSION BDF
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "luo.h"
#include "vfio-lu.h"

static int die(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	struct vfio_region_info region = {
		.argsz = sizeof(region), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vlu_ctx *ctx;
	struct vlu_bdf bdf;
	unsigned char ids[4];
	int fd, iommufd;

	if (argc != 3 || vlu_bdf_parse(argv[2], &bdf) || vlu_new(&ctx)) {
		fprintf(stderr, "usage: vmm SESSION BDF\n");
		return 2;
	}
	if (vlu_session_device_fd(ctx, argv[1], bdf, &fd)) {
		fprintf(stderr, "vmm: %s\n", vlu_error(ctx));
		return 1;
	}
	vlu_free(ctx);
	iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (iommufd < 0)
		return die("/dev/iommu");
	bind.iommufd = iommufd;
	if (ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
		return die("VFIO_DEVICE_BIND_IOMMUFD");
	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region) < 0)
		return die("VFIO_DEVICE_GET_REGION_INFO");
	if (pread(fd, ids, sizeof(ids), (off_t)region.offset) != sizeof(ids))
		return die("config space");
	printf("vendor 0x%02x%02x device 0x%02x%02x\n", ids[1], ids[0], ids[3], ids[2]);
	return 0;
}
