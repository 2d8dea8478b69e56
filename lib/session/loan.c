/* SPDX-License-Identifier: GPL-2.0-only */
#include <unistd.h>

#include "base/attr.h"
#include "session/placeholders.h"
#include "ledger/borrower.h"
#include "session.h"
#include "uapi/vfio.h"

#define FIRST_FD	3	/* SD_LISTEN_FDS_START */
#define MAX_FILES	64	/* for one command */

struct vlu_loan {
	struct vlu_ctx *ctx;
	char session[64];
	struct ledger *ledger;
	const struct vlu_session *now;
	size_t n;
	struct file {
		struct vlu_lent lent;
		const struct vlu_member *member;	/* NULL: the iommufd */
		char key[HOLDER_KEY];	/* its key in the holder */
		bool recorded;	/* the holder has noted the borrower */
	} files[MAX_FILES];
	bool given;		/* the GIVEN moments are noted */
	bool named;		/* argv names the files to lend; otherwise all are lent */
	char **argv;
	int finisher;		/* a pipe to the process that finishes the session; -1: none */
};

/* ---------------------------------------------------------------- checks */

static int check_session(struct vlu_loan *loan)
{
	const struct vlu_session *now = loan->now;
	struct vlu_ctx *ctx = loan->ctx;

	if (!now && strcmp(loan->session, VLU_SESSION) != 0)
		return ledger_no_session(loan->ledger, loan->session);
	if (!now)
		return vlu_fail(ctx, FAIL_NO_SESSION, -ENOENT, "there is no session %s to take "
				"files from; a VMM opens the devices of a finished session by "
				"their path", loan->session);
	if (now->direction == VLU_OUTGOING)
		return vlu_fail(ctx, FAIL_WRONG_ORDER, -EINVAL, "session %s was made by this "
				"kernel; use its files in the next kernel, after vfio-lu kexec and "
				"vfio-lu restore", loan->session);
	if (now->standing == VLU_STANDING_RESTORED || now->standing == VLU_STANDING_PARTLY_RESTORED)
		return has_held(now) ? 0 :
		       vlu_fail(ctx, FAIL_WRONG_ORDER, -ENOENT, "nothing of session %s is retrieved, "
				"so there is nothing to give; see vfio-lu status", loan->session);
	vlu_fail(ctx, FAIL_WRONG_ORDER, -ENOENT, "session %s is not restored; a VMM opens the "
		 "devices of a finished session by their path", loan->session);
	return session_first(ctx, now);
}

static int bound_already(struct vlu_loan *loan, const char *name)
{
	bool whole = !has_member(loan->now, is_not_back);

	return vlu_fail(loan->ctx, VLU_NOT_PRESERVABLE, -EALREADY, whole ?
			"%s: its file is bound to an iommufd already, which is possible only once; "
			"fix: vfio-lu finish --session %s, then open the device by its path" :
			"%s: its file is bound to an iommufd already, which is possible only once, "
			"and session %s is not whole; see vfio-lu status", name, loan->session);
}

static int check_member(struct vlu_loan *loan, const struct vlu_member *member, bool again)
{
	if (!member)
		return 0;
	if (member->state == VLU_MEMBER_BOUND)
		return bound_already(loan, member->name);
	if (member->state != VLU_MEMBER_RETRIEVED)
		return vlu_fail(loan->ctx, VLU_NOT_PRESERVABLE, -EXDEV, "%s: it is not the device "
				"that was preserved; see vfio-lu status", member->name);
	if (!again && member->lent_pid >= 0)
		return vlu_fail(loan->ctx, FAIL_LENT, -EBUSY, "%s: process %d (%s) has it already; "
				"end that process, or use --again to give the file to a second one",
				member->name, (int)member->lent_pid, member->lent_command);
	return 0;
}

/* ------------------------------------------------------- files to be lent */

static int add(struct vlu_loan *loan, const struct vlu_member *member)
{
	struct file *file;
	size_t i;

	for (i = 0; i < loan->n; i++)
		if (loan->files[i].member == member)
			return FIRST_FD + (int)i;
	if (loan->n == MAX_FILES)
		return vlu_fail(loan->ctx, VLU_USAGE, -E2BIG, "more than %d files for one command",
				MAX_FILES);
	file = &loan->files[loan->n++];
	file->lent = (struct vlu_lent){ .name = member ? member->name : FILE_IOMMUFD, .fd = -1 };
	file->member = member;
	member_key(file->key, loan->session, file->lent.name);
	return FIRST_FD + (int)i;
}

static int no_such_name(struct vlu_loan *loan, const char *name)
{
	const struct vlu_member *member;
	char there[512] = "";
	size_t i;

	for (i = 0; (member = member_at(loan->now, i)); i++)
		if (is_held(member))
			text_add(there, sizeof(there), "{%s}, ", member->name);
	return vlu_fail(loan->ctx, VLU_USAGE, -ENOENT, "{%s} is not in session %s, which has %s{"
			FILE_IOMMUFD "}; write {{ for a brace", name, loan->session, there);
}

/* Returns the descriptor number that name will have in the program. */
static int number_of(void *arg, const char *name)
{
	struct vlu_loan *loan = arg;
	const struct vlu_member *member;
	char text[VLU_BDF_SIZE];
	struct vlu_bdf bdf;

	if (strcmp(name, FILE_IOMMUFD) == 0)
		return add(loan, NULL);
	if (vlu_bdf_parse(name, &bdf) == 0)
		name = vlu_bdf_format(bdf, text);
	member = member_named(loan->now, name);
	return member && is_held(member) ? add(loan, member) : no_such_name(loan, name);
}

/* Adds all files that can be lent. Warns of the others, or fails if there are only others. */
static int add_all(struct vlu_loan *loan)
{
	const struct vlu_member *member;
	size_t i;
	int ret = 0;

	for (i = 0; ret >= 0 && (member = member_at(loan->now, i)); i++)
		if (is_held(member) && member->state == VLU_MEMBER_RETRIEVED)
			ret = add(loan, member);
	for (i = 0; ret >= 0 && (member = member_at(loan->now, i)); i++) {
		if (!is_held(member) || member->state == VLU_MEMBER_RETRIEVED)
			continue;
		ret = check_member(loan, member, false);
		if (loan->n) {
			failure_warn(loan->ctx, ret);
			ret = 0;
		}
	}
	return ret;
}

static int expand(struct vlu_loan *loan, char *const *argv)
{
	size_t n = 0, i;
	int ret = 0;

	while (argv && argv[n])
		n++;
	loan->argv = calloc(n + 1, sizeof(*loan->argv));
	if (!loan->argv)
		return vlu_nomem(loan->ctx);
	for (i = 0; ret >= 0 && i < n; i++)
		ret = braces_expand(argv[i], number_of, loan, &loan->argv[i]);
	loan->named = loan->n;
	if (ret >= 0 && !loan->named)
		ret = add_all(loan);
	if (ret == -ENOMEM)
		return vlu_nomem(loan->ctx);
	return ret < 0 ? ret : 0;
}

/* --------------------------------------------------------------- lending */

static bool is_device(const struct vlu_loan *loan, const struct file *file)
{
	const struct vlu_session *now = loan->now;

	return file->member >= now->devices && file->member < now->devices + now->n_devices;
}

static int lend(struct vlu_loan *loan, struct file *file, const char *value)
{
	int ret;

	if (!file->member)
		return iommufd_open(loan->ctx, &file->lent.fd);
	ret = held_get(loan->ctx, &file->lent.fd, "%s", file->key);
	if (ret)
		return ret;
	/* an earlier borrower bound it; if that process still runs, its note stays */
	if (is_device(loan, file) && vfio_is_bound(loan->ctx, file->lent.fd)) {
		if (file->member->lent_pid < 0)
			failure_warn(loan->ctx, held_put(loan->ctx, -1, "state=bound", "%s", file->key));
		return bound_already(loan, file->member->name);
	}
	ret = held_put(loan->ctx, -1, value, "%s", file->key);
	file->recorded = !ret;
	return ret;
}

/*
 * Notes the moment at which the devices were given, or drops it. The moment of an earlier borrower
 * that has ended does not count: it had not bound the device, or lend() would have refused it.
 */
static void note_given(struct vlu_loan *loan, bool given)
{
	struct moments moments = { 0 };
	struct file *file;

	moments_read(loan->ctx, RUN_DIR, loan->session, &moments);
	for (file = loan->files; file < loan->files + loan->n; file++) {
		if (!is_device(loan, file) || file->member->lent_pid >= 0)
			continue;
		moments_drop(&moments, GIVEN, file->member->bdf);
		if (given)
			moments_note(loan->ctx, &moments, GIVEN, &file->member->bdf);
	}
	moments_write(loan->ctx, RUN_DIR, loan->session, &moments);
	moments_free(&moments);
	loan->given = given;
}

static int lend_all(struct vlu_loan *loan)
{
	char value[HOLDER_VALUE];
	struct file *file = loan->files;
	int ret;

	snprintf(value, sizeof(value), "state=retrieved lent=%d.%llu", (int)getpid(),
		 borrower_start(loan->ctx, "self"));
	while (file < loan->files + loan->n) {
		ret = lend(loan, file, value);
		if (!ret) {
			file++;
		} else if (ret == -EALREADY && !loan->named && loan->n > 1) {
			failure_warn(loan->ctx, ret);
			sys_close(&loan->ctx->sys, file->lent.fd);
			loan->n--;
			memmove(file, file + 1, (size_t)(loan->files + loan->n - file) * sizeof(*file));
		} else {
			return ret;
		}
	}
	note_given(loan, true);
	return 0;
}

static int try_loan(struct vlu_ctx *ctx, struct vlu_loan *loan, const char *session,
		    char *const *argv, bool again)
{
	size_t i;
	int ret;

	loan->ctx = ctx;
	loan->finisher = -1;
	snprintf(loan->session, sizeof(loan->session), "%s", session);
	ret = session_ledger(ctx, session, &loan->ledger);
	if (ret)
		return ret;
	loan->now = ledger_find(loan->ledger, session);
	ret = check_session(loan);
	if (!ret)
		ret = expand(loan, argv);
	for (i = 0; !ret && i < loan->n; i++)
		ret = check_member(loan, loan->files[i].member, again);
	if (ret || ctx->sys.read_only)
		return ret;
	ret = lend_all(loan);
	if (ret)
		vlu_loan_return(loan);
	return ret;
}

int vlu_loan_new(struct vlu_ctx *ctx, const char *session, char *const *argv, bool again,
		 struct vlu_loan **ret_loan)
{
	struct vlu_loan *loan;
	int ret;

	ret = vlu_session_name_check(ctx, session);
	if (!ret)
		ret = change_begin(ctx);
	if (ret)
		return ret;
	loan = calloc(1, sizeof(*loan));
	ret = loan ? try_loan(ctx, loan, session, argv, again) : vlu_nomem(ctx);
	change_end(ctx);
	if (ret)
		vlu_loan_free(loan);
	else
		*ret_loan = loan;
	return ret;
}

/* Takes the lock, so that the holder's values do not change meanwhile. */
int vlu_loan_return(struct vlu_loan *loan)
{
	struct vlu_ctx *ctx = loan->ctx;
	struct failure first = ctx->failure;
	struct file *file;
	int ret;

	if (loan->finisher >= 0)
		sys_write(&ctx->sys, loan->finisher, "-", 1);
	ctx->plan_depth++;	/* like the undo of a plan, this is not stopped */
	ret = change_begin(ctx);
	if (ret)
		goto out;
	if (loan->given)
		note_given(loan, false);
	for (file = loan->files; file < loan->files + loan->n; file++) {
		if (!file->recorded)
			continue;
		if (held_put(ctx, -1, held_find(&loan->ledger->held, "%s", file->key), "%s",
			     file->key))
			ret = -EIO;
		file->recorded = false;
	}
	change_end(ctx);
	if (!ret)
		ctx->failure = first;
out:
	ctx->plan_depth--;
	return ret;
}

void vlu_loan_free(struct vlu_loan *loan)
{
	size_t i;

	if (!loan)
		return;
	for (i = 0; i < loan->n; i++)
		sys_close(&loan->ctx->sys, loan->files[i].lent.fd);
	for (i = 0; loan->argv && loan->argv[i]; i++)
		free(loan->argv[i]);
	free(loan->argv);
	sys_close(&loan->ctx->sys, loan->finisher);
	ledger_free(loan->ledger);
	free(loan);
}

char *const *vlu_loan_argv(const struct vlu_loan *loan)
{
	return loan->argv;
}

size_t vlu_loan_count(const struct vlu_loan *loan)
{
	return loan->n;
}

const struct vlu_lent *vlu_loan_at(const struct vlu_loan *loan, size_t i)
{
	return i < loan->n ? &loan->files[i].lent : NULL;
}

int vlu_loan_pass(struct vlu_loan *loan)
{
	int fds[MAX_FILES], ret;
	size_t i;

	for (i = 0; i < loan->n; i++)
		fds[i] = loan->files[i].lent.fd;
	ret = sys_pass(&loan->ctx->sys, fds, loan->n);
	/* other files have the old numbers now */
	for (i = 0; i < loan->n; i++)
		loan->files[i].lent.fd = ret ? -1 : FIRST_FD + (int)i;
	return ret ? vlu_failed(loan->ctx, ret, "cannot put the files in their places") : 0;
}

int vlu_loan_finish(struct vlu_loan *loan)
{
	struct vlu_ctx *ctx = loan->ctx;
	char timeout[16];
	char *argv[] = {
		(char *)"vfio-lu", (char *)"finish", (char *)"--quiet", (char *)"--wait",
		(char *)"--session", loan->session, (char *)"--timeout", timeout, NULL
	};
	int ret;

	snprintf(timeout, sizeof(timeout), "%u", ctx->timeout);
	ret = sys_spawn(&ctx->sys, ctx->holder ? ctx->holder : "vfio-lu", argv, SYS_SPAWN_BESIDE,
			NULL, 0);
	if (ret < 0)
		return vlu_failed(ctx, ret, "cannot start the process that finishes the session");
	loan->finisher = ret;
	return 0;
}
