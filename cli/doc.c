/* SPDX-License-Identifier: GPL-2.0-only */
/* Builds the answers that out.h prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "out.h"

const char *const result_words[] = {
	[VLU_PASS] = "pass", [VLU_FAIL] = "fail", [VLU_WARN] = "warn", [VLU_UNKNOWN] = "unknown",
};

const char *const direction_words[] = {
	[VLU_OUTGOING] = "outgoing", [VLU_INCOMING] = "incoming",
	[VLU_DIRECTION_UNKNOWN] = "unknown",
};

static void put(struct json_object *obj, const char *key,
		struct json_object *value)
{
	if (json_object_object_add(obj, key, value) < 0)
		out_need(NULL);
}

struct json_object *out_new(void)
{
	struct json_object *obj = out_need(json_object_new_object());

	out_number(obj, "schema", 1);
	return obj;
}

static struct json_object *clean_string(const char *text)
{
	char *copy = out_need(strdup(text));
	struct json_object *value;

	out_clean(copy);
	value = out_need(json_object_new_string(copy));
	free(copy);
	return value;
}

void out_text(struct json_object *obj, const char *key, const char *text)
{
	put(obj, key, text ? clean_string(text) : NULL);
}

void out_number(struct json_object *obj, const char *key, int64_t number)
{
	put(obj, key, number < 0 ? NULL : out_need(json_object_new_int64(number)));
}

void out_known(struct json_object *obj, const char *key, enum vlu_known known)
{
	put(obj, key, known == VLU_DONT_KNOW ? NULL :
		out_need(json_object_new_boolean(known == VLU_YES)));
}

void out_seconds(struct json_object *obj, const char *key, bool known, int64_t nanoseconds)
{
	char text[40];

	snprintf(text, sizeof(text), "%.6f", (double)nanoseconds / 1e9);
	put(obj, key, known ? out_need(json_object_new_double_s((double)nanoseconds / 1e9, text)) : NULL);
}

void out_time(struct json_object *obj, const char *key, int64_t nanoseconds)
{
	time_t seconds = (time_t)(nanoseconds / 1000000000);
	char date[40], text[60];
	struct tm tm;

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
	snprintf(text, sizeof(text), "%s.%03dZ", date, (int)(nanoseconds % 1000000000 / 1000000));
	out_text(obj, key, text);
}

void out_id(struct json_object *obj, const char *key, int64_t id, int digits)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "0x%0*llx", digits, (unsigned long long)id);
	out_text(obj, key, id < 0 ? NULL : buf);
}

void out_token(struct json_object *obj, const char *key, uint64_t token)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "0x%llx", (unsigned long long)token);
	out_text(obj, key, buf);
}

void out_bdf(struct json_object *obj, const char *key, struct vlu_bdf bdf)
{
	char buf[VLU_BDF_SIZE];

	out_text(obj, key, vlu_bdf_format(bdf, buf));
}

void out_null(struct json_object *obj, const char *key)
{
	put(obj, key, NULL);
}

struct json_object *out_array(struct json_object *obj, const char *key)
{
	struct json_object *array = out_need(json_object_new_array());

	put(obj, key, array);
	return array;
}

struct json_object *out_object(struct json_object *obj, const char *key)
{
	struct json_object *member = out_need(json_object_new_object());

	put(obj, key, member);
	return member;
}

struct json_object *out_row(struct json_object *array)
{
	struct json_object *row = out_need(json_object_new_object());

	if (json_object_array_add(array, row) < 0)
		out_need(NULL);
	return row;
}

void out_item(struct json_object *array, const char *text)
{
	if (json_object_array_add(array, clean_string(text)) < 0)
		out_need(NULL);
}

void out_words(struct json_object *obj, const char *key, const char *const *words)
{
	struct json_object *array;
	size_t i;

	if (!words) {
		out_null(obj, key);
		return;
	}
	array = out_array(obj, key);
	for (i = 0; words[i]; i++)
		out_item(array, words[i]);
}

struct json_object *out_member(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(obj, key, &value);
	return value;
}

const char *out_get(struct json_object *obj, const char *key)
{
	struct json_object *value = out_member(obj, key);

	return value ? json_object_get_string(value) : NULL;
}
