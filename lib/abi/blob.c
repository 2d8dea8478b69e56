/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors and fields, shared by all decoders of a handover. */
#include "blob.h"

int blob_fail(struct blob_error *err, uint64_t at, const char *fmt, ...)
{
	va_list args;
	size_t len;

	if (err->text[0])
		return -EBADMSG;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text) - 24, fmt, args);
	va_end(args);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ", at 0x%llx",
		 (unsigned long long)at);
	return -EBADMSG;
}

int blob_lack(struct blob_error *err, uint64_t at, int why)
{
	if (why == -ENXIO)
		blob_fail(err, at, "it is in memory that is not available");
	else
		blob_fail(err, at, "memory cannot be read: %s", strerror(-why));
	return -ENXIO;
}

uint16_t blob_u16(const void *data, size_t at)
{
	uint16_t value;

	memcpy(&value, (const char *)data + at, sizeof(value));
	return value;
}

uint32_t blob_u32(const void *data, size_t at)
{
	uint32_t value;

	memcpy(&value, (const char *)data + at, sizeof(value));
	return value;
}

uint64_t blob_u64(const void *data, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)data + at, sizeof(value));
	return value;
}

struct vlu_bdf blob_bdf(uint32_t domain, uint16_t bdf)
{
	return (struct vlu_bdf){
		.domain = domain, .bus = (uint8_t)(bdf >> 8),
		.device = bdf >> 3 & 0x1f, .function = bdf & 7,
	};
}

const char *blob_text(const void *data, size_t at, size_t size)
{
	const char *text = (const char *)data + at;

	return memchr(text, '\0', size) ? text : NULL;
}

bool blob_is_name(const void *data, size_t at, size_t size)
{
	const char *text = blob_text(data, at, size);

	if (!text || !*text)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

int raw_add(struct raw *raw, uint64_t address, const void *data, size_t size)
{
	struct vlu_bytes *bytes = pool_add(raw->pool, &raw->bytes, &raw->n);

	if (!bytes)
		return -ENOMEM;
	*bytes = (struct vlu_bytes){ address, size, data };
	return 0;
}

int memory_get(const struct memory *memory, uint64_t address, size_t size,
	       struct raw *raw, const unsigned char **ret_data, struct blob_error *err)
{
	unsigned char *data;
	int ret;

	if (!memory)
		return blob_lack(err, address, -ENXIO);
	/* Callers limit size, so a wrong count in memory cannot allocate much. */
	data = pool_alloc(raw->pool, size);
	if (!data)
		return -ENOMEM;
	ret = memory->read(memory->arg, address, data, size);
	if (ret)
		return blob_lack(err, address, ret);
	ret = raw_add(raw, address, data, size);
	if (!ret)
		*ret_data = data;
	return ret;
}
