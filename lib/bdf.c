/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI addresses and the LUO tokens made from them. */
#include "private.h"

/* 1 to max hex digits up to the character end. */
static const char *hex_field(const char *p, char end, int min, int max,
			     uint32_t *ret)
{
	uint32_t value = 0;
	int n;

	for (n = 0; p[n] && p[n] != end; n++) {
		char c = p[n];

		if (n == max)
			return NULL;
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (uint32_t)(c - 'A' + 10);
		else
			return NULL;
	}
	if (n < min || p[n] != end)
		return NULL;
	*ret = value;
	return end ? p + n + 1 : p + n;
}

int vlu_bdf_parse(const char *text, struct vlu_bdf *ret_bdf)
{
	uint32_t domain = 0, bus, device, function;
	const char *p = text;
	const char *colon = strchr(text, ':');

	if (colon && strchr(colon + 1, ':')) {
		p = hex_field(p, ':', 4, 8, &domain);
		if (!p)
			return -EINVAL;
	}
	p = hex_field(p, ':', 2, 2, &bus);
	if (p)
		p = hex_field(p, '.', 2, 2, &device);
	if (p)
		p = hex_field(p, '\0', 1, 1, &function);
	if (!p || device > 31 || function > 7)
		return -EINVAL;
	*ret_bdf = (struct vlu_bdf){
		domain, (uint8_t)bus, (uint8_t)device, (uint8_t)function,
	};
	return 0;
}

const char *vlu_bdf_format(struct vlu_bdf bdf, char buf[VLU_BDF_SIZE])
{
	snprintf(buf, VLU_BDF_SIZE, "%04x:%02x:%02x.%x", bdf.domain, bdf.bus,
		 bdf.device & 31u, bdf.function & 7u);
	return buf;
}

static uint64_t bdf_key(struct vlu_bdf bdf)
{
	return (uint64_t)bdf.domain << 16 | (uint64_t)bdf.bus << 8 |
	       (uint64_t)(bdf.device & 31u) << 3 | (bdf.function & 7u);
}

int vlu_bdf_compare(struct vlu_bdf a, struct vlu_bdf b)
{
	uint64_t x = bdf_key(a), y = bdf_key(b);

	return x < y ? -1 : x > y;
}

#define TOKEN_DEVICE 0x1000000000000ull

uint64_t vlu_bdf_token(struct vlu_bdf bdf)
{
	return TOKEN_DEVICE | bdf_key(bdf);
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
