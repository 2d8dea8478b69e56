/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "cli.h"
#include "journal.h"
#include "opt.h"

/* Ids never change. The man page lists them, and dist/systemd/vfio-lu.catalog explains each. */
struct kind {
	const char *id;
	int priority;
	const char *result;
};

static const struct kind done = { "4ae639139e374416a7bfd0a26dfc1cce", LOG_INFO, "done" };
static const struct kind note = { "9ff97958692048eb92e71603d8285c16", LOG_NOTICE, "note" };
static const struct kind warning = { "20beb24ef49d42a08603a1e181f6958e", LOG_WARNING, "warning" };
static const struct kind failures[] = {
	[VLU_FAILED] = { "760670b001be4fb1981a21e62202aa53", LOG_ERR, "failed" },
	[VLU_NOT_PRESERVABLE] = { "172da14f3e574d38b9b5ce6d280006bd", LOG_WARNING, "refused" },
	[VLU_UNSUPPORTED] = { "36be3085d0694ecab084732678325bd0", LOG_ERR, "unsupported" },
	[VLU_BUSY] = { "ced88fe7138a47ebb5b3222dc36165e6", LOG_WARNING, "busy" },
	[VLU_PARTIAL] = { "dde259a82a7f4a47a275c91e782a92a7", LOG_ERR, "partial" },
};

/* Finds the first address in the text. "" without one. */
static void find_bdf(const char *text, char bdf[VLU_BDF_SIZE])
{
	struct vlu_bdf found;
	size_t n;

	for (*bdf = '\0'; *text && !*bdf; text += n + (text[n] != '\0')) {
		n = strspn(text, "0123456789abcdef:.");
		/* the colon in "0000:01:00.0: it is" is not part of the address */
		snprintf(bdf, VLU_BDF_SIZE, "%.*s", (int)(n && text[n - 1] == ':' ? n - 1 : n), text);
		if (vlu_bdf_parse(bdf, &found) < 0)
			*bdf = '\0';
		n += strcspn(text + n, " /(,;");
	}
}

static bool has_session_option(const struct command *command)
{
	const struct opt *opt = command->opts;

	while (opt && opt->name && opt->hint != HINT_SESSION)
		opt++;
	return opt && opt->name;
}

/* Finds the session of the command, or the session that the text names. "" without one. */
static void find_session(const struct cli *cli, const char *text, char session[64])
{
	static const char *const before[] = { "session ", "session/", "device/", "iommufd/", "file/" };
	const char *p = NULL;
	size_t i, n;

	if (has_session_option(cli->command))
		p = cli->session;
	for (i = 0; !p && i < sizeof(before) / sizeof(*before); i++)
		if ((p = strstr(text, before[i])))
			p += strlen(before[i]);
	n = p ? strcspn(p, " /,;") : 0;
	/* the colon in "session vm-1: it is" is not part of the name */
	if (n && p != cli->session && p[n - 1] == ':')
		n--;
	snprintf(session, 64, "%.*s", (int)n, p ? p : "");
}

struct record {
	size_t n;
	const char *fields[8];
	char text[8][1100];
};

/* Adds a field, unless its value is empty. */
static void add(struct record *r, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	snprintf(r->text[r->n], sizeof(r->text[0]), "%s=%s", name, value);
	r->fields[r->n] = r->text[r->n];
	r->n++;
}

/* systemd.exec(5): JOURNAL_STREAM has the device and inode of stdout and stderr. */
static bool is_stderr_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static bool record(struct cli *cli, const struct kind *kind, const char *code, const char *text)
{
	char bdf[VLU_BDF_SIZE], session[64];
	struct record r = { 0 };

	/* without a context (help, wrong usage), nothing is done */
	if (!cli->command || !cli->ctx)
		return false;
	find_bdf(text, bdf);
	find_session(cli, text, session);
	add(&r, "MESSAGE", text);
	add(&r, "MESSAGE_ID", kind->id);
	add(&r, "VFIO_LU_COMMAND", cli->command->name);
	add(&r, "VFIO_LU_SESSION", session);
	add(&r, "VFIO_LU_BDF", bdf);
	add(&r, "VFIO_LU_RESULT", kind->result);
	add(&r, "VFIO_LU_CODE", code);
	return vlu_journal(cli->ctx, kind->priority, r.fields, r.n) == 0 && is_stderr_journal();
}

bool journal_done(struct cli *cli, const char *text)
{
	return record(cli, &done, NULL, text);
}

bool journal_note(struct cli *cli, enum vlu_level level, const char *code, const char *text)
{
	return record(cli, level == VLU_LOG_ERROR ? &failures[VLU_FAILED] :
			   level == VLU_LOG_WARNING ? &warning : &note, code, text);
}

bool journal_failed(struct cli *cli, enum vlu_status status, const char *code, const char *text)
{
	const struct kind *kind = &failures[status];

	return record(cli, kind->id ? kind : &failures[VLU_FAILED], code, text);
}
