/* SPDX-License-Identifier: GPL-2.0-only */
/* The session that a plan is about, for all commands that change one. */
#ifndef VLU_SESSION_SESSION_H
#define VLU_SESSION_SESSION_H

#include "checks/host-rules.h"
#include "ledger/ledger.h"
#include "ledger/manifest.h"
#include "plan/plan.h"
#include "timeline/moments.h"

/* A device or another file of a session while a plan runs. fds are this process's duplicates. */
struct member {
	struct vlu_bdf bdf;	/* the device */
	char name[FILE_NAME];	/* the BDF, or the name of the file */
	char key[HOLDER_KEY];	/* its key in the holder */
	uint64_t token;
	bool is_file;
	int from;	/* a file's descriptor number in the VMM; -1: not named in this plan */
	int fd;		/* -1: not open in this process */
	bool held;	/* the holder had its file before this plan */
	bool leaving;	/* release: it leaves the session */
	int risk;	/* how likely it is to refuse the kexec (freeze-order.c) */
	char driver[64];	/* restore: the driver that had the device in this boot; "": none */
	bool done;	/* the plan's work on it is done */
	int err;	/* finish: the result of its bind; restore: of planning its bind */
};

/* Selects members. DONE: the plan's work on them is done. */
enum which { ALL, HELD, NEW, STAYING, LEAVING, DONE };

struct vmm;

/* The data of a plan, freed with the plan. */
struct session {
	struct vlu_ctx *ctx;
	struct ledger *ledger;		/* read under the lock */
	const struct vlu_session *now;	/* the session in the ledger; NULL: not known */
	char name[64];
	int fd;		/* the LUO session; -1: none */
	int iommufd;	/* -1: none */
	bool held;	/* the holder had a session of this name before this plan */
	size_t n_devices;	/* the devices come first in members, then other files */
	size_t n;
	struct member *members;
	struct vmm *vmm;	/* the VMM that the files are taken from; NULL: none */
	char *manifest;	/* as text; NULL before it is made */
	char *manifest_before;	/* the manifest of the session that this one replaces */
	bool ended;	/* this plan may have closed the LUO session that existed before it */
	struct moments moments;	/* the moments that this plan has noted or read */
};

/*
 * Makes a plan for the session of this name and takes the lock. Waits for a holder that a
 * service manager is restarting, then reads the ledger and the held members. The
 * parameter use (enum host_use) selects the host rules that may stop the plan; 0: none.
 */
int session_plan(struct vlu_ctx *ctx, const char *name, unsigned int use,
		 enum plan_policy policy, struct vlu_plan **ret_plan,
		 struct session **ret_session) must_check;
/*
 * Reads the ledger. Fails if the holder could not be asked. The caller frees the ledger even then.
 */
int session_ledger(struct vlu_ctx *ctx, const char *name, struct ledger **ret_ledger) must_check;
/*
 * Refuses a session of the previous kernel that is not finished, and a session of a process that
 * does not answer. The failure names the next step.
 */
int session_changeable(const struct session *session) must_check;
/*
 * For a session that does not exist. Says that there is nothing to release or finish (action), and
 * warns if there are other sessions; fails unless it is the default session.
 */
int session_absent(struct vlu_plan *plan, const char *action) must_check;
/* Makes the holder's key of a member. */
void member_key(char key[HOLDER_KEY], const char *session, const char *name);
/* Adds a device if name is a BDF, else a file. Leaves an existing member unchanged. */
int session_add(struct session *session, const char *name, bool held) must_check;
/* Adds all devices that vfio-pci has, for a session without a manifest. Tokens come from BDFs. */
int session_add_bound(struct session *session) must_check;
/* Adds all members that the ledger knows, or only the held ones. */
int session_add_known(struct session *session, bool held) must_check;
struct member *session_find(struct session *session, const char *name);
struct member *session_device(struct session *session, struct vlu_bdf bdf);
/* Adds a step for the whole session, with its name as value. See struct step_kind for text. */
void session_step(struct vlu_plan *plan, step_fn run, step_fn undo, const char *text);
/* Adds a step for a member, with its name as path. session_member() finds the member again. */
void member_step(struct vlu_plan *plan, step_fn run, step_fn undo, const char *text,
		 const struct member *member, const char *value);
struct member *session_member(const struct step *step);

/*
 * Asks the holder to do this with these members, in as few requests as possible. KEEP: keep the
 * files that we send, with this value. NOTE: change the value of each. FETCH: send us the files that
 * are not open here. LET_GO: close the files.
 */
enum ask { KEEP, NOTE, FETCH, LET_GO };
int session_ask(struct session *session, enum ask ask, enum which which, const char *value) must_check;
/*
 * session_bind() binds the device files of these members to the session's iommufd, and
 * session_close() closes the files of these members, in parallel, since each may need a reset. Both
 * skip members without a file here. session_bind() sets member->err; -EALREADY of a held file is
 * not a failure.
 */
int session_bind(struct session *session, enum which which) must_check;
void session_close(struct session *session, enum which which);
bool member_is(const struct member *member, enum which which);
/* Returns " DEVICE..." for these devices. */
const char *device_names(const struct session *session, enum which which, char names[400]);
/* Step functions: close, here and in the holder, the files of all leaving members, or of one member. */
int session_leave(struct step *step);
int session_drop(struct step *step);
/*
 * Ends the session and then removes its manifests. The parameter word has the same values as that
 * of settle() (ledger/ledger.h). Closes the session after all its files: while the session is open,
 * a repeated command can complete the work.
 */
int session_end(struct session *session, const char *word) must_check;

/* Notes a moment for these devices, and adds it to the file of this boot's moments in /run. */
void session_note(struct session *session, enum moment_kind kind, enum which which);

/* Fails with the first failed check of a report, and its fix. ignored: the id of a check, or NULL. */
int session_check(struct vlu_ctx *ctx, const struct vlu_report *report, const char *ignored,
		  unsigned int code, const char *what) must_check;
/* Fails if a host rule stops this command. */
int session_check_host(struct vlu_ctx *ctx, enum host_use use) must_check;

/* Reads the identity of a device for a manifest, except its driver. */
int session_identity(const struct vlu_device *dev, struct manifest_device *ret) must_check;
/* Compares two identities. Returns NULL, or the difference. */
const char *identity_differs(const struct manifest_device *was, const struct manifest_device *is);

/* Adds the step that starts the holder. */
void holder_step(struct vlu_plan *plan);

/* Adds the steps that check that a held file and the VMM's file of that name are the same. */
void outgoing_compare(struct vlu_plan *plan, const struct session *session);
/* Adds the steps that open or take the files of all new members and give them to the holder. */
int outgoing_take(struct vlu_plan *plan, struct session *session) must_check;
/* Adds the steps that make the session from the members that stay, and that write its manifests. */
void outgoing_add(struct vlu_plan *plan, struct session *session);
/* Adds the step that writes the manifests again and changes nothing else. */
int outgoing_rewrite(struct vlu_plan *plan, struct session *session) must_check;
/* Sorts the devices so that those that may refuse the kexec come first. */
void order_members(struct session *session);
/* Closes the session here and in the holder. That releases all its files. */
int outgoing_drop(struct session *session) must_check;

#endif
