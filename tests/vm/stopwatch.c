// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures how long a device is away, without vfio-lu: with the processor's counter, which a kexec
 * does not reset.
 *
 * usage: stopwatch now			prints the counter, and the milliseconds since this kernel
 *					started
 *        stopwatch config BDF FILE	reads the device's configuration space until a read fails,
 *					and writes the counter after each read to FILE on the disk
 *        stopwatch vmm IOMMUFD FD...	binds these files, reads the configuration space of each
 *					through its file, and prints the counter
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "uapi/uapi.h"

static long long counter(void)
{
#ifdef __x86_64__
	return (long long)__builtin_ia32_rdtsc();
#else
	long long count;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count));
	return count;
#endif
}

static int die(const char *what)
{
	fprintf(stderr, "stopwatch: %s: %s\n", what, strerror(errno));
	return 1;
}

static int now(void)
{
	struct timespec boot;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	printf("%lld %lld\n", counter(), (long long)boot.tv_sec * 1000 + boot.tv_nsec / 1000000);
	return 0;
}

static int config(const char *bdf, const char *to)
{
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), fd;
	char path[128], text[32];
	uint32_t ids;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || out < 0)
		return die(fd < 0 ? path : to);
	while (pread(fd, &ids, sizeof(ids), 0) == sizeof(ids) && ids != UINT32_MAX) {
		snprintf(text, sizeof(text), "%020lld\n", counter());
		if (pwrite(out, text, strlen(text), 0) < 0 || fdatasync(out) < 0)
			return die(to);
	}
	return die(path);
}

static int vmm(int iommufd, char *const *fds)
{
	for (; *fds; fds++) {
		struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommufd };
		struct vfio_region_info region = { .argsz = sizeof(region), .index = VFIO_PCI_CONFIG_REGION_INDEX };
		int fd = atoi(*fds);
		uint32_t ids;

		if (ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) < 0)
			return die("bind");
		if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region) < 0)
			return die("region");
		if (pread(fd, &ids, sizeof(ids), (off_t)region.offset) != sizeof(ids) || ids == UINT32_MAX)
			return die("read");
	}
	printf("%lld\n", counter());
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "now"))
		return now();
	if (argc == 4 && !strcmp(argv[1], "config"))
		return config(argv[2], argv[3]);
	if (argc > 3 && !strcmp(argv[1], "vmm"))
		return vmm(atoi(argv[2]), argv + 3);
	fprintf(stderr, "usage: stopwatch now | config BDF FILE | vmm IOMMUFD FD...\n");
	return 2;
}
