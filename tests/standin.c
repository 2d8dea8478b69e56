// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for a VMM in scenarios: a process that opens devices or gets open
 * files, on the real kernel or on the fake machine in FAKE_MACHINE. It does one
 * thing for each word, and prints a line about the result.
 *
 * usage: standin WORD...
 *	open=BDF	opens the device's file and binds it to a new iommufd
 *	raw=BDF		opens the device's file and does not bind it
 *	group=BDF	opens the device through the legacy group (real kernel only)
 *	bind=FD		binds this file to a new iommufd
 *	bind=FD,FD	binds the first file to the second, an iommufd
 *	session=NAME	makes a LUO session with all files of open=, at their usual
 *			tokens, and with nothing else
 *	manifest=FILE	adds the content of FILE to that session, as its manifest
 *	memfd=MIB	makes a memfd of this size with different pages, and keeps it
 *	sum=FD		prints a checksum of this file, and its seals
 *	env=NAME	prints this variable
 *	wait		waits until it is killed
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "uapi/uapi.h"
#include "../lib/vfio-lu.h"
#include "fake/client.h"

static const struct sys_ops *ops = &sys_real_ops;
static struct sys machine;

static void __attribute__((noreturn, format(printf, 2, 3))) die(int err, const char *fmt, ...)
{
	va_list args;

	fputs("standin: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err < 0 ? -err : err));
	exit(1);
}

static int need(int ret, const char *what)
{
	if (ret < 0)
		die(ret, "%s", what);
	return ret;
}

static int open_file(const char *path)
{
	return need(ops->open(&machine, path, O_RDWR), path);
}

static int request(int fd, unsigned long nr, void *arg)
{
	return ops->ioctl(&machine, fd, nr, arg);
}

static void do_bind(int fd, int iommufd)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommufd };

	need(request(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), "bind");
}

static int take_name(void *arg, const char *name)
{
	snprintf(arg, 32, "%s", name);
	return 1;
}

static int open_cdev(const char *bdf)
{
	char dir[128], path[128], name[32] = "";

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	need(ops->list(&machine, dir, take_name, name), dir);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	return open_file(path);
}

static int open_group(const char *bdf)
{
	int container = open_file("/dev/vfio/vfio"), group, fd;
	char path[128], target[256], *number;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	need((int)ops->readlink(&machine, path, target, sizeof(target)), path);
	number = strrchr(target, '/');
	snprintf(path, sizeof(path), "/dev/vfio%s", number ? number : "");
	group = open_file(path);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		die(errno, "%s", path);
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return need(fd < 0 ? -errno : fd, bdf);
}

static int make_memfd(size_t size)
{
	int fd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char page[4096];

	if (fd < 0)
		die(errno, "memfd");
	for (size_t at = 0; at < size; at += sizeof(page)) {
		/* each page is different, and none is all zeros */
		for (size_t i = 0; i < sizeof(page); i++)
			page[i] = (char)(1 + (at / sizeof(page) * 31 + i * 7) % 251);
		if (write(fd, page, sizeof(page)) != sizeof(page))
			die(errno, "memfd");
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		die(errno, "memfd");
	return fd;
}

static struct {
	int fd;
	uint64_t token;
} opened[16];
static size_t n_opened;

static void remember(int fd, const char *bdf)
{
	struct vlu_bdf address;

	if (n_opened == sizeof(opened) / sizeof(opened[0]) || vlu_bdf_parse(bdf, &address))
		die(EINVAL, "%s", bdf);
	opened[n_opened].fd = fd;
	opened[n_opened++].token = vlu_bdf_token(address);
}

static char *manifest;

static void read_manifest(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;

	if (!file || getdelim(&manifest, &size, '\0', file) < 0)
		die(errno, "%s", path);
	fclose(file);
}

static int make_session(const char *name)
{
	struct liveupdate_ioctl_create_session create = { .size = sizeof(create), .fd = -1 };
	struct liveupdate_session_preserve_fd preserve = { .size = sizeof(preserve) };

	strncpy((char *)create.name, name, sizeof(create.name) - 1);
	need(request(open_file("/dev/liveupdate"), LIVEUPDATE_IOCTL_CREATE_SESSION, &create), name);
	if (manifest) {
		preserve.fd = need(ops->memfd(&machine, "manifest", manifest, strlen(manifest)),
				   "memfd");
		preserve.token = VLU_TOKEN_MANIFEST;
		need(request(create.fd, LIVEUPDATE_SESSION_PRESERVE_FD, &preserve), "manifest");
	}
	for (size_t i = 0; i < n_opened; i++) {
		preserve.fd = opened[i].fd;
		preserve.token = opened[i].token;
		need(request(create.fd, LIVEUPDATE_SESSION_PRESERVE_FD, &preserve), "preserve");
	}
	return create.fd;
}

static uint64_t sum_of(int fd)
{
	uint64_t sum = 0xcbf29ce484222325;
	unsigned char page[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, page, sizeof(page), at)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum = (sum ^ page[i]) * 0x100000001b3;
		at += n;
	}
	if (n < 0)
		die(errno, "file %d", fd);
	return sum ^ (uint64_t)at;
}

static void do_word(const char *word, const char *value)
{
	char *end;
	int fd;

	if (!strcmp(word, "open")) {
		fd = open_cdev(value);
		do_bind(fd, open_file("/dev/iommu"));
		remember(fd, value);
		printf("open %d\n", fd);
	} else if (!strcmp(word, "manifest")) {
		read_manifest(value);
		printf("manifest\n");
	} else if (!strcmp(word, "session")) {
		printf("session %d\n", make_session(value));
	} else if (!strcmp(word, "raw")) {
		printf("raw %d\n", open_cdev(value));
	} else if (!strcmp(word, "group")) {
		printf("group %d\n", open_group(value));
	} else if (!strcmp(word, "bind")) {
		fd = (int)strtol(value, &end, 10);
		do_bind(fd, *end == ',' ? atoi(end + 1) : open_file("/dev/iommu"));
		printf("bound %d\n", fd);
	} else if (!strcmp(word, "memfd")) {
		fd = make_memfd((size_t)atoi(value) << 20);
		printf("memfd %d %016" PRIx64 "\n", fd, sum_of(fd));
	} else if (!strcmp(word, "sum")) {
		printf("sum %016" PRIx64 ", seals %d\n", sum_of(atoi(value)),
		       fcntl(atoi(value), F_GET_SEALS));
	} else if (!strcmp(word, "env")) {
		printf("%s=%s\n", value, getenv(value) ? getenv(value) : "");
	} else if (!strcmp(word, "wait")) {
		for (;;)
			pause();
	} else {
		die(EINVAL, "%s", word);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *fake = getenv("FAKE_MACHINE");
	char root[4096] = "/", *word, *value;

	/* The user who runs the tests must be able to read this process, even if not root. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (fake) {
		need(fake_join(fake), fake);
		ops = &fake_ops;
		snprintf(root, sizeof(root), "%s/root", fake);
	}
	need(sys_init(&machine, ops, root), root);
	for (int i = 1; i < argc; i++) {
		/* a copy, since other processes read the command line */
		word = strdup(argv[i]);
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		do_word(word, value ? value : "");
		free(word);
	}
	return 0;
}
