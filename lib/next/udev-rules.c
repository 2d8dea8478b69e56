/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "bind/at-boot.h"
#include "next/udev-rules.h"

#define TOKENS_MAX	32

/* A file of rules, read line by line. */
struct reading {
	const struct vlu_device *dev;
	bool removal;		/* the result GIVES means: removes the device */
	char skip_to[64];	/* the label of a GOTO that matched */
	char doubt_to[64];	/* the label of a GOTO that may match */
};

static bool has(const char *rule, size_t len, const char *text)
{
	return memmem(rule, len, text, strlen(text)) != NULL;
}

static bool is_key(const struct token *token, const char *key)
{
	return strcmp(token->key, key) == 0;
}

/* "[pci/0000:05:00.0]driver_override" may be that of another device. */
static enum giving override_gives(const struct token *token, const struct vlu_device *dev)
{
	if (strcmp(token->value, VFIO_DRIVER) != 0)
		return GIVES_NOTHING;
	if (token->attr[0] != '[')
		return GIVES;
	return strstr(token->attr, dev->name) || strpbrk(token->attr, "$%") ? GIVES_PERHAPS :
									     GIVES_NOTHING;
}

/* Is this rule about devices such as this one? udev's own rules run programs for every device. */
static bool is_about(const char *rule, size_t len, const struct vlu_device *dev)
{
	return has(rule, len, "driver_override") || has(rule, len, "vfio") ||
	       has(rule, len, dev->name) || has(rule, len, "\"pci\"");
}

static enum giving token_gives(const struct reading *reading, const struct token *token, bool about)
{
	const struct vlu_device *dev = reading->dev;

	if (token->op != 'a')
		return GIVES_NOTHING;
	if (reading->removal)
		return is_key(token, "ATTR") && strcmp(token->attr, "remove") == 0 &&
		       strcmp(token->value, "0") != 0 ? GIVES : GIVES_NOTHING;
	if (is_key(token, "ATTR") && has_suffix(token->attr, "driver_override"))
		return override_gives(token, dev);
	/* new_id or bind of a driver; the modalias for which udev loads modules */
	if ((is_key(token, "ATTR") && (strstr(token->attr, "_id") || strstr(token->attr, "bind"))) ||
	    (is_key(token, "ENV") && strcmp(token->attr, "MODALIAS") == 0))
		return GIVES_PERHAPS;
	/* the effects of a program are not known */
	return about && (((is_key(token, "RUN") || is_key(token, "IMPORT")) &&
			  (!token->attr[0] || strcmp(token->attr, "program") == 0)) ||
			 is_key(token, "PROGRAM")) ? GIVES_PERHAPS : GIVES_NOTHING;
}

static enum giving rule_gives(struct reading *reading, const char *rule, size_t len)
{
	struct token tokens[TOKENS_MAX];
	enum giving most = GIVES_NOTHING, one;
	bool about = is_about(rule, len, reading->dev);
	const char *at = rule, *to = NULL;
	enum vlu_known match;
	size_t n = 0, i;

	while (n < TOKENS_MAX && token_next(&at, rule + len, &tokens[n]))
		n++;
	for (i = 0; i < n; i++) {
		if (is_key(&tokens[i], "LABEL") && strcmp(tokens[i].value, reading->skip_to) == 0)
			reading->skip_to[0] = '\0';
		if (is_key(&tokens[i], "LABEL") && strcmp(tokens[i].value, reading->doubt_to) == 0)
			reading->doubt_to[0] = '\0';
	}
	match = reading->skip_to[0] ? VLU_NO : is_rule_match(tokens, n, reading->dev);
	if (match == VLU_NO)
		return GIVES_NOTHING;
	for (i = 0; i < n; i++) {
		one = token_gives(reading, &tokens[i], about);
		most = one > most ? one : most;
		if (is_key(&tokens[i], "GOTO"))
			to = tokens[i].value;
	}
	if (most > GIVES_PERHAPS && (match == VLU_DONT_KNOW || reading->doubt_to[0]))
		most = GIVES_PERHAPS;
	if (to)
		snprintf(match == VLU_YES ? reading->skip_to : reading->doubt_to,
			 sizeof(reading->skip_to), "%.63s", to);
	return most;
}

/* Returns the strongest effect of all rules in a file, and the line of that rule. */
static enum giving rules_give(const char *text, const struct vlu_device *dev, bool removal,
			      unsigned int *ret_line)
{
	struct reading reading = { .dev = dev, .removal = removal };
	unsigned int line = 1, lines;
	enum giving most = GIVES_NOTHING, one;
	const char *end;

	for (; *text; text = *end ? end + 1 : end, line += lines) {
		lines = 1;
		/* a backslash joins a line with the next */
		for (end = text; *end && !(*end == '\n' && (end == text || end[-1] != '\\')); end++)
			lines += *end == '\n';
		if (text[strspn(text, " \t")] == '#')
			continue;
		one = rule_gives(&reading, text, (size_t)(end - text));
		if (one > most) {
			most = one;
			*ret_line = line;
		}
	}
	return most;
}

enum vlu_known udev_removes(const struct userland *user, const struct vlu_device *dev,
			    char where[UDEV_WHERE_SIZE])
{
	enum giving most = GIVES_NOTHING, one;
	unsigned int line;
	size_t i;

	for (i = 0; i < user->n_conf; i++) {
		one = strstr(user->conf[i].name, "/rules.d/") ?
		      rules_give(user->conf[i].text, dev, true, &line) : GIVES_NOTHING;
		if (one <= most)
			continue;
		most = one;
		snprintf(where, UDEV_WHERE_SIZE, "%.80s:%u", user->conf[i].name, line);
	}
	return most == GIVES ? VLU_YES : most == GIVES_NOTHING ? VLU_NO : VLU_DONT_KNOW;
}

/* Finds driver_override or the name of the device in a script, whatever else the script does. */
static enum giving script_gives(const char *text, const struct vlu_device *dev, unsigned int *ret_line)
{
	const char *at = strstr(text, "driver_override");

	at = at ? at : strstr(text, dev->name);
	if (!at || strstr(text, "vfio-lu-restore"))
		return GIVES_NOTHING;
	for (*ret_line = 1; text < at; text++)
		*ret_line += *text == '\n';
	return GIVES_PERHAPS;
}

enum giving udev_gives(const struct userland *user, const struct vlu_device *dev,
		       char where[UDEV_WHERE_SIZE])
{
	enum giving most = GIVES_NOTHING, one;
	enum vlu_known known;
	unsigned int line = 0;
	size_t i;

	for (i = 0; i < user->n_conf; i++) {
		const struct conf *conf = &user->conf[i];

		known = is_bound_at_boot(conf->name, conf->text, dev->bdf);
		if (known != VLU_DONT_KNOW)
			one = known == VLU_YES ? TAKES : GIVES_NOTHING;
		/*
		 * skip driverctl's own rule: its program reads the files of driverctl.d, which
		 * is_bound_at_boot() checks
		 */
		else if (strstr(conf->name, "/rules.d/") && !strstr(conf->name, "-driverctl.rules"))
			one = rules_give(conf->text, dev, false, &line);
		else
			one = conf->script ? script_gives(conf->text, dev, &line) : GIVES_NOTHING;
		if (one <= most)
			continue;
		most = one;
		snprintf(where, UDEV_WHERE_SIZE, "%.80s:%u", conf->name, line);
	}
	return most;
}
