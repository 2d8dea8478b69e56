/* SPDX-License-Identifier: GPL-2.0-only */
#include <unistd.h>

#include "attr.h"
#include "braces.h"
#include "lend.h"
#include "session.h"
#include "vfio.h"

#define FIRST_FD	3	/* SD_LISTEN_FDS_START */
#define MAX_FILES	64	/* that one command gets */

struct vlu_loan {
	struct vlu_ctx *ctx;
	char session[64];
	struct held held;
	size_t n;
	struct vlu_lent files[MAX_FILES];
	struct held_item *items[MAX_FILES];	/* in held; NULL: the iommufd */
	bool recorded[MAX_FILES];
	char **argv;
	char unknown[64];	/* what a word named and is not there */
	int finisher;		/* a pipe to the process that finishes, -1 */
};

/* ------------------------------------------------------------- borrowers */

bool lent_parse(const char *value, struct borrower *ret_borrower)
{
	const char *p = strstr(value, " lent=");
	int pid, used = 0;

	if (!p || sscanf(p, " lent=%d.%llu%n", &pid, &ret_borrower->start, &used) != 2 ||
	    p[used] || pid <= 0)
		return false;
	ret_borrower->pid = pid;
	return true;
}

unsigned long long lent_start(const char *stat)
{
	const char *p = strrchr(stat, ')');
	unsigned long long start = 0;
	char state;

	/* what is in the brackets may look like anything */
	if (!p || sscanf(p, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			 "%*d %*d %*d %llu", &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

static unsigned long long start_of(struct vlu_ctx *ctx, const char *who)
{
	char text[1024];

	return attr_read(ctx, text, sizeof(text), "/proc/%s/stat", who) > 0 ?
	       lent_start(text) : 0;
}

bool lent_to(struct vlu_ctx *ctx, const char *value, struct borrower *ret_borrower)
{
	struct borrower borrower;
	char who[16];

	if (!lent_parse(value, &borrower))
		return false;
	snprintf(who, sizeof(who), "%d", (int)borrower.pid);
	if (start_of(ctx, who) != borrower.start)
		return false;
	if (attr_read(ctx, borrower.comm, sizeof(borrower.comm), "/proc/%s/comm", who) <= 0)
		strcpy(borrower.comm, "?");
	*ret_borrower = borrower;
	return true;
}

/* ---------------------------------------------------------- what is asked */

/* What a placeholder calls an item of this session; false: nothing. */
static bool name_of(const struct vlu_loan *loan, const struct held_item *item, char name[64])
{
	char session[64];
	struct vlu_bdf bdf;

	if (held_device(item->key, session, &bdf))
		vlu_bdf_format(bdf, name);
	else if (!held_file(item->key, session, name))
		return false;
	return strcmp(session, loan->session) == 0;
}

static int add(struct vlu_loan *loan, const char *name, struct held_item *item)
{
	size_t i;

	for (i = 0; i < loan->n; i++)
		if (loan->items[i] == item)
			return FIRST_FD + (int)i;
	if (loan->n == MAX_FILES)
		return -E2BIG;
	loan->files[i] = (struct vlu_lent){ .name = strdup(name), .fd = -1 };
	if (!loan->files[i].name)
		return -ENOMEM;
	loan->items[i] = item;
	loan->n++;
	return FIRST_FD + (int)i;
}

/* The number that name will have in the program. */
static int number_of(void *arg, const char *name)
{
	struct vlu_loan *loan = arg;
	char is[64], text[VLU_BDF_SIZE];
	struct vlu_bdf bdf;
	size_t i;

	if (vlu_bdf_parse(name, &bdf) == 0)
		name = vlu_bdf_format(bdf, text);
	if (strcmp(name, FILE_IOMMUFD) == 0)
		return add(loan, name, NULL);
	for (i = 0; i < loan->held.n; i++)
		if (name_of(loan, &loan->held.items[i], is) && strcmp(is, name) == 0)
			return add(loan, name, &loan->held.items[i]);
	snprintf(loan->unknown, sizeof(loan->unknown), "%s", name);
	return -ENOENT;
}

static int no_such_name(struct vlu_loan *loan)
{
	char there[512] = "", name[64];
	size_t i, used;

	for (i = 0; i < loan->held.n; i++) {
		used = strlen(there);
		if (name_of(loan, &loan->held.items[i], name))
			snprintf(there + used, sizeof(there) - used, "{%s}, ", name);
	}
	return vlu_fail(loan->ctx, VLU_USAGE, -ENOENT, "{%s} names nothing in session %s; there "
			"are %s{" FILE_IOMMUFD "}, and {{ for a brace", loan->unknown,
			loan->session, there);
}

static int expand(struct vlu_loan *loan, char *const *argv)
{
	char name[64];
	size_t n = 0, i;
	int ret = 0;

	while (argv && argv[n])
		n++;
	loan->argv = calloc(n + 1, sizeof(*loan->argv));
	if (!loan->argv)
		return vlu_nomem(loan->ctx);
	for (i = 0; ret >= 0 && i < n; i++)
		ret = braces_expand(argv[i], number_of, loan, &loan->argv[i]);
	/* A program that is told nothing may find all of it. */
	for (i = 0; ret >= 0 && !loan->n && i < loan->held.n; i++)
		if (name_of(loan, &loan->held.items[i], name))
			ret = 1;
	for (i = 0; ret == 1 && i < loan->held.n; i++)
		if (name_of(loan, &loan->held.items[i], name) &&
		    add(loan, name, &loan->held.items[i]) < 0)
			ret = -E2BIG;
	if (ret == -ENOENT)
		return no_such_name(loan);
	if (ret == -E2BIG)
		return vlu_fail(loan->ctx, VLU_USAGE, ret, "more than %d files for one command",
				MAX_FILES);
	return ret < 0 ? vlu_nomem(loan->ctx) : 0;
}

/* ------------------------------------------------------------ may it be? */

static int check_session(struct vlu_loan *loan)
{
	const char *value = held_find(&loan->held, "session/%s", loan->session);
	struct vlu_ctx *ctx = loan->ctx;

	if (!value)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "session %s is not restored; "
				"first: vfio-lu restore --session %s (the devices of one that is "
				"finished are opened by their path)", loan->session, loan->session);
	if (!held_says(value, "direction=incoming"))
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EINVAL, "session %s was made by this "
				"kernel: its files are handed out after the jump", loan->session);
	return 0;
}

static int check_item(struct vlu_loan *loan, size_t i, bool again)
{
	const struct held_item *item = loan->items[i];
	const char *name = loan->files[i].name;
	struct vlu_ctx *ctx = loan->ctx;
	struct borrower borrower;

	if (held_says(item->value, "state=bound"))
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EALREADY, "%s: its file was bound to an "
				"iommufd here, and no VMM can bind it any more; fix: vfio-lu finish "
				"--session %s, then open the device by its path", name,
				loan->session);
	if (!held_says(item->value, "state=retrieved"))
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EXDEV, "%s: not what was preserved, as "
				"vfio-lu status says", name);
	if (!again && lent_to(ctx, item->value, &borrower))
		return vlu_fail(ctx, VLU_BUSY, -EBUSY, "%s: process %d (%s) has it already; end it, "
				"or give it out a second time with --again", name,
				(int)borrower.pid, borrower.comm);
	return 0;
}

/* --------------------------------------------------------------- lending */

static int lend(struct vlu_loan *loan, size_t i, const char *who)
{
	struct held_item *item = loan->items[i];
	char value[HOLDER_VALUE];
	int ret;

	if (!item)
		return iommufd_open(loan->ctx, &loan->files[i].fd);
	ret = held_get(loan->ctx, item->key, &loan->files[i].fd);
	if (ret)
		return ret;
	snprintf(value, sizeof(value), "state=retrieved %s", who);
	ret = held_put(loan->ctx, item->key, value, -1);
	loan->recorded[i] = !ret;
	return ret;
}

static int lend_all(struct vlu_loan *loan)
{
	char who[64];
	size_t i;
	int ret = 0;

	snprintf(who, sizeof(who), "lent=%d.%llu", (int)getpid(), start_of(loan->ctx, "self"));
	for (i = 0; !ret && i < loan->n; i++)
		ret = lend(loan, i, who);
	return ret;
}

int vlu_loan_new(struct vlu_ctx *ctx, const char *session, char *const *argv, bool again,
		 struct vlu_loan **ret_loan)
{
	struct vlu_loan *loan;
	size_t i;
	int ret;

	ret = vlu_session_name_check(ctx, session);
	if (!ret)
		ret = session_lock(ctx);
	if (ret)
		return ret;
	loan = calloc(1, sizeof(*loan));
	if (!loan) {
		session_unlock(ctx);
		return vlu_nomem(ctx);
	}
	loan->ctx = ctx;
	loan->finisher = -1;
	snprintf(loan->session, sizeof(loan->session), "%s", session);
	ret = session_held(ctx, &loan->held);
	if (!ret)
		ret = check_session(loan);
	if (!ret)
		ret = expand(loan, argv);
	for (i = 0; !ret && i < loan->n; i++)
		ret = loan->items[i] ? check_item(loan, i, again) : 0;
	if (!ret && !ctx->sys.read_only) {
		ret = lend_all(loan);
		if (ret)
			vlu_loan_return(loan);
	}
	session_unlock(ctx);
	if (ret) {
		vlu_loan_free(loan);
		return ret;
	}
	*ret_loan = loan;
	return 0;
}

int vlu_loan_return(struct vlu_loan *loan)
{
	struct vlu_ctx *ctx = loan->ctx;
	char first[sizeof(ctx->error)];
	enum vlu_status status = ctx->status;
	size_t i;
	int ret = 0;

	memcpy(first, ctx->error, sizeof(first));
	if (loan->finisher >= 0)
		sys_write(&ctx->sys, loan->finisher, "-", 1);
	for (i = 0; i < loan->n; i++) {
		if (loan->recorded[i] && held_put(ctx, loan->items[i]->key, loan->items[i]->value, -1))
			ret = -EIO;
		loan->recorded[i] = false;
	}
	if (!ret) {
		memcpy(ctx->error, first, sizeof(first));
		ctx->status = status;
	}
	return ret;
}

void vlu_loan_free(struct vlu_loan *loan)
{
	size_t i;

	if (!loan)
		return;
	for (i = 0; i < loan->n; i++) {
		sys_close(&loan->ctx->sys, loan->files[i].fd);
		free((char *)loan->files[i].name);
	}
	for (i = 0; loan->argv && loan->argv[i]; i++)
		free(loan->argv[i]);
	free(loan->argv);
	sys_close(&loan->ctx->sys, loan->finisher);
	held_free(&loan->held);
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
	return i < loan->n ? &loan->files[i] : NULL;
}

int vlu_loan_pass(struct vlu_loan *loan)
{
	int fds[MAX_FILES], ret;
	size_t i;

	for (i = 0; i < loan->n; i++)
		fds[i] = loan->files[i].fd;
	ret = sys_pass(&loan->ctx->sys, fds, loan->n);
	/* old numbers mean something else now */
	for (i = 0; i < loan->n; i++)
		loan->files[i].fd = ret ? -1 : FIRST_FD + (int)i;
	return ret ? vlu_fail(loan->ctx, VLU_FAILED, ret, "cannot put the files in their places: %s",
			      strerror(-ret)) : 0;
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
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot start what finishes the live update: "
				"%s", strerror(-ret));
	loan->finisher = ret;
	return 0;
}
