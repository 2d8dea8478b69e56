/* SPDX-License-Identifier: GPL-2.0-only */
/* What may be said to the holder; the words are in held.h. */
#ifndef VLU_REQUEST_H
#define VLU_REQUEST_H

#include "held.h"

enum request_verb {
	REQUEST_PUT, REQUEST_GET, REQUEST_DROP, REQUEST_LIST, REQUEST_RETRIEVE,
};

struct request {
	enum request_verb verb;
	size_t from;	/* list */
	size_t n;	/* the others: of so many */
	struct request_item {
		char key[HOLDER_KEY];
		char value[HOLDER_VALUE];	/* put */
	} items[HOLDER_FILES];
};

/* -EINVAL: not exactly one request, or it names something twice. */
int request_parse(const char *data, size_t size, struct request *ret_request)
	must_check;
/* Is it one of the keys of held.h, spelled as we spell it? */
bool request_key(const char *key);
/* Words "name=value" with single blanks: what goes into lines and names. */
bool request_value(const char *value);

#endif
