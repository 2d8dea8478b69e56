/* SPDX-License-Identifier: GPL-2.0-only */
/* Parses requests to the holder; client.h has the protocol. */
#ifndef VLU_HOLDER_PROTOCOL_H
#define VLU_HOLDER_PROTOCOL_H

#include "holder/client.h"

enum request_verb {
	REQUEST_PUT, REQUEST_GET, REQUEST_DROP, REQUEST_LIST, REQUEST_RETRIEVE, REQUEST_SETTLE,
};

struct request {
	enum request_verb verb;
	size_t from;	/* list */
	size_t n;	/* others: number of items */
	struct request_item {
		char key[HOLDER_KEY];
		char value[HOLDER_VALUE];	/* put */
	} items[HOLDER_FILES];
};

/* Returns -EINVAL unless data is exactly one request that names nothing twice. */
int request_parse(const char *data, size_t size, struct request *ret_request)
	must_check;
/* Is the text a key as client.h defines it? Refuses other spellings of a BDF. */
bool is_request_key(const char *key);
/* Is the text shorter than HOLDER_VALUE, with only a-z, 0-9, "=", "-", "." and blanks? */
bool is_request_value(const char *value);

#endif
