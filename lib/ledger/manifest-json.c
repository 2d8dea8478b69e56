/* SPDX-License-Identifier: GPL-2.0-only */
#include <json-c/json.h>

#include "base/array.h"
#include "ledger/manifest.h"

static void set_text(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, *text ? json_object_new_string(text) : NULL);
}

static void set_hex(struct json_object *obj, const char *key, int64_t number,
		    int digits)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%0*llx", digits, (unsigned long long)number);
	json_object_object_add(obj, key, number < 0 ? NULL :
			       json_object_new_string(text));
}

int manifest_format(const struct manifest *manifest, char **ret_text)
{
	struct json_object *root = json_object_new_object();
	struct json_object *devices = json_object_new_array();
	struct json_object *files = json_object_new_array();
	char name[VLU_BDF_SIZE], moment[MOMENT_SIZE];
	size_t i;

	json_object_object_add(root, "schema", json_object_new_int(MANIFEST_SCHEMA));
	set_text(root, "session", manifest->session);
	set_text(root, "created", manifest->created);
	if (is_moment(&manifest->preserved))
		set_text(root, "preserved", moment_format(&manifest->preserved, moment));
	set_text(root, "boot_id", manifest->boot_id);
	set_text(root, "kernel", manifest->kernel);
	json_object_object_add(root, "liveupdate_number",
			       manifest->liveupdate_number < 0 ? NULL :
			       json_object_new_int64(manifest->liveupdate_number));
	set_hex(root, "flbs_pa", manifest->flbs_pa ? (int64_t)manifest->flbs_pa : -1, 1);
	for (i = 0; i < manifest->n_devices; i++) {
		const struct manifest_device *dev = &manifest->devices[i];
		struct json_object *row = json_object_new_object();

		set_text(row, "bdf", vlu_bdf_format(dev->bdf, name));
		set_hex(row, "token", (int64_t)vlu_bdf_token(dev->bdf), 1);
		set_hex(row, "vendor", dev->vendor, 4);
		set_hex(row, "device", dev->device, 4);
		set_hex(row, "subsystem", dev->subsystem, 8);
		set_hex(row, "class", dev->class, 6);
		set_text(row, "path", dev->path);
		set_text(row, "driver_before", dev->driver_before);
		json_object_array_add(devices, row);
	}
	json_object_object_add(root, "devices", devices);
	for (i = 0; i < manifest->n_files; i++) {
		struct json_object *row = json_object_new_object();

		set_text(row, "name", manifest->files[i].name);
		set_hex(row, "token", (int64_t)manifest->files[i].token, 1);
		json_object_array_add(files, row);
	}
	json_object_object_add(root, "files", files);
	set_text(root, "command", manifest->command ? manifest->command : "");
	*ret_text = strdup(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return *ret_text ? 0 : -ENOMEM;
}

/* Reads a text of less than size bytes. A null or missing text is "". */
static bool get_text(struct json_object *obj, const char *key, char *buf, size_t size)
{
	struct json_object *value = json_object_object_get(obj, key);

	buf[0] = '\0';
	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_string) ||
	    (size_t)json_object_get_string_len(value) >= size ||
	    strlen(json_object_get_string(value)) !=
	    (size_t)json_object_get_string_len(value))
		return false;
	strcpy(buf, json_object_get_string(value));
	return true;
}

static bool get_hex(struct json_object *obj, const char *key, int64_t *ret)
{
	char text[24], *end;

	if (!get_text(obj, key, text, sizeof(text)))
		return false;
	if (!*text) {
		*ret = -1;
		return true;
	}
	errno = 0;
	*ret = (int64_t)strtoull(text, &end, 16);
	return !errno && !*end && strncmp(text, "0x", 2) == 0;
}

static const char *parse_device(struct json_object *row, struct manifest_device *dev)
{
	char text[VLU_BDF_SIZE];
	int64_t token;

	if (!json_object_is_type(row, json_type_object) ||
	    !get_text(row, "bdf", text, sizeof(text)) || vlu_bdf_parse(text, &dev->bdf))
		return "a device without a proper \"bdf\"";
	if (!get_hex(row, "token", &token) ||
	    (uint64_t)token != vlu_bdf_token(dev->bdf))
		return "a device whose \"token\" is not that of its address";
	if (!get_hex(row, "vendor", &dev->vendor) ||
	    !get_hex(row, "device", &dev->device) ||
	    !get_hex(row, "subsystem", &dev->subsystem) ||
	    !get_hex(row, "class", &dev->class) ||
	    !get_text(row, "path", dev->path, sizeof(dev->path)) ||
	    !get_text(row, "driver_before", dev->driver_before,
		      sizeof(dev->driver_before)))
		return "a device with a malformed field";
	return NULL;
}

static const char *parse_file(struct json_object *row, const char *session,
			      struct manifest_file *file)
{
	int64_t token;

	if (!json_object_is_type(row, json_type_object) ||
	    !get_text(row, "name", file->name, sizeof(file->name)) ||
	    !is_file_name(file->name))
		return "a file without a proper \"name\"";
	file->token = file_token(session, file->name);
	if (!get_hex(row, "token", &token) || (uint64_t)token != file->token)
		return "a file whose \"token\" is not that of its name";
	return NULL;
}

/* Manifests of earlier versions have neither files nor a command. */
static const char *parse_files(struct json_object *root, struct manifest *manifest)
{
	struct json_object *files = json_object_object_get(root, "files");
	char command[MANIFEST_COMMAND];
	struct manifest_file *file;
	const char *why;
	size_t i, j;

	if (!get_text(root, "command", command, sizeof(command)))
		return "a malformed \"command\"";
	if (command[0] && !(manifest->command = strdup(command)))
		return "out of memory";
	if (!files)
		return NULL;
	if (!json_object_is_type(files, json_type_array))
		return "malformed \"files\"";
	for (i = 0; i < json_object_array_length(files); i++) {
		file = array_add(&manifest->files, &manifest->n_files);
		why = !file ? "out of memory" :
		      parse_file(json_object_array_get_idx(files, i), manifest->session, file);
		if (why)
			return why;
		for (j = 0; j < i; j++)
			if (manifest->files[j].token == file->token)
				return "it lists a file twice";
	}
	return NULL;
}

static const char *parse_root(struct json_object *root, struct manifest *manifest)
{
	struct json_object *value, *devices;
	struct manifest_device *dev;
	char moment[MOMENT_SIZE];
	const char *why;
	int64_t pa;
	size_t i;

	if (!json_object_is_type(root, json_type_object))
		return "not a JSON object";
	value = json_object_object_get(root, "schema");
	if (!json_object_is_type(value, json_type_int))
		return "it has no \"schema\"";
	if (json_object_get_int64(value) != MANIFEST_SCHEMA)
		return "its \"schema\" is of another version of vfio-lu";
	if (!get_text(root, "session", manifest->session, sizeof(manifest->session)) ||
	    !manifest->session[0])
		return "it has no proper \"session\"";
	if (!get_text(root, "created", manifest->created, sizeof(manifest->created)) ||
	    !get_text(root, "boot_id", manifest->boot_id, sizeof(manifest->boot_id)) ||
	    !get_text(root, "kernel", manifest->kernel, sizeof(manifest->kernel)) ||
	    !get_hex(root, "flbs_pa", &pa))
		return "a malformed field";
	manifest->flbs_pa = pa < 0 ? 0 : (uint64_t)pa;
	/* unknown if the key is malformed, or missing as in manifests of earlier versions */
	get_text(root, "preserved", moment, sizeof(moment));
	manifest->preserved = moment_parse(moment);
	value = json_object_object_get(root, "liveupdate_number");
	if (value && !json_object_is_type(value, json_type_int))
		return "a malformed \"liveupdate_number\"";
	manifest->liveupdate_number = value ? json_object_get_int64(value) : -1;
	devices = json_object_object_get(root, "devices");
	if (!json_object_is_type(devices, json_type_array))
		return "it has no \"devices\"";
	for (i = 0; i < json_object_array_length(devices); i++) {
		dev = array_add(&manifest->devices, &manifest->n_devices);
		why = dev ? parse_device(json_object_array_get_idx(devices, i), dev) : "out of memory";
		if (why)
			return why;
		if (manifest_find(manifest, dev->bdf) != dev)
			return "it lists a device twice";
	}
	return parse_files(root, manifest);
}

int manifest_parse(const char *text, size_t size, struct manifest *ret_manifest,
		   const char **ret_why)
{
	struct manifest manifest = { .n_devices = 0 };
	struct json_tokener *tokener;
	struct json_object *root;
	const char *why;
	size_t end;

	tokener = size <= MANIFEST_MAX ? json_tokener_new_ex(8) : NULL;
	if (!tokener) {
		*ret_why = "too large";
		return -EBADMSG;
	}
	root = json_tokener_parse_ex(tokener, text, (int)size);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	while (end < size && text[end] && strchr(" \t\r\n", text[end]))
		end++;
	why = !root ? "not JSON" : end != size ? "something follows its end" :
	      parse_root(root, &manifest);
	json_object_put(root);
	if (why) {
		manifest_free(&manifest);
		*ret_why = why;
		return -EBADMSG;
	}
	*ret_manifest = manifest;
	return 0;
}
