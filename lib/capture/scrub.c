/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <fnmatch.h>

#include "base/ctx.h"
#include "machine/kexec-state.h"
#include "machine/pending-unbind.h"
#include "machine/processes.h"
#include "scrub.h"

static bool is_like(const char *path, const char *pattern)
{
	return fnmatch(pattern, path, FNM_PATHNAME) == 0;
}

static bool is_like_any(const char *text, const char *const *patterns, size_t n, int flags)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (fnmatch(patterns[i], text, flags) == 0)
			return true;
	return false;
}

bool scrub_is_kept_link(const char *path, const char *target)
{
	struct proc_file file;
	enum proc_kind kind = proc_link_parse(target, &file);

	return !is_like(path, "/proc/*/fd/*") ||
	       (kind != PROC_NOTHING && (kind != PROC_NODE || strncmp(target, "/dev/", 5) == 0 ||
					 strncmp(target, "/sys/", 5) == 0));
}

bool scrub_is_kept_dir(const char *path)
{
	return !is_like(path, "/proc/*/fdinfo") && !is_like(path, "/proc/*/task");
}

static void zero_digits(char *p, size_t n)
{
	for (; n--; p++)
		if (isalnum((unsigned char)*p))
			*p = '0';
}

static size_t hex_digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && isxdigit((unsigned char)p[n]))
		n++;
	return n;
}

/* Returns the length of a UUID (8-4-4-4-12 digits), or 0. */
static size_t uuid_at(const char *p, const char *end)
{
	static const unsigned char groups[] = { 8, 4, 4, 4, 12 };
	const char *start = p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (i && (p == end || *p++ != '-'))
			return 0;
		if (hex_digits(p, end) != groups[i])
			return 0;
		p += groups[i];
	}
	return (size_t)(p - start);
}

/*
 * Returns the length of a hardware address (six or more pairs of digits; InfiniBand's has twenty),
 * or 0 if there is none.
 */
static size_t mac_at(const char *p, const char *end, char joint)
{
	const char *start = p;
	size_t pairs;

	for (pairs = 0; hex_digits(p, end) == 2; pairs++) {
		p += 2;
		if (p == end || *p != joint)
			return pairs >= 5 ? (size_t)(p - start) : 0;
		p++;
	}
	return 0;
}

static void scrub_text(char *data, size_t size)
{
	char *p = data, *end = data + size;
	size_t n;

	while (p < end) {
		n = uuid_at(p, end);
		if (!n)
			n = mac_at(p, end, ':');
		if (!n)
			n = mac_at(p, end, '-');
		zero_digits(p, n);
		if (n) {
			p += n;
			continue;
		}
		/* skip the rest of this word; "luks-" or "uuid:" may precede a UUID */
		while (p < end && isalnum((unsigned char)*p))
			p++;
		while (p < end && !isalnum((unsigned char)*p))
			p++;
	}
}

/* Replaces each letter and digit of secret values by a zero. */
static void scrub_cmdline(char *data, size_t size)
{
	static const char *const secret[] = {
		"ip=*", "ifname=*", "nameserver=*", "nfsroot=*", "nfsaddrs=*", "netroot=*",
		"root=nfs*", "root=iscsi*", "*hostname*=*", "*machine_id*=*", "rd.iscsi*=*",
		"iscsi_*=*", "*passw*=*", "*key*=*", "*token*=*", "*secret*=*", "*url*=*",
		"ds=*", "inst.*=*", "url=*", "BOOT_IMAGE=*://*",
	};
	char word[128], *p = data, *end = data + size, *value;
	size_t n, len;

	while (p < end) {
		for (n = 0; p + n < end && !isspace((unsigned char)p[n]); n++)
			;
		len = n < sizeof(word) ? n : sizeof(word) - 1;
		memcpy(word, p, len);
		word[len] = '\0';
		value = memchr(p, '=', n);
		if (value && is_like_any(word, secret, ARRAY_SIZE(secret), FNM_CASEFOLD))
			zero_digits(value, n - (size_t)(value - p));
		p += n ? n : 1;
	}
}

/* The note of `load` has command lines: "cmdline=root=... ip=...". */
static void scrub_loaded(char *data, size_t size)
{
	char *p = data, *end = data + size, *eol, *value;

	for (; p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		eol = eol ? eol : end;
		value = memchr(p, '=', (size_t)(eol - p));
		if (value)
			scrub_cmdline(value + 1, (size_t)(eol - value) - 1);
	}
	scrub_text(data, size);
}

/* A manifest has the command of the VMM: keeps the name, drops the arguments. */
static size_t scrub_manifest(char *data, size_t size)
{
	static const char key[] = "\"command\":";
	char *end = data + size, *from, *to;

	from = memmem(data, size, key, strlen(key));
	if (!from)
		return size;
	for (from += strlen(key); from < end && *from == ' '; from++)
		;
	if (from == end || *from++ != '"')
		return size;
	/* to the end of the string, or of a file that was cut off */
	for (to = from; to < end && *to != '"'; to++)
		if (*to == '\\' && to + 1 < end)
			to++;
	from = memchr(from, ' ', (size_t)(to - from));
	if (!from)
		return size;
	memmove(from, to, (size_t)(end - to));
	return size - (size_t)(to - from);
}

/* The lower half of an IPv6 address may contain the hardware address. */
static void scrub_inet6(char *data, size_t size)
{
	char *p = data, *end = data + size;
	size_t n;

	for (; p < end; p += n ? n : 1) {
		n = hex_digits(p, end);
		if (n == 32)
			zero_digits(p + 16, 16);
	}
}

/* Keeps the lines that contain one of the words, and zeroes the addresses of symbols. */
static size_t keep_lines(char *data, size_t size, const char *const *words,
			 size_t n_words, bool symbols, bool first)
{
	char *in = data, *out = data, *end = data + size, *eol, *p;
	bool keep;
	size_t i, len;

	for (; in < end; in = eol, first = false) {
		eol = memchr(in, '\n', (size_t)(end - in));
		eol = eol ? eol + 1 : end;
		len = (size_t)(eol - in);
		keep = first;
		for (i = 0; i < n_words && !keep; i++)
			keep = memmem(in, len, words[i], strlen(words[i])) != NULL;
		if (!keep)
			continue;
		memmove(out, in, len);
		for (p = out; symbols && p < out + len && *p != ' '; p++)
			*p = '0';
		out += len;
	}
	return (size_t)(out - data);
}

static size_t scrub_log(char *data, size_t size)
{
	/* Each message that the commands "list" and "check" need contains one of these. */
	static const char *const words[] = {
		"KHO: ", "luo: ", "Live Update", "Freeze failed", "incoming FLB", "vfio",
	};
	char *eol, *text;
	size_t n;

	size = keep_lines(data, size, words, ARRAY_SIZE(words), false, true);
	/* The first line shows whether the log is complete, but also who built the kernel. */
	eol = memchr(data, '\n', size);
	text = eol ? memchr(data, ';', (size_t)(eol - data)) : NULL;
	if (text && memmem(text, (size_t)(eol - text), "Linux version", 13)) {
		n = 0;
		for (text++; text < eol && (n += *text == ' ') < 3; text++)
			;
		memmove(text, eol, size - (size_t)(eol - data));
		size -= (size_t)(eol - text);
	}
	return size;
}

static bool is_task_place(const char *path)
{
	return is_like(path, "/proc/*/wchan") || is_like(path, "/proc/*/stack") ||
	       is_like(path, "/proc/*/task/*/wchan") || is_like(path, "/proc/*/task/*/stack");
}

bool scrub_data(const char *path, char *data, size_t *size)
{
	static const char *const serials[] = {
		"serial", "*_serial", "serial_number", "wwid", "wwn", "nguid", "eui", "uuid",
		"*_uuid", "unique_id", "subsysnqn", "hostnqn", "hostid", "vpd", "permaddr",
		"phys_port_id", "phys_switch_id",
	};
	static const char *const handler[] = { "liveupdate" };
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char text[512];
	size_t len;

	if (!*size)	/* data may be NULL */
		return !is_task_place(path);
	if (is_task_place(path)) {
		/* processes 1 and 2 show if this user may see stacks: machine/pending-unbind.c */
		snprintf(text, sizeof(text), "%.*s", (int)*size, data);
		return strncmp(path, "/proc/1/", 8) == 0 ||
		       strncmp(path, "/proc/2/", 8) == 0 || blocked_where(text, &len);
	}
	if (is_like(path, "/proc/kallsyms") || is_like(path, "/boot/System.map-*")) {
		*size = keep_lines(data, *size, handler, 1, true, false);
		return true;
	}
	if (is_like(path, "/dev/kmsg"))
		*size = scrub_log(data, *size);
	if (is_like(path, "/proc/net/if_inet6") || is_like(path, "/proc/net/ipv6_route"))
		scrub_inet6(data, *size);
	if (is_like(path, "/proc/*/cmdline"))	/* keep the name, drop the arguments */
		*size = strnlen(data, *size);
	if (is_like(path, "/proc/cmdline"))
		scrub_cmdline(data, *size);
	if (is_like(path, KEXEC_LOADED))
		scrub_loaded(data, *size);
	if (is_like(path, RUN_DIR "/*.json") || is_like(path, STATE_DIR "/*.json"))
		*size = scrub_manifest(data, *size);
	if (is_like_any(base, serials, ARRAY_SIZE(serials), 0))
		zero_digits(data, *size);
	/* Boot ids, also those in manifests, stay: they must be compared. */
	else if (strcmp(base, "boot_id") != 0 && !strstr(path, "/vfio-lu/") &&
		 !memchr(data, '\0', *size))
		scrub_text(data, *size);
	return true;
}
