/* SPDX-License-Identifier: GPL-2.0-only */
#include "cpio.h"
#include "unpack.h"

/* The limit for all archives together, against decompression bombs. */
#define UNPACKED_MAX	(2ull << 30)
#define PIECES_MAX	1024

/* Reads field n of the header, eight hexadecimal digits. */
static bool field(const uint8_t *header, unsigned int n, size_t *ret)
{
	const uint8_t *p = header + 6 + n * 8;
	size_t value = 0;
	int i;

	for (i = 0; i < 8; i++) {
		uint8_t c = p[i] | 0x20;

		if (c >= '0' && c <= '9')
			value = value << 4 | (size_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (size_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = value;
	return true;
}

static int start_name(struct cpio *cpio)
{
	size_t mode, names;

	if (memcmp(cpio->header, "070701", 6) != 0 &&
	    memcmp(cpio->header, "070702", 6) != 0)
		return -EBADMSG;
	if (!field(cpio->header, 0, &cpio->inode) || !field(cpio->header, 1, &mode) ||
	    !field(cpio->header, 4, &names) ||
	    !field(cpio->header, 6, &cpio->body_size) ||
	    !field(cpio->header, 11, &cpio->name_size) ||
	    !cpio->name_size || cpio->name_size > CPIO_NAME)
		return -EBADMSG;
	cpio->is_file = (mode & 0170000) == 0100000;
	if (names < 2)
		cpio->inode = 0;
	cpio->is_link = (mode & 0170000) == 0120000;
	cpio->state = CPIO_IN_NAME;
	cpio->have = 0;
	return 0;
}

/* Names are relative, but some writers add "./" or "/". */
static const char *entry_name(const struct cpio *cpio)
{
	const char *name = cpio->name;

	while (*name == '/' || (*name == '.' && name[1] == '/'))
		name++;
	return name;
}

static int start_body(struct cpio *cpio)
{
	size_t wanted;

	cpio->name[cpio->name_size] = '\0';
	cpio->have = 0;
	cpio->skip = (size_t)(-cpio->offset & 3);
	if (strcmp(cpio->name, "TRAILER!!!") == 0) {
		cpio->state = CPIO_BETWEEN;
		cpio->skip = 0;
		return 0;
	}
	cpio->state = CPIO_IN_BODY;
	wanted = cpio->is_file ? cpio->sink->wants(cpio->arg, entry_name(cpio), cpio->inode) :
		 cpio->is_link && cpio->sink->link ? CPIO_NAME : 0;
	cpio->keep = wanted && cpio->body_size <= wanted;
	if (!cpio->keep)
		return 0;
	cpio->body = malloc(cpio->body_size + 1);
	return cpio->body ? 0 : -ENOMEM;
}

static int end_body(struct cpio *cpio)
{
	int ret = 0;

	if (cpio->keep) {
		cpio->body[cpio->body_size] = '\0';
		ret = cpio->is_link ?
		      cpio->sink->link(cpio->arg, entry_name(cpio), (char *)cpio->body) :
		      cpio->sink->file(cpio->arg, entry_name(cpio), cpio->body, cpio->body_size);
	}
	free(cpio->body);
	cpio->body = NULL;
	cpio->keep = false;
	cpio->state = CPIO_IN_HEADER;
	cpio->have = 0;
	cpio->skip = (size_t)(-cpio->offset & 3);
	return ret;
}

/* Takes bytes until cpio->have equals want, and leaves the rest. */
static size_t take(struct cpio *cpio, void *to, size_t want, const uint8_t *data,
		   size_t size)
{
	size_t n = want - cpio->have < size ? want - cpio->have : size;

	if (to && n)
		memcpy((uint8_t *)to + cpio->have, data, n);
	cpio->have += n;
	cpio->offset += n;
	return n;
}

int cpio_feed(struct cpio *cpio, const uint8_t *data, size_t size,
	      size_t *ret_used)
{
	size_t used = 0, n;
	int ret = 0;

	while (!ret && (used < size || (cpio->state == CPIO_IN_BODY &&
					!cpio->skip && !cpio->body_size))) {
		if (cpio->skip) {
			n = cpio->skip < size - used ? cpio->skip : size - used;
			cpio->skip -= n;
			cpio->offset += n;
			used += n;
			continue;
		}
		switch (cpio->state) {
		case CPIO_BETWEEN:
			if (data[used] == '0') {
				cpio->state = CPIO_IN_HEADER;
				cpio->have = 0;
				cpio->offset = 0;
			} else if (data[used] == 0) {
				used++;
			} else {
				*ret_used = used;
				return 0;
			}
			break;
		case CPIO_IN_HEADER:
			used += take(cpio, cpio->header, CPIO_HEADER, data + used,
				     size - used);
			if (cpio->have == CPIO_HEADER)
				ret = start_name(cpio);
			break;
		case CPIO_IN_NAME:
			used += take(cpio, cpio->name, cpio->name_size, data + used,
				     size - used);
			if (cpio->have == cpio->name_size)
				ret = start_body(cpio);
			break;
		case CPIO_IN_BODY:
			used += take(cpio, cpio->body, cpio->body_size, data + used,
				     size - used);
			if (cpio->have == cpio->body_size)
				ret = end_body(cpio);
			break;
		}
	}
	if (!ret)
		*ret_used = used;
	return ret;
}

bool cpio_end(struct cpio *cpio)
{
	free(cpio->body);
	cpio->body = NULL;
	return cpio->state == CPIO_BETWEEN;
}

struct disk {
	struct cpio cpio;
	uint64_t unpacked;
	bool junk;
};

static int feed_unpacked(void *arg, const uint8_t *data, size_t size)
{
	struct disk *disk = arg;
	size_t used;
	int ret;

	disk->unpacked += size;
	if (disk->unpacked > UNPACKED_MAX)
		return -EFBIG;
	ret = cpio_feed(&disk->cpio, data, size, &used);
	if (ret)
		return ret;
	disk->junk = used < size;
	return disk->junk ? -EBADMSG : 0;
}

int cpio_each(const uint8_t *data, size_t len, const struct cpio_ops *ops,
	      void *arg, char *why, size_t size)
{
	struct disk disk = { .cpio = { .sink = ops, .arg = arg } };
	size_t at = 0, used;
	const char *what;
	enum codec codec = CODEC_NONE;
	int ret = 0, pieces = 0;

	while (!ret && at < len) {
		if (pieces++ > PIECES_MAX) {
			ret = -EFBIG;
			break;
		}
		codec = codec_of(data + at, len - at);
		if (disk.cpio.state != CPIO_BETWEEN || data[at] == 0 || data[at] == '0')
			ret = cpio_feed(&disk.cpio, data + at, len - at, &used);
		else if (codec_is_known(codec))
			ret = unpack_each(data + at, len - at, feed_unpacked, &disk, &used);
		else
			ret = -ENOTSUP;
		if (!ret)
			at += used;
	}
	if (!cpio_end(&disk.cpio) && !ret)
		ret = -ENODATA;
	if (!ret && len)
		return 0;
	what = !len ? "it is empty" : ret == -ENODATA ? "it is cut off" :
	       ret == -EFBIG ? "there is more in it than any machine would load" :
	       ret == -ENOMEM ? "there is not enough memory" : "it is damaged";
	if (ret == -ENOTSUP && codec != CODEC_NONE)
		snprintf(why, size, "at byte %zu it is compressed by %s, which this "
			 "program cannot unpack", at, codec_name(codec));
	else if (ret == -ENOTSUP)
		snprintf(why, size, "at byte %zu it is neither cpio nor compressed", at);
	else
		snprintf(why, size, "%s", what);
	return ret ? ret : -ENODATA;
}
