/* SPDX-License-Identifier: GPL-2.0-only */
#include "request.h"

static bool session_name(const char *name)
{
	size_t len = strspn(name, SESSION_BYTES);

	return len && len < 64 && !name[len] && name[0] != '.';
}

bool request_key(const char *key)
{
	char session[64], file[FILE_NAME], again[HOLDER_KEY];
	struct vlu_bdf bdf;

	if (strncmp(key, "session/", 8) == 0 || strncmp(key, "iommufd/", 8) == 0)
		return session_name(key + 8);
	if (held_file(key, session, file))
		return session_name(session);
	if (!held_device(key, session, &bdf) || !session_name(session))
		return false;
	/* an address can be written in more than one way, a key cannot */
	held_device_key(again, session, bdf);
	return strcmp(key, again) == 0;
}

bool request_value(const char *value)
{
	size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789=-. ");

	return !value[len] && len < HOLDER_VALUE;
}

/* "put " and what follows it, or NULL */
static const char *after(const char *text, const char *verb)
{
	size_t len = strlen(verb);

	return strncmp(text, verb, len) == 0 ? text + len : NULL;
}

static bool take_key(struct request *request, const char *key, size_t len)
{
	if (len >= sizeof(request->key))
		return false;
	memcpy(request->key, key, len);
	request->key[len] = '\0';
	return request_key(request->key);
}

static bool take_put(struct request *request, const char *rest)
{
	const char *eol = strchr(rest, '\n');

	if (!eol || !take_key(request, rest, (size_t)(eol - rest)) ||
	    !request_value(eol + 1))
		return false;
	strcpy(request->value, eol + 1);
	return true;
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
	struct request request = { .from = 0 };
	char text[HOLDER_REQUEST + 1];
	const char *rest;
	bool ok = false;

	if (size > HOLDER_REQUEST || memchr(data, '\0', size))
		return -EINVAL;
	memcpy(text, data, size);
	text[size] = '\0';
	if ((rest = after(text, "put "))) {
		request.verb = REQUEST_PUT;
		ok = take_put(&request, rest);
	} else if ((rest = after(text, "get "))) {
		request.verb = REQUEST_GET;
		ok = take_key(&request, rest, strlen(rest));
	} else if ((rest = after(text, "drop "))) {
		request.verb = REQUEST_DROP;
		ok = take_key(&request, rest, strlen(rest));
	} else if ((rest = after(text, "retrieve "))) {
		request.verb = REQUEST_RETRIEVE;
		ok = take_key(&request, rest, strlen(rest)) &&
		     strncmp(rest, "session/", 8) == 0;
	} else if ((rest = after(text, "list "))) {
		request.verb = REQUEST_LIST;
		ok = take_number(&request, rest);
	}
	if (!ok)
		return -EINVAL;
	*ret_request = request;
	return 0;
}
