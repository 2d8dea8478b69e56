/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "base/attr.h"
#include "holder/index.h"
#include "holder/protocol.h"

#define INDEX_MAX	(4 * INDEX_FULL)

static bool parse_line(char *line, struct held_item *ret_item, unsigned long *ret_number)
{
	char *key, *value;

	*ret_number = strtoul(line, &key, 10);
	value = strchr(line, '\t');
	if (key == line || *key++ != ' ' || !value || !*ret_number || *ret_number > HOLDER_ITEMS)
		return false;
	*value++ = '\0';
	if (strlen(key) >= HOLDER_KEY || !is_request_key(key) || !is_request_value(value))
		return false;
	strcpy(ret_item->key, key);
	strcpy(ret_item->value, value);
	return true;
}

void index_parse(char *text, struct held_item *items)
{
	struct held_item some[HOLDER_FILES];
	unsigned long numbers[HOLDER_FILES], wanted = 0;
	/*
	 * True: use each line as soon as it is read, without waiting for the whole write. This is safe
	 * for a write of more than HOLDER_FILES lines: only index_replace() makes it, atomically.
	 */
	bool at_once = false;
	char *line, *end;
	size_t n = 0, i;

	/* a last line without '\n' was cut off */
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (*line == '=') {
			wanted = strtoul(line + 1, NULL, 10);
			at_once = wanted > HOLDER_FILES;
			n = 0;
			continue;
		}
		if (!wanted || n == HOLDER_FILES || !parse_line(line, &some[n], &numbers[n])) {
			wanted = n = 0;
			continue;
		}
		n++;
		if (n < wanted && !at_once)
			continue;
		for (i = 0; i < n; i++)
			items[numbers[i]] = some[i];
		wanted -= n;
		n = 0;
	}
}

int index_read(struct vlu_ctx *ctx, struct held_item **ret_items)
{
	struct held_item *items = calloc(HOLDER_ITEMS + 1, sizeof(*items));
	char *text = NULL;
	size_t size;
	int ret;

	if (!items)
		return -ENOMEM;
	*ret_items = items;
	ret = attr_read_all(ctx, HOLDER_INDEX, INDEX_MAX, &text, &size);
	if (!ret)
		index_parse(text, items);
	free(text);
	return ret == -ENOENT ? 0 : ret;
}

static char *format(const struct index *index, const struct index_line *lines, size_t n,
		    size_t *ret_size)
{
	char *text = NULL;
	size_t i;
	FILE *stream = open_memstream(&text, ret_size);

	if (!stream)
		return NULL;
	/* ends a line that was cut off */
	fprintf(stream, "%s=%zu\n", index->torn ? "\n" : "", n);
	for (i = 0; i < n; i++)
		fprintf(stream, "%u %s\t%s\n", lines[i].number, lines[i].key, lines[i].value);
	return fclose(stream) == 0 ? text : NULL;
}

static int open_index(struct vlu_ctx *ctx, struct index *index)
{
	if (index->fd < 0)
		index->fd = sys_open(&ctx->sys, HOLDER_INDEX,
				     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW);
	return index->fd < 0 ? index->fd : 0;
}

int index_append(struct vlu_ctx *ctx, struct index *index, const struct index_line *lines,
		 size_t n)
{
	_cleanup_free_ char *text = NULL;
	int ret = open_index(ctx, index);
	ssize_t done;
	size_t size;

	if (ret)
		return ret;
	text = format(index, lines, n, &size);
	if (!text)
		return -ENOMEM;
	done = sys_write(&ctx->sys, index->fd, text, size);
	index->torn = done != (ssize_t)size;
	index->size += size;
	return done < 0 ? (int)done : index->torn ? -ENOSPC : 0;
}

int index_replace(struct vlu_ctx *ctx, struct index *index, const struct index_line *lines,
		  size_t n)
{
	const struct index whole = { .torn = false };
	_cleanup_free_ char *text = NULL;
	size_t size;
	int ret;

	text = format(&whole, lines, n, &size);
	ret = text ? sys_replace(&ctx->sys, HOLDER_INDEX, text, size) : -ENOMEM;
	if (ret)
		return ret;
	/* index->fd is still the replaced file */
	sys_close(&ctx->sys, index->fd);
	*index = (struct index){ .fd = -1, .size = size };
	return open_index(ctx, index);
}
