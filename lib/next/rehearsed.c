/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/disk-file.h"
#include "next/rehearsed.h"

const char *rehearsal_id(size_t i)
{
	static const char *const ids[] = {
		"boots", "hands-over", "recognizes-devices", "restores", "finishes", "second-kexec",
		"initrd-restores",
	};

	return i < ARRAY_SIZE(ids) ? ids[i] : NULL;
}

int pair_read(struct vlu_ctx *ctx, const char *from, const char *next, const char *initrd,
	      struct pair *ret_pair)
{
	struct pair pair = { .initrd = "" };
	int ret;

	ret = digest_file(ctx, from, pair.from);
	ret = ret ? ret : digest_file(ctx, next, pair.next);
	ret = ret || !initrd ? ret : digest_file(ctx, initrd, pair.initrd);
	if (!ret)
		*ret_pair = pair;
	return ret;
}

int installed_image(struct vlu_ctx *ctx, const char *release, char *buf, size_t size)
{
	snprintf(buf, size, "/boot/vmlinuz-%s", release);
	if (!sys_exists(&ctx->sys, buf))
		snprintf(buf, size, "/lib/modules/%s/vmlinuz", release);
	return sys_exists(&ctx->sys, buf) ? 0 : -ENOENT;
}

static void record_path(char *buf, size_t size, const char *dir, const struct pair *pair)
{
	snprintf(buf, size, "%s/%.16s-%.16s-%.16s.json", dir, pair->from, pair->next,
		 pair->initrd[0] ? pair->initrd : "none");
}

/* Makes each missing directory of the path. Existing directories stay unchanged. */
int rehearsed_make_dir(struct vlu_ctx *ctx, const char *dir)
{
	_cleanup_free_ char *path = strdup(dir);
	char *slash = path ? path + 1 : NULL;
	int ret = path ? 0 : -ENOMEM;

	while (!ret && slash) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (!sys_exists(&ctx->sys, path))
			ret = sys_mkdir(&ctx->sys, path);
		if (slash)
			*slash++ = '/';
	}
	return ret ? vlu_failed(ctx, ret, "cannot make %s", dir) : 0;
}

/* A pass or fail beats VLU_UNKNOWN. Else the newer record counts. */
static bool is_better(const struct outcome *found, const struct outcome *known)
{
	if (!known->date[0])
		return true;
	if ((found->verdict == VLU_UNKNOWN) != (known->verdict == VLU_UNKNOWN))
		return known->verdict == VLU_UNKNOWN;
	return strcmp(found->date, known->date) > 0;
}

/* Replaces a worse *outcome. If this record is unusable, an empty *outcome gets its path. */
static int take_record(const char *path, const char *text, const struct pair *pair,
		       struct outcome *outcome)
{
	struct outcome found = { .date = "" };
	int ret = text ? rehearsed_parse(text, pair, &found) : -EBADMSG;

	snprintf(found.path, sizeof(found.path), "%s", path);
	if (!ret && is_better(&found, outcome))
		*outcome = found;
	else if (ret && ret != -ENOENT && !outcome->date[0])
		strcpy(outcome->path, found.path);
	return ret;
}

static int read_stored(struct vlu_ctx *ctx, const char *dir, const struct pair *pair,
		       struct outcome *outcome)
{
	_cleanup_free_ char *text = NULL;
	char path[512];
	size_t size;
	int ret;

	record_path(path, sizeof(path), dir, pair);
	ret = file_read(ctx, path, REHEARSED_MAX, &text, &size);
	return ret && ret != -EINVAL && ret != -EFBIG ? ret :
	       take_record(path, text, pair, outcome);
}

int rehearsed_find(struct vlu_ctx *ctx, const char *file, const char *text, const char *from,
		   const char *next, const char *initrd, struct outcome *ret_outcome)
{
	const char *const dirs[] = { STATE_DIR "/" REHEARSALS, ctx->rehearsals };
	struct outcome outcome = { .date = "" };
	int ret, result = -ENOENT;
	struct pair pair;
	size_t i;

	ret_outcome->path[0] = '\0';
	/* if there is no record, do not read hundreds of megabytes of images to hash them */
	for (i = 0, ret = text ? 1 : 0; ret != 1 && i < ARRAY_SIZE(dirs); i++) {
		ret = dirs[i] ? sys_list(&ctx->sys, dirs[i], any_name, NULL) : -ENOENT;
		result = ret == -EACCES ? ret : result;
	}
	if (ret != 1)
		return result;
	ret = pair_read(ctx, from, next, initrd, &pair);
	if (ret)
		return ret;
	ret = text ? take_record(file, text, &pair, &outcome) : -ENOENT;
	if (ret && ret != -ENOENT) {
		*ret_outcome = outcome;
		return ret;
	}
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		ret = dirs[i] ? read_stored(ctx, dirs[i], &pair, &outcome) : -ENOENT;
		result = ret && ret != -ENOENT ? ret : result;
	}
	*ret_outcome = outcome;
	return outcome.date[0] ? 0 : result;
}

/* Deletes the log of the previous record. A rehearsal that ran at the same time keeps its log. */
static void drop_log(struct vlu_ctx *ctx, const char *dir, const struct outcome *previous,
		     const char *then)
{
	const char *log = previous->log;
	size_t n = strlen(dir);

	if (strncmp(log, dir, n) == 0 && log[n] == '/' && !strchr(log + n + 1, '/') &&
	    strcmp(previous->date, then) < 0)
		sys_unlink(&ctx->sys, log);
}

int rehearsed_write(struct vlu_ctx *ctx, const char *dir, const struct pair *pair,
		    const char *then, const char *text)
{
	struct outcome previous = { .date = "" };
	bool has_previous = read_stored(ctx, dir, pair, &previous) == 0;
	char path[512];
	int ret, tries = 5;

	record_path(path, sizeof(path), dir, pair);
	/* a rehearsal of the same pair may replace the temporary file meanwhile */
	do
		ret = sys_replace(&ctx->sys, path, text, strlen(text));
	while ((ret == -EEXIST || ret == -ENOENT) && --tries);
	if (ret)
		return vlu_failed(ctx, ret, "cannot write %s", path);
	if (has_previous)
		drop_log(ctx, dir, &previous, then);
	return 0;
}
