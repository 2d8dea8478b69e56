/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI core and LUO tell about preserved devices in the log and nowhere else:
 * no sysfs attribute exists up to Linux 7.3 and the series on top of it.
 */
#include <fcntl.h>

#include "klog.h"

/* drivers/pci/liveupdate.c of the PCI series, pci_info() */
#define SAYS_INCOMING	": Device was preserved by previous kernel across Live Update"
#define SAYS_FINISHED	": Device is finished participating in Live Update"
#define SAYS_OUTGOING	": Device will be preserved across next Live Update"
#define SAYS_DROPPED	": Device will no longer be preserved across next Live Update"
/* drivers/vfio/pci/vfio_pci_liveupdate.c of the VFIO series, pci_err() */
#define SAYS_FREEZE	": Freeze failed! "
/* kernel/liveupdate/luo_core.c luo_early_startup() */
#define SAYS_NUMBER	"luo: Retrieved live update data, liveupdate number: "
/* kernel/liveupdate/luo_file.c luo_file_deserialize_one() */
#define SAYS_NO_HANDLER	"luo: No registered handler for compatible 'vfio-pci"
/* kernel/liveupdate/luo_session.c luo_session_release() */
#define SAYS_LEAKED	"luo: Unable to finish session ["
/* kernel/liveupdate/kexec_handover.c kho_in_kexec_metadata() */
#define SAYS_FROM	"KHO: exec from: "
/* init/main.c start_kernel(): linux_banner, the first line of a log that has it all */
#define SAYS_BANNER	"Linux version "

static int list_add(struct vlu_bdf **bdfs, size_t *n, struct vlu_bdf bdf)
{
	struct vlu_bdf *more;
	size_t i;

	for (i = 0; i < *n; i++)
		if (vlu_bdf_compare((*bdfs)[i], bdf) == 0)
			return 0;
	more = realloc(*bdfs, (*n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	*bdfs = more;
	more[(*n)++] = bdf;
	return 0;
}

static void list_remove(struct vlu_bdf *bdfs, size_t *n, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if (vlu_bdf_compare(bdfs[i], bdf))
			continue;
		--*n;
		memmove(bdfs + i, bdfs + i + 1, (*n - i) * sizeof(*bdfs));
		return;
	}
}

/* pr_fmt() of kernel/liveupdate/ and of the PCI series */
static int note_line(struct klog *log, const char *line)
{
	static const char *const speakers[] = { "KHO: ", "luo: ", "PCI: liveupdate: " };
	char *copy;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(speakers); i++)
		if (strncmp(line, speakers[i], strlen(speakers[i])) == 0)
			break;
	if (i == ARRAY_SIZE(speakers))
		return 0;
	copy = strdup(line);
	if (!copy)
		return -ENOMEM;
	if (log->n_lines == KLOG_LINES) {
		free(log->lines[0]);
		memmove(log->lines, log->lines + 1, --log->n_lines * sizeof(log->lines[0]));
	}
	log->lines[log->n_lines++] = copy;
	return 0;
}

/* The address before a ": ..." text: "vfio-pci 0000:01:00.0". */
static bool address_before(const char *line, const char *end, struct vlu_bdf *ret)
{
	char text[VLU_BDF_SIZE];
	const char *start = end;

	while (start > line && start[-1] != ' ')
		start--;
	if ((size_t)(end - start) >= sizeof(text))
		return false;
	memcpy(text, start, (size_t)(end - start));
	text[end - start] = '\0';
	return vlu_bdf_parse(text, ret) == 0;
}

/* "NAME] on release" */
static int add_leaked(struct klog *log, const char *name)
{
	size_t len = strcspn(name, "]");
	char (*more)[64];

	if (!name[len] || len >= sizeof(*more))
		return 0;
	more = reallocarray(log->leaked, log->n_leaked + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	log->leaked = more;
	memcpy(more[log->n_leaked], name, len);
	more[log->n_leaked++][len] = '\0';
	return 0;
}

static int parse_message(struct klog *log, const char *line)
{
	struct vlu_bdf bdf;
	const char *p;
	size_t n;

	if (note_line(log, line))
		return -ENOMEM;
	if ((p = strstr(line, SAYS_INCOMING)) && address_before(line, p, &bdf))
		return list_add(&log->incoming, &log->n_incoming, bdf);
	if ((p = strstr(line, SAYS_OUTGOING)) && address_before(line, p, &bdf))
		return list_add(&log->outgoing, &log->n_outgoing, bdf);
	if ((p = strstr(line, SAYS_FINISHED)) && address_before(line, p, &bdf)) {
		list_remove(log->incoming, &log->n_incoming, bdf);
		return list_add(&log->finished, &log->n_finished, bdf);
	}
	if ((p = strstr(line, SAYS_LEAKED)))
		return add_leaked(log, p + strlen(SAYS_LEAKED));
	if ((p = strstr(line, SAYS_DROPPED)) && address_before(line, p, &bdf))
		list_remove(log->outgoing, &log->n_outgoing, bdf);
	else if ((p = strstr(line, SAYS_FREEZE)) && address_before(line, p, &bdf)) {
		snprintf(log->freeze, sizeof(log->freeze), "%s", line);
		log->n_freezes++;
	} else if ((p = strstr(line, SAYS_NO_HANDLER)))
		snprintf(log->no_handler, sizeof(log->no_handler), "%s", p);
	else if ((p = strstr(line, SAYS_NUMBER)))
		log->liveupdate_number = strtoll(p + strlen(SAYS_NUMBER), NULL, 10);
	else if ((p = strstr(line, SAYS_FROM))) {
		p += strlen(SAYS_FROM);
		n = strcspn(p, " ");
		if (n < sizeof(log->previous_release)) {
			memcpy(log->previous_release, p, n);
			log->previous_release[n] = '\0';
		}
		p = strstr(p, "(count ");
		if (p)
			log->kexec_count = strtoll(p + strlen("(count "), NULL, 10);
	}
	return 0;
}

static struct klog *klog_new(void)
{
	struct klog *log = calloc(1, sizeof(*log));

	if (log) {
		log->liveupdate_number = -1;
		log->kexec_count = -1;
	}
	return log;
}

/* A record of /dev/kmsg: "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT". */
static const char *record_text(const char *line, unsigned long *ret_priority,
			       unsigned long long *ret_sequence)
{
	const char *semicolon = strchr(line, ';');
	char *end;

	*ret_priority = strtoul(line, &end, 10);
	if (!semicolon || end == line || *end != ',')
		return NULL;
	*ret_sequence = strtoull(end + 1, NULL, 10);
	return semicolon + 1;
}

/* What dmesg prints: "<6>[    0.000000] TEXT", with or without each of both. */
static const char *printed_text(const char *line)
{
	const char *p = line, *end;

	if (*p == '<' && (end = strchr(p, '>')))
		p = end + 1;
	if (*p == '[' && (end = strchr(p, ']')))
		p = end + 1;
	return p + strspn(p, " ");
}

static int parse_line(struct klog *log, const char *line, bool first)
{
	unsigned long long sequence;
	unsigned long priority;
	const char *text;

	text = record_text(line, &priority, &sequence);
	if (!text)
		priority = *line == '<' ? strtoul(line + 1, NULL, 10) : 0;
	if (first)
		/* sequence 0: nothing has been overwritten yet */
		log->whole = text ? sequence == 0 :
			     strncmp(printed_text(line), SAYS_BANNER, strlen(SAYS_BANNER)) == 0;
	/*
	 * /dev/kmsg can be written to by root's programs; what they say has a
	 * facility in its priority, what the kernel says not.
	 */
	if (priority > 7)
		return 0;
	return parse_message(log, text ? text : printed_text(line));
}

/* A line that begins with a blank goes on about the record before it. */
struct klog *klog_parse(const char *text, size_t size)
{
	const char *p = text, *end = text + size, *eol;
	struct klog *log = klog_new();
	bool first = true;
	char line[1024];
	size_t len;

	if (!log)
		return NULL;
	for (; p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (!eol)
			eol = end;
		if (p == eol || *p == ' ')
			continue;
		len = (size_t)(eol - p);
		if (len >= sizeof(line))
			len = sizeof(line) - 1;
		memcpy(line, p, len);
		line[len] = '\0';
		if (parse_line(log, line, first)) {
			klog_free(log);
			return NULL;
		}
		first = false;
	}
	return log;
}

/* Each read of /dev/kmsg gives one record; a captured file gives many. */
static int read_records(struct vlu_ctx *ctx, const char *path, char **ret_text,
			size_t *ret_size)
{
	const size_t max = 16u << 20;
	size_t used = 0, room = 0;
	char *text = NULL, *more;
	ssize_t n;
	int fd;

	fd = sys_open(&ctx->sys, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	for (;;) {
		if (room - used < 8192) {
			room = room ? room * 2 : 65536;
			more = room > max ? NULL : realloc(text, room);
			if (!more) {
				n = -ENOMEM;
				break;
			}
			text = more;
		}
		n = sys_read(&ctx->sys, fd, text + used, room - used);
		if (n == -EPIPE)	/* overwritten under our eyes: go on */
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	sys_close(&ctx->sys, fd);
	if (n < 0 && n != -EAGAIN) {
		free(text);
		return (int)n;
	}
	*ret_text = text;
	*ret_size = used;
	return 0;
}

int klog_read(struct vlu_ctx *ctx, const char *path, struct klog **ret_log)
{
	_cleanup_free_ char *text = NULL;
	struct klog *log;
	size_t size = 0;
	int ret;

	ret = read_records(ctx, path, &text, &size);
	if (ret)
		return ret;
	log = klog_parse(text, size);
	if (!log)
		return -ENOMEM;
	*ret_log = log;
	return 0;
}

const struct klog *klog_get(struct vlu_ctx *ctx)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int ret;

	if (ctx->klog)
		return ctx->klog;
	ret = read_records(ctx, "/dev/kmsg", &text, &size);
	if (ret == -ENOMEM)
		return NULL;
	ctx->klog = ret ? klog_new() : klog_parse(text, size);
	if (ctx->klog)
		ctx->klog->error = ret;
	return ctx->klog;
}

void klog_drop(struct vlu_ctx *ctx)
{
	klog_free(ctx->klog);
	ctx->klog = NULL;
}

void klog_free(struct klog *log)
{
	size_t i;

	if (!log)
		return;
	for (i = 0; i < log->n_lines; i++)
		free(log->lines[i]);
	free(log->incoming);
	free(log->outgoing);
	free(log->finished);
	free(log->leaked);
	free(log);
}

static enum vlu_known known(const struct klog *log, const struct vlu_bdf *bdfs,
			    size_t n, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (vlu_bdf_compare(bdfs[i], bdf) == 0)
			return VLU_YES;
	return log->whole ? VLU_NO : VLU_DONT_KNOW;
}

enum vlu_known klog_incoming(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	const struct klog *log = klog_get(ctx);

	if (!log || log->error)
		return VLU_DONT_KNOW;
	return known(log, log->incoming, log->n_incoming, bdf);
}

enum vlu_known klog_outgoing(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	const struct klog *log = klog_get(ctx);

	if (!log || log->error)
		return VLU_DONT_KNOW;
	return known(log, log->outgoing, log->n_outgoing, bdf);
}

bool klog_finished(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	const struct klog *log = klog_get(ctx);

	return log && known(log, log->finished, log->n_finished, bdf) == VLU_YES;
}

bool klog_shut(struct vlu_ctx *ctx)
{
	const struct klog *log = klog_get(ctx);

	return log && log->no_handler[0];
}

bool klog_leaked(struct vlu_ctx *ctx, const char *session)
{
	const struct klog *log = klog_get(ctx);
	size_t i;

	for (i = 0; log && i < log->n_leaked; i++)
		if (strcmp(log->leaked[i], session) == 0)
			return true;
	return false;
}
