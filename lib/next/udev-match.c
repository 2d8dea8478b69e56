/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares a udev rule (udev(7)) with the known facts about a device. */
#include "base/attr.h"
#include "modalias.h"
#include "next/udev-rules.h"

static bool take_until(const char **at, const char *end, const char *stop, char *buf, size_t size)
{
	const char *p = *at;

	while (p < end && !strchr(stop, *p))
		p++;
	if (!take_text(buf, size, *at, (size_t)(p - *at)))
		return false;
	*at = p;
	return true;
}

bool token_next(const char **at, const char *end, struct token *token)
{
	const char *p = *at;

	*token = (struct token){ .op = 'a' };
	while (p < end && strchr(" \t,\n\\", *p))
		p++;
	if (p == end || !take_until(&p, end, "{=!+-: \t", token->key, sizeof(token->key)))
		return false;
	if (p < end && *p == '{') {
		p++;
		if (!take_until(&p, end, "}", token->attr, sizeof(token->attr)) || p == end)
			return false;
		p++;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (end - p > 2 && (*p == '=' || *p == '!') && p[1] == '=')
		token->op = *p;
	while (p < end && *p != '"')
		p++;
	/* e"..." and i"..." are quoted or compared differently */
	if (p == end || p[-1] == 'e' || p[-1] == 'i')
		token->op = token->op == 'a' ? 'a' : '?';
	p += p < end;
	if (!take_until(&p, end, "\"", token->value, sizeof(token->value)))
		return false;
	*at = p + (p < end);
	return true;
}

/* Does text match one of the patterns "A|B"? */
static bool is_value_match(const char *value, const char *text)
{
	char pattern[256];
	size_t len;

	for (;; value += len + 1) {
		len = strcspn(value, "|");
		if (take_text(pattern, sizeof(pattern), value, len) && is_glob_match(pattern, text))
			return true;
		if (!value[len])
			return false;
	}
}

/*
 * Reads an attribute that does not change between boots. For an attribute that only USB devices
 * have, gives "", since a PCI device lacks it.
 */
static bool attr_of(const struct vlu_device *dev, const char *name, const char *attr, char *buf,
		    size_t size)
{
	static const char *const stays[] = {
		"vendor", "device", "class", "subsystem_vendor", "subsystem_device", "revision",
	};
	static const char *const usb[] = { "idVendor", "idProduct", "bDevice", "bInterface" };
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(usb); i++)
		if (strncmp(attr, usb[i], strlen(usb[i])) == 0)
			return true;
	for (i = 0; i < ARRAY_SIZE(stays); i++)
		if (strcmp(attr, stays[i]) == 0)
			return attr_read(dev->ctx, buf, size, PCI_DEVICES "/%s/%s", name, attr) > 0;
	return false;
}

/* As pci_uevent(), drivers/pci/pci-driver.c */
static bool env_of(const struct vlu_device *dev, const char *name, char *buf, size_t size)
{
	int64_t subsystem = vlu_device_subsystem(dev);
	char alias[MODALIAS_SIZE];

	if (strcmp(name, "PCI_SLOT_NAME") == 0)
		snprintf(buf, size, "%s", dev->name);
	else if (strcmp(name, "SUBSYSTEM") == 0)
		snprintf(buf, size, "pci");
	else if (strcmp(name, "ACTION") == 0)
		snprintf(buf, size, "add");
	else if (strcmp(name, "DEVTYPE") == 0)
		buf[0] = '\0';
	else if (strcmp(name, "PCI_ID") == 0 && dev->vendor >= 0 && dev->device >= 0)
		snprintf(buf, size, "%04X:%04X", (unsigned int)dev->vendor, (unsigned int)dev->device);
	else if (strcmp(name, "PCI_CLASS") == 0 && dev->class >= 0)
		snprintf(buf, size, "%04X", (unsigned int)dev->class);
	else if (strcmp(name, "PCI_SUBSYS_ID") == 0 && subsystem >= 0)
		snprintf(buf, size, "%04X:%04X", (unsigned int)(subsystem >> 16) & 0xffff,
			 (unsigned int)subsystem & 0xffff);
	else if (strcmp(name, "MODALIAS") == 0 && !modalias_of(dev, alias))
		snprintf(buf, size, "%s", alias);
	else
		return false;
	return true;
}

static bool text_of(const struct vlu_device *dev, const struct token *token, char *buf, size_t size)
{
	if (strcmp(token->key, "ATTR") == 0)
		return attr_of(dev, dev->name, token->attr, buf, size);
	if (strcmp(token->key, "ENV") == 0)
		return env_of(dev, token->attr, buf, size);
	if (strcmp(token->key, "ACTION") == 0 || strcmp(token->key, "SUBSYSTEM") == 0)
		return env_of(dev, token->key, buf, size);
	if (strcmp(token->key, "KERNEL") == 0)
		return env_of(dev, "PCI_SLOT_NAME", buf, size);
	if (strcmp(token->key, "DEVPATH") != 0 || !dev->path)
		return false;
	snprintf(buf, size, "%s", dev->path + strlen("/sys"));
	return true;
}

/* Reads the text for a key about the device or a parent. name is the path component. */
static bool text_above(const struct vlu_device *dev, const char *name, const struct token *token,
		       char *buf, size_t size)
{
	struct vlu_bdf bdf;

	if (strcmp(token->key, "KERNELS") == 0) {
		snprintf(buf, size, "%s", name);
		return true;
	}
	if (vlu_bdf_parse(name, &bdf))
		return false;
	if (strcmp(token->key, "SUBSYSTEMS") == 0)
		return env_of(dev, "SUBSYSTEM", buf, size);
	return strcmp(token->key, "ATTRS") == 0 && attr_of(dev, name, token->attr, buf, size);
}

static bool is_about_parents(const struct token *token)
{
	return strcmp(token->key, "KERNELS") == 0 || strcmp(token->key, "SUBSYSTEMS") == 0 ||
	       strcmp(token->key, "DRIVERS") == 0 || strcmp(token->key, "ATTRS") == 0 ||
	       strcmp(token->key, "TAGS") == 0;
}

static enum vlu_known both(enum vlu_known a, enum vlu_known b)
{
	return a == VLU_NO || b == VLU_NO ? VLU_NO : a == VLU_YES ? b : a;
}

static enum vlu_known compare(const struct token *token, bool known, const char *text)
{
	if (token->op == '?' || !known)
		return VLU_DONT_KNOW;
	return is_value_match(token->value, text) == (token->op == '=') ? VLU_YES : VLU_NO;
}

/* All keys about parents must match the same parent. */
static enum vlu_known match_above(const struct token *tokens, size_t n,
				  const struct vlu_device *dev, const char *name)
{
	enum vlu_known all = VLU_YES;
	char text[256];
	size_t i;

	for (i = 0; i < n; i++)
		if (is_about_parents(&tokens[i]))
			all = both(all, compare(&tokens[i], text_above(dev, name, &tokens[i], text,
								       sizeof(text)), text));
	return all;
}

static enum vlu_known match_somewhere(const struct token *tokens, size_t n,
				      const struct vlu_device *dev)
{
	enum vlu_known best = match_above(tokens, n, dev, dev->name), one;
	const char *p, *end;
	char name[64];

	/* "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0" */
	for (p = dev->path; p && best != VLU_YES; p = *end ? end + 1 : NULL) {
		end = strchrnul(p, '/');
		if (!memchr(p, ':', (size_t)(end - p)) ||
		    !take_text(name, sizeof(name), p, (size_t)(end - p)))
			continue;
		one = match_above(tokens, n, dev, name);
		best = best == VLU_NO || one == VLU_YES ? one : best;
	}
	return best;
}

enum vlu_known is_rule_match(const struct token *tokens, size_t n, const struct vlu_device *dev)
{
	enum vlu_known all = VLU_YES;
	bool above = false;
	char text[256];
	size_t i;

	for (i = 0; i < n; i++) {
		if (tokens[i].op == 'a')
			continue;
		if (is_about_parents(&tokens[i]))
			above = true;
		else
			all = both(all, compare(&tokens[i], text_of(dev, &tokens[i], text,
								    sizeof(text)), text));
	}
	return above && all != VLU_NO ? both(all, match_somewhere(tokens, n, dev)) : all;
}
