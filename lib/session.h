/* SPDX-License-Identifier: GPL-2.0-only */
/* What preserve and restore share: the session a plan is about. */
#ifndef VLU_SESSION_H
#define VLU_SESSION_H

#include "check-host.h"
#include "held.h"
#include "manifest.h"
#include "plan.h"

/* One device of a session while a plan runs; fds are the CLI's own copies. */
struct member {
	struct vlu_bdf bdf;
	char name[VLU_BDF_SIZE];
	int fd;		/* -1: not open here */
	bool held;	/* it was in the holder before this plan */
	bool leaving;	/* release: not to be in the session any more */
	int risk;	/* that it refuses the jump, order.c */
	bool done;	/* what the plan does to each of them is done */
	int err;	/* of session_bind() */
};

typedef bool (*member_fn)(const struct member *member);

struct session_file;
struct vmm;

/* A plan's data, freed with the plan. */
struct session {
	struct vlu_ctx *ctx;
	char name[64];
	int fd;		/* the LUO session, -1: none */
	int iommufd;	/* -1: none */
	bool held;	/* the holder had a session of this name before */
	size_t n;
	struct member *members;
	size_t n_files;
	struct session_file *files;	/* session-file.h */
	struct vmm *vmm;	/* whom they are taken from, NULL: nobody */
	char *command;	/* of that one, or of an earlier one; NULL: none */
	char *manifest;	/* as text, NULL before it was made */
	char *manifest_before;	/* the same, of the session that this one replaces */
};

/*
 * Who plans what to do to a session must not be overtaken before it is done:
 * the lock is taken here and given back with the plan's data. A context that
 * only looks takes none.
 */
int session_lock(struct vlu_ctx *ctx) must_check;
void session_unlock(struct vlu_ctx *ctx);
/*
 * A plan about the session of this name, with the lock, and what is held of it
 * read into it. *held is freed by the caller on success.
 */
int session_plan(struct vlu_ctx *ctx, const char *name, enum plan_policy policy,
		 struct held *held, struct vlu_plan **ret_plan,
		 struct session **ret_session) must_check;
int session_add(struct session *session, struct vlu_bdf bdf, bool held) must_check;
struct member *session_find(struct session *session, struct vlu_bdf bdf);
/* The step's member. */
struct member *session_member(struct vlu_plan *plan, const struct step *step);

/*
 * Those members that which() picks, all of them for NULL, in one request to
 * the holder: keep their files, change what it says of them, fetch their files
 * (of those that have none here), let them go.
 */
int session_keep(struct session *session, member_fn which, const char *value) must_check;
int session_note(struct session *session, member_fn which, const char *value) must_check;
int session_fetch(struct session *session, member_fn which) must_check;
int session_let_go(struct session *session, member_fn which) must_check;
/*
 * All that have a file here, at the same time, since each may have to be reset:
 * bind the files to the session's iommufd, member->err says what came of each
 * (-EALREADY of one that was held is no failure); close them.
 */
int session_bind(struct session *session, member_fn which) must_check;
void session_close(struct session *session, member_fn which);
/*
 * Let those go and close them. Who closes a file last waits for the reset,
 * which the holder has no time for, and so they are fetched first.
 */
int session_end_files(struct session *session, member_fn which) must_check;
/* Such picks: it stays in the session; its plan's work on it is done. */
bool member_stays(const struct member *member);
bool member_done(const struct member *member);

/* What is held, an empty list when no holder runs. */
int session_held(struct vlu_ctx *ctx, struct held *ret_held) must_check;
/* Fails with the first row of a report that fails, and its fix. */
int session_check(struct vlu_ctx *ctx, const struct vlu_report *report,
		  enum vlu_status status, const char *what) must_check;
/* The host rules that may stop this command, as a failure. */
int session_check_host(struct vlu_ctx *ctx, enum host_use use) must_check;

/* Who the manifest says a device is, but for the driver it had. */
int session_identity(struct vlu_ctx *ctx, const struct vlu_device *dev,
		     struct manifest_device *ret) must_check;

/* Common steps. */
extern const struct step_kind step_start_holder;

#endif
