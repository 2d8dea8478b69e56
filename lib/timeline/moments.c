/* SPDX-License-Identifier: GPL-2.0-only */
#include <json-c/json.h>

#include "base/array.h"
#include "base/attr.h"
#include "ledger/manifest.h"
#include "timeline/moments.h"

static const char *const words[] = {
	[PRESERVED] = "preserved", [LOADED] = "loaded",
	[INTERRUPTS_DISABLED] = "interrupts-disabled", [KEXEC_CALLED] = "kexec-called",
	[KERNEL_ENTERED] = "kernel-entered", [INIT_STARTED] = "init-started",
	[RESTORE_CALLED] = "restore-called", [RESTORED] = "restored", [GIVEN] = "given",
	[FINISH_CALLED] = "finish-called", [BOUND] = "bound", [FINISHED] = "finished",
};

const char *moment_word(enum moment_kind kind)
{
	return words[kind];
}

static enum moment_kind kind_of(const char *word)
{
	enum moment_kind kind = 0;

	while (kind < MOMENT_KINDS && strcmp(words[kind], word) != 0)
		kind++;
	return kind;
}

const struct noted *moments_find(const struct moments *moments, enum moment_kind kind,
				 const struct vlu_bdf *bdf)
{
	const struct noted *noted = moments->noted;

	for (; noted < moments->noted + moments->n; noted++)
		if (noted->kind == kind && noted->of_device == !!bdf &&
		    (!bdf || vlu_bdf_compare(noted->bdf, *bdf) == 0))
			return noted;
	return NULL;
}

void moments_add(struct moments *moments, enum moment_kind kind, const struct vlu_bdf *bdf,
		 const struct moment *at)
{
	struct noted *noted;

	if (!is_moment(at) || moments_find(moments, kind, bdf))
		return;
	/* without memory, the moment is lost */
	noted = array_add(&moments->noted, &moments->n);
	if (noted)
		*noted = (struct noted){ kind, bdf != NULL, bdf ? *bdf : (struct vlu_bdf){ 0 }, *at };
}

void moments_note(struct vlu_ctx *ctx, struct moments *moments, enum moment_kind kind,
		  const struct vlu_bdf *bdf)
{
	struct moment now = moment_now(ctx);

	moments_add(moments, kind, bdf, &now);
}

void moments_drop(struct moments *moments, enum moment_kind kind, struct vlu_bdf bdf)
{
	struct noted *noted = (struct noted *)moments_find(moments, kind, &bdf);

	if (noted)
		memmove(noted, noted + 1,
			(size_t)(moments->noted + --moments->n - noted) * sizeof(*noted));
}

static int by_kind(const void *a, const void *b)
{
	const struct noted *one = a, *other = b;

	return one->kind != other->kind ? (int)one->kind - (int)other->kind :
	       vlu_bdf_compare(one->bdf, other->bdf);
}

void moments_sort(struct moments *moments)
{
	if (moments->n)
		qsort(moments->noted, moments->n, sizeof(*moments->noted), by_kind);
}

void moments_merge(struct moments *moments, const struct moments *other)
{
	const struct noted *noted = other->noted;

	for (; noted < other->noted + other->n; noted++)
		moments_add(moments, noted->kind, noted->of_device ? &noted->bdf : NULL, &noted->at);
}

void moments_free(struct moments *moments)
{
	free(moments->noted);
	*moments = (struct moments){ 0 };
}

struct json_object *moments_object(const struct moments *moments)
{
	struct json_object *root = json_object_new_object(), *rows = json_object_new_array(), *row;
	const struct noted *noted = moments->noted;
	char bdf[VLU_BDF_SIZE], at[MOMENT_SIZE];

	json_object_object_add(root, "schema", json_object_new_int(1));
	json_object_object_add(root, "moments", rows);
	for (; noted < moments->noted + moments->n; noted++) {
		row = json_object_new_object();
		json_object_array_add(rows, row);
		json_object_object_add(row, "moment", json_object_new_string(words[noted->kind]));
		if (noted->of_device)
			json_object_object_add(row, "bdf",
					       json_object_new_string(vlu_bdf_format(noted->bdf, bdf)));
		json_object_object_add(row, "at", json_object_new_string(moment_format(&noted->at, at)));
	}
	return root;
}

char *moments_text(struct json_object *object)
{
	char *text = strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY));

	json_object_put(object);
	return text;
}

const char *moments_get(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_is_type(object, json_type_object) ?
				    json_object_object_get(object, key) : NULL;

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static void take_row(struct json_object *row, struct moments *moments)
{
	struct moment at = moment_parse(moments_get(row, "at"));
	enum moment_kind kind = kind_of(moments_get(row, "moment"));
	const char *name = moments_get(row, "bdf");
	struct vlu_bdf bdf;

	if (kind < MOMENT_KINDS && (!*name || vlu_bdf_parse(name, &bdf) == 0))
		moments_add(moments, kind, *name ? &bdf : NULL, &at);
}

struct json_object *moments_parse(const char *text, size_t size, struct moments *moments)
{
	struct json_tokener *tokener = size <= MOMENTS_MAX ? json_tokener_new_ex(8) : NULL;
	struct json_object *root, *rows;
	size_t i;

	root = tokener ? json_tokener_parse_ex(tokener, text, (int)size) : NULL;
	json_tokener_free(tokener);
	rows = json_object_is_type(root, json_type_object) ? json_object_object_get(root, "moments") : NULL;
	if (!json_object_is_type(rows, json_type_array)) {
		json_object_put(root);
		return NULL;
	}
	for (i = 0; i < json_object_array_length(rows); i++)
		take_row(json_object_array_get_idx(rows, i), moments);
	return root;
}

void moments_read(struct vlu_ctx *ctx, const char *dir, const char *name, struct moments *moments)
{
	_cleanup_free_ char *text = NULL;
	char path[160];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s.moments", dir, name);
	if (attr_read_all(ctx, path, MOMENTS_MAX, &text, &size) == 0)
		json_object_put(moments_parse(text, size, moments));
}

void moments_write(struct vlu_ctx *ctx, const char *dir, const char *name,
		   const struct moments *moments)
{
	_cleanup_free_ char *text = moments_text(moments_object(moments));
	struct failure first = ctx->failure;
	char file[80];

	snprintf(file, sizeof(file), "%s.moments", name);
	if (text && state_write(ctx, dir, file, text))
		vlu_log(ctx, VLU_LOG_WARNING, "%s; vfio-lu timeline will not know all of this live "
			"update", vlu_error(ctx));
	ctx->failure = first;
}

void moments_remove(struct vlu_ctx *ctx, const char *dir, const char *name)
{
	char path[160];
	int ret;

	snprintf(path, sizeof(path), "%s/%s.moments", dir, name);
	ret = sys_unlink(&ctx->sys, path);
	if (ret && ret != -ENOENT)
		vlu_log(ctx, VLU_LOG_WARNING, "cannot remove %s: %s", path, strerror(-ret));
}
