/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of a rehearsal as JSON. */
#include <json-c/json.h>
#include <time.h>

#include "checks/report.h"
#include "next/rehearsed.h"

#define SCHEMA	1

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

static const char *verdict_word(enum vlu_result verdict)
{
	return verdict == VLU_PASS ? "ready" : verdict == VLU_FAIL ? "not-ready" : "unknown";
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
	json_object_object_add(root, "schema", json_object_new_int(SCHEMA));
	set_text(root, "verdict", verdict_word(verdict));
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

/* ------------------------------------------------------------------ reading */

static const char *get_text(struct json_object *obj, const char *key)
{
	struct json_object *value = json_object_object_get(obj, key);

	return value && json_object_is_type(value, json_type_string) ?
	       json_object_get_string(value) : "";
}

struct field {
	const char *key;
	enum json_type type;
	bool may_be_null;
};

static bool has_fields(struct json_object *obj, const struct field *fields, size_t n)
{
	struct json_object *value;
	size_t i;

	if (!json_object_is_type(obj, json_type_object))
		return false;
	for (i = 0; i < n; i++)
		if (!json_object_object_get_ex(obj, fields[i].key, &value) ||
		    !(json_object_is_type(value, fields[i].type) ||
		      (!value && fields[i].may_be_null)))
			return false;
	return true;
}

static bool has_files(struct json_object *root)
{
	static const char *const keys[] = { "from_image", "next_image", "next_initrd" };
	static const struct field fields[] = {
		{ "path", json_type_string, false }, { "sha256", json_type_string, false },
	};
	struct json_object *file;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		file = json_object_object_get(root, keys[i]);
		if (file && !has_fields(file, fields, ARRAY_SIZE(fields)))
			return false;
	}
	return true;
}

static bool has_rows(struct json_object *checks)
{
	static const struct field fields[] = {
		{ "id", json_type_string, false }, { "result", json_type_string, false },
		{ "detail", json_type_string, true }, { "fix", json_type_string, true },
		{ "fix_argv", json_type_array, true },
	};
	size_t i;

	for (i = 0; i < json_object_array_length(checks); i++)
		if (!has_fields(json_object_array_get_idx(checks, i), fields, ARRAY_SIZE(fields)))
			return false;
	return true;
}

/* Dates are compared as text. */
static bool is_date(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, REHEARSED_DATE, &tm);

	return end && !*end && strlen(text) == strlen("2026-01-02T03:04:05Z");
}

/* Does the record have all fields that rehearsed_format() writes? Later versions may add fields. */
static bool is_whole(struct json_object *root)
{
	static const struct field fields[] = {
		{ "verdict", json_type_string, false }, { "from", json_type_string, false },
		{ "to", json_type_string, false }, { "checks", json_type_array, false },
		{ "seconds", json_type_int, false }, { "log", json_type_string, false },
		{ "date", json_type_string, false }, { "accelerator", json_type_string, false },
		{ "from_image", json_type_object, false },
		{ "next_image", json_type_object, false },
		{ "next_initrd", json_type_object, true },
		{ "next_cmdline", json_type_string, false }, { "devices", json_type_array, false },
	};

	return has_fields(root, fields, ARRAY_SIZE(fields)) && has_files(root) &&
	       has_rows(json_object_object_get(root, "checks")) && is_date(get_text(root, "date"));
}

static bool is_digest(struct json_object *root, const char *key, const char *digest)
{
	struct json_object *file = json_object_object_get(root, key);

	return strcmp(file ? get_text(file, "sha256") : "", digest) == 0;
}

static void take_failed(struct json_object *root, struct outcome *outcome)
{
	struct json_object *checks = json_object_object_get(root, "checks"), *row;
	size_t i;

	for (i = 0; i < json_object_array_length(checks) && !outcome->failed[0]; i++) {
		row = json_object_array_get_idx(checks, i);
		if (strcmp(get_text(row, "result"), outcome->verdict == VLU_FAIL ? "fail" :
			   "unknown") == 0)
			snprintf(outcome->failed, sizeof(outcome->failed), "%s: %s",
				 get_text(row, "id"), get_text(row, "detail"));
	}
}

static int parse_verdict(const char *word, enum vlu_result *ret_verdict)
{
	static const enum vlu_result all[] = { VLU_PASS, VLU_FAIL, VLU_UNKNOWN };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all) && strcmp(word, verdict_word(all[i])) != 0; i++)
		;
	if (i == ARRAY_SIZE(all))
		return -EBADMSG;
	*ret_verdict = all[i];
	return 0;
}

static int parse(struct json_object *root, const struct pair *pair, struct outcome *outcome)
{
	struct json_object *schema;

	if (!json_object_is_type(root, json_type_object) ||
	    !json_object_object_get_ex(root, "schema", &schema) ||
	    !json_object_is_type(schema, json_type_int) || json_object_get_int64(schema) < SCHEMA)
		return -EBADMSG;
	if (json_object_get_int64(schema) > SCHEMA)
		return -EPROTONOSUPPORT;
	if (!is_whole(root) || parse_verdict(get_text(root, "verdict"), &outcome->verdict))
		return -EBADMSG;
	if (!is_digest(root, "from_image", pair->from) ||
	    !is_digest(root, "next_image", pair->next) ||
	    !is_digest(root, "next_initrd", pair->initrd))
		return -ENOENT;
	snprintf(outcome->date, sizeof(outcome->date), "%s", get_text(root, "date"));
	snprintf(outcome->log, sizeof(outcome->log), "%s", get_text(root, "log"));
	take_failed(root, outcome);
	return 0;
}

int rehearsed_parse(const char *text, const struct pair *pair, struct outcome *outcome)
{
	struct json_object *root = json_tokener_parse(text);
	int ret = parse(root, pair, outcome);

	json_object_put(root);
	return ret;
}
