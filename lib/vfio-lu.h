/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libvfio-lu: take vfio-pci device files through a kexec live update.
 *
 * Rules that hold for every function:
 *  - it returns 0 or a negative errno unless said otherwise, prints nothing,
 *    never ends the process, and reads no environment;
 *  - after a failure vlu_error() has a sentence for a person and vlu_status()
 *    the class of the failure; a return parameter ("ret_") is left as it was;
 *  - a context and all that belongs to it is for one thread at a time;
 *  - strings and objects handed out belong to the context (or to the object
 *    named) and live until it is freed; the caller frees only what a function
 *    says it does.
 */
#ifndef VFIO_LU_H
#define VFIO_LU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VLU_EXPORT __attribute__((visibility("default")))

/* ------------------------------------------------------------- context */

struct vlu_ctx;
struct sys_ops;

/* The class of a failure; the values are the exit status of vfio-lu. */
enum vlu_status {
	VLU_OK = 0,
	VLU_FAILED = 1,		/* nothing was left half done */
	VLU_USAGE = 2,		/* the request makes no sense */
	VLU_NOT_PRESERVABLE = 3, /* the device, or what was asked, cannot take part */
	VLU_UNSUPPORTED = 4,	/* this host or kernel lacks what is needed */
	VLU_BUSY = 5,		/* somebody else has it, and the timeout passed */
	VLU_PARTIAL = 6,	/* partly done and not undone: the text says what */
};

enum vlu_level { VLU_LOG_ERROR, VLU_LOG_WARNING, VLU_LOG_INFO, VLU_LOG_DEBUG };

typedef void (*vlu_log_fn)(void *arg, enum vlu_level level, const char *text);

/* A context on the running machine. *ret_ctx is freed with vlu_free(). */
VLU_EXPORT int vlu_new(struct vlu_ctx **ret_ctx);
VLU_EXPORT void vlu_free(struct vlu_ctx *ctx);

/*
 * Look at the tree below dir instead of at "/": a captured machine. Implies
 * vlu_set_read_only().
 */
VLU_EXPORT int vlu_set_root(struct vlu_ctx *ctx, const char *dir);

/*
 * From here on nothing this context does can change the machine: no write,
 * no ioctl, no child process, no module, no open of /dev/liveupdate or of a
 * vfio file. Looking at LUO is not harmless: the first open of
 * /dev/liveupdate deserializes what came over and cannot be repeated
 * (kernel/liveupdate/luo_core.c, luo_open()).
 */
VLU_EXPORT void vlu_set_read_only(struct vlu_ctx *ctx);

/* How long to wait for another's lock, /dev/liveupdate or a slow device. */
VLU_EXPORT void vlu_set_timeout(struct vlu_ctx *ctx, unsigned int seconds);

/*
 * The program to start when a holder is needed and none runs: vfio-lu, by its
 * path, which is copied; NULL for a program that is vfio-lu itself. By default
 * the one that was installed with this library, or in one of the system's
 * directories.
 */
VLU_EXPORT int vlu_set_holder(struct vlu_ctx *ctx, const char *path);

/* Where progress and warnings go; none by default. */
VLU_EXPORT void vlu_set_log(struct vlu_ctx *ctx, vlu_log_fn fn, void *arg);

/* Text and class of the last failure, "" and VLU_OK before any. */
VLU_EXPORT const char *vlu_error(const struct vlu_ctx *ctx);
VLU_EXPORT enum vlu_status vlu_status(const struct vlu_ctx *ctx);

/* ----------------------------------------------------------------- BDF */

/* A PCI address. Domains above ffff exist (Intel VMD). */
struct vlu_bdf {
	uint32_t domain;
	uint8_t bus;
	uint8_t device;
	uint8_t function;
};

#define VLU_BDF_SIZE 20	/* "ffffffff:ff:1f.7" and its NUL, rounded up */

/* "DDDD:BB:DD.F" or "BB:DD.F", either case. -EINVAL for anything else. */
VLU_EXPORT int vlu_bdf_parse(const char *text, struct vlu_bdf *ret_bdf);
VLU_EXPORT const char *vlu_bdf_format(struct vlu_bdf bdf, char buf[VLU_BDF_SIZE]);
VLU_EXPORT int vlu_bdf_compare(struct vlu_bdf a, struct vlu_bdf b);

/*
 * The LUO token under which a device is preserved, made from its address so
 * that a session can be restored with no manifest at all.
 */
VLU_EXPORT uint64_t vlu_bdf_token(struct vlu_bdf bdf);
VLU_EXPORT bool vlu_token_bdf(uint64_t token, struct vlu_bdf *ret_bdf);
#define VLU_TOKEN_MANIFEST 0

/* ------------------------------------------------------------ selection */

/*
 * A pattern is an address "DDDD:BB:DD.F" that may have '*' for the device, for
 * the function or for both; "DDDD:BB:*" is short for both. The domain may be
 * left out as in any address; the bus may not.
 */
VLU_EXPORT int vlu_pattern_check(struct vlu_ctx *ctx, const char *text);

/* Functions by what they have in common, beside those that are named. */
struct vlu_selection {
	const char *const *patterns;
	size_t n_patterns;
	bool all_functions;	/* of the slot of each of those */
	const unsigned int *groups;	/* IOMMU groups */
	size_t n_groups;
};

/*
 * The addresses, each once, in the order in which they were asked for and for
 * each pattern or group in address order. Bridges are left out, with a word in
 * the log, unless they are named. A pattern or a group that has nothing is a
 * failure. *ret_bdfs is freed by the caller.
 */
VLU_EXPORT int vlu_select(struct vlu_ctx *ctx, const struct vlu_selection *what,
			  struct vlu_bdf **ret_bdfs, size_t *ret_n);

/* -------------------------------------------------------------- devices */

struct vlu_device;

enum vlu_kind { VLU_ENDPOINT, VLU_PF, VLU_VF, VLU_BRIDGE };
enum vlu_known { VLU_NO, VLU_YES, VLU_DONT_KNOW };

/*
 * Reads all PCI functions, in address order. A function that vanishes while
 * being read is left out. Repeating it drops the devices handed out before.
 */
VLU_EXPORT int vlu_devices_read(struct vlu_ctx *ctx);
VLU_EXPORT size_t vlu_device_count(const struct vlu_ctx *ctx);
VLU_EXPORT struct vlu_device *vlu_device_at(struct vlu_ctx *ctx, size_t i);

/* The function at this address, read if it was not. -ENODEV if there is none. */
VLU_EXPORT int vlu_device_find(struct vlu_ctx *ctx, struct vlu_bdf bdf,
			       struct vlu_device **ret_dev);
/*
 * The same after a plan has run: its driver, driver_override and cdev are read
 * again. A device that was handed out stays, and its strings are new ones.
 */
VLU_EXPORT int vlu_device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf,
				  struct vlu_device **ret_dev);

/* Numbers are -1 and strings NULL when the kernel does not say. */
VLU_EXPORT struct vlu_bdf vlu_device_bdf(const struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_name(const struct vlu_device *dev); /* the BDF as text */
VLU_EXPORT enum vlu_kind vlu_device_kind(const struct vlu_device *dev);
VLU_EXPORT int64_t vlu_device_vendor(const struct vlu_device *dev);
VLU_EXPORT int64_t vlu_device_device(const struct vlu_device *dev);
VLU_EXPORT int64_t vlu_device_subsystem(const struct vlu_device *dev); /* vendor << 16 | device */
VLU_EXPORT int64_t vlu_device_class(const struct vlu_device *dev); /* 24 bits */
VLU_EXPORT const char *vlu_device_driver(const struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_override(const struct vlu_device *dev);
VLU_EXPORT int64_t vlu_device_iommu_group(const struct vlu_device *dev);
VLU_EXPORT int64_t vlu_device_iommu_group_size(const struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_cdev(const struct vlu_device *dev); /* "/dev/vfio/devices/vfio0" */
VLU_EXPORT int64_t vlu_device_numa_node(const struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_power_state(const struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_path(const struct vlu_device *dev); /* below /sys/devices */

/* Is it given to vfio-pci at every boot, by driverctl or by bind --persist? */
VLU_EXPORT enum vlu_known vlu_device_persist(const struct vlu_device *dev);

/* Did the previous kernel preserve it, and is that not finished yet? */
VLU_EXPORT enum vlu_known vlu_device_incoming(const struct vlu_device *dev);

/* Names from pci.ids, NULL when it has none. */
VLU_EXPORT const char *vlu_device_vendor_name(struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_device_name(struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_class_name(struct vlu_device *dev);

/* --------------------------------------------------------------- checks */

enum vlu_result { VLU_PASS, VLU_FAIL, VLU_WARN, VLU_UNKNOWN };

/* One verdict. id never changes its meaning; fix is NULL when there is none. */
struct vlu_check {
	const char *id;
	enum vlu_result result;
	const char *detail;
	const char *fix;
	/*
	 * Good to know, but not needed to say yes: while it is unknown the
	 * verdict does not wait for it. The kernel itself refuses what it is
	 * about, or vfio-lu sees to it later.
	 */
	bool advisory;
};

struct vlu_report;

/* A verdict is data: these fail only when memory is short. */
VLU_EXPORT int vlu_check_device(struct vlu_device *dev,
				struct vlu_report **ret_report);
VLU_EXPORT int vlu_check_host(struct vlu_ctx *ctx, struct vlu_report **ret_report);
/* The report on a function that is not there. */
VLU_EXPORT int vlu_check_missing(struct vlu_ctx *ctx,
				 struct vlu_report **ret_report);

/* The kernel to be jumped into. Files are looked up below vlu_set_root(). */
struct vlu_next {
	const char *kernel;
	const char *initrd;	/* NULL: none */
	const char *cmdline;	/* NULL: that of this kernel, as vlu_plan_load() */
};

/*
 * Reads the image, the initrd and the modules that belong to it and says
 * whether it can take over what this kernel preserves, above all these n
 * devices. Fails as well when a file that was named cannot be read.
 */
VLU_EXPORT int vlu_check_next(struct vlu_ctx *ctx, const struct vlu_next *next,
			      const struct vlu_bdf *bdfs, size_t n,
			      struct vlu_report **ret_report);
VLU_EXPORT void vlu_report_free(struct vlu_report *report);
VLU_EXPORT size_t vlu_report_count(const struct vlu_report *report);
VLU_EXPORT const struct vlu_check *vlu_report_at(const struct vlu_report *report,
						 size_t i);
/*
 * VLU_FAIL if any row fails, else VLU_UNKNOWN if any that is not advisory is
 * unknown, else VLU_PASS. A warning never changes it.
 */
VLU_EXPORT enum vlu_result vlu_report_verdict(const struct vlu_report *report);

/*
 * Copies every file that list and check look at, of all devices and the host,
 * into dir, which must be new or empty: for vlu_set_root() to look at later,
 * elsewhere. What identifies the machine becomes zeros (lib/scrub.h). Nothing
 * but dir is written to, also when the context is read-only.
 */
VLU_EXPORT int vlu_capture(struct vlu_ctx *ctx, const char *dir, size_t *ret_files);

/* ---------------------------------------------------------------- plans */

/*
 * Every change is built as a list of steps first. A plan can be read (that is
 * --dry-run) and run once. Running stops at the first step that fails and
 * undoes what the same group of steps did, in reverse; vlu_error() says what
 * state each device is in when that did not work (VLU_PARTIAL).
 *
 * Where the devices do not depend on each other (bind, unbind, the binding at
 * restore), each goes its own way at the same time as the others. When several
 * fail, vlu_error() has the last of them and the log the others. A write which
 * the kernel does not come back from within the timeout is left to a child
 * process (VLU_BUSY), and a driver that is still being loaded is waited for as
 * long. Files of several devices are bound to an iommufd and closed at the same
 * time, in threads that are gone when the call returns.
 */
struct vlu_plan;

VLU_EXPORT void vlu_plan_free(struct vlu_plan *plan);
VLU_EXPORT size_t vlu_plan_count(const struct vlu_plan *plan);
/* "write vfio-pci to /sys/bus/pci/devices/0000:01:00.0/driver_override" */
VLU_EXPORT const char *vlu_plan_step(struct vlu_plan *plan, size_t i);
VLU_EXPORT int vlu_plan_run(struct vlu_plan *plan);
/*
 * fn is called while the plan runs, once a second at least: done of n devices;
 * waits_for is the step that has waited longest for the kernel, or NULL.
 */
typedef void (*vlu_progress_fn)(void *arg, size_t done, size_t n,
				const char *waits_for);
VLU_EXPORT void vlu_plan_watch(struct vlu_plan *plan, vlu_progress_fn fn, void *arg);
/* What is so now, or was so already: one sentence each, after a run. */
VLU_EXPORT size_t vlu_plan_result_count(const struct vlu_plan *plan);
VLU_EXPORT const char *vlu_plan_result(const struct vlu_plan *plan, size_t i);

enum vlu_bind_flags {
	VLU_FORCE = 1 << 0,	/* refuse only what the host does not survive */
	VLU_PERSIST = 1 << 1,	/* and so at every boot; and no longer so */
};

/*
 * To vfio-pci by driver_override; and back to the driver it had. All that is
 * refused is found first: then no plan is made.
 */
VLU_EXPORT int vlu_plan_bind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs,
			     size_t n, unsigned int flags, struct vlu_plan **ret_plan);
VLU_EXPORT int vlu_plan_unbind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs,
			       size_t n, unsigned int flags,
			       struct vlu_plan **ret_plan);

/*
 * Put device files into the LUO session of this name and have the holder keep
 * it. The kernel takes a vfio file only from the cdev and only once it is
 * bound to an iommufd; closing the session un-preserves all of it
 * (luo_session_release(), kernel/liveupdate/luo_session.c).
 */
VLU_EXPORT int vlu_plan_preserve(struct vlu_ctx *ctx, const char *session,
				 const struct vlu_bdf *bdfs, size_t n,
				 struct vlu_plan **ret_plan);

/* A file of a VMM that is no device, by its number there. */
struct vlu_vmm_file {
	int fd;
	const char *name;	/* what it is called later; NULL: "fdN" */
};

/*
 * The same with the files that a process has open: a VMM at work, or the
 * caller (getpid()). n == 0: all its vfio devices. Nothing is opened or bound
 * for it, and the guest does not notice; only what was opened through
 * /dev/vfio/devices can be taken. files are others that the kernel can
 * preserve, such as a memfd with the guest's memory; a memfd's size is fixed
 * from then on. The VMM must have ended before the jump.
 */
VLU_EXPORT int vlu_plan_preserve_vmm(struct vlu_ctx *ctx, const char *session, pid_t pid,
				     const struct vlu_bdf *bdfs, size_t n,
				     const struct vlu_vmm_file *files, size_t n_files,
				     struct vlu_plan **ret_plan);

/* n == 0: the whole session. */
VLU_EXPORT int vlu_plan_release(struct vlu_ctx *ctx, const char *session,
				const struct vlu_bdf *bdfs, size_t n,
				struct vlu_plan **ret_plan);

/*
 * Load the next kernel through kexec_file_load(), the only way that attaches
 * what KHO hands over (kho_fill_kimage() is called from kernel/kexec_file.c
 * alone). cmdline NULL: this kernel's own; append NULL: nothing added.
 */
VLU_EXPORT int vlu_plan_load(struct vlu_ctx *ctx, const char *kernel,
			     const char *initrd, const char *cmdline,
			     const char *append, struct vlu_plan **ret_plan);
/* Check once more, turn interrupts off, jump. Comes back only on failure. */
VLU_EXPORT int vlu_plan_kexec(struct vlu_ctx *ctx, struct vlu_plan **ret_plan);

/*
 * In the new kernel: bind, retrieve the session, retrieve its files, keep them.
 * A driver that takes a device after the plan was made, as they do while a host
 * boots, has to give it back as if it had been there before.
 */
VLU_EXPORT int vlu_plan_restore(struct vlu_ctx *ctx, const char *session,
				struct vlu_plan **ret_plan);
/* Bind what nobody took to an iommufd and end the live update. */
VLU_EXPORT int vlu_plan_finish(struct vlu_ctx *ctx, const char *session,
			       struct vlu_plan **ret_plan);
/*
 * The same, but binds nothing: it fails at once with VLU_BUSY while VMMs have
 * not bound all of it, and is to be tried again.
 */
VLU_EXPORT int vlu_plan_finish_taken(struct vlu_ctx *ctx, const char *session,
				     struct vlu_plan **ret_plan);

/* 1-63 bytes of [A-Za-z0-9._@:-], not one that others use (systemd, luod-internal). */
VLU_EXPORT int vlu_session_name_check(struct vlu_ctx *ctx, const char *name);

/* --------------------------------------------------------------- holder */

/*
 * The process that keeps session and device files open: serves its socket in
 * /run/vfio-lu until nothing is left to hold. Does not return before that.
 */
VLU_EXPORT int vlu_hold(struct vlu_ctx *ctx);

/*
 * A duplicate of a retrieved (or preserved) device file, as a VMM would use
 * it. The caller closes *ret_fd. The holder keeps its own.
 */
VLU_EXPORT int vlu_session_device_fd(struct vlu_ctx *ctx, const char *session,
				     struct vlu_bdf bdf, int *ret_fd);

/*
 * Lend what was retrieved to the program that this process is about to become,
 * or to itself. The holder keeps its own, and who has it: as long as that
 * process lives, nobody else gets it, unless again is set.
 *
 * In argv, which ends with NULL, {BDF}, {NAME} of a file and {iommufd}, a fresh
 * one, are replaced by numbers: that of the first is 3, of the next 4, ... "{{"
 * is a brace. What it names is lent; all there is, without the iommufd, where
 * it names nothing or is NULL.
 *
 * A context that only looks lends nothing and has no files (fd is -1).
 */
struct vlu_loan;

struct vlu_lent {
	const char *name;	/* "0000:01:00.0", "iommufd", or a file's name */
	int fd;			/* closed by vlu_loan_free() */
};

VLU_EXPORT int vlu_loan_new(struct vlu_ctx *ctx, const char *session, char *const *argv,
			    bool again, struct vlu_loan **ret_loan);
/* Forgets the files here; to whom they are lent stays so. */
VLU_EXPORT void vlu_loan_free(struct vlu_loan *loan);
/* What argv has become, the loan's. */
VLU_EXPORT char *const *vlu_loan_argv(const struct vlu_loan *loan);
VLU_EXPORT size_t vlu_loan_count(const struct vlu_loan *loan);
VLU_EXPORT const struct vlu_lent *vlu_loan_at(const struct vlu_loan *loan, size_t i);

/*
 * Right before exec: moves the files to their numbers, where they stay open in
 * the program, and has all other files of this process closed in it. Whatever
 * else had these numbers is closed.
 */
VLU_EXPORT int vlu_loan_pass(struct vlu_loan *loan);
/*
 * After that: starts a process that finishes the session once a program was
 * executed and the devices are all bound; or says on stderr, after the
 * context's timeout, that they are not.
 */
VLU_EXPORT int vlu_loan_finish(struct vlu_loan *loan);
/* exec has failed, or nothing is wanted any more: it was never lent. */
VLU_EXPORT int vlu_loan_return(struct vlu_loan *loan);

/* --------------------------------------------------------------- status */

enum vlu_direction { VLU_OUTGOING, VLU_INCOMING, VLU_DIRECTION_UNKNOWN };

struct vlu_session_device {
	struct vlu_bdf bdf;
	uint64_t token;
	/* preserved, retrieved, bound, failed, missing or mismatch */
	const char *state;
	const char *driver;	/* now; NULL for none */
	const char *detail;	/* NULL for none */
};

struct vlu_session_file {
	const char *name;
	uint64_t token;
	/* preserved, retrieved or missing */
	const char *state;
	const char *detail;	/* NULL for none */
};

struct vlu_session {
	const char *name;
	enum vlu_direction direction;
	const char *state;	/* held, restored, finished, lost or waiting */
	int64_t holder_pid;	/* -1: nobody */
	const char *manifest;	/* ok, missing or invalid */
	const char *detail;	/* NULL for none */
	size_t n_devices;
	const struct vlu_session_device *devices;
	size_t n_files;		/* what a VMM had besides */
	const struct vlu_session_file *files;
	const char *command;	/* of that VMM, as for a shell; NULL: none */
};

struct vlu_state {
	const char *release;
	const char *previous_release;	/* NULL: not known */
	int64_t kexec_count;		/* -1: not known */
	int64_t liveupdate_number;	/* -1: not known */
	enum vlu_known kho_boot;
	enum vlu_known kexec_loaded;
	int64_t holder_pid;		/* -1: none, -2: not to be seen */
	const char *holder_detail;	/* why not, NULL for none */
	const char *holder_managed_by;	/* "systemd" or "vfio-lu", NULL: none */
	size_t n_sessions;
	const struct vlu_session *sessions;
	size_t n_incoming;
	const struct vlu_bdf *incoming;
	enum vlu_known incoming_known;	/* VLU_NO: the kernel log could not be read */
};

/*
 * What can be seen without touching anything. session is the name that stands
 * for incoming devices of which no manifest speaks. Freed with vlu_state_free().
 */
VLU_EXPORT int vlu_state_read(struct vlu_ctx *ctx, const char *session,
			      struct vlu_state **ret_state);
VLU_EXPORT void vlu_state_free(struct vlu_state *state);

/* ------------------------------------------------------------- hand-over */

/*
 * What one kernel hands to the next, decoded: the tree of Kexec Handover, what
 * the Live Update Orchestrator keeps below it, the PCI devices. It is read and
 * nothing else: debugfs, sysfs, /proc, our manifests, and memory, by physical
 * address through /proc/kcore or a crash dump. What cannot be read, or is not
 * what it should be, says so in its own part and stops nothing else.
 */

/* How far a part can be believed. */
enum vlu_trust {
	VLU_TRUST_UNKNOWN,	/* a file: nobody can say */
	VLU_TRUST_KERNEL,	/* the kernel keeps it as long as it runs */
	VLU_TRUST_STALE,	/* the memory may have been freed or reused */
	VLU_TRUST_SAVED,	/* our manifest says so, the kernel need not */
};

/* Bytes as they were read; in a file, address is 0. */
struct vlu_bytes {
	uint64_t address;
	size_t size;
	const unsigned char *data;
};

struct vlu_part {
	const char *name;	/* "kho-in": what vlu_handover_part() takes */
	const char *source;	/* "/sys/kernel/debug/kho/in/fdt" */
	enum vlu_trust trust;
	const char *why;	/* what to know of source and trust; NULL: nothing */
	const char *error;	/* not read, or not all of it as it should be; or NULL */
	size_t n_bytes;
	const struct vlu_bytes *bytes;
};

/*
 * In all that follows text is NULL and a signed number -1 when not known.
 * A list that could not be read is empty, and part.error says why.
 */

/* Where this kernel found what it was handed: on x86 in the setup data. */
struct vlu_boot_data {
	struct vlu_part part;
	uint64_t fdt, fdt_size, scratch, scratch_size;
};

struct vlu_subtree {
	const char *name;
	uint64_t address;	/* 0: not known */
	int64_t size;		/* before Linux 7.1 the tree does not tell */
};

/* include/linux/kho/abi/kexec_handover.h */
struct vlu_kho {
	struct vlu_part part;
	const char *compatible;
	uint64_t memory_map;
	size_t cut;		/* the file ended here, before the tree did; 0: whole */
	size_t n_subtrees;
	const struct vlu_subtree *subtrees;
};

/* include/linux/kho/abi/kexec_metadata.h */
struct vlu_metadata {
	struct vlu_part part;
	const char *previous_release;
	int64_t kexec_count;
};

struct vlu_region {
	const char *name;
	uint64_t start, size;
};

/* include/linux/kho/abi/memblock.h */
struct vlu_memblock {
	struct vlu_part part;
	const char *compatible;
	size_t n_regions;
	const struct vlu_region *regions;
};

/* include/linux/kho/abi/luo.h, and a tree up to Linux 7.1 */
struct vlu_luo {
	struct vlu_part part;
	const char *compatible;
	const char *session_compatible;	/* of a tree only */
	const char *flb_compatible;
	int64_t liveupdate_num;
	uint64_t sessions_pa;	/* 0: none */
	uint64_t flbs_pa;
};

/* File-lifecycle-bound objects */
struct vlu_flb {
	const char *name;
	uint64_t data;
	uint64_t count;		/* files that need it */
};

struct vlu_flbs {
	struct vlu_part part;
	size_t n_flbs;
	const struct vlu_flb *flbs;
};

struct vlu_pci_device {
	struct vlu_bdf bdf;
	int64_t refcount;	/* -1: the oldest encodings have none */
};

/* One way to read the list of PCI devices. */
struct vlu_pci_reading {
	const char *encoding;	/* flat32, flat64, flat64-short, block or versioned */
	int64_t version;
	int64_t max;
	int64_t nr;
	uint64_t devices_pa;	/* 0: they follow the header */
	const char *error;	/* why there are not as many devices as nr says */
	size_t n_devices;
	const struct vlu_pci_device *devices;
};

/*
 * The encoding went through several forms under one name. More than one
 * reading: it cannot be told which.
 */
struct vlu_pci {
	struct vlu_part part;
	const char *compatible;
	size_t n_readings;
	const struct vlu_pci_reading *readings;
};

/* One way to read what is kept of a vfio-pci file. */
struct vlu_vfio_reading {
	struct vlu_bdf bdf;
	const char *layout;	/* "domain-first" or "bdf-first" */
};

struct vlu_vfio {
	size_t n_readings;
	struct vlu_vfio_reading readings[2];
};

/* include/linux/kho/abi/memfd.h */
struct vlu_memfd {
	const char *layout;	/* "v1" or "v2" */
	uint64_t pos, size, nr_folios;
	int64_t seals;
	uint64_t folios_pa;
	uint32_t pages;		/* that the list of folios takes */
};

struct vlu_luo_file {
	uint64_t token;
	const char *compatible;
	uint64_t data;
	const struct vlu_vfio *vfio;	/* NULL: no vfio-pci file, or not known */
	const struct vlu_memfd *memfd;
	const char *error;	/* what was behind data is not what it should be */
	bool has_bdf;
	struct vlu_bdf bdf;	/* that the token, or the manifest, stands for */
};

/* A session as one source has it; another may have it too. */
struct vlu_luo_session {
	const struct vlu_part *part;
	const char *name;
	enum vlu_direction direction;
	int64_t pid;		/* of who has it open */
	const char *comm;
	uint64_t files_pa;
	int64_t n_expected;	/* files that it should have */
	const char *error;
	size_t n_files;
	const struct vlu_luo_file *files;
};

/* What a process has open. */
struct vlu_opened {
	int64_t pid;
	const char *comm;
	const char *kind;	/* "session", "device" or "liveupdate" */
	const char *session;	/* its name */
	struct vlu_bdf bdf;	/* of a device */
};

struct vlu_processes {
	struct vlu_part part;
	size_t n_opened;
	const struct vlu_opened *opened;
};

struct vlu_kernel_log {
	struct vlu_part part;
	bool whole;		/* it begins with the boot */
	int64_t liveupdate_number;
	size_t n_incoming;	/* preserved by the kernel before, not finished */
	const struct vlu_bdf *incoming;
	size_t n_finished;
	const struct vlu_bdf *finished;
	size_t n_outgoing;
	const struct vlu_bdf *outgoing;
	size_t n_lines;		/* what KHO and LUO said, the oldest first */
	const char *const *lines;
};

/* One direction; NULL: there is none of it. */
struct vlu_handed {
	const struct vlu_kho *kho;
	const struct vlu_metadata *metadata;
	const struct vlu_memblock *memblock;
	const struct vlu_luo *luo;
	const struct vlu_flbs *flbs;
	const struct vlu_pci *pci;
};

struct vlu_handover {
	const struct vlu_boot_data *boot;
	struct vlu_handed in;	/* by the kernel before */
	struct vlu_handed out;	/* to the next */
	const struct vlu_vfio *vfio;	/* vlu_handover_file() alone */
	const struct vlu_memfd *memfd;
	const struct vlu_processes *processes;
	const struct vlu_kernel_log *log;
	size_t n_sessions;
	const struct vlu_luo_session *sessions;
	size_t n_parts;		/* all of the above, in the order of a report */
	const struct vlu_part *const *parts;
};

struct vlu_handover_from {
	/*
	 * A crash dump to look at in place of this machine: an ELF core file
	 * that says where its memory was. NULL: this machine.
	 */
	const char *vmcore;
	const char *log;	/* a saved kernel log; NULL: /dev/kmsg */
};

/* from NULL: this machine. Freed with vlu_handover_free(). */
VLU_EXPORT int vlu_handover_read(struct vlu_ctx *ctx,
				 const struct vlu_handover_from *from,
				 struct vlu_handover **ret_handover);
/*
 * Decodes a file. format is kho, metadata, memblock, luo, flb, pci, memfd or
 * vfio. What lies elsewhere in memory is looked for in from->vmcore. Fails if
 * the file is nothing of that format.
 */
VLU_EXPORT int vlu_handover_file(struct vlu_ctx *ctx, const char *file,
				 const char *format,
				 const struct vlu_handover_from *from,
				 struct vlu_handover **ret_handover);
/* The part of this name, NULL: there is none. */
VLU_EXPORT const struct vlu_part *
vlu_handover_part(const struct vlu_handover *handover, const char *name);
VLU_EXPORT void vlu_handover_free(struct vlu_handover *handover);

/* For tests: a context on another boundary than the real kernel (lib/sys.h). */
VLU_EXPORT int vlu_new_sys(const struct sys_ops *ops, const char *root,
			   struct vlu_ctx **ret_ctx);

#ifdef __cplusplus
}
#endif
#endif
