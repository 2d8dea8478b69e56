/* SPDX-License-Identifier: GPL-2.0-only */
#include "modalias.h"
#include "udev.h"

#define RULE_SIZE	1024
#define OVERRIDE	"ATTR{driver_override}"

/* KEY OP "VALUE", the parts of a rule; true while there are more. */
struct token {
	char key[64], value[256];
	bool test, negated;
};

static bool next_token(const char **rule, struct token *token)
{
	const char *p = *rule + strspn(*rule, " \t,"), *quote;
	size_t len = strcspn(p, "=!+-:, \t");

	if (!len || len >= sizeof(token->key))
		return false;
	memcpy(token->key, p, len);
	token->key[len] = '\0';
	p += len;
	p += strspn(p, " \t");
	len = strspn(p, "=!+-:");
	token->negated = len == 2 && *p == '!';
	token->test = token->negated || (len == 2 && p[0] == '=' && p[1] == '=');
	p += len;
	p += strspn(p, " \t");
	if (!len || *p != '"')
		return false;
	quote = strchr(++p, '"');
	if (!quote || (size_t)(quote - p) >= sizeof(token->value))
		return false;
	memcpy(token->value, p, (size_t)(quote - p));
	token->value[quote - p] = '\0';
	*rule = quote + 1;
	return true;
}

/* Alternatives are parted by '|'. */
static bool value_matches(const char *value, const char *text)
{
	char pattern[256];
	size_t len;

	for (;; value += len + 1) {
		len = strcspn(value, "|");
		memcpy(pattern, value, len);
		pattern[len] = '\0';
		if (glob_match(pattern, text))
			return true;
		if (!value[len])
			return false;
	}
}

/* What the device has for a key that a rule can ask for; NULL: not known here. */
static const char *fact(const char *key, const struct vlu_device *dev,
			char buf[MODALIAS_SIZE])
{
	static const struct {
		const char *key;
		int digits;
	} ids[] = {
		{ "ATTR{vendor}", 4 }, { "ATTR{device}", 4 },
		{ "ATTR{subsystem_vendor}", 4 }, { "ATTR{subsystem_device}", 4 },
		{ "ATTR{class}", 6 },
	};
	const int64_t subsystem = vlu_device_subsystem(dev);
	const int64_t values[] = {
		dev->vendor, dev->device, subsystem < 0 ? -1 : subsystem >> 16,
		subsystem < 0 ? -1 : subsystem & 0xffff, dev->class,
	};
	size_t i;

	if (strcmp(key, "KERNEL") == 0 || strcmp(key, "ENV{PCI_SLOT_NAME}") == 0)
		return dev->name;
	if (strcmp(key, "ACTION") == 0)
		return "add";
	if (strcmp(key, "SUBSYSTEM") == 0)
		return "pci";
	if (strcmp(key, "ATTR{modalias}") == 0 || strcmp(key, "ENV{MODALIAS}") == 0)
		return modalias_of(dev, buf) ? NULL : buf;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		if (strcmp(key, ids[i].key) != 0 || values[i] < 0)
			continue;
		snprintf(buf, MODALIAS_SIZE, "0x%0*llx", ids[i].digits,
			 (unsigned long long)values[i]);
		return buf;
	}
	return NULL;
}

enum vlu_known udev_rule_overrides(const char *rule, const struct vlu_device *dev)
{
	enum vlu_known answer = VLU_YES;
	bool to_vfio = false;
	char buf[MODALIAS_SIZE];
	struct token token;
	const char *text;

	rule += strspn(rule, " \t");
	if (*rule == '#' || !strstr(rule, OVERRIDE))
		return VLU_NO;
	while (*(rule += strspn(rule, " \t,"))) {
		if (!next_token(&rule, &token))
			return VLU_DONT_KNOW;
		if (!token.test) {
			if (strcmp(token.key, OVERRIDE) == 0)
				to_vfio = strcmp(token.value, "vfio-pci") == 0;
			continue;
		}
		text = fact(token.key, dev, buf);
		if (!text)
			answer = VLU_DONT_KNOW;
		else if (value_matches(token.value, text) == token.negated)
			return VLU_NO;
	}
	return to_vfio ? answer : VLU_NO;
}

/* Rules one after the other; a backslash joins a line with the next. */
static enum vlu_known rules_override(const char *text, const struct vlu_device *dev)
{
	enum vlu_known answer = VLU_NO, one;
	char rule[RULE_SIZE];
	size_t n = 0;

	for (;; text++) {
		if (*text == '\\' && text[1] == '\n') {
			text++;
			continue;
		}
		if (*text && *text != '\n') {
			if (n < sizeof(rule) - 1)
				rule[n++] = *text;
			continue;
		}
		rule[n] = '\0';
		one = udev_rule_overrides(rule, dev);
		if (one == VLU_YES)
			return one;
		if (one == VLU_DONT_KNOW)
			answer = one;
		if (!*text)
			return answer;
		n = 0;
	}
}

enum vlu_known udev_overrides(const struct userland *user,
			      const struct vlu_device *dev, const char **ret_source)
{
	static const char driverctl[] = "etc/driverctl.d/pci-";
	enum vlu_known answer = VLU_NO, one;
	size_t i;

	for (i = 0; i < user->n_conf; i++) {
		const struct conf *conf = &user->conf[i];

		if (strstr(conf->name, "/rules.d/")) {
			one = rules_override(conf->text, dev);
			/* Whether a jump leads past the rule is not followed. */
			if (one == VLU_YES && strstr(conf->text, "GOTO="))
				one = VLU_DONT_KNOW;
		} else if (strncmp(conf->name, driverctl, sizeof(driverctl) - 1) == 0 &&
			 strcmp(conf->name + sizeof(driverctl) - 1, dev->name) == 0) {
			one = strncmp(conf->text, "vfio-pci", 8) == 0 &&
			      strspn(conf->text + 8, "\n") == strlen(conf->text + 8) ?
			      VLU_YES : VLU_NO;
		} else {
			continue;
		}
		if (one == VLU_NO)
			continue;
		*ret_source = conf->name;
		if (one == VLU_YES)
			return one;
		answer = one;
	}
	return answer;
}
