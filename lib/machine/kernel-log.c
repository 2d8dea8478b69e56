/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI core and LUO report preserved devices in the kernel log alone. Linux 7.3 and the
 * series on top of it have no sysfs attribute.
 */
#include "base/attr.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "machine/kernel-log.h"

#define LOG_MAX	(16u << 20)

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
/* drivers/pci/liveupdate.c of the PCI series, where the incoming FLB is searched for */
#define SAYS_NO_LIST	"No incoming FLB matched pci"
/* kernel/liveupdate/luo_session.c luo_session_release() */
#define SAYS_LEAKED	"luo: Unable to finish session ["
/* kernel/liveupdate/kexec_handover.c kho_in_kexec_metadata() */
#define SAYS_FROM	"KHO: exec from: "
/* init/main.c run_init_process() */
#define SAYS_INIT	"Run "
#define SAYS_INIT_END	" as init process"
/* init/main.c start_kernel(): linux_banner, the first line of a complete log */
#define SAYS_BANNER	"Linux version "

static int list_add(struct klog *log, struct vlu_bdf **bdfs, size_t *n, struct vlu_bdf bdf)
{
	struct vlu_bdf *more;

	if (bdf_find(*bdfs, *n, bdf))
		return 0;
	more = pool_add(&log->pool, bdfs, n);
	if (!more)
		return -ENOMEM;
	*more = bdf;
	return 0;
}

static void list_remove(struct vlu_bdf *bdfs, size_t *n, struct vlu_bdf bdf)
{
	struct vlu_bdf *at = bdf_find(bdfs, *n, bdf);

	if (at)
		memmove(at, at + 1, (size_t)(bdfs + --*n - at) * sizeof(*at));
}

/* Keeps the lines with the pr_fmt() of kernel/liveupdate/ and of the PCI series. */
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
	copy = pool_text(&log->pool, line, strlen(line));
	if (!copy)
		return -ENOMEM;
	if (log->n_lines == KLOG_LINES)
		memmove(log->lines, log->lines + 1, --log->n_lines * sizeof(log->lines[0]));
	log->lines[log->n_lines++] = copy;
	return 0;
}

/* Parses the BDF at the end of text such as "vfio-pci 0000:01:00.0". */
static bool address_before(const char *line, const char *end, struct vlu_bdf *ret)
{
	char text[VLU_BDF_SIZE];
	const char *start = end;

	while (start > line && start[-1] != ' ')
		start--;
	return take_text(text, sizeof(text), start, (size_t)(end - start)) &&
	       vlu_bdf_parse(text, ret) == 0;
}

/* Parses "NAME] on release". */
static int add_leaked(struct klog *log, const char *name)
{
	size_t len = strcspn(name, "]");
	char (*more)[64];

	if (!name[len] || len >= sizeof(*more))
		return 0;
	more = pool_add(&log->pool, &log->leaked, &log->n_leaked);
	if (!more)
		return -ENOMEM;
	take_text(*more, sizeof(*more), name, len);
	return 0;
}

static int parse_message(struct klog *log, const char *line)
{
	struct vlu_bdf bdf;
	const char *p;

	if (note_line(log, line))
		return -ENOMEM;
	if ((p = strstr(line, SAYS_INCOMING)) && address_before(line, p, &bdf))
		return list_add(log, &log->incoming, &log->n_incoming, bdf);
	if ((p = strstr(line, SAYS_OUTGOING)) && address_before(line, p, &bdf))
		return list_add(log, &log->outgoing, &log->n_outgoing, bdf);
	if ((p = strstr(line, SAYS_FINISHED)) && address_before(line, p, &bdf)) {
		list_remove(log->incoming, &log->n_incoming, bdf);
		return list_add(log, &log->finished, &log->n_finished, bdf);
	}
	if ((p = strstr(line, SAYS_LEAKED)))
		return add_leaked(log, p + strlen(SAYS_LEAKED));
	if ((p = strstr(line, SAYS_DROPPED)) && address_before(line, p, &bdf))
		list_remove(log->outgoing, &log->n_outgoing, bdf);
	else if ((p = strstr(line, SAYS_FREEZE)) && address_before(line, p, &bdf)) {
		snprintf(log->freeze, sizeof(log->freeze), "%s", line);
		log->n_freezes++;
	} else if (strstr(line, SAYS_NO_LIST))
		log->no_list = true;
	else if ((p = strstr(line, SAYS_NO_HANDLER)))
		snprintf(log->no_handler, sizeof(log->no_handler), "%s", p);
	else if ((p = strstr(line, SAYS_NUMBER)))
		log->liveupdate_number = strtoll(p + strlen(SAYS_NUMBER), NULL, 10);
	else if ((p = strstr(line, SAYS_FROM))) {
		p += strlen(SAYS_FROM);
		take_text(log->previous_release, sizeof(log->previous_release), p, strcspn(p, " "));
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
		log->init_started = -1;
	}
	return log;
}

/* Parses a record of /dev/kmsg: "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT". */
static const char *record_text(const char *line, unsigned long *ret_priority,
			       unsigned long long *ret_sequence, int64_t *ret_usec)
{
	const char *semicolon = strchr(line, ';');
	char *end;

	*ret_priority = strtoul(line, &end, 10);
	if (!semicolon || end == line || *end != ',')
		return NULL;
	*ret_sequence = strtoull(end + 1, &end, 10);
	*ret_usec = *end == ',' ? strtoll(end + 1, NULL, 10) : -1;
	return semicolon + 1;
}

/* The kernel logs each init that it tries. The last init in the log is the one that ran. */
static void note_init(struct klog *log, const char *text, int64_t usec)
{
	size_t len = strlen(text), end = strlen(SAYS_INIT_END);

	if (strncmp(text, SAYS_INIT, strlen(SAYS_INIT)) == 0 && len > end &&
	    strcmp(text + len - end, SAYS_INIT_END) == 0)
		log->init_started = usec;
}

/* Skips the prefix that dmesg prints: "<6>[    0.000000] TEXT". Both parts are optional. */
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
	int64_t usec;

	text = record_text(line, &priority, &sequence, &usec);
	if (!text)
		priority = *line == '<' ? strtoul(line + 1, NULL, 10) : 0;
	if (first)
		/* sequence 0: nothing has been overwritten yet */
		log->whole = text ? sequence == 0 :
			     strncmp(printed_text(line), SAYS_BANNER, strlen(SAYS_BANNER)) == 0;
	/* a program of root can write to /dev/kmsg, but its priority includes a facility */
	if (priority > 7)
		return 0;
	if (text)
		note_init(log, text, usec);
	return parse_message(log, text ? text : printed_text(line));
}

/* A line that begins with a blank continues the record before it. */
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
		len = (size_t)(eol - p) < sizeof(line) ? (size_t)(eol - p) : sizeof(line) - 1;
		memcpy(line, p, len);
		line[len] = '\0';
		if (parse_line(log, line, first)) {
			pool_end(log);
			return NULL;
		}
		first = false;
	}
	return log;
}

int klog_read(struct vlu_ctx *ctx, const char *path, struct klog **ret_log)
{
	_cleanup_free_ char *text = NULL;
	struct klog *log;
	size_t size = 0;
	int ret;

	ret = attr_read_records(ctx, path, LOG_MAX, &text, &size);
	if (ret)
		return ret;
	log = klog_parse(text, size);
	if (!log)
		return -ENOMEM;
	*ret_log = log;
	return 0;
}

static const struct cache cache = { .free = pool_end };

const struct klog *klog_get(struct vlu_ctx *ctx)
{
	struct klog *log = cache_get(ctx, &cache);
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int ret;

	if (log)
		return log;
	ret = attr_read_records(ctx, "/dev/kmsg", LOG_MAX, &text, &size);
	if (ret == -ENOMEM)
		return NULL;
	log = ret ? klog_new() : klog_parse(text, size);
	if (!log)
		return NULL;
	log->error = ret;
	return cache_put(ctx, &cache, log);
}

static enum vlu_known known(const struct klog *log, const struct vlu_bdf *bdfs,
			    size_t n, struct vlu_bdf bdf)
{
	if (bdf_find(bdfs, n, bdf))
		return VLU_YES;
	return log->whole && !log->error ? VLU_NO : VLU_DONT_KNOW;
}

enum vlu_known klog_is_incoming(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	const struct klog *log = klog_get(ctx);

	return log ? known(log, log->incoming, log->n_incoming, bdf) : VLU_DONT_KNOW;
}

enum vlu_known klog_is_outgoing(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	const struct klog *log = klog_get(ctx);

	return log ? known(log, log->outgoing, log->n_outgoing, bdf) : VLU_DONT_KNOW;
}

bool klog_is_finished(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	const struct klog *log = klog_get(ctx);

	return log && known(log, log->finished, log->n_finished, bdf) == VLU_YES;
}

bool klog_has_early_open(struct vlu_ctx *ctx)
{
	const struct klog *log = klog_get(ctx);

	return log && log->no_handler[0];
}

bool klog_has_no_list(struct vlu_ctx *ctx)
{
	const struct klog *log = klog_get(ctx);

	return log && log->no_list;
}

bool klog_is_leaked(struct vlu_ctx *ctx, const char *session)
{
	const struct klog *log = klog_get(ctx);
	size_t i;

	for (i = 0; log && i < log->n_leaked; i++)
		if (strcmp(log->leaked[i], session) == 0)
			return true;
	return false;
}
