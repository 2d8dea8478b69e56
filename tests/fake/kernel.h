/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake kernel: a process that reacts to the calls of vfio-lu as Linux 7.3
 * with the PCI and VFIO live-update series does.
 *
 * Its working directory is the root of the machine's tree, so a path has no
 * leading slash. "measured" in a comment means that the behaviour was seen on
 * such a kernel; other comments name the kernel's file and function.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "wire.h"

#define NAME_SIZE	64
#define PATH_SIZE	512

/* ---------------------------------------------------------------- tree.c */

/* These edit the tree. They end the program if that fails. */
void tree_write(const char *path, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void tree_write_bytes(const char *path, const void *data, size_t size);
void tree_append(const char *path, const char *text);
void tree_link(const char *path, const char *target);	/* the target is relative to the root */
void tree_symlink(const char *path, const char *text);	/* as it is */
void tree_mkdir(const char *path);			/* with its parents */
void tree_remove(const char *path);			/* with all below it */
void tree_clear(const char *path);			/* all below it */
bool tree_exists(const char *path);
/* Reads the first line. Returns false if there is none. */
bool tree_read(const char *path, char *buf, size_t size);
size_t tree_read_bytes(const char *path, void *buf, size_t size);
/* Resolves the path from the root. Returns a negative errno on failure. */
int tree_real(const char *path, char *buf, size_t size);
void tree_each(const char *path, void (*fn)(const char *name));

/* ---------------------------------------------------------------- kmsg.c */

struct device;

void kmsg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void kmsg_device(const struct device *dev, const char *text);
/* by_kexec: the kernel log follows kmsg_mode(), from its start or, wrapped, from kmsg_booted() */
void kmsg_reset(bool by_kexec);
void kmsg_booted(void);
int kmsg_mode(const char *word);

/* ----------------------------------------------------------------- pci.c */

struct driver {
	struct driver *next;
	char name[NAME_SIZE];
	char module[NAME_SIZE];
	bool builtin;
	char brings[NAME_SIZE];	/* another module that its module loads */
	bool boot;		/* a module that the system loads by itself */
	bool variant;		/* a variant of vfio-pci */
	bool registered;
	char ids[PATH_SIZE];	/* "8086:10d3 class:0108" */
};

enum irq { IRQ_NONE = -1, IRQ_INTX, IRQ_MSI, IRQ_MSIX };

struct device {
	struct device *next;
	char name[NAME_SIZE];
	char path[PATH_SIZE];	/* sys/devices/... */
	unsigned int vendor, id, class;
	char override[NAME_SIZE];
	struct driver *driver;
	int minor;		/* N of vfioN; -1: no cdev */
	unsigned int files;	/* open vfio files, of users or of LUO */
	bool opened;		/* one of them is bound to an iommufd */
	bool unbinding;
	char stalls_at[NAME_SIZE];	/* a write to this attribute of the device waits */
	char vanishes_at[NAME_SIZE];	/* a write to this attribute removes the device from the bus */
	enum irq irq;
	bool poisoned;		/* frozen by a kexec that failed */
	unsigned int preserved;	/* 1, or the number of devices behind a bridge */
	bool incoming;
	unsigned int incoming_below;	/* devices behind this bridge that are not finished yet */
	bool has_pm;		/* a power management capability */
};

extern struct device *devices;

struct driver *driver_find(const char *name);
void driver_files(struct driver *drv, bool there);
/* Loading this module loads the other one, too. */
int module_brings(const char *name, const char *other);
void driver_add(const char *name, const char *module, const char *how,
		const char *ids);
struct device *device_find(const char *name);
void device_set_power(const struct device *dev, const char *state);
void device_power(const struct device *dev, char *buf, size_t size);
bool device_has_group(const struct device *dev);
bool device_is_bridge(const struct device *dev);
bool device_is_vf(const struct device *dev);
bool device_is_vfio(const struct device *dev);	/* on plain vfio-pci */
void device_set_irq(struct device *dev, enum irq irq);
void device_vanish(struct device *dev);
/* Calls fn for every bridge above the device. */
void device_upstream(const struct device *dev, void (*fn)(struct device *bridge));

void pci_scan(void);
void pci_reset(void);
void pci_boot(void);
int module_load(const char *name);
bool is_module_loaded(const char *name);

/* A write that waits until the device is free. The answer is sent then. */
#define BLOCKED		(-6000)
int pci_write(const char *path, const char *text, size_t size, int call_fd);
bool pci_is_writable(const char *path);
void pci_retry(void);
bool pci_has_pending_unbind(void);
void pci_forget_pending(void);

/* ---------------------------------------------------------------- file.c */

enum file_kind { FILE_LIVEUPDATE, FILE_SESSION, FILE_IOMMU, FILE_VFIO, FILE_ATTR };

struct session;

struct file {
	enum file_kind kind;
	unsigned int ends;	/* that clients have */
	unsigned int held;	/* references of LUO */
	char path[PATH_SIZE];	/* what /proc/PID/fd shows */
	struct device *dev;	/* FILE_VFIO */
	bool group;		/* of VFIO_GROUP_GET_DEVICE_FD */
	bool bound;		/* to an iommufd */
	struct session *session;
};

struct file *file_new(enum file_kind kind, const char *path);
/* Makes a client end of the file. Returns the fd to send, or -errno. */
int file_end(struct file *file);
void file_hold(struct file *file);
void file_drop(struct file *file);
/* Returns the file whose client end is this fd, or has this inode; NULL: none of ours. */
struct file *file_of_fd(int fd);
struct file *file_of_inode(uint64_t ino);
/* Releases every file whose last client end is closed. */
void file_sweep(void);
/* A reboot: drops all files without releasing them. */
void file_forget_all(void);
size_t file_poll(void *pollfds, size_t max);

/* ---------------------------------------------------------------- vfio.c */

/* Returns the device of this cdev, or NULL. */
struct device *vfio_device(const char *path);
int vfio_open(const char *path, struct file **ret_file);
int vfio_ioctl(struct file *file, uint64_t request, void *data, size_t size,
	       int passed_fd);
ssize_t vfio_read(struct file *file, uint64_t offset, void *buf, size_t size);
void vfio_release(struct file *file);
int iommu_ioctl(uint64_t request, void *data, size_t size);

/* ----------------------------------------------------------------- luo.c */

int luo_open(struct file **ret_file);
int luo_ioctl(struct file *file, uint64_t request, void *data, size_t size,
	      int passed_fd, int *ret_fd);
void luo_release(struct file *file);
/* Freezes the sessions for the kexec. After -EINVAL, the devices that are already frozen are unusable. */
int luo_freeze(void);
/* The sessions of the previous kernel become the incoming ones, or are lost. */
void luo_boot(bool keep);
bool is_luo_enabled(void);
/* Logs the messages of the next kernel about devices while it enumerates them. */
void luo_announce(bool handed);

/* --------------------------------------------------------------- kexec.c */

/* kexec(8) and systemctl kexec; text gets their messages. */
int kexec_run(const char *args, size_t size, char *text, size_t text_size,
	      pid_t caller);
void boot_cold(void);

extern bool disk_kept;
extern char next_release[NAME_SIZE];
extern bool handler_built;

/* Power off and on, with an empty disk. */
void machine_anew(pid_t but);

/* --------------------------------------------------------------- calls.c */

void calls_begin(void);
void calls_note(pid_t pid, int ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
const char *calls_place(const char *path);

/* --------------------------------------------------------------- state.c */

/* Everything that a command can have changed, one item per line, in a fixed order. */
void state_print(FILE *out, pid_t but);
void pci_state(FILE *out);
void luo_state(FILE *out);
void file_state(FILE *out);
void kexec_state(FILE *out);
void process_state(FILE *out, pid_t but);

/* ------------------------------------------------------------- process.c */

/* Call this before the first call: notes the processes that do not belong to the machine. */
void process_bystanders(void);
void process_seen(pid_t pid);
void process_reap(void);
/* Ends all processes of this machine except the caller. */
void process_kill_all(pid_t but);
void process_end_tools(void);
void process_refresh(void);
size_t process_poll(void *pollfds, size_t max);

/* -------------------------------------------------------------- kernel.c */

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void answer(int call_fd, int ret, const void *data, size_t size, int fd);

#endif
