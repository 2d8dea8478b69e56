/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libvfio-lu: take vfio-pci device files through a kexec live update.
 *
 * These rules hold for every function:
 *  - It returns 0 or a negative errno unless its comment says otherwise. It prints
 *    nothing, never ends the process, and only vlu_hold() reads environment variables.
 *  - After a failure, vlu_error() has a sentence for people and vlu_status() the
 *    class of the failure. A return parameter ("ret_") keeps its value.
 *  - One thread at a time uses a context and the objects that belong to it.
 *  - Returned strings and objects belong to the context, or to the object that the
 *    comment names, and live until their owner is freed. The caller frees only what a
 *    comment tells it to free. Devices live until vlu_devices_read(), vlu_set_root()
 *    or vlu_free(). Their strings live until the next look begins.
 *
 * A context looks at the machine once and answers many questions from that look:
 * a thousand devices cost one reading of all processes. A new look begins with
 *  - vlu_devices_read(), vlu_devices_read_whole(), vlu_device_refresh(), vlu_check_host(),
 *    vlu_check_next(), vlu_state_read(), vlu_handover_read(), vlu_capture(),
 *    each vlu_plan_...() that makes a plan, and the end of vlu_plan_run();
 *  - vlu_check_device() or vlu_judge_device() of a device that was already judged
 *    in this look.
 * vlu_device_find() returns a device as this look sees it. A program that looks at the
 * machine again after a while calls a function of the first item.
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
	VLU_FAILED = 1,		/* failed, and nothing is half done */
	VLU_USAGE = 2,		/* the request makes no sense */
	VLU_NOT_PRESERVABLE = 3, /* the device or the request cannot take part in a live update */
	VLU_UNSUPPORTED = 4,	/* this host or kernel lacks something that is needed */
	VLU_BUSY = 5,		/* another process uses the device or file, and the timeout passed */
	VLU_PARTIAL = 6,	/* partly done and not undone; the text has details */
};

enum vlu_level { VLU_LOG_ERROR, VLU_LOG_WARNING, VLU_LOG_INFO, VLU_LOG_DEBUG };

/* A failure or a warning. */
struct vlu_problem {
	enum vlu_status status;	/* the status of this problem alone; VLU_OK: a warning */
	const char *code;	/* a stable word for programs, see vlu_code_at() */
	const char *text;	/* a sentence for people */
	const char *bdf;	/* the device that the text is about; NULL: none */
	const char *fix;	/* the fix, a part of the text; NULL: none is known */
	const char *const *fix_argv;	/* the fix as a command; NULL: the fix is not a command */
};

/* problem is valid during the call. With VLU_LOG_INFO and _DEBUG it has only a text. */
typedef void (*vlu_log_fn)(void *arg, enum vlu_level level, const struct vlu_problem *problem);

/* Makes a context for the running machine. The caller frees it with vlu_free(). */
VLU_EXPORT int vlu_new(struct vlu_ctx **ret_ctx);
VLU_EXPORT void vlu_free(struct vlu_ctx *ctx);

/*
 * Makes the context look at a captured machine, the tree below dir, instead of "/".
 * Implies vlu_set_read_only().
 */
VLU_EXPORT int vlu_set_root(struct vlu_ctx *ctx, const char *dir);

/*
 * Makes the context read-only: from here on it cannot change the machine. It writes nothing, makes
 * no ioctl, starts no process, loads no module, and opens neither /dev/liveupdate nor a vfio file.
 * The first open of /dev/liveupdate is a change: it deserializes what the previous kernel handed
 * over, once only (kernel/liveupdate/luo_core.c, luo_open()).
 */
VLU_EXPORT void vlu_set_read_only(struct vlu_ctx *ctx);

/* Sets how long to wait for another command's lock, /dev/liveupdate or a slow device. */
VLU_EXPORT void vlu_set_timeout(struct vlu_ctx *ctx, unsigned int seconds);

/*
 * Sets the function that can stop a plan. The library calls it between two steps. When it returns
 * true, the plan undoes its steps, or leaves them for the same command to complete. While a plan is
 * being made, the library calls the function when it waits for another process or reads a large
 * file. If the function returns true, vlu_plan_...() and vlu_loan_new() fail (-EINTR).
 */
typedef bool (*vlu_stop_fn)(void *arg);
VLU_EXPORT void vlu_set_stop(struct vlu_ctx *ctx, vlu_stop_fn fn, void *arg);

/*
 * Sets the vfio-lu program that the library starts when a holder is needed and none
 * runs. The path is copied. NULL means the calling program, if it is vfio-lu itself.
 * The default is the vfio-lu installed with this library or in a system directory.
 */
VLU_EXPORT int vlu_set_holder(struct vlu_ctx *ctx, const char *path);

/* Sets the function that receives warnings and notes. By default there is none. */
VLU_EXPORT void vlu_set_log(struct vlu_ctx *ctx, vlu_log_fn fn, void *arg);

/*
 * Sets the function that is told about long waits. The library calls it with a description
 * when a wait begins, and with NULL when the most recent wait has ended. Waits nest.
 * limit is the longest wait in seconds; 0: not known. fn must not call the library.
 */
typedef void (*vlu_wait_fn)(void *arg, const char *what, unsigned int limit);
VLU_EXPORT void vlu_set_wait(struct vlu_ctx *ctx, vlu_wait_fn fn, void *arg);

/*
 * Writes one record of n fields "NAME=value" to the journal. The first field is MESSAGE. Without a
 * journal the message goes to syslog(3). priority is 0 to 7, as in syslog(3). Fails with -EPERM in
 * a read-only context, and with -EAGAIN when the journal has no room. Does not change vlu_error().
 * The library writes no records by itself; vfio-lu writes those that vfio-lu(8) describes.
 */
VLU_EXPORT int vlu_journal(struct vlu_ctx *ctx, int priority, const char *const *fields, size_t n);

/* Return the text and the class of the last failure; "" and VLU_OK before the first. */
VLU_EXPORT const char *vlu_error(const struct vlu_ctx *ctx);
VLU_EXPORT enum vlu_status vlu_status(const struct vlu_ctx *ctx);
/*
 * Returns the graver of two statuses, for a result that stands for several calls. VLU_BUSY
 * is the mildest refusal, because the same call may succeed later.
 */
VLU_EXPORT enum vlu_status vlu_graver(enum vlu_status a, enum vlu_status b);
/* Returns the last failure with its code and fix, valid until the next call. */
VLU_EXPORT const struct vlu_problem *vlu_problem(struct vlu_ctx *ctx);

/*
 * Lists the codes. Returns the word of code i, its status and its meaning, or NULL after
 * the last. When several things fail, vlu_status() can differ from the code's status.
 */
VLU_EXPORT const char *vlu_code_at(size_t i, enum vlu_status *ret_status,
				   const char **ret_meaning);

/* ----------------------------------------------------------------- BDF */

/* A PCI address. Domains above ffff exist (Intel VMD). */
struct vlu_bdf {
	uint32_t domain;
	uint8_t bus;
	uint8_t device;
	uint8_t function;
};

#define VLU_BDF_SIZE 20	/* "ffffffff:ff:1f.7" and its NUL, rounded up */

/* Parses "DDDD:BB:DD.F" or "BB:DD.F", in either case. Fails with -EINVAL for anything else. */
VLU_EXPORT int vlu_bdf_parse(const char *text, struct vlu_bdf *ret_bdf);
VLU_EXPORT const char *vlu_bdf_format(struct vlu_bdf bdf, char buf[VLU_BDF_SIZE]);
VLU_EXPORT int vlu_bdf_compare(struct vlu_bdf a, struct vlu_bdf b);

/*
 * Convert between a BDF and the LUO token under which the device is preserved. The
 * token contains the BDF, so a session can be restored without a manifest.
 * vlu_token_bdf() returns false if the token is not one of a device.
 */
VLU_EXPORT uint64_t vlu_bdf_token(struct vlu_bdf bdf);
VLU_EXPORT bool vlu_token_bdf(uint64_t token, struct vlu_bdf *ret_bdf);
#define VLU_TOKEN_MANIFEST 0

/* ------------------------------------------------------------ selection */

/*
 * Checks a pattern: a BDF with '*' for the device, the function or both. "DDDD:BB:*"
 * is short for "DDDD:BB:*.*"; the domain is optional, the bus is not.
 */
VLU_EXPORT int vlu_pattern_check(struct vlu_ctx *ctx, const char *text);

/* The devices on which a command acts. */
struct vlu_selection {
	const char *const *patterns;
	size_t n_patterns;
	bool all_functions;	/* add all functions of each slot */
	const unsigned int *groups;	/* IOMMU groups */
	size_t n_groups;
	bool bridges;		/* patterns match bridges too */
	/*
	 * The devices that the caller can act on, present or not. A pattern selects from
	 * these; if it matches none of them, it selects from all devices of the machine.
	 */
	const struct vlu_bdf *of;
	size_t n_of;
};

/*
 * Returns each selected BDF once, in the order of the patterns, and sorted within a
 * pattern or group. Leaves out a bridge with a note, unless bridges is set or a pattern names it.
 * Fails when a pattern or a group matches nothing. The caller frees *ret_bdfs.
 */
VLU_EXPORT int vlu_select(struct vlu_ctx *ctx, const struct vlu_selection *what,
			  struct vlu_bdf **ret_bdfs, size_t *ret_n);

/* -------------------------------------------------------------- devices */

struct vlu_device;

enum vlu_kind { VLU_ENDPOINT, VLU_PF, VLU_VF, VLU_BRIDGE };
enum vlu_known { VLU_NO, VLU_YES, VLU_DONT_KNOW };

/*
 * Reads all PCI functions, sorted by BDF. Leaves out a function that vanishes during
 * the read. Frees the devices of an earlier call.
 */
VLU_EXPORT int vlu_devices_read(struct vlu_ctx *ctx);
/* Reads all PCI functions. For those with vfio-pci, reads all that vlu_check_device() needs. */
VLU_EXPORT int vlu_devices_read_whole(struct vlu_ctx *ctx);
VLU_EXPORT size_t vlu_device_count(const struct vlu_ctx *ctx);
VLU_EXPORT struct vlu_device *vlu_device_at(struct vlu_ctx *ctx, size_t i);

/*
 * Returns the device with this BDF. Reads it if this look has not read it. Fails with
 * -ENODEV if there is none.
 */
VLU_EXPORT int vlu_device_find(struct vlu_ctx *ctx, struct vlu_bdf bdf,
			       struct vlu_device **ret_dev);
/*
 * Begins a new look and reads the device's driver, driver_override and cdev again. A
 * device that was returned before stays valid and gets new strings.
 */
VLU_EXPORT int vlu_device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf,
				  struct vlu_device **ret_dev);

/* These return -1 or NULL when the kernel does not show the value. */
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

/* Returns whether driverctl or `bind --persist` gives the device to vfio-pci at every boot. */
VLU_EXPORT enum vlu_known vlu_device_persist(const struct vlu_device *dev);

/* Returns whether the previous kernel preserved the device and its session is not finished yet. */
VLU_EXPORT enum vlu_known vlu_device_incoming(const struct vlu_device *dev);

/* Return names from pci.ids, or NULL when it has none. */
VLU_EXPORT const char *vlu_device_vendor_name(struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_device_name(struct vlu_device *dev);
VLU_EXPORT const char *vlu_device_class_name(struct vlu_device *dev);

/* --------------------------------------------------------------- checks */

enum vlu_result { VLU_PASS, VLU_FAIL, VLU_WARN, VLU_UNKNOWN };

/* The result of one check. */
struct vlu_check {
	const char *id;		/* never changes its meaning */
	enum vlu_result result;
	const char *detail;
	const char *fix;	/* NULL: none */
	const char *const *fix_argv;	/* the fix as a command that can be executed; NULL: none */
	/*
	 * An unknown result does not make the verdict unknown: the kernel or vfio-lu
	 * refuses before anything is lost, or restore repairs the cause.
	 */
	bool advisory;
	/*
	 * A failure does not change the verdict, because restore repairs it: restore takes
	 * a device back from another driver. Not set if the host would lose a device that
	 * it uses, because restore gives no device back to the host.
	 */
	bool curable;
};

struct vlu_report;

/* Checks one device. Fails only when out of memory. The caller frees the report. */
VLU_EXPORT int vlu_check_device(struct vlu_device *dev,
				struct vlu_report **ret_report);
/* Returns the verdict alone. Costs less, since it stops at the first failed check. */
VLU_EXPORT int vlu_judge_device(struct vlu_device *dev, enum vlu_result *ret_verdict);
VLU_EXPORT int vlu_check_host(struct vlu_ctx *ctx, struct vlu_report **ret_report);
/* Makes the report about a device that does not exist. */
VLU_EXPORT int vlu_check_missing(struct vlu_ctx *ctx,
				 struct vlu_report **ret_report);

/* The next kernel. The paths are below vlu_set_root(). */
struct vlu_next {
	const char *kernel;
	const char *initrd;	/* NULL: none, or that of a unified kernel image */
	const char *cmdline;	/* NULL: that of a unified kernel image, or else this kernel's */
	const char *rehearsal;	/* a file of vlu_rehearsal_export(); NULL: none */
};

/*
 * Reads the image, the initrd and the modules of the next kernel. Reports whether that kernel can
 * take over what this kernel preserves, and these n devices in particular. vlu_plan_load() refuses
 * a next kernel whose verdict is VLU_FAIL or VLU_UNKNOWN. Fails when a named file cannot be read.
 */
VLU_EXPORT int vlu_check_next(struct vlu_ctx *ctx, const struct vlu_next *next,
			      const struct vlu_bdf *bdfs, size_t n,
			      struct vlu_report **ret_report);
VLU_EXPORT void vlu_report_free(struct vlu_report *report);
VLU_EXPORT size_t vlu_report_count(const struct vlu_report *report);
/*
 * Lists all checks. Returns the id of check i and its kind, "device", "host",
 * "next-kernel" or "rehearsal"; NULL after the last.
 */
VLU_EXPORT const char *vlu_check_id(size_t i, const char **ret_kind);
VLU_EXPORT const struct vlu_check *vlu_report_at(const struct vlu_report *report,
						 size_t i);
/*
 * Returns VLU_FAIL if a check that is not curable fails, else VLU_UNKNOWN if a check
 * that is not advisory is unknown, else VLU_PASS. Warnings do not change the verdict.
 */
VLU_EXPORT enum vlu_result vlu_report_verdict(const struct vlu_report *report);
/*
 * Could this user see the open files of all processes? If not, a process that uses the device or
 * the host may have been missed, even if the verdict is VLU_PASS. The report on a next kernel is
 * always complete.
 */
VLU_EXPORT bool vlu_report_is_complete(const struct vlu_report *report);

/*
 * Copies every file that `list`, `check` and `status` read into dir, which must be new or empty,
 * and the answer of the holder.
 * vlu_set_root() can look at the copy later, on another machine. Zeros replace what identifies the
 * machine (lib/capture/scrub.h). Writes below dir only, even in a read-only context.
 */
VLU_EXPORT int vlu_capture(struct vlu_ctx *ctx, const char *dir, size_t *ret_files);

/* ------------------------------------------------------------ rehearsal */

/*
 * Sets the directory of this user's rehearsals, NULL (the default) for none. Results are written
 * there. They are read from there and from /var/lib/vfio-lu/rehearsals. The path is copied.
 */
VLU_EXPORT int vlu_set_rehearsals(struct vlu_ctx *ctx, const char *dir);

/*
 * What to rehearse. NULL or 0 stands for the default, which is after the semicolon. If next
 * is NULL, two defaults differ: next_initrd is the initrd that was loaded with the image or
 * is beside it in /boot, and next_cmdline is the command line of the loaded image, if any.
 */
struct vlu_rehearse {
	const char *from;	/* image of the first kernel; the running kernel's */
	const char *from_modules; /* directory of its modules; /lib/modules/RELEASE */
	const char *from_cmdline; /* added to its command line; nothing */
	const char *next;	/* image of the next kernel; the loaded one, or the newest in /boot */
	const char *next_initrd; /* its initrd; none, but see above */
	const char *next_modules; /* directory of its modules; /lib/modules/RELEASE */
	const char *next_cmdline; /* its command line; "kho=on liveupdate=on" */
	const char *const *devices; /* "nvme", "e1000e", ...; one of each of these two */
	size_t n_devices;
	const char *log_dir;	/* directory of the log; that of vlu_set_rehearsals() */
};

/*
 * Called with a check that has been decided and the time that it took. Also called while the
 * rehearsal waits, with NULL as check and the name of the step. Strings are valid during the call.
 */
typedef void (*vlu_rehearse_fn)(void *arg, const struct vlu_check *check,
				unsigned int msec, const char *waits_for);

/*
 * Tries a pair of kernels in a virtual machine (QEMU). The first kernel preserves
 * devices and kexecs into the next kernel, which restores and finishes them. The next
 * kernel then does the same with itself. Needs no privileges, and writes only the log
 * and the result. vlu_set_timeout() limits each step. vlu_set_stop() can end the
 * rehearsal (-EINTR). QEMU ends when this process ends.
 *
 * The verdict is VLU_UNKNOWN if nothing is known of the pair, as when a step took too
 * long or QEMU was killed. Such a result is not stored. A result that cannot be stored
 * is a warning; see vlu_set_log().
 *
 * Fails with VLU_UNSUPPORTED when QEMU or another program is not installed, or the
 * first kernel has no live update. Otherwise *ret_verdict has the verdict and
 * *ret_json the result as JSON, which the caller frees.
 */
VLU_EXPORT int vlu_rehearse(struct vlu_ctx *ctx, const struct vlu_rehearse *what,
			    vlu_rehearse_fn fn, void *arg, enum vlu_result *ret_verdict,
			    char **ret_json);
/*
 * Writes a result of vlu_rehearse() to a file, which it replaces atomically. Fails with
 * -EINVAL for a device node or a FIFO.
 */
VLU_EXPORT int vlu_rehearsal_export(struct vlu_ctx *ctx, const char *path,
				    const char *json);

/* ---------------------------------------------------------------- plans */

/*
 * A plan is a change as a list of steps. A program can read the steps (--dry-run), and run the
 * plan once. The plan stops at the first step that fails. It undoes the completed steps for the
 * device whose step failed or, in plans for preserve, release, load and kexec, all completed
 * steps, newest first. If an undo fails too (VLU_PARTIAL), vlu_error() says what is left.
 *
 * The steps of devices that do not depend on each other (bind, unbind, the bind of
 * restore) run at the same time. When several fail, vlu_error() has the last failure and
 * the log has the others. A write that does not return from the kernel within the timeout
 * is left to a child process (VLU_BUSY). If a driver is still being loaded, the plan waits
 * for it until the timeout.
 * Files of several devices are bound to an iommufd and closed in parallel, by threads
 * that have ended when the call returns.
 */
struct vlu_plan;

VLU_EXPORT void vlu_plan_free(struct vlu_plan *plan);
VLU_EXPORT size_t vlu_plan_count(const struct vlu_plan *plan);
/* Returns a step as text: "write vfio-pci to /sys/bus/pci/devices/0000:01:00.0/driver_override". */
VLU_EXPORT const char *vlu_plan_step(struct vlu_plan *plan, size_t i);
VLU_EXPORT int vlu_plan_run(struct vlu_plan *plan);
/*
 * Sets a function that is called at least once a second while the plan runs. n is the number
 * of devices whose steps run at the same time now, or 1 if the steps run one by one. done is how
 * many of the n need no more steps. waits_for is the step that has waited longest, or NULL.
 */
typedef void (*vlu_progress_fn)(void *arg, size_t done, size_t n,
				const char *waits_for);
VLU_EXPORT void vlu_plan_watch(struct vlu_plan *plan, vlu_progress_fn fn, void *arg);
/*
 * Sets a function that is called right before the plan itself makes the kexec, which is the
 * last chance to write output. The kernel may still refuse. text says how the kexec is made.
 */
typedef void (*vlu_leave_fn)(void *arg, const char *text);
VLU_EXPORT void vlu_plan_on_leave(struct vlu_plan *plan, vlu_leave_fn fn, void *arg);
/* One result of a plan that has run. */
struct vlu_deed {
	const char *action;	/* a word for programs: "bind", "retrieve" */
	bool already;		/* this was the state before, so nothing was done */
	const char *text;	/* the device or session, two blanks, the sentence */
};
VLU_EXPORT size_t vlu_plan_result_count(const struct vlu_plan *plan);
VLU_EXPORT const struct vlu_deed *vlu_plan_result(const struct vlu_plan *plan, size_t i);

enum vlu_bind_flags {
	/*
	 * Take a device even if the host uses it, or may use it, as long as the host can do
	 * without it. A device that the host cannot do without is still refused.
	 */
	VLU_FORCE = 1 << 0,
	VLU_PERSIST = 1 << 1,	/* bind: at every boot; unbind: no longer at every boot */
};

/*
 * Plan to bind devices to vfio-pci by driver_override, and to give them back to the
 * drivers they had. If a device is refused, no plan is made. While the plan runs, right
 * before a driver is taken away, each block device of the function is opened
 * exclusively and closed. If the kernel uses one (bd_prepare_to_claim(), block/bdev.c),
 * the plan fails with VLU_NOT_PRESERVABLE and changes nothing.
 */
VLU_EXPORT int vlu_plan_bind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs,
			     size_t n, unsigned int flags, struct vlu_plan **ret_plan);
VLU_EXPORT int vlu_plan_unbind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs,
			       size_t n, unsigned int flags,
			       struct vlu_plan **ret_plan);

/*
 * Plans to preserve device files in the LUO session of this name, which the holder keeps open. The
 * kernel preserves a vfio file only if it comes from the cdev and is bound to an iommufd. Closing
 * the session releases all its files (luo_session_release(), kernel/liveupdate/luo_session.c).
 */
VLU_EXPORT int vlu_plan_preserve(struct vlu_ctx *ctx, const char *session,
				 const struct vlu_bdf *bdfs, size_t n,
				 struct vlu_plan **ret_plan);

/* Another file of a VMM, by its descriptor number there. */
struct vlu_vmm_file {
	int fd;
	const char *name;	/* its name, unique in the session; NULL: "fdN" */
};

/*
 * Plans to preserve files that a process has open: a running VMM, or the caller (getpid()). n == 0
 * means all its vfio devices. Opens and binds nothing, and the guest does not notice. A device must
 * have been opened through /dev/vfio/devices. files: further files of the process, which are preserved,
 * too. The kernel must support each; an example is a memfd with the guest's memory, whose size is
 * fixed from then on. The VMM must end before the kexec.
 */
VLU_EXPORT int vlu_plan_preserve_vmm(struct vlu_ctx *ctx, const char *session, pid_t pid,
				     const struct vlu_bdf *bdfs, size_t n,
				     const struct vlu_vmm_file *files, size_t n_files,
				     struct vlu_plan **ret_plan);

/* A vfio device that a process, usually a VMM, has open. */
struct vlu_vmm_device {
	struct vlu_bdf bdf;
	pid_t pid;
	char command[16];	/* from /proc/PID/comm */
	char domain[256];	/* libvirt domain, if the process is its QEMU; "": none */
};

/*
 * Returns the vfio devices of the process pid, or with pid 0 those of all processes but the holder,
 * sorted by process and BDF. Fails with VLU_NOT_PRESERVABLE if the process pid has none. Sets
 * *ret_complete if this user could see everything. Opens only files of /proc and libvirt's pid
 * files, and with pid 0 asks the holder for its files. The caller frees *ret_devices.
 */
VLU_EXPORT int vlu_vmm_devices(struct vlu_ctx *ctx, pid_t pid,
			       struct vlu_vmm_device **ret_devices, size_t *ret_n,
			       bool *ret_complete);
/* Works like vlu_check_device(), for a device that vlu_plan_preserve_vmm() takes from pid. */
VLU_EXPORT int vlu_check_vmm_device(struct vlu_device *dev, pid_t pid,
				    struct vlu_report **ret_report);

enum vlu_release_flags {
	/*
	 * Give up an unfinished session of the previous kernel, with all its devices: n must be 0. Its
	 * files are closed, its memory is lost, and its devices cannot be opened before the next kexec
	 * or reboot.
	 */
	VLU_ABANDON = 1,
};

/*
 * Plans to end the preservation of n devices or, with n == 0, of the whole session. Only the
 * whole session's release closes its other files, and so frees memory that no process has.
 */
VLU_EXPORT int vlu_plan_release(struct vlu_ctx *ctx, const char *session,
				const struct vlu_bdf *bdfs, size_t n, unsigned int flags,
				struct vlu_plan **ret_plan);

/*
 * Plans to load the next kernel through kexec_file_load(), the only call that hands over the
 * data of Kexec Handover, KHO (kho_fill_kimage(), called from kernel/kexec_file.c alone).
 * cmdline NULL means this kernel's command line; append, if not NULL, is added to it. Fails with
 * VLU_NOT_PRESERVABLE if the verdict of vlu_check_next() is VLU_FAIL or VLU_UNKNOWN, unless
 * force is set, and with VLU_FAILED if a file cannot be read. force accepts the failures for the
 * devices that are preserved now; vlu_plan_kexec() refuses them for others.
 */
VLU_EXPORT int vlu_plan_load(struct vlu_ctx *ctx, const char *kernel,
			     const char *initrd, const char *cmdline,
			     const char *append, bool force, struct vlu_plan **ret_plan);
/*
 * Plans the kexec: check again, load the image of vlu_plan_load() again, disable
 * interrupts, kexec. The plan returns only on failure, or when a service manager does the
 * kexec. force allows it to end VMs whose devices are in no session, and to drop sessions.
 */
VLU_EXPORT int vlu_plan_kexec(struct vlu_ctx *ctx, bool force, struct vlu_plan **ret_plan);

/*
 * Plans the restore after the kexec: load vfio-pci, have the holder retrieve the session, bind
 * its devices to vfio-pci, retrieve their files, and have the holder keep them. A driver that takes a device while
 * the plan runs, as happens during boot, has to give it back.
 */
VLU_EXPORT int vlu_plan_restore(struct vlu_ctx *ctx, const char *session,
				struct vlu_plan **ret_plan);
/* The other sessions that waited for a restore when this plan was made: "a, b"; "": none. */
VLU_EXPORT const char *vlu_plan_waiting(const struct vlu_plan *plan);
/* How to finish a session. NULL means all zeros. */
struct vlu_finish {
	/*
	 * Bind nothing. The plan fails at once with VLU_BUSY while VMMs have not bound
	 * all devices; the caller tries again.
	 */
	bool wait;
	/* Names of files that may be freed although no process took them, or "all". */
	size_t n_discard;
	const char *const *discard;
	/* true: ignore names that this session does not have; false: they are VLU_USAGE. */
	bool of_all;
};

/*
 * Plans to end the live update. First binds to an iommufd the devices that no process took.
 * Fails while a device or file of the session is not retrieved, while a process has a
 * device open and has not bound it, and while memory would be freed that no process took.
 */
VLU_EXPORT int vlu_plan_finish(struct vlu_ctx *ctx, const char *session,
			       const struct vlu_finish *how, struct vlu_plan **ret_plan);

/* Checks a name: 1-63 bytes of [A-Za-z0-9._@:-], no dot first, not systemd or luod-internal. */
VLU_EXPORT int vlu_session_name_check(struct vlu_ctx *ctx, const char *name);

/* --------------------------------------------------------------- holder */

/*
 * Makes this process the holder, which keeps session and device files open. It serves
 * its socket in /run/vfio-lu and returns when it holds no more files.
 */
VLU_EXPORT int vlu_hold(struct vlu_ctx *ctx);

/*
 * Returns a duplicate of a preserved or retrieved device file, for a VMM to use. The
 * caller closes *ret_fd. The holder keeps its own.
 */
VLU_EXPORT int vlu_session_device_fd(struct vlu_ctx *ctx, const char *session,
				     struct vlu_bdf bdf, int *ret_fd);

/*
 * A loan: retrieved files, lent to this process or to the program that it is about to execute. The
 * holder keeps its own duplicates and remembers the borrower. While the borrower lives,
 * vlu_loan_new() lends the files to no other process, unless its parameter again is true.
 *
 * argv ends with NULL. In it, {BDF}, {NAME} of a file and {iommufd} (a new one) are
 * replaced by descriptor numbers: 3 for the first, 4 for the next. "{{" stands for a
 * brace. The files named in argv are lent; if it names none or is NULL, all files
 * of the session are lent, without an iommufd.
 *
 * In a read-only context nothing is lent, and fd is -1.
 */
struct vlu_loan;

struct vlu_lent {
	const char *name;	/* "0000:01:00.0", "iommufd", or a file's name */
	int fd;			/* closed by vlu_loan_free() */
};

VLU_EXPORT int vlu_loan_new(struct vlu_ctx *ctx, const char *session, char *const *argv,
			    bool again, struct vlu_loan **ret_loan);
/* Closes this process's files. The holder still remembers the borrower. */
VLU_EXPORT void vlu_loan_free(struct vlu_loan *loan);
/* Returns argv with the numbers in it. It belongs to the loan. */
VLU_EXPORT char *const *vlu_loan_argv(const struct vlu_loan *loan);
VLU_EXPORT size_t vlu_loan_count(const struct vlu_loan *loan);
VLU_EXPORT const struct vlu_lent *vlu_loan_at(const struct vlu_loan *loan, size_t i);

/*
 * Prepares for exec: moves the files to their numbers, so that the program inherits them,
 * and marks all other files to be closed. Closes any file that had one of these numbers.
 */
VLU_EXPORT int vlu_loan_pass(struct vlu_loan *loan);
/*
 * After vlu_loan_pass(), starts a process that finishes the session once the program has
 * bound all devices. After the context's timeout it reports on stderr which are not bound.
 */
VLU_EXPORT int vlu_loan_finish(struct vlu_loan *loan);
/* Takes the loan back, when exec has failed: the holder forgets the borrower. */
VLU_EXPORT int vlu_loan_return(struct vlu_loan *loan);

/* --------------------------------------------------------------- status */

enum vlu_direction { VLU_OUTGOING, VLU_INCOMING, VLU_DIRECTION_UNKNOWN };

/* The default name of a session. */
#define VLU_SESSION "vfio-lu"

/* The state of a session. */
enum vlu_standing {
	VLU_STANDING_UNKNOWN,	/* a source cannot be read; detail names it */
	/* outgoing: made by this kernel */
	VLU_STANDING_HELD,	/* everything promised is preserved and held */
	VLU_STANDING_INCOMPLETE, /* a promised file is not held, or a held file is not promised */
	/* incoming: made by the previous kernel */
	VLU_STANDING_WAITING,	/* handed over, not retrieved yet */
	VLU_STANDING_RESTORED,	/* everything is retrieved and held */
	VLU_STANDING_PARTLY_RESTORED, /* some files could not be retrieved */
	VLU_STANDING_FINISHED,	/* its devices are ordinary devices again */
	/* either */
	VLU_STANDING_LOST,	/* nothing is preserved any more */
};

/* The state of a device or file of a session. */
enum vlu_member_state {
	VLU_MEMBER_MISSING,	/* it belongs to the session but is not held */
	VLU_MEMBER_PRESERVED,
	VLU_MEMBER_RETRIEVED,
	VLU_MEMBER_BOUND,	/* retrieved and bound to an iommufd, which cannot be undone */
	VLU_MEMBER_FAILED,	/* the kernel could not retrieve it and will not try again */
	VLU_MEMBER_MISMATCH,	/* retrieved, but it is not the device that was preserved */
	VLU_MEMBER_UNKNOWN,	/* the holder could not be asked */
};

/* Return the words that `status` prints: "partly-restored", "mismatch". */
VLU_EXPORT const char *vlu_standing_word(enum vlu_standing standing);
VLU_EXPORT const char *vlu_member_word(enum vlu_member_state state);

/* The sources of a fact, as bits; see lib/ledger/ledger.h. */
enum vlu_source {
	VLU_FROM_CMDLINE = 1,	/* "vfio-lu.session=" on this kernel's command line */
	VLU_FROM_HOLDER = 2,	/* the holder's answer */
	VLU_FROM_PROMISE = 4,	/* a manifest in /run/vfio-lu, written in this boot */
	VLU_FROM_DISK = 8,	/* a manifest in /var/lib/vfio-lu */
	VLU_FROM_LOG = 16,	/* the kernel log, or what LUO keeps in memory */
	VLU_FROM_PROCESSES = 32, /* files that other processes have open */
};

/* A member of a session: a device, or another file of a VMM. */
struct vlu_member {
	struct vlu_bdf bdf;	/* of a device */
	const char *name;	/* "0000:01:00.0", or the file's name */
	uint64_t token;
	enum vlu_member_state state;
	unsigned int sources;	/* enum vlu_source */
	bool present;		/* the device exists now; always true for a file */
	const char *driver;	/* the device's driver now; NULL: none */
	int64_t lent_pid;	/* the borrower, while it runs; -1: none */
	const char *lent_command; /* name of the borrower, or NULL */
	bool was_lent;		/* it was lent once; the borrower may have ended */
	const char *detail;	/* NULL: none */
};

/* Something that happened in a live update, at a known time. */
struct vlu_moment {
	const char *name;	/* "preserved", "kexec-called", "restored" */
	bool of_device;
	struct vlu_bdf bdf;	/* with of_device: the device; without: the moment is of the session */
	/* nanoseconds since 1970, and since the start of the kernel under which it happened */
	int64_t wall, boot;
};

struct vlu_session {
	const char *name;
	enum vlu_direction direction;
	enum vlu_standing standing;
	unsigned int sources;	/* enum vlu_source */
	int64_t holder_pid;	/* -1: no process holds it */
	const char *manifest;	/* ok, missing or invalid */
	char created[32];	/* when it was preserved, ISO 8601 in UTC; "": not known */
	const char *detail;	/* NULL: none */
	/* The next command as an array that ends with NULL; NULL: there is none. */
	const char *const *next;
	/* The obstacles to that command, as sentences, in an array that ends with NULL; NULL: none. */
	const char *const *blocked_by;
	size_t n_devices;
	const struct vlu_member *devices;
	size_t n_files;
	const struct vlu_member *files;
	const char *command;	/* command line of the VMM that had the devices, for a shell; NULL: none */
	size_t n_moments;	/* the moments that are known so far, in their order */
	const struct vlu_moment *moments;
};

/* The state of the holder. */
enum vlu_holder {
	VLU_HOLDER_NONE,	/* no holder runs, and none will come back */
	VLU_HOLDER_ANSWERS,
	VLU_HOLDER_RESTARTING,	/* a service manager will start it again */
	VLU_HOLDER_SILENT,	/* it runs and does not answer */
	VLU_HOLDER_UNSEEN,	/* this user has no permission to ask it */
};

/* The next kernel that vfio-lu has loaded. */
struct vlu_loaded {
	const char *image, *initrd;	/* initrd NULL: none */
	const char *cmdline;
	bool judged;	/* it was checked against everything that is preserved now */
	const char *missing;	/* a file of it that does not exist any more; NULL: none */
};

struct vlu_state {
	char boot_id[40];		/* "": not known */
	const char *release;
	const char *previous_release;	/* NULL: not known */
	int64_t kexec_count;		/* -1: not known */
	int64_t liveupdate_number;	/* -1: not known */
	enum vlu_known kho_boot;
	enum vlu_known kexec_loaded;
	const struct vlu_loaded *loaded; /* NULL: none, not by vfio-lu, or not known */
	enum vlu_holder holder;
	int64_t holder_pid;		/* -1: not known, or none */
	const char *holder_detail;	/* why it cannot be asked; NULL: it can */
	const char *holder_managed_by;	/* "systemd" or "vfio-lu", NULL: none */
	size_t n_sessions;
	const struct vlu_session *sessions;
	size_t n_incoming;
	const struct vlu_bdf *incoming;
	/* VLU_NO: the kernel log could not be read. VLU_DONT_KNOW: its beginning is overwritten. */
	enum vlu_known incoming_known;
	bool named;		/* vfio-lu.session= is on the command line and names all sessions */
	bool complete;			/* this user could see everything */
};

/*
 * Reads the state of all sessions without changing anything. If no source
 * names the session of an incoming device, the device is listed under the parameter session
 * (NULL: VLU_SESSION) or, if the command line names sessions, under the only one of these
 * whose devices are unknown. The caller frees the result.
 */
VLU_EXPORT int vlu_state_read(struct vlu_ctx *ctx, const char *session,
			      struct vlu_state **ret_state);
VLU_EXPORT void vlu_state_free(struct vlu_state *state);

/* ------------------------------------------------------------- timeline */

/* A part of a live update, from one known moment to the next. */
struct vlu_phase {
	const char *name;	/* several names joined by '+' if a moment between them is not known */
	int64_t start;		/* nanoseconds since the update started */
	int64_t length;		/* nanoseconds */
	const char *source;	/* source of the time of its end: "vfio-lu", "boot-clock", "kernel-log" */
};

/* The time in which no process could use a device, in nanoseconds since the update started. */
struct vlu_away {
	struct vlu_bdf bdf;
	int64_t from, to;	/* -1: not known */
	/* "interrupts-disabled", or "loaded", which is earlier; NULL: not known */
	const char *from_moment;
	/* "given", "bound", or "finished", which is later; NULL: not known */
	const char *to_moment;
};

/* A finished live update of one session. */
struct vlu_update {
	const char *session;
	const char *from_release, *to_release;	/* NULL: not known */
	int64_t started;	/* its first known moment, nanoseconds since 1970 */
	int64_t length;		/* until it was finished, nanoseconds */
	int64_t away;		/* the longest time a device was away, nanoseconds; -1: not known */
	const char *clock;	/* relates the times of both kernels: "counter", "rtc", "wall-clock"; NULL: none */
	bool jump_known;
	/* nanoseconds by which the wall clock stepped after the previous kernel's last known moment; 0: none */
	int64_t jump;
	size_t n_phases;
	const struct vlu_phase *phases;
	size_t n_devices;
	const struct vlu_away *devices;
	size_t n_missing;	/* moments that are not known */
	const char *const *missing;
};

/*
 * Reads the records of the last updates of this host, newest first; there may be none. Reads
 * /var/lib/vfio-lu/updates and nothing else. Logs a warning for a file that is not a record.
 * vlu_updates_free() frees the result.
 */
VLU_EXPORT int vlu_updates_read(struct vlu_ctx *ctx, struct vlu_update **ret_updates, size_t *ret_n);
/* Frees what vlu_updates_read() returned; NULL is allowed. */
VLU_EXPORT void vlu_updates_free(struct vlu_update *updates);

/* Makes a context with other operations than the real kernel's (lib/sys/sys.h), for tests. */
VLU_EXPORT int vlu_new_sys(const struct sys_ops *ops, const char *root,
			   struct vlu_ctx **ret_ctx);

#ifdef __cplusplus
}
#endif
#endif
