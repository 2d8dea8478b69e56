/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <json-c/json.h>
#include <time.h>

#include "base/attr.h"
#include "checks/report.h"
#include "next/rehearsed.h"

#define RECORD_MAX	(256u << 10)

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

/* ------------------------------------------------------------------ writing */

static void set_text(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, text ? json_object_new_string(text) : NULL);
}

static void set_file(struct json_object *obj, const char *key, const char *path,
		     const char *digest)
{
	struct json_object *file = path ? json_object_new_object() : NULL;

	if (file) {
		set_text(file, "path", path);
		set_text(file, "sha256", digest);
	}
	json_object_object_add(obj, key, file);
}

static void set_checks(struct json_object *obj, const struct vlu_report *report)
{
	struct json_object *checks = json_object_new_array(), *row;
	const struct vlu_check *check;
	size_t i;

	for (i = 0; (check = vlu_report_at(report, i)); i++) {
		row = json_object_new_object();
		set_text(row, "id", check->id);
		set_text(row, "result", result_word(check->result));
		set_text(row, "detail", check->detail);
		set_text(row, "fix", check->fix);
		/* rehearsals give their fixes as sentences, not commands */
		json_object_object_add(row, "fix_argv", NULL);
		json_object_array_add(checks, row);
	}
	json_object_object_add(obj, "checks", checks);
}

char *rehearsed_format(const struct rehearsed *rehearsed)
{
	struct json_object *root = json_object_new_object(), *devices = json_object_new_array();
	enum vlu_result verdict = vlu_report_verdict(rehearsed->report);
	time_t now = time(NULL);
	struct tm tm;
	char date[32], *text;
	size_t i;

	strftime(date, sizeof(date), REHEARSED_DATE, gmtime_r(&now, &tm));
	json_object_object_add(root, "schema", json_object_new_int(1));
	set_text(root, "verdict", verdict == VLU_PASS ? "ready" : verdict == VLU_FAIL ? "not-ready" :
			"unknown");
	set_text(root, "from", rehearsed->from);
	set_text(root, "to", rehearsed->to);
	set_checks(root, rehearsed->report);
	json_object_object_add(root, "seconds", json_object_new_int64(rehearsed->seconds));
	set_text(root, "log", rehearsed->log);
	set_text(root, "date", date);
	set_text(root, "accelerator", rehearsed->accel);
	set_file(root, "from_image", rehearsed->from_image, rehearsed->pair.from);
	set_file(root, "next_image", rehearsed->next_image, rehearsed->pair.next);
	set_file(root, "next_initrd", rehearsed->initrd, rehearsed->pair.initrd);
	set_text(root, "next_cmdline", rehearsed->cmdline);
	for (i = 0; i < rehearsed->n_devices; i++)
		json_object_array_add(devices, json_object_new_string(rehearsed->devices[i]));
	json_object_object_add(root, "devices", devices);
	text = strdup(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
				JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return text;
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

/* ------------------------------------------------------------------ reading */

static const char *get_text(struct json_object *obj, const char *key)
{
	struct json_object *value = json_object_object_get(obj, key);

	return value && json_object_is_type(value, json_type_string) ?
	       json_object_get_string(value) : "";
}

static bool is_digest(struct json_object *root, const char *key, const char *digest)
{
	struct json_object *file = json_object_object_get(root, key);

	return strcmp(file && json_object_is_type(file, json_type_object) ?
		      get_text(file, "sha256") : "", digest) == 0;
}

static void take_failed(struct json_object *root, struct outcome *outcome)
{
	struct json_object *checks = json_object_object_get(root, "checks"), *row;
	size_t i;

	if (!json_object_is_type(checks, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(checks) && !outcome->failed[0]; i++) {
		row = json_object_array_get_idx(checks, i);
		if (json_object_is_type(row, json_type_object) &&
		    strcmp(get_text(row, "result"), outcome->verdict == VLU_FAIL ? "fail" :
			   "unknown") == 0)
			snprintf(outcome->failed, sizeof(outcome->failed), "%s: %s",
				 get_text(row, "id"), get_text(row, "detail"));
	}
}

/* Returns -ENOENT if the record belongs to another pair. */
static int parse(struct json_object *root, const struct pair *pair, struct outcome *outcome)
{
	const char *verdict;

	if (!root || !json_object_is_type(root, json_type_object) || !*get_text(root, "verdict"))
		return -EBADMSG;
	if (!is_digest(root, "from_image", pair->from) ||
	    !is_digest(root, "next_image", pair->next) ||
	    !is_digest(root, "next_initrd", pair->initrd))
		return -ENOENT;
	verdict = get_text(root, "verdict");
	outcome->verdict = strcmp(verdict, "ready") == 0 ? VLU_PASS :
			   strcmp(verdict, "not-ready") == 0 ? VLU_FAIL : VLU_UNKNOWN;
	snprintf(outcome->date, sizeof(outcome->date), "%s", get_text(root, "date"));
	take_failed(root, outcome);
	return 0;
}

/* Replaces *outcome if this record is newer. */
static int read_record(struct vlu_ctx *ctx, const char *path, const struct pair *pair,
		       struct outcome *outcome)
{
	struct outcome found = { .verdict = VLU_UNKNOWN };
	_cleanup_free_ char *text = NULL;
	struct json_object *root;
	size_t size;
	int ret;

	ret = attr_read_all(ctx, path, RECORD_MAX, &text, &size);
	if (ret)
		return ret;
	root = json_tokener_parse(text);
	ret = parse(root, pair, &found);
	json_object_put(root);
	if (ret || strcmp(found.date, outcome->date) <= 0)
		return ret;
	snprintf(found.path, sizeof(found.path), "%s", path);
	*outcome = found;
	return 0;
}

static int any_entry(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 1;
}

int rehearsed_find(struct vlu_ctx *ctx, const char *file, const char *from, const char *next,
		   const char *initrd, struct outcome *ret_outcome)
{
	const char *const dirs[] = { STATE_DIR "/" REHEARSALS, ctx->rehearsals };
	struct outcome outcome = { .date = "" };
	int ret, result = -ENOENT;
	struct pair pair;
	char path[512];
	size_t i;

	/* if there is no record, do not read hundreds of megabytes for their hashes */
	for (i = 0, ret = file ? 1 : 0; ret != 1 && i < ARRAY_SIZE(dirs); i++) {
		ret = dirs[i] ? sys_list(&ctx->sys, dirs[i], any_entry, NULL) : -ENOENT;
		result = ret == -EACCES ? ret : result;
	}
	if (ret != 1)
		return result;
	ret = pair_read(ctx, from, next, initrd, &pair);
	if (ret)
		return ret;
	if (file) {
		ret = read_record(ctx, file, &pair, &outcome);
		if (ret && ret != -ENOENT)
			return ret;
	}
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (!dirs[i])
			continue;
		record_path(path, sizeof(path), dirs[i], &pair);
		ret = read_record(ctx, path, &pair, &outcome);
		result = ret == -EACCES ? ret : result;
	}
	if (!outcome.date[0])
		return result;
	*ret_outcome = outcome;
	return 0;
}

/* Deletes the log of the previous record. A rehearsal that ran at the same time keeps its log. */
static void drop_log(struct vlu_ctx *ctx, const char *dir, const char *path, const char *then)
{
	_cleanup_free_ char *text = NULL;
	struct json_object *root;
	const char *log;
	size_t size, n = strlen(dir);

	if (attr_read_all(ctx, path, RECORD_MAX, &text, &size))
		return;
	root = json_tokener_parse(text);
	log = root && json_object_is_type(root, json_type_object) ? get_text(root, "log") : "";
	if (strncmp(log, dir, n) == 0 && log[n] == '/' && !strchr(log + n + 1, '/') &&
	    strcmp(get_text(root, "date"), then) < 0)
		sys_unlink(&ctx->sys, log);
	json_object_put(root);
}

int rehearsed_write(struct vlu_ctx *ctx, const char *dir, const struct pair *pair,
		    const char *then, const char *text)
{
	char path[512];
	int ret, tries = 5;

	record_path(path, sizeof(path), dir, pair);
	drop_log(ctx, dir, path, then);
	/* a rehearsal of the same pair may replace the temporary file meanwhile */
	do
		ret = sys_replace(&ctx->sys, path, text, strlen(text));
	while ((ret == -EEXIST || ret == -ENOENT) && --tries);
	return ret ? vlu_failed(ctx, ret, "cannot write %s", path) : 0;
}
