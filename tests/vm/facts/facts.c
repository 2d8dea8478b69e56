// SPDX-License-Identifier: GPL-2.0-only
/*
 * facts IN OUT: one process that a scenario has do system calls, a line of IN
 * each, and that keeps what it opened until it is told to close it or dies.
 * A line of OUT answers: what was found, 0, or the name of the errno.
 *
 * It knows nothing of vfio-lu, and shares no code with it, so that the kernel
 * is measured and not what the tool thinks of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The headers of the build host are too old to have these. */
#define LUO_CREATE_SESSION	_IO(0xBA, 0x00)
#define LUO_RETRIEVE_SESSION	_IO(0xBA, 0x01)
#define LUO_PRESERVE_FD		_IO(0xBA, 0x40)
#define LUO_RETRIEVE_FD		_IO(0xBA, 0x41)
#define LUO_FINISH		_IO(0xBA, 0x42)
#define LUO_GET_NAME		_IO(0xBA, 0x43)
#define BIND_IOMMUFD		_IO(VFIO_TYPE, VFIO_BASE + 18)
#define ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)
#define IOAS_ALLOC		_IO(';', 0x81)

struct luo_session_arg {
	uint32_t size;
	int32_t fd;
	uint8_t name[64];
};

struct luo_file_arg {
	uint32_t size;
	int32_t fd;
	uint64_t token;
};

struct bind_arg {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token;
};

#define BIND_FLAG_TOKEN		1

struct attach_arg {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
};

#define MAX_WORDS	8
#define MAX_HANDLES	128

static struct {
	char name[32];
	int fd;
} handles[MAX_HANDLES];

static FILE *out;

static void answer(const char *text)
{
	fprintf(out, "%s\n", text);
	fflush(out);
}

static void answer_result(long ret)
{
	const char *name;

	if (ret >= 0) {
		answer("0");
		return;
	}
	name = strerrorname_np(errno);
	answer(name ? name : "?");
}

static int slot_of(const char *name)
{
	int i;

	for (i = 0; i < MAX_HANDLES; i++) {
		if (!strcmp(handles[i].name, name))
			return i;
	}
	return -1;
}

/* A number stands for itself, so that a bad one can be tried. */
static int fd_of(const char *name)
{
	int i;

	if ((*name >= '0' && *name <= '9') || *name == '-')
		return atoi(name);
	i = slot_of(name);
	return i < 0 ? -1 : handles[i].fd;
}

static int keep(const char *name, int fd)
{
	int i;

	if (fd < 0)
		return fd;
	i = slot_of(name);
	if (i < 0)
		i = slot_of("");
	if (i < 0) {
		errno = EMFILE;
		return -1;
	}
	if (handles[i].name[0])
		close(handles[i].fd);
	snprintf(handles[i].name, sizeof(handles[i].name), "%s", name);
	handles[i].fd = fd;
	return 0;
}

static int forget(const char *name)
{
	int i = slot_of(name);

	if (i < 0) {
		errno = EBADF;
		return -1;
	}
	handles[i].name[0] = 0;
	return close(handles[i].fd);
}

/* %XX for what a line cannot carry. */
static void unquote(char *s)
{
	char *to = s;
	unsigned int c;

	while (*s) {
		if (*s == '%' && sscanf(s + 1, "%2x", &c) == 1) {
			*to++ = (char)c;
			s += 3;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

static int session(unsigned long cmd, const char *handle, const char *luo,
		   char *name)
{
	struct luo_session_arg arg = { .size = sizeof(arg), .fd = -1 };
	size_t len;

	unquote(name);
	len = strlen(name);
	memcpy(arg.name, name, len > 64 ? 64 : len);
	if (ioctl(fd_of(luo), cmd, &arg))
		return -1;
	return keep(handle, arg.fd);
}

static uint64_t token_of(const char *text)
{
	return strtoull(text, NULL, 0);
}

static int preserve(const char *s, const char *fd, const char *token)
{
	struct luo_file_arg arg = {
		.size = sizeof(arg),
		.fd = fd_of(fd),
		.token = token_of(token),
	};

	return ioctl(fd_of(s), LUO_PRESERVE_FD, &arg);
}

static int retrieve(const char *handle, const char *s, const char *token)
{
	struct luo_file_arg arg = {
		.size = sizeof(arg),
		.fd = -1,
		.token = token_of(token),
	};

	if (ioctl(fd_of(s), LUO_RETRIEVE_FD, &arg))
		return -1;
	return keep(handle, arg.fd);
}

static int finish(const char *s)
{
	uint32_t arg[2] = { sizeof(arg), 0 };

	return ioctl(fd_of(s), LUO_FINISH, arg);
}

static int device_node(const char *bdf, char *path, size_t size)
{
	struct dirent *entry;
	char name[128];
	DIR *dir;

	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(name);
	if (!dir)
		return -1;
	errno = ENOENT;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, size, "/dev/vfio/devices/%s", entry->d_name);
		closedir(dir);
		return 0;
	}
	closedir(dir);
	return -1;
}

static int open_cdev(const char *handle, const char *bdf)
{
	char path[300];

	if (device_node(bdf, path, sizeof(path)))
		return -1;
	return keep(handle, open(path, O_RDWR | O_CLOEXEC));
}

/* Container and group stay open: the test is about the last step. */
static int open_group(const char *handle, const char *bdf)
{
	char link[128], target[256], path[300];
	ssize_t len;
	int group;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -1;
	target[len] = 0;
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));
	if (keep("container", open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC)))
		return -1;
	if (keep("group", open(path, O_RDWR | O_CLOEXEC)))
		return -1;
	group = fd_of("group");
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &(int){ fd_of("container") }))
		return -1;
	if (ioctl(fd_of("container"), VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	return keep(handle, ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf));
}

/* What the owner of a PF and the user of its VF have agreed upon. */
static const uint8_t vf_token[16] = "agreed upon here";

static int set_vf_token(const char *device)
{
	struct {
		struct vfio_device_feature feature;
		uint8_t token[16];
	} arg = { .feature = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
	} };

	memcpy(arg.token, vf_token, sizeof(arg.token));
	return ioctl(fd_of(device), VFIO_DEVICE_FEATURE, &arg);
}

static int bind_iommufd(const char *device, const char *iommufd, bool token)
{
	struct bind_arg arg = {
		.argsz = sizeof(arg),
		.flags = token ? BIND_FLAG_TOKEN : 0,
		.iommufd = fd_of(iommufd),
		.token = token ? (uintptr_t)vf_token : 0,
	};

	return ioctl(fd_of(device), BIND_IOMMUFD, &arg);
}

static int attach(const char *device, const char *iommufd)
{
	uint32_t ioas[3] = { sizeof(ioas), 0, 0 };
	struct attach_arg arg = { .argsz = sizeof(arg) };

	if (ioctl(fd_of(iommufd), IOAS_ALLOC, ioas))
		return -1;
	arg.pt_id = ioas[2];
	return ioctl(fd_of(device), ATTACH_IOMMUFD_PT, &arg);
}

static int region(const char *device, uint32_t index,
		  struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	return ioctl(fd_of(device), VFIO_DEVICE_GET_REGION_INFO, info);
}

/* VFIO_PCI_CONFIG_REGION_INDEX, without asking a device that cannot answer */
#define CONFIG(off)	(((off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40) + (off))

static int device_op(const char *device, const char *op)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_MIGRATION,
	};
	struct vfio_region_info reg;
	int fd = fd_of(device);
	uint32_t word = 0;
	void *map;

	if (!strcmp(op, "info"))
		return ioctl(fd, VFIO_DEVICE_GET_INFO, &info);
	if (!strcmp(op, "region"))
		return region(device, 0, &reg);
	if (!strcmp(op, "feature"))
		return ioctl(fd, VFIO_DEVICE_FEATURE, &feature);
	if (!strcmp(op, "reset"))
		return ioctl(fd, VFIO_DEVICE_RESET);
	if (!strcmp(op, "read"))
		return pread(fd, &word, 4, CONFIG(0)) == 4 ? 0 : -1;
	/* The line register: writing it does nothing. */
	if (!strcmp(op, "write"))
		return pwrite(fd, &word, 1, CONFIG(0x3c)) == 1 ? 0 : -1;
	if (!strcmp(op, "master")) {
		if (pread(fd, &word, 2, CONFIG(4)) != 2)
			return -1;
		word |= 4;
		return pwrite(fd, &word, 2, CONFIG(4)) == 2 ? 0 : -1;
	}
	if (!strcmp(op, "mmap")) {
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			return -1;
		return munmap(map, 4096);
	}
	errno = ENOSYS;
	return -1;
}

/* irq DEVICE INDEX on|off: one vector, as a VMM would */
static int irq(const char *device, const char *index, const char *how)
{
	struct {
		struct vfio_irq_set set;
		int fd;
	} arg = { .set.index = (uint32_t)atoi(index) };

	arg.set.argsz = sizeof(arg);
	if (strcmp(how, "on")) {
		arg.set.argsz = sizeof(arg.set);
		arg.set.flags = VFIO_IRQ_SET_DATA_NONE |
				VFIO_IRQ_SET_ACTION_TRIGGER;
	} else {
		arg.set.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				VFIO_IRQ_SET_ACTION_TRIGGER;
		arg.set.count = 1;
		arg.fd = eventfd(0, EFD_CLOEXEC);
	}
	return ioctl(fd_of(device), VFIO_DEVICE_SET_IRQS, &arg);
}

static int config_byte(int fd, unsigned int off)
{
	uint8_t byte;

	return pread(fd, &byte, 1, CONFIG(off)) == 1 ? byte : -1;
}

/* power DEVICE 0|3: through the power management capability */
static int power(const char *device, const char *state)
{
	int fd = fd_of(device), pos, left = 48;
	uint16_t value;

	for (pos = config_byte(fd, 0x34); pos > 0 && left--;
	     pos = config_byte(fd, pos + 1)) {
		if (config_byte(fd, pos) != 1)
			continue;
		if (pread(fd, &value, 2, CONFIG(pos + 4)) != 2)
			return -1;
		value = (uint16_t)((value & ~3) | (atoi(state) & 3));
		return pwrite(fd, &value, 2, CONFIG(pos + 4)) == 2 ? 0 : -1;
	}
	errno = ENOTTY;
	return -1;
}

/* raw FD CMD SIZE [TAIL]: a request whose size field and tail are at will */
static int raw(const char *fd, const char *cmd, const char *size,
	       const char *tail)
{
	union {
		uint32_t size;
		uint8_t bytes[4096];
	} arg = { .bytes = { 0 } };

	if (!strcmp(size, "null"))
		return ioctl(fd_of(fd), strtoul(cmd, NULL, 0), NULL);
	arg.size = (uint32_t)strtoul(size, NULL, 0);
	if (arg.size > 16)
		strcpy((char *)arg.bytes + 8, "raw");
	if (tail && arg.size && arg.size <= sizeof(arg))
		arg.bytes[arg.size - 1] = 1;
	return ioctl(fd_of(fd), strtoul(cmd, NULL, 0), &arg);
}

static void get_name(const char *s)
{
	struct {
		uint32_t size, reserved;
		char name[64];
	} arg = { .size = sizeof(arg) };

	if (ioctl(fd_of(s), LUO_GET_NAME, &arg))
		answer_result(-1);
	else
		answer(arg.name);
}

static void link_of(const char *name)
{
	char path[64], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd_of(name));
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0) {
		answer_result(-1);
		return;
	}
	target[len] = 0;
	answer(target);
}

static void fdinfo(const char *name, const char *field)
{
	char path[64], line[512], *found = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd_of(name));
	file = fopen(path, "r");
	if (!file) {
		answer_result(-1);
		return;
	}
	while (!found && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, field, strlen(field)))
			found = line + strlen(field);
	}
	fclose(file);
	if (!found) {
		answer("none");
		return;
	}
	found[strcspn(found, "\n")] = 0;
	answer(found + strspn(found, ": \t"));
}

/* Flags belong to the open file, not to the descriptor. */
static bool is_same_file(int a, int b)
{
	int before = fcntl(a, F_GETFL), after;

	fcntl(a, F_SETFL, before ^ O_NONBLOCK);
	after = fcntl(b, F_GETFL);
	fcntl(a, F_SETFL, before);
	return (before ^ after) & O_NONBLOCK;
}

static int get_memfd(const char *handle, const char *text)
{
	int fd = memfd_create("facts", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	return keep(handle, fd);
}

static void content(const char *handle)
{
	char text[256];
	ssize_t len = pread(fd_of(handle), text, sizeof(text) - 1, 0);

	if (len < 0) {
		answer_result(-1);
		return;
	}
	text[len] = 0;
	answer(text);
}

/* memory PA LENGTH: hexadecimal bytes of physical memory, by /proc/kcore */
static void memory(uint64_t pa, size_t length)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
	uint8_t buffer[8192];
	Elf64_Ehdr head;
	Elf64_Phdr load;
	size_t i;
	int n;

	errno = ENXIO;
	if (length > sizeof(buffer) || fd < 0 ||
	    pread(fd, &head, sizeof(head), 0) != sizeof(head))
		goto fail;
	for (n = 0; n < head.e_phnum; n++) {
		if (pread(fd, &load, sizeof(load),
			  (off_t)(head.e_phoff + (uint64_t)n * sizeof(load))) !=
		    sizeof(load))
			goto fail;
		if (load.p_type != PT_LOAD || pa < load.p_paddr ||
		    pa + length > load.p_paddr + load.p_memsz)
			continue;
		if (pread(fd, buffer, length,
			  (off_t)(load.p_offset + pa - load.p_paddr)) !=
		    (ssize_t)length)
			goto fail;
		for (i = 0; i < length; i++)
			fprintf(out, "%02x", buffer[i]);
		answer("");
		close(fd);
		return;
	}
	errno = ENXIO;
fail:
	answer_result(-1);
	if (fd >= 0)
		close(fd);
}

static void run_line(char *line)
{
	char *w[MAX_WORDS + 1] = { NULL }, *save = NULL;
	int n = 0;

	for (w[n] = strtok_r(line, " \n", &save); w[n] && n < MAX_WORDS;)
		w[++n] = strtok_r(NULL, " \n", &save);

#define IS(word, count)	(n >= (count) + 1 && !strcmp(w[0], word))
	if (IS("open", 2))
		answer_result(keep(w[1], open(w[2], O_CLOEXEC |
				   (w[3] ? O_RDONLY : O_RDWR))));
	else if (IS("close", 1))
		answer_result(forget(w[1]));
	else if (IS("dup", 2))
		answer_result(keep(w[1], dup(fd_of(w[2]))));
	else if (IS("create", 2))
		answer_result(session(LUO_CREATE_SESSION, w[1], w[2],
				      w[3] ? w[3] : (char []){ "" }));
	else if (IS("session", 3))
		answer_result(session(LUO_RETRIEVE_SESSION, w[1], w[2], w[3]));
	else if (IS("preserve", 3))
		answer_result(preserve(w[1], w[2], w[3]));
	else if (IS("retrieve", 3))
		answer_result(retrieve(w[1], w[2], w[3]));
	else if (IS("finish", 1))
		answer_result(finish(w[1]));
	else if (IS("name", 1))
		get_name(w[1]);
	else if (IS("cdev", 2))
		answer_result(open_cdev(w[1], w[2]));
	else if (IS("group", 2))
		answer_result(open_group(w[1], w[2]));
	else if (IS("bind", 2))
		answer_result(bind_iommufd(w[1], w[2], w[3] != NULL));
	else if (IS("vftoken", 1))
		answer_result(set_vf_token(w[1]));
	else if (IS("attach", 2))
		answer_result(attach(w[1], w[2]));
	else if (IS("device", 2))
		answer_result(device_op(w[1], w[2]));
	else if (IS("irq", 3))
		answer_result(irq(w[1], w[2], w[3]));
	else if (IS("power", 2))
		answer_result(power(w[1], w[2]));
	else if (IS("raw", 3))
		answer_result(raw(w[1], w[2], w[3], w[4]));
	else if (IS("link", 1))
		link_of(w[1]);
	else if (IS("fdinfo", 2))
		fdinfo(w[1], w[2]);
	else if (IS("cloexec", 1))
		answer(fcntl(fd_of(w[1]), F_GETFD) & FD_CLOEXEC ? "yes" : "no");
	else if (IS("same", 2))
		answer(is_same_file(fd_of(w[1]), fd_of(w[2])) ? "yes" : "no");
	else if (IS("memfd", 2))
		answer_result(get_memfd(w[1], w[2]));
	else if (IS("content", 1))
		content(w[1]);
	else if (IS("memory", 2))
		memory(strtoull(w[1], NULL, 0), strtoul(w[2], NULL, 0));
	else if (IS("kexec", 0))
		answer_result(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1,
				      LINUX_REBOOT_MAGIC2,
				      LINUX_REBOOT_CMD_KEXEC, NULL));
	else
		answer("what?");
#undef IS
}

int main(int argc, char **argv)
{
	char line[1024];
	FILE *in;

	if (argc != 3) {
		fprintf(stderr, "usage: facts IN OUT\n");
		return 2;
	}
	in = fopen(argv[1], "re");
	out = fopen(argv[2], "we");
	if (!in || !out) {
		perror("facts");
		return 1;
	}
	while (fgets(line, sizeof(line), in))
		run_line(line);
	return 0;
}
