/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "modalias.h"

#define NAME_SIZE	64
#define PATTERN_SIZE	256

int modalias_of(const struct vlu_device *dev, char buf[MODALIAS_SIZE])
{
	unsigned int class = (unsigned int)dev->class;
	int64_t subsystem;
	int ret;

	ret = attr_read(dev->ctx, buf, MODALIAS_SIZE, PCI_DEVICES "/%s/modalias", dev->name);
	if (ret > 0)
		return 0;
	subsystem = vlu_device_subsystem(dev);
	if (dev->vendor < 0 || dev->device < 0 || subsystem < 0 || dev->class < 0)
		return -ENOENT;
	/* modalias_show(), drivers/pci/pci-sysfs.c */
	snprintf(buf, MODALIAS_SIZE, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		 (unsigned int)dev->vendor, (unsigned int)dev->device,
		 (unsigned int)(subsystem >> 16) & 0xffff,
		 (unsigned int)subsystem & 0xffff,
		 class >> 16 & 0xff, class >> 8 & 0xff, class & 0xff);
	return 0;
}

/*
 * Is c in the set "[...]"? Moves *pattern behind the set. Leaves it if the bracket is never closed:
 * then the bracket stands for itself.
 */
static bool is_in_set(const char **pattern, unsigned char c)
{
	const char *p = *pattern + 1, *first;
	bool negated = *p == '!' || *p == '^', found = false;

	if (negated)
		p++;
	for (first = p; *p && (*p != ']' || p == first); p++) {
		unsigned char low = (unsigned char)*p, high = low;

		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = (unsigned char)p[2];
			p += 2;
		}
		if (low <= c && c <= high)
			found = true;
	}
	if (!*p)
		return false;
	*pattern = p + 1;
	return found != negated;
}

/* Does c match the first element of pattern? Moves *pattern behind that element. */
static bool is_match(const char **pattern, char c)
{
	const char *p = *pattern;

	switch (*p) {
	case '\0':
		return false;
	case '?':
		*pattern = p + 1;
		return true;
	case '[':
		if (is_in_set(pattern, (unsigned char)c))
			return true;
		if (*pattern != p)
			return false;
		break;
	case '\\':
		if (p[1])
			p++;
		break;
	}
	*pattern = p + 1;
	return *p == c;
}

bool is_glob_match(const char *pattern, const char *text)
{
	/* Where to try again: only the last star may have to match more. */
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (is_match(&pattern, *text)) {
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool module_name(const char *text, size_t len, char *buf, size_t size)
{
	size_t i;

	if (!len || len >= size)
		return false;
	for (i = 0; i < len; i++)
		buf[i] = text[i] == '-' ? '_' : text[i];
	buf[len] = '\0';
	return true;
}

bool module_of_path(const char *path, char *buf, size_t size)
{
	const char *base = strrchr(path, '/'), *end;

	base = base ? base + 1 : path;
	end = strstr(base, ".ko");
	return end && (!end[3] || end[3] == '.') &&
	       module_name(base, (size_t)(end - base), buf, size);
}

/* A pattern that is too long does not match: no kernel build makes such patterns. */
static bool is_pattern_match(const char *pattern, size_t len, const char *modalias)
{
	char buf[PATTERN_SIZE];

	/* most patterns differ in the bus */
	if (len > 3 && strncmp(pattern, modalias, 3) != 0 && !memchr(pattern, '*', 3) &&
	    !memchr(pattern, '?', 3) && !memchr(pattern, '[', 3))
		return false;
	return take_text(buf, sizeof(buf), pattern, len) && is_glob_match(buf, modalias);
}

int modalias_text(const char *text, const char *modalias, modalias_fn fn, void *arg)
{
	const char *line, *next, *end, *pattern;
	char name[NAME_SIZE];
	size_t len;
	int ret = 0;

	for (line = text; !ret && line && *line; line = next) {
		end = strchrnul(line, '\n');
		next = *end ? end + 1 : NULL;
		pattern = line + strspn(line, " \t");
		/* booster leaves out the word "alias" */
		if (strncmp(pattern, "alias", 5) == 0 && strspn(pattern + 5, " \t"))
			pattern += 5 + strspn(pattern + 5, " \t");
		len = strcspn(pattern, " \t\n");
		if (!is_pattern_match(pattern, len, modalias))
			continue;
		pattern += len;
		pattern += strspn(pattern, " \t");
		if (module_name(pattern, strcspn(pattern, " \t\n"), name, sizeof(name)))
			ret = fn(arg, name);
	}
	return ret;
}

int modalias_info(const char *info, size_t size, const char *modalias,
		  modalias_fn fn, void *arg)
{
	const char *p = info, *last, *end, *dot;
	char name[NAME_SIZE];
	int ret = 0;

	if (!info)
		return 0;
	last = info + size;
	for (; !ret && p < last; p = end + 1) {
		end = memchr(p, '\0', (size_t)(last - p));
		if (!end)
			end = last;
		dot = memchr(p, '.', (size_t)(end - p));
		if (!dot || end - dot < 7 || memcmp(dot, ".alias=", 7) != 0)
			continue;
		if (is_pattern_match(dot + 7, (size_t)(end - dot) - 7, modalias) &&
		    module_name(p, (size_t)(dot - p), name, sizeof(name)))
			ret = fn(arg, name);
	}
	return ret;
}

bool has_matching_id(const char *ids, const struct vlu_device *dev)
{
	const unsigned long any = 0xffffffff;	/* PCI_ANY_ID: pci_match_one_device() */
	int64_t subsystem = vlu_device_subsystem(dev);
	const char *p = ids;

	while (*p) {
		/* vendor, device, subvendor, subdevice, class, mask */
		unsigned long id[6] = { any, any, any, any, 0, 0 };
		unsigned long number;
		char *end;
		int n = 0;

		for (;; p++) {
			number = strtoul(p, &end, 16);
			if (end == p)
				break;
			id[n++] = number;
			p = end;
			if (*p != ':' || n == 6)
				break;
		}
		/* "10de:ffffffff:ffffffff:ffffffff:30000:ffff00ff" is each display of that vendor */
		if (n >= 2 && (id[0] == any || id[0] == (unsigned long)dev->vendor) &&
		    (id[1] == any || id[1] == (unsigned long)dev->device) &&
		    (id[2] == any || id[2] == (unsigned long)(subsystem >> 16)) &&
		    (id[3] == any || id[3] == (unsigned long)(subsystem & 0xffff)) &&
		    !(((unsigned long)dev->class ^ id[4]) & id[5]))
			return true;
		p += strcspn(p, ",");
		p += *p == ',';
	}
	return false;
}
