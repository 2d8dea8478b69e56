/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI addresses. */
#include "base/array.h"
#include "base/bdf.h"
#include "base/ctx.h"

/* Reads min to max hex digits. Returns what follows the separator `end`, or NULL. */
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

/* Writes a number and the character behind it. Returns the end of both. */
static char *put_field(char *at, uint32_t number, int digits, char end)
{
	while (digits--)
		*at++ = "0123456789abcdef"[number >> 4 * digits & 0xf];
	*at++ = end;
	return at;
}

/* Does not call snprintf(): it would take a twentieth of the time that `list` takes. */
const char *vlu_bdf_format(struct vlu_bdf bdf, char buf[VLU_BDF_SIZE])
{
	int digits = 4;
	char *at;

	while (digits < 8 && bdf.domain >> 4 * digits)
		digits++;
	at = put_field(buf, bdf.domain, digits, ':');
	at = put_field(at, bdf.bus, 2, ':');
	at = put_field(at, bdf.device & 31u, 2, '.');
	put_field(at, bdf.function & 7u, 1, '\0');
	return buf;
}

int vlu_bdf_compare(struct vlu_bdf a, struct vlu_bdf b)
{
	uint64_t x = vlu_bdf_token(a), y = vlu_bdf_token(b);

	return x < y ? -1 : x > y;
}

int bdf_order(const void *a, const void *b)
{
	return vlu_bdf_compare(*(const struct vlu_bdf *)a, *(const struct vlu_bdf *)b);
}

void *bdf_look(const void *array, size_t n, size_t size, struct vlu_bdf bdf)
{
	const char *at = array;

	for (; n--; at += size)
		if (bdf_order(at, &bdf) == 0)
			return (void *)at;
	return NULL;
}

int bdf_add(struct vlu_ctx *ctx, struct vlu_bdf **bdfs, size_t *n, struct vlu_bdf bdf)
{
	struct vlu_bdf *added = array_add(bdfs, n);

	if (!added)
		return vlu_nomem(ctx);
	*added = bdf;
	return 0;
}

void *bdf_span(const void *array, size_t n, size_t size, struct vlu_bdf bdf, size_t *ret_n)
{
	size_t low = 0, high = n, mid;
	const char *at = array;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (bdf_order(at + mid * size, &bdf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (high = low; high < n && bdf_order(at + high * size, &bdf) == 0; high++)
		;
	*ret_n = high - low;
	return *ret_n ? (void *)(at + low * size) : NULL;
}
