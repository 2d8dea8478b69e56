/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "holder/protocol.h"

bool is_request_key(const char *key)
{
	char session[64], file[FILE_NAME], name[VLU_BDF_SIZE];
	struct vlu_bdf bdf;

	if (strncmp(key, "session/", 8) == 0 || strncmp(key, "iommufd/", 8) == 0)
		return is_session_name(key + 8);
	if (held_file(key, session, file))
		return is_session_name(session);
	if (!held_device(key, session, &bdf) || !is_session_name(session))
		return false;
	/* a BDF has several spellings, a key only one */
	return strcmp(strrchr(key, '/') + 1, vlu_bdf_format(bdf, name)) == 0;
}

bool is_request_value(const char *value)
{
	size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789=-. ");

	return !value[len] && len < HOLDER_VALUE;
}

/* Returns what follows the verb, or NULL. */
static const char *after(const char *text, const char *verb)
{
	size_t len = strlen(verb);

	return strncmp(text, verb, len) == 0 ? text + len : NULL;
}

static bool take_key(struct request *request, const char *line, size_t len)
{
	struct request_item *item = &request->items[request->n];
	size_t i;

	if (request->n == HOLDER_FILES || !take_text(item->key, sizeof(item->key), line, len) ||
	    !is_request_key(item->key))
		return false;
	for (i = 0; i < request->n; i++)
		if (strcmp(request->items[i].key, item->key) == 0)
			return false;
	request->n++;
	return true;
}

static bool take_value(struct request_item *item, const char *line, size_t len)
{
	return take_text(item->value, sizeof(item->value), line, len) &&
	       is_request_value(item->value);
}

/* Takes lines, with no newline after the last one: keys, or keys and values in turn. */
static bool take_lines(struct request *request, const char *rest)
{
	bool values = request->verb == REQUEST_PUT, is_key = true, ok = true;
	const char *eol;

	for (; ok && rest; rest = eol ? eol + 1 : NULL) {
		eol = strchrnul(rest, '\n');
		ok = is_key ? take_key(request, rest, (size_t)(eol - rest)) :
		     take_value(&request->items[request->n - 1], rest, (size_t)(eol - rest));
		is_key = !values || !is_key;
		if (!*eol)
			eol = NULL;
	}
	return ok && is_key;
}

static bool take_number(struct request *request, const char *rest)
{
	size_t len = strspn(rest, "0123456789");

	if (!len || len > 6 || rest[len])
		return false;
	request->from = strtoul(rest, NULL, 10);
	return true;
}

int request_parse(const char *data, size_t size, struct request *ret_request)
{
	static const struct {
		const char *word;
		enum request_verb verb;
	} verbs[] = {
		{ "put ", REQUEST_PUT }, { "get ", REQUEST_GET }, { "drop ", REQUEST_DROP },
		{ "retrieve ", REQUEST_RETRIEVE }, { "list ", REQUEST_LIST },
		{ "settle", REQUEST_SETTLE },
	};
	char text[HOLDER_PACKET + 1];
	const char *rest = NULL;
	size_t i;
	bool ok;

	if (size > HOLDER_PACKET || memchr(data, '\0', size))
		return -EINVAL;
	memcpy(text, data, size);
	text[size] = '\0';
	for (i = 0; !rest && i < ARRAY_SIZE(verbs); i++) {
		rest = after(text, verbs[i].word);
		ret_request->verb = verbs[i].verb;
	}
	if (!rest)
		return -EINVAL;
	ret_request->n = ret_request->from = 0;
	if (ret_request->verb == REQUEST_SETTLE)
		return *rest ? -EINVAL : 0;
	ok = ret_request->verb == REQUEST_LIST ? take_number(ret_request, rest) :
						 take_lines(ret_request, rest);
	if (ok && ret_request->verb == REQUEST_RETRIEVE)
		ok = ret_request->n == 1 &&
		     strncmp(ret_request->items[0].key, "session/", 8) == 0;
	return ok ? 0 : -EINVAL;
}
