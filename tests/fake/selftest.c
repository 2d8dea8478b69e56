// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls the fake kernel through the kernel boundary, and compares each reaction,
 * and each errno once, with the measurements on a real kernel.
 *
 * usage: selftest MACHINE.SH DIR	(DIR: for its machines)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uapi/uapi.h"
#include "client.h"

static const char *machine_sh, *machine_dir;
static struct sys machine;

#define A	"0000:01:00.0"	/* an edu, no driver */
#define B	"0000:02:00.0"	/* another */
#define NET	"0000:03:00.0"	/* an e1000e, which sleeps when idle */
#define NVME	"0000:04:00.0"	/* has its driver */
#define PORT	"0000:00:01.0"	/* above A */
#define TWIN	"0000:05:00.0"	/* shares its group with ...00.1 */

#define DEVICES "edu edu e1000e nvme edu+edu"

/* ------------------------------------------------------------------ helpers */

static int start(void **state)
{
	char command[4096], root[4096];

	(void)state;
	snprintf(command, sizeof(command), "sh %s start %s " DEVICES " >/dev/null",
		 machine_sh, machine_dir);
	if (system(command))
		return -1;
	snprintf(root, sizeof(root), "%s/root", machine_dir);
	if (fake_join(machine_dir))
		return -1;
	return sys_init(&machine, &fake_ops, root);
}

static int stop(void **state)
{
	char command[4096];

	(void)state;
	sys_exit(&machine);
	snprintf(command, sizeof(command), "sh %s stop %s", machine_sh, machine_dir);
	return system(command);
}

static int put(const char *path, const char *text)
{
	int fd = sys_open(&machine, path, O_WRONLY), ret;

	if (fd < 0)
		return fd;
	ret = (int)sys_write(&machine, fd, text, strlen(text));
	sys_close(&machine, fd);
	return ret < 0 ? ret : 0;
}

static const char *get(const char *path)
{
	static char text[65536];
	struct wire_call call = { .op = WIRE_PROC };
	ssize_t n = 0;
	int fd;

	/* A call makes the kernel notice what was closed. */
	fake_call(&call, NULL, 0, -1, NULL);
	fd = sys_real_ops.open(&machine, path, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static const char *driver(const char *bdf)
{
	static char link[256];
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bdf);
	if (sys_readlink(&machine, path, link, sizeof(link)) < 0)
		return "";
	return strrchr(link, '/') + 1;
}

static int override(const char *bdf, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bdf);
	return put(path, name);
}

static int control(const char *fmt, const char *a, const char *b)
{
	char line[256];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), fmt, a, b);
#pragma GCC diagnostic pop
	return fake_control(line);
}

/* Binds a device to vfio-pci in the way of vfio-lu. */
static void take(const char *bdf)
{
	assert_int_equal(sys_load_module(&machine, "vfio-pci"), 0);
	if (*driver(bdf)) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", bdf);
		assert_int_equal(put(path, bdf), 0);
	}
	assert_int_equal(override(bdf, "vfio-pci"), 0);
	assert_int_equal(put("/sys/bus/pci/drivers_probe", bdf), 0);
	assert_string_equal(driver(bdf), "vfio-pci");
}

static int cdev(const char *bdf)
{
	char path[512];

	for (int n = 0; n < 8; n++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev/vfio%d", bdf, n);
		if (!sys_exists(&machine, path))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%d", n);
		return sys_open(&machine, path, O_RDWR);
	}
	return -ENODATA;
}

static int to_iommufd(int fd, int iommufd)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommufd };

	return sys_ioctl(&machine, fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

/* Opens the cdev of a device and binds it to an iommufd, whose file may then be closed. */
static int ready(const char *bdf)
{
	int fd = cdev(bdf), iommufd = sys_open(&machine, "/dev/iommu", O_RDWR);

	assert_true(fd >= 0);
	assert_true(iommufd >= 0);
	assert_int_equal(to_iommufd(fd, iommufd), 0);
	sys_close(&machine, iommufd);
	return fd;
}

static int luo_fd(void)
{
	return sys_open(&machine, "/dev/liveupdate", O_RDWR);
}

static int named(unsigned long request, const char *name)
{
	struct liveupdate_ioctl_create_session args = { .size = sizeof(args), .fd = -1 };
	int luo = luo_fd(), ret;

	if (luo < 0)
		return luo;
	/* copied as it is: a name that fills the field has no NUL */
	memcpy(args.name, name, strnlen(name, sizeof(args.name)));
	ret = sys_ioctl(&machine, luo, request, &args);
	sys_close(&machine, luo);
	return ret < 0 ? ret : args.fd;
}

static int create(const char *name)
{
	return named(LIVEUPDATE_IOCTL_CREATE_SESSION, name);
}

static int retrieve(const char *name)
{
	return named(LIVEUPDATE_IOCTL_RETRIEVE_SESSION, name);
}

static int preserve(int session, int fd, uint64_t token)
{
	struct liveupdate_session_preserve_fd args = {
		.size = sizeof(args), .fd = fd, .token = token,
	};

	return sys_ioctl(&machine, session, LIVEUPDATE_SESSION_PRESERVE_FD, &args);
}

static int retrieve_fd(int session, uint64_t token)
{
	struct liveupdate_session_retrieve_fd args = {
		.size = sizeof(args), .fd = -1, .token = token,
	};
	int ret = sys_ioctl(&machine, session, LIVEUPDATE_SESSION_RETRIEVE_FD, &args);

	return ret < 0 ? ret : args.fd;
}

static int finish(int session)
{
	struct liveupdate_session_finish args = { .size = sizeof(args) };

	return sys_ioctl(&machine, session, LIVEUPDATE_SESSION_FINISH, &args);
}

static int irqs_off(int fd, unsigned int index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .index = index,
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	};

	return sys_ioctl(&machine, fd, VFIO_DEVICE_SET_IRQS, &set);
}

static bool log_has(const char *text)
{
	return strstr(get("/dev/kmsg"), text) != NULL;
}

static char said[256];

static int kexec(const char *a, const char *b, const char *c)
{
	const char *argv[8] = { "kexec" };
	int n = 1;

	for (const char *const words[] = { a, b, c, NULL }, *const *w = words; *w; w++)
		argv[n++] = *w;
	return sys_spawn(&machine, "kexec", (char *const *)argv, SYS_SPAWN_WAIT, said,
			 sizeof(said));
}

static jmp_buf after_jump;
static volatile int jumped;

static void at_end(int how)
{
	jumped = how;
	longjmp(after_jump, 1);
}

#define NEXT "--command-line=kho=on liveupdate=on"

static int load(const char *how, const char *cmdline)
{
	char *argv[] = { "kexec", (char *)how, "-l", "/boot/vmlinuz-7.3.4-fake",
			 (char *)cmdline, NULL };

	return sys_spawn(&machine, "kexec", argv, SYS_SPAWN_WAIT, said, sizeof(said));
}

/* Runs kexec -e or systemctl kexec. Returns its exit status, or how the machine ended. */
static int jump(const char *program)
{
	char *argv[] = { (char *)program, strcmp(program, "kexec") ? "kexec" : "-e", NULL };
	static volatile int ret;

	jumped = 0;
	fake_at_end = at_end;
	if (setjmp(after_jump) == 0)
		ret = sys_spawn(&machine, program, argv, SYS_SPAWN_WAIT, said, sizeof(said));
	fake_at_end = NULL;
	return jumped ? jumped : ret;
}

static void next_kernel(void)
{
	assert_int_equal(load("-s", NEXT), 0);
	assert_int_equal(jump("kexec"), FAKE_JUMPED);
}

/* ------------------------------------------------------------- the PCI bus */

static void test_override(void **state)
{
	(void)state;
	assert_string_equal(get("/sys/bus/pci/devices/" A "/driver_override"), "(null)\n");
	assert_int_equal(override(A, "vfio-pci\n"), 0);
	assert_string_equal(get("/sys/bus/pci/devices/" A "/driver_override"), "vfio-pci\n");
	assert_int_equal(override(A, "\n"), 0);
	assert_string_equal(get("/sys/bus/pci/devices/" A "/driver_override"), "(null)\n");
	/* the override alone changes nothing */
	assert_int_equal(override(NVME, "vfio-pci"), 0);
	assert_string_equal(driver(NVME), "nvme");
	assert_int_equal(override("0000:77:00.0", "vfio-pci"), -ENOENT);
}

static void test_bind(void **state)
{
	(void)state;
	assert_int_equal(put("/sys/bus/pci/drivers/nvme/unbind", A), -ENODEV);
	assert_int_equal(put("/sys/bus/pci/drivers/nvme/unbind", "0000:77:00.0"), -ENODEV);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/bind", A), -ENOENT);
	assert_int_equal(put("/sys/bus/pci/drivers_probe", "0000:77:00.0"), -ENODEV);
	/* no driver matches: no error */
	assert_int_equal(put("/sys/bus/pci/drivers_probe", A), 0);
	assert_string_equal(driver(A), "");

	assert_int_equal(sys_load_module(&machine, "vfio-pci"), 0);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/bind", A), -ENODEV);
	assert_int_equal(override(A, "vfio-pci"), 0);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/bind", A), 0);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/bind", A), -EBUSY);
	assert_true(sys_exists(&machine, "/sys/bus/pci/drivers/vfio-pci/" A));
	assert_true(sys_exists(&machine, "/sys/class/vfio-dev/vfio0/dev"));
	assert_true(sys_exists(&machine, "/dev/vfio/devices/vfio0"));

	assert_int_equal(put("/sys/bus/pci/devices/" A "/driver/unbind", A), 0);
	assert_string_equal(driver(A), "");
	assert_false(sys_exists(&machine, "/dev/vfio/devices/vfio0"));
	assert_false(sys_exists(&machine, "/sys/bus/pci/drivers/vfio-pci/" A));
	assert_int_equal(put("/sys/bus/pci/devices/" A "/driver/unbind", A), -ENOENT);

	/* an override with an unknown driver keeps all drivers away */
	assert_int_equal(put("/sys/bus/pci/drivers/nvme/unbind", NVME), 0);
	assert_int_equal(override(NVME, "nosuch"), 0);
	assert_int_equal(put("/sys/bus/pci/drivers_probe", NVME), 0);
	assert_string_equal(driver(NVME), "");
	assert_int_equal(override(NVME, "\n"), 0);
	assert_int_equal(put("/sys/bus/pci/drivers_probe", NVME), 0);
	assert_string_equal(driver(NVME), "nvme");

	/* the probe refuses a bridge, and drivers_probe reports no error */
	assert_int_equal(put("/sys/bus/pci/drivers/pcieport/unbind", PORT), 0);
	assert_int_equal(override(PORT, "vfio-pci"), 0);
	assert_int_equal(put("/sys/bus/pci/drivers_probe", PORT), 0);
	assert_string_equal(driver(PORT), "");
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/bind", PORT), -EINVAL);
}

static void test_module(void **state)
{
	(void)state;
	assert_false(sys_exists(&machine, "/sys/module/vfio_pci"));
	assert_int_equal(sys_load_module(&machine, "nosuch"), -ENOENT);
	assert_int_equal(sys_load_module(&machine, "vfio_pci"), 0);
	assert_true(sys_exists(&machine, "/sys/module/vfio_pci"));
	assert_int_equal(sys_load_module(&machine, "vfio-pci"), 0);
	/* a new driver gets the devices without a driver */
	assert_string_equal(driver(NET), "");
	assert_int_equal(sys_load_module(&machine, "e1000e"), 0);
	assert_string_equal(driver(NET), "e1000e");
}

/* ------------------------------------------------------------------- vfio */

static void test_cdev(void **state)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = VFIO_PCI_CONFIG_REGION_INDEX };
	unsigned char config[4];
	int fd, second, iommufd, null;

	(void)state;
	assert_int_equal(sys_open(&machine, "/dev/vfio/devices/vfio0", O_RDWR), -ENOENT);
	take(A);
	fd = cdev(A);
	assert_true(fd >= 0);
	iommufd = sys_open(&machine, "/dev/iommu", O_RDWR);
	null = open("/dev/null", O_RDWR);
	assert_int_equal(irqs_off(fd, 0), -EINVAL);	/* not bound yet */
	assert_int_equal(sys_pread(&machine, fd, config, 4, 0), -EINVAL);
	assert_int_equal(to_iommufd(fd, 999), -EBADF);
	assert_int_equal(to_iommufd(fd, null), -EBADFD);
	assert_int_equal(to_iommufd(fd, -1), -EINVAL);
	assert_int_equal(to_iommufd(fd, iommufd), 0);
	assert_int_equal(to_iommufd(fd, iommufd), -EINVAL);
	second = cdev(A);
	assert_true(second >= 0);
	assert_int_equal(to_iommufd(second, iommufd), -EINVAL);
	assert_int_equal(sys_ioctl(&machine, fd, VFIO_DEVICE_GET_REGION_INFO, &region), 0);
	assert_int_equal(sys_pread(&machine, fd, config, 4, (off_t)region.offset), 4);
	assert_memory_equal(config, "\x34\x12\xe8\x11", 4);
	assert_int_equal(sys_ioctl(&machine, fd, _IO(VFIO_TYPE, VFIO_BASE + 99), &region), -ENOTTY);
	assert_int_equal(sys_ioctl(&machine, fd, VFIO_DEVICE_BIND_IOMMUFD, NULL), -EFAULT);
	close(null);
	sys_close(&machine, second);
	sys_close(&machine, iommufd);
	sys_close(&machine, fd);
}

static void test_irqs(void **state)
{
	int fd;

	(void)state;
	take(A);
	fd = ready(A);
	assert_int_equal(irqs_off(fd, VFIO_PCI_MSI_IRQ_INDEX), -EINVAL);
	assert_int_equal(control("irq %s %s", A, "msi"), 0);
	assert_non_null(strstr(get("/proc/interrupts"), "vfio-msi[0](" A ")"));
	assert_int_equal(irqs_off(fd, VFIO_PCI_INTX_IRQ_INDEX), -EINVAL);
	assert_int_equal(irqs_off(fd, VFIO_PCI_MSI_IRQ_INDEX), 0);
	assert_null(strstr(get("/proc/interrupts"), "vfio"));
	assert_int_equal(irqs_off(fd, VFIO_PCI_NUM_IRQS), -EINVAL);
	sys_close(&machine, fd);
}

static void test_power(void **state)
{
	int fd;

	(void)state;
	take(NET);
	assert_string_equal(get("/sys/bus/pci/devices/" NET "/power_state"), "D3hot\n");
	fd = ready(NET);
	assert_string_equal(get("/sys/bus/pci/devices/" NET "/power_state"), "D0\n");
	sys_close(&machine, fd);
	assert_string_equal(get("/sys/bus/pci/devices/" NET "/power_state"), "D3hot\n");
}

/* The unbind hangs until the last file is closed, in any process. */
static void test_unbind_blocks(void **state)
{
	struct pollfd p;
	int fd, done[2], status;
	pid_t child;

	(void)state;
	take(A);
	fd = ready(A);
	assert_int_equal(pipe(done), 0);
	child = fork();
	if (child == 0) {
		/* its copy would keep the device in use */
		close(fd);
		status = put("/sys/bus/pci/drivers/vfio-pci/unbind", A);
		_exit(write(done[1], &status, sizeof(status)) != sizeof(status));
	}
	close(done[1]);
	p = (struct pollfd){ .fd = done[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 300), 0);
	assert_true(log_has("No device request channel registered, blocked until released by user"));
	assert_false(sys_exists(&machine, "/dev/vfio/devices/vfio0"));
	assert_string_equal(driver(A), "vfio-pci");
	sys_close(&machine, fd);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(read(done[0], &status, sizeof(status)), sizeof(status));
	assert_int_equal(status, 0);
	assert_string_equal(driver(A), "");
	close(done[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
}

/* -------------------------------------------------------------- liveupdate */

static void test_luo_open(void **state)
{
	int luo, session;

	(void)state;
	luo = luo_fd();
	assert_true(luo >= 0);
	assert_int_equal(luo_fd(), -EBUSY);
	assert_int_equal(sys_open(&machine, "/dev/liveupdate", O_RDONLY), -EBUSY);
	sys_close(&machine, luo);
	/* sessions survive the close of /dev/liveupdate */
	session = create("kept");
	assert_true(session >= 0);
	assert_int_equal(create("kept"), -EEXIST);
	sys_close(&machine, session);
	session = create("kept");
	assert_true(session >= 0);
	sys_close(&machine, session);
}

static void test_luo_names(void **state)
{
	char name[65] = { 0 };
	int session;

	(void)state;
	assert_int_equal(create(""), -EINVAL);
	memset(name, 'n', 64);
	assert_int_equal(create(name), -EINVAL);
	name[63] = '\0';
	session = create(name);
	assert_true(session >= 0);
	sys_close(&machine, session);
	session = create("a/b \n\x01");
	assert_true(session >= 0);
	sys_close(&machine, session);
	assert_int_equal(retrieve("nosuch"), -ENOENT);
}

static void test_luo_ioctls(void **state)
{
	struct { struct liveupdate_session_preserve_fd args; uint64_t more; } big = {
		.args = { .size = sizeof(big), .fd = 0 }, .more = 1,
	};
	struct liveupdate_session_preserve_fd args = { .size = 8 };
	int session = create("s"), luo = luo_fd();

	(void)state;
	assert_int_equal(sys_ioctl(&machine, session, LIVEUPDATE_SESSION_PRESERVE_FD, &args), -EINVAL);
	assert_int_equal(sys_ioctl(&machine, session, LIVEUPDATE_SESSION_PRESERVE_FD, &big), -E2BIG);
	assert_int_equal(sys_ioctl(&machine, session, LIVEUPDATE_SESSION_PRESERVE_FD, NULL), -EFAULT);
	args.size = sizeof(args);
	assert_int_equal(sys_ioctl(&machine, session, _IO(LIVEUPDATE_IOCTL_TYPE, 0x7f), &args), -EINVAL);
	assert_int_equal(sys_ioctl(&machine, session, _IO('x', 0x40), &args), -ENOTTY);
	assert_int_equal(sys_ioctl(&machine, luo, LIVEUPDATE_SESSION_PRESERVE_FD, &args), -EINVAL);
	assert_int_equal(finish(session), -EINVAL);
	assert_int_equal(retrieve_fd(session, 0), -EINVAL);
	sys_close(&machine, luo);
	sys_close(&machine, session);
}

static void test_preserve(void **state)
{
	int a, b, unbound, other, session, second, memfd, iommufd;

	(void)state;
	take(A);
	take(B);
	session = create("one");
	second = create("two");
	unbound = cdev(A);
	assert_int_equal(preserve(session, unbound, 1), -ENOENT);
	a = ready(A);
	assert_int_equal(preserve(session, 999, 1), -EBADF);
	assert_int_equal(preserve(session, session, 1), -ENOENT);
	iommufd = sys_open(&machine, "/dev/iommu", O_RDWR);
	assert_int_equal(preserve(session, iommufd, 1), -ENOENT);
	other = open("/dev/null", O_RDWR);
	assert_int_equal(preserve(session, other, 1), -ENOENT);

	assert_int_equal(preserve(session, a, 1), 0);
	assert_true(log_has("vfio-pci " A ": Device will be preserved across next Live Update"));
	assert_true(log_has("pcieport " PORT ": Device will be preserved across next Live Update"));
	assert_int_equal(preserve(session, a, 1), -EEXIST);
	assert_int_equal(preserve(session, 999, 1), -EEXIST);	/* before all else */
	assert_int_equal(preserve(session, a, 2), -EBUSY);
	assert_int_equal(preserve(second, a, 1), -EBUSY);
	assert_int_equal(preserve(session, unbound, 2), -EBUSY);
	assert_true(log_has(A ": Device is already preserved"));

	b = ready(B);
	assert_int_equal(preserve(second, b, 1), 0);	/* the token of another session */
	memfd = sys_memfd(&machine, "m", "hello", 5);
	assert_int_equal(preserve(session, memfd, 0), 0);
	assert_int_equal(preserve(session, memfd, ~0ULL), -EBUSY);

	/* the user may close the files; the device is released with the session */
	sys_close(&machine, a);
	sys_close(&machine, unbound);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/bind", A), -EBUSY);
	assert_false(log_has(A ": Device will no longer be preserved"));
	sys_close(&machine, session);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/unbind", A), 0);
	assert_true(log_has(A ": Device will no longer be preserved across next Live Update"));
	assert_true(log_has(PORT ": Device will no longer be preserved across next Live Update"));
	sys_close(&machine, second);
	sys_close(&machine, b);
	sys_close(&machine, iommufd);
	sys_close(&machine, memfd);
	close(other);
}

/* The kernel preserves an unbound file if another file of the device is bound (measured). */
static void test_preserve_is_per_device(void **state)
{
	int bound, unbound, session;

	(void)state;
	take(A);
	session = create("s");
	unbound = cdev(A);
	bound = ready(A);
	assert_int_equal(preserve(session, unbound, 1), 0);
	assert_int_equal(preserve(session, bound, 2), -EBUSY);
	sys_close(&machine, session);
	sys_close(&machine, bound);
	sys_close(&machine, unbound);
}

/* ---------------------------------------------------------------- the kexec */

static void test_load(void **state)
{
	(void)state;
	assert_int_equal(jump("kexec"), 1);
	assert_string_equal(get("/sys/kernel/kexec_loaded"), "0\n");
	assert_int_equal(kexec("-s", "-l", "/boot/nosuch"), 255);
	assert_non_null(strstr(said, "Cannot open"));
	assert_int_equal(kexec("-s", "-l", "/boot/vmlinuz-7.3.4-fake"), 0);
	assert_string_equal(get("/sys/kernel/kexec_loaded"), "1\n");
	assert_int_equal(kexec("-u", NULL, NULL), 0);
	assert_string_equal(get("/sys/kernel/kexec_loaded"), "0\n");
}

static void test_life(void **state)
{
	char text[8] = "", boot_id[64];
	int a, session, memfd, again, third, iommufd;

	(void)state;
	take(A);
	session = create("vm1");
	a = ready(A);
	memfd = sys_memfd(&machine, "m", "hello", 5);
	assert_int_equal(preserve(session, a, 7), 0);
	assert_int_equal(preserve(session, memfd, 0), 0);
	assert_int_equal(sys_mkdir(&machine, "/run/x"), 0);
	assert_int_equal(sys_replace(&machine, "/var/lib/x", "x", 1), 0);
	snprintf(boot_id, sizeof(boot_id), "%s", get("/proc/sys/kernel/random/boot_id"));
	next_kernel();

	assert_false(sys_exists(&machine, "/run/x"));
	assert_true(sys_exists(&machine, "/var/lib/x"));
	assert_string_not_equal(boot_id, get("/proc/sys/kernel/random/boot_id"));
	assert_string_equal(get("/proc/cmdline"), "kho=on liveupdate=on\n");
	assert_string_equal(get("/sys/kernel/kexec_loaded"), "0\n");
	assert_true(log_has("KHO: found kexec handover data."));
	assert_true(log_has("luo: Retrieved live update data, liveupdate number: 1"));
	assert_true(log_has("pci " A ": Device was preserved by previous kernel across Live Update"));
	assert_true(log_has("pci " PORT ": Device was preserved by previous kernel"));
	assert_string_equal(get("/sys/kernel/boot_params/setup_data/0/type"), "0xa\n");
	assert_true(sys_exists(&machine, "/sys/kernel/debug/kho/in/sub_fdts/kexec-metadata"));
	assert_false(sys_exists(&machine, "/sys/kernel/debug/kho/out/fdt"));
	assert_string_equal(driver(A), "");
	assert_string_equal(driver(NVME), "nvme");
	assert_false(sys_exists(&machine, "/sys/module/vfio_pci"));

	take(A);
	assert_int_equal(cdev(A), -EBUSY);
	assert_int_equal(retrieve("vm2"), -ENOENT);
	session = retrieve("vm1");
	assert_true(session >= 0);
	assert_int_equal(retrieve("vm1"), -EINVAL);
	third = create("vm1");	/* the same name, the other direction */
	assert_true(third >= 0);
	assert_int_equal(preserve(session, memfd, 9), -EINVAL);
	assert_int_equal(retrieve_fd(session, 8), -ENOENT);
	memfd = retrieve_fd(session, 0);
	assert_int_equal(pread(memfd, text, sizeof(text), 0), 5);
	assert_string_equal(text, "hello");
	assert_int_not_equal(fcntl(memfd, F_GET_SEALS) & F_SEAL_WRITE, 0);

	a = retrieve_fd(session, 7);
	assert_true(a >= 0);
	again = retrieve_fd(session, 7);
	assert_true(again >= 0);
	assert_int_not_equal(a, again);
	assert_int_equal(irqs_off(a, 0), -EINVAL);
	assert_int_equal(finish(session), -EBUSY);
	iommufd = sys_open(&machine, "/dev/iommu", O_RDWR);
	assert_int_equal(to_iommufd(a, iommufd), 0);
	assert_int_equal(to_iommufd(again, iommufd), -EINVAL);	/* the same file */
	assert_int_equal(preserve(third, a, 1), -EBUSY);
	assert_int_equal(finish(session), 0);
	assert_true(log_has("vfio-pci " A ": Device is finished participating in Live Update"));
	assert_true(log_has(PORT ": Device is finished participating in Live Update"));
	assert_int_equal(finish(session), 0);
	assert_int_equal(retrieve_fd(session, 7), -ENOENT);
	assert_int_equal(retrieve("vm1"), -EINVAL);
	sys_close(&machine, session);
	assert_int_equal(retrieve("vm1"), -ENOENT);
	assert_int_equal(preserve(third, a, 7), 0);	/* and in the same way to a third kernel */
	next_kernel();
	assert_true(log_has("liveupdate number: 2"));
	assert_true(log_has("pci " A ": Device was preserved by previous kernel"));
}

/* e: the handler was not registered at the first open */
static void test_too_early(void **state)
{
	int session, luo;

	(void)state;
	take(A);
	session = create("vm1");
	assert_int_equal(preserve(session, ready(A), 7), 0);
	next_kernel();
	assert_int_equal(luo_fd(), -EIO);
	assert_true(log_has("luo: No registered handler for compatible 'vfio-pci-v1'"));
	assert_true(log_has("luo: Failed to deserialize files for session [vm1] -2"));
	take(A);
	assert_int_equal(luo_fd(), -EIO);
	assert_int_equal(cdev(A), -EBUSY);
	next_kernel();	/* clears all of it */
	luo = luo_fd();
	assert_true(luo >= 0);
	sys_close(&machine, luo);
	take(A);
	assert_true(cdev(A) >= 0);
}

/* e: retrieved before it was bound to vfio-pci */
static void test_not_bound(void **state)
{
	int session;

	(void)state;
	take(A);
	session = create("vm1");
	assert_int_equal(preserve(session, ready(A), 7), 0);
	next_kernel();
	assert_int_equal(sys_load_module(&machine, "vfio-pci"), 0);
	session = retrieve("vm1");
	assert_int_equal(retrieve_fd(session, 7), -ENODEV);
	take(A);
	assert_int_equal(retrieve_fd(session, 7), -ENODEV);
	assert_int_equal(finish(session), -EBUSY);
	sys_close(&machine, session);
	assert_int_equal(retrieve("vm1"), -EINVAL);
	assert_true(log_has("luo: Unable to finish session [vm1] on release"));
	assert_int_equal(cdev(A), -EBUSY);
}

/* f: a session of memfds alone finishes when it is closed */
static void test_close_finishes(void **state)
{
	int session, memfd, a;

	(void)state;
	take(A);
	session = create("files");
	memfd = sys_memfd(&machine, "m", "x", 1);
	assert_int_equal(preserve(session, memfd, 0), 0);
	assert_int_equal(preserve(create("vfio"), ready(A), 1), 0);
	next_kernel();
	take(A);
	session = retrieve("files");
	sys_close(&machine, session);
	assert_int_equal(retrieve("files"), -ENOENT);
	/* and so does a session whose devices are all bound */
	session = retrieve("vfio");
	a = retrieve_fd(session, 1);
	assert_int_equal(to_iommufd(a, sys_open(&machine, "/dev/iommu", O_RDWR)), 0);
	sys_close(&machine, a);
	sys_close(&machine, session);
	assert_int_equal(retrieve("vfio"), -ENOENT);
	assert_true(cdev(A) >= 0);
}

/* d: one device with its interrupts enabled */
static void test_freeze(void **state)
{
	int a, b, session;

	(void)state;
	take(A);
	take(B);
	session = create("vm1");
	a = ready(A);
	b = ready(B);
	assert_int_equal(preserve(session, a, 1), 0);
	assert_int_equal(preserve(session, b, 2), 0);
	assert_int_equal(control("irq %s %s", B, "msix"), 0);
	assert_int_equal(load("-s", NEXT), 0);
	assert_int_equal(jump("kexec"), 255);
	assert_string_equal(said, "kexec failed: Invalid argument");
	assert_true(log_has("vfio-pci " B ": Freeze failed! Interrupts are still enabled."));
	assert_true(log_has("luo: Freeze failed for token[0x2] handler[vfio-pci-v1] err[-22]"));
	assert_string_equal(get("/sys/kernel/kexec_loaded"), "1\n");
	/* frozen before the refusal: unusable until it is bound again */
	assert_int_equal(irqs_off(a, 0), -EIO);
	assert_int_equal(irqs_off(b, VFIO_PCI_MSIX_IRQ_INDEX), 0);
	assert_int_equal(control("power %s %s", B, "D3hot"), 0);
	assert_int_equal(jump("kexec"), 255);
	assert_true(log_has(B ": Freeze failed! Device not in D0 state."));
	assert_int_equal(control("power %s %s", B, "D0"), 0);
	sys_close(&machine, session);
	sys_close(&machine, a);
	a = ready(A);
	assert_int_equal(irqs_off(a, 0), -EIO);
	sys_close(&machine, a);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/unbind", A), 0);
	assert_int_equal(put("/sys/bus/pci/drivers/vfio-pci/bind", A), 0);
	a = ready(A);
	assert_int_equal(irqs_off(a, 0), -EINVAL);
}

/* d: and under systemd the kexec becomes a reboot */
static void test_systemctl(void **state)
{
	(void)state;
	take(A);
	assert_int_equal(preserve(create("vm1"), ready(A), 1), 0);
	assert_int_equal(control("irq %s %s", A, "intx"), 0);
	assert_int_equal(load("-s", NEXT), 0);
	assert_int_equal(jump("systemctl"), FAKE_REBOOTED);
	assert_false(log_has("KHO: found"));
	assert_false(log_has("was preserved"));
}

/* Each of these loses everything without a message. */
static void test_lost(void **state)
{
	(void)state;
	take(A);
	assert_int_equal(preserve(create("vm1"), ready(A), 1), 0);
	assert_int_equal(load("-c", NEXT), 0);
	assert_int_equal(jump("kexec"), FAKE_JUMPED);
	assert_false(sys_exists(&machine, "/sys/kernel/debug/kho/in"));
	assert_false(log_has("was preserved"));
	assert_int_equal(retrieve("vm1"), -ENOENT);

	take(A);
	assert_int_equal(preserve(create("vm1"), ready(A), 1), 0);
	assert_int_equal(load("-s", "--command-line=kho=on"), 0);
	assert_int_equal(jump("kexec"), FAKE_JUMPED);
	assert_true(log_has("luo: Retrieved live update data"));
	assert_false(log_has("was preserved"));
	assert_int_equal(luo_fd(), -ENOENT);
	take(A);
	assert_true(cdev(A) >= 0);

	assert_int_equal(load("-s", "--command-line=liveupdate=on"), 0);
	assert_int_equal(jump("kexec"), FAKE_JUMPED);
	assert_true(log_has("luo: Disabling liveupdate because KHO is disabled"));
	assert_int_equal(luo_fd(), -ENOENT);
}

/* c: the machine is lost */
static void test_hang(void **state)
{
	int a;
	pid_t child;

	(void)state;
	take(A);
	a = ready(A);
	child = fork();
	if (child == 0) {
		put("/sys/bus/pci/drivers/vfio-pci/unbind", A);
		_exit(0);
	}
	for (int n = 0; n < 100 && !log_has("blocked until released"); n++)
		usleep(20000);
	/* SIGKILL ends the process, but not the unbind */
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(load("-s", NEXT), 0);
	assert_int_equal(jump("kexec"), FAKE_HUNG);
	sys_close(&machine, a);
}

/*
 * The kexec ends each process that has a file of the previous kernel, even if it received
 * the file.
 */
static void test_kills(void **state)
{
	int session = create("s"), status, pair[2];
	char go;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	child = fork();
	if (child == 0) {
		/* the process never called the kernel itself */
		close(pair[1]);
		_exit(read(pair[0], &go, 1) == 1);
	}
	sys_close(&machine, session);
	assert_int_equal(create("s"), -EEXIST);	/* the child's copy */
	next_kernel();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(pair[0]);
	close(pair[1]);
}

static void test_proc(void **state)
{
	char path[128], link[128];
	int session = create("vm1");

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), session);
	assert_true(sys_readlink(&machine, path, link, sizeof(link)) > 0);
	assert_string_equal(link, "anon_inode:[luo_session] vm1");
	sys_close(&machine, session);
	assert_int_equal(sys_readlink(&machine, path, link, sizeof(link)), -ENOENT);
}

/* Each read of /dev/kmsg returns one record, and EAGAIN after the last. */
static void test_kmsg(void **state)
{
	int fd = sys_open(&machine, "/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char buf[8192];
	ssize_t n;

	(void)state;
	n = sys_read(&machine, fd, buf, sizeof(buf));
	assert_true(n > 0);
	assert_memory_equal(buf, "6,0,", 4);
	assert_ptr_equal(memchr(buf, '\n', (size_t)n), buf + n - 1);
	while (n > 0)
		n = sys_read(&machine, fd, buf, sizeof(buf));
	assert_int_equal(n, -EAGAIN);
	sys_close(&machine, fd);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_override), TEST(test_bind), TEST(test_module),
		TEST(test_cdev), TEST(test_irqs), TEST(test_power),
		TEST(test_unbind_blocks),
		TEST(test_luo_open), TEST(test_luo_names), TEST(test_luo_ioctls),
		TEST(test_preserve), TEST(test_preserve_is_per_device),
		TEST(test_load), TEST(test_life), TEST(test_too_early),
		TEST(test_not_bound), TEST(test_close_finishes), TEST(test_freeze),
		TEST(test_systemctl), TEST(test_lost), TEST(test_hang),
		TEST(test_kills), TEST(test_proc), TEST(test_kmsg),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: selftest MACHINE.SH DIR\n");
		return 2;
	}
	machine_sh = argv[1];
	machine_dir = argv[2];
	return cmocka_run_group_tests_name("fake kernel", tests, NULL, NULL);
}
