/* SPDX-License-Identifier: GPL-2.0-only */
#include "file.h"

#define TOKEN_FILE	0x2000000000000	/* next to vlu_bdf_token() */
#define TOKEN_BITS	48

bool file_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len && len < FILE_NAME && !name[len] && strcmp(name, FILE_IOMMUFD) != 0;
}

/* FNV-1a */
static uint64_t hash(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

uint64_t file_token(const char *session, const char *name)
{
	uint64_t h = hash(hash(hash(0xcbf29ce484222325, session), "/"), name);

	return TOKEN_FILE | ((h ^ h >> TOKEN_BITS) & ((1ULL << TOKEN_BITS) - 1));
}
