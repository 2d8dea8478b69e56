/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of this wing: a rehearsal, from the request to its rows. */
#ifndef VLU_REHEARSE_REHEARSAL_H
#define VLU_REHEARSE_REHEARSAL_H

#include "base/text.h"
#include "checks/report.h"
#include "next/rehearsed.h"
#include "rehearse/console.h"

#define REHEARSAL_DEVICES	8

/* The rows, in the order in which a successful rehearsal decides them. */
enum rehearsal_row {
	ROW_BOOTS, ROW_HANDS_OVER, ROW_RECOGNIZES, ROW_RESTORES, ROW_FINISHES, ROW_SECOND,
	ROW_INITRD, ROWS,
};

/* One of the two kernels. */
struct side {
	const char *image;
	const char *modules;	/* directory of its modules.dep; NULL: no modules */
	char release[80];
	bool is_kernel;		/* false: the reason is in the field "why" */
	char why[160];
};

struct rehearsal {
	struct pool pool;	/* owns all strings */
	struct vlu_ctx *ctx;
	struct side from, next;
	const char *initrd;	/* NULL: none */
	const char *cmdline;	/* of the next kernel, as given */
	const char *from_cmdline;
	const char *devices[REHEARSAL_DEVICES];	/* kinds that QEMU emulates */
	size_t n_devices;
	char bdfs[REHEARSAL_DEVICES * VLU_BDF_SIZE];	/* their addresses, separated by commas */
	const char *qemu;	/* path of the program */
	bool kvm;
	struct verdict rows[ROWS];
	bool decided[ROWS];
	bool was_reset;			/* a first run was reset without a message of the kernel */
	enum rehearsal_row reset_row;	/* the row that was not decided then */
	long long began, row_began;	/* vlu_now() */
	char began_at[32];		/* REHEARSED_DATE */
	vlu_rehearse_fn fn;
	void *arg;
	int log;		/* the file of all consoles */
	const char *log_path;
};

/* A panic resets the machine at once, and QEMU ends. */
#define GUEST_WORDS	" panic=-1"
/*
 * Stops the tested initrd before it mounts a root file system: words of initramfs-tools and
 * mkinitcpio, of dracut, and of systemd. dracut needs a root=, and with systemd it offers a shell
 * only after its retries. initramfs-tools uses panic= itself, so GUEST_WORDS are left out.
 */
#define INITRD_WORDS	" break=premount rd.break=initqueue rd.shell rd.retry=3 root=/dev/disk/by-label/none " \
			"systemd.setenv=SYSTEMD_SULOGIN_FORCE=1"

/* pair.c: chooses both kernels, the initrd, the command line and the devices. */
int rehearsal_choose(struct rehearsal *r, const struct vlu_rehearse *what) must_check;

/* rehearsal-guest.c: writes the addresses of the devices to r->bdfs. */
void guest_places(struct rehearsal *r);
/* Starts the machine. Call console_close() even after a failure. */
int rehearsal_start(const struct rehearsal *r, struct console *c, bool with_initrd) must_check;

/* rehearsal-rows.c: decides a row, unless it is decided, and reports it. */
void row_set(struct rehearsal *r, enum rehearsal_row row, enum vlu_result result,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/*
 * Forgets all rows for a second run, since the machine was reset before it decided the row. If
 * the second run passes that row, the result is a warning.
 */
void rows_reset(struct rehearsal *r, enum rehearsal_row row, const char *where);
void row_fix(struct rehearsal *r, enum rehearsal_row row, const char *fix);
/* Reports what the rehearsal waits for. */
void row_waits(struct rehearsal *r, const char *what);

/* A step that init reports (guest-steps). */
struct step_of {
	unsigned int phase;	/* 1: the first kernel, 2: the next, 3: the next again */
	const char *name;
	enum rehearsal_row row;
	const char *what;	/* "the next kernel restores the devices" */
	const char *passed;	/* passes the row with this text; NULL: a later step does */
};

/*
 * steps.c: follows the steps until the last has answered or the guest ends them; a failed step
 * decides its row. Returns 0 if all steps answered, 1 if the run ended before that (a row says
 * why), RUN_AGAIN, or a negative errno.
 */
int steps_follow(struct rehearsal *r, struct console *c, const struct step_of *steps, size_t n) must_check;

#define RUN_AGAIN	2	/* the machine was reset, and rows_reset() was called */
/*
 * steps.c and initrd-steps.c: each runs a machine from power on to its end. Returns 0, RUN_AGAIN,
 * or a negative errno.
 */
int rehearse_pair(struct rehearsal *r) must_check;
int rehearse_initrd(struct rehearsal *r) must_check;

#endif
