// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaves a device as a VMM leaves it. Takes the file of the device from the holder. Without words,
 * binds the file to a new iommufd and reads the configuration space. Each word does one thing to a
 * device that is bound already:
 *   msi	enables MSI
 *   d3, d0	puts the device to sleep, wakes it
 *   frozen	fails unless requests fail with EIO
 *   alive	fails if requests fail with EIO
 *   stay	keeps the file open until this process is killed
 * usage: leave SESSION BDF [WORD...]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uapi/uapi.h"
#include "vfio-lu.h"

static int die(const char *what)
{
	perror(what);
	return 1;
}

static int msi(int fd)
{
	char space[sizeof(struct vfio_irq_set) + sizeof(int)] = "";
	struct vfio_irq_set *set = (struct vfio_irq_set *)space;
	int event = eventfd(0, 0);

	set->argsz = sizeof(space);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_MSI_IRQ_INDEX;
	set->count = 1;
	memcpy(set->data, &event, sizeof(event));
	return ioctl(fd, VFIO_DEVICE_SET_IRQS, set) < 0 ? die("VFIO_DEVICE_SET_IRQS") : 0;
}

static int power(int fd, unsigned int state)
{
	struct vfio_region_info region = {
		.argsz = sizeof(region), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	unsigned char cap[2] = { 0, 0 };
	unsigned short value;
	off_t at;

	if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region) < 0)
		return die("VFIO_DEVICE_GET_REGION_INFO");
	at = (off_t)region.offset;
	for (cap[1] = 0x34; pread(fd, &cap[1], 1, at + cap[1]) == 1 && cap[1]; cap[1]++) {
		if (pread(fd, cap, 1, at + cap[1]) != 1 || cap[0] != 1)
			continue;
		if (pread(fd, &value, 2, at + cap[1] + 4) != 2)
			break;
		value = (unsigned short)((value & ~3u) | state);
		return pwrite(fd, &value, 2, at + cap[1] + 4) == 2 ? 0 : die("power");
	}
	fprintf(stderr, "leave: it has no power management\n");
	return 1;
}

static int frozen(int fd)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return ioctl(fd, VFIO_DEVICE_GET_INFO, &info) < 0 && errno == EIO;
}

static int leave(int fd, char **words)
{
	int ret = 0;

	for (; !ret && *words; words++) {
		if (strcmp(*words, "msi") == 0)
			ret = msi(fd);
		else if (strcmp(*words, "d3") == 0 || strcmp(*words, "d0") == 0)
			ret = power(fd, (*words)[1] == '3' ? 3 : 0);
		else if (strcmp(*words, "frozen") == 0)
			ret = !frozen(fd);
		else if (strcmp(*words, "alive") == 0)
			ret = frozen(fd);
		else if (strcmp(*words, "stay") == 0)
			pause();
		else
			ret = 2;
	}
	return ret;
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

	if (argc < 3 || vlu_bdf_parse(argv[2], &bdf) || vlu_new(&ctx)) {
		fprintf(stderr, "usage: leave SESSION BDF\n");
		return 2;
	}
	if (vlu_session_device_fd(ctx, argv[1], bdf, &fd)) {
		fprintf(stderr, "leave: %s\n", vlu_error(ctx));
		return 1;
	}
	vlu_free(ctx);
	if (argc > 3)
		return leave(fd, argv + 3);
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
