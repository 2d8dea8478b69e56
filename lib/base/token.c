/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/token.h"

#define TOKEN_DEVICE	0x1000000000000ull
#define TOKEN_FILE	0x2000000000000
#define TOKEN_BITS	48

#define FILE_BYTES	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

bool is_session_name(const char *name)
{
	size_t len = strspn(name, FILE_BYTES "@:");

	return len && len < 64 && !name[len] && name[0] != '.';
}

bool is_reserved_name(const char *name)
{
	return strcmp(name, "systemd") == 0 || strcmp(name, "luod-internal") == 0;
}

uint64_t vlu_bdf_token(struct vlu_bdf bdf)
{
	return TOKEN_DEVICE | (uint64_t)bdf.domain << 16 | (uint64_t)bdf.bus << 8 |
	       (uint64_t)(bdf.device & 31u) << 3 | (bdf.function & 7u);
}

bool vlu_token_bdf(uint64_t token, struct vlu_bdf *ret_bdf)
{
	if (token >> 48 != TOKEN_DEVICE >> 48)
		return false;
	*ret_bdf = (struct vlu_bdf){
		.domain = (uint32_t)(token >> 16),
		.bus = (uint8_t)(token >> 8),
		.device = (token >> 3) & 31,
		.function = token & 7,
	};
	return true;
}

bool is_file_name(const char *name)
{
	size_t len = strspn(name, FILE_BYTES);

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
