// SPDX-License-Identifier: GPL-2.0-only
/* The manifest survives the kexec. Changed or malformed manifests are refused. */
#include "unit.h"

#include "base/array.h"
#include "holder/client.h"
#include "ledger/manifest.h"

/* file_token("a", "guest") */
#define TOKEN "0x2a7cf7c896a9f"

static const char *why;

static int parse(const char *text, struct manifest *manifest)
{
	why = NULL;
	return manifest_parse(text, strlen(text), manifest, &why);
}

static void test_round(void **state)
{
	struct manifest_device device = {
		.bdf = { 0x10000, 0xe1, 3, 1 }, .vendor = 0x8086, .device = 0x10d3,
		.subsystem = 0x1af41100, .class = 0x020000,
		.path = "/sys/devices/pci0000:00/a\"\\b", .driver_before = "e1000e",
	}, unknown = { .bdf = { 0, 1, 0, 0 }, .vendor = -1, .device = -1, .subsystem = -1, .class = -1 };
	struct manifest out = { .liveupdate_number = 4, .flbs_pa = 0x123456789000ULL }, in;
	const struct manifest_device *found;
	char *text;

	(void)state;
	strcpy(out.session, "vm-1");
	strcpy(out.created, "2026-11-21T09:00:00Z");
	strcpy(out.boot_id, "6b1f5b1e-0b5c-4a53-9a1e-0d8f0a1c2b3d");
	strcpy(out.kernel, "7.3.4");
	out.preserved = (struct moment){ { 1764433324000000001, 5, 7 }, 1764433324 };
	*array_add(&out.devices, &out.n_devices) = device;
	*array_add(&out.devices, &out.n_devices) = unknown;
	assert_int_equal(manifest_format(&out, &text), 0);
	assert_non_null(strstr(text, "0x123456789000"));
	assert_int_equal(parse(text, &in), 0);
	assert_string_equal(in.session, "vm-1");
	assert_string_equal(in.boot_id, out.boot_id);
	assert_string_equal(in.kernel, "7.3.4");
	assert_int_equal(in.liveupdate_number, 4);
	assert_true(in.preserved.time.wall == out.preserved.time.wall && in.preserved.time.boot == 5 &&
		    in.preserved.time.counter == 7 && in.preserved.rtc == 1764433324);
	assert_true(in.flbs_pa == out.flbs_pa);
	assert_int_equal(in.n_devices, 2);
	found = manifest_find(&in, device.bdf);
	assert_non_null(found);
	assert_int_equal(found->vendor, 0x8086);
	assert_int_equal(found->class, 0x020000);
	assert_int_equal(found->subsystem, 0x1af41100);
	assert_string_equal(found->path, device.path);
	assert_string_equal(found->driver_before, "e1000e");
	found = manifest_find(&in, unknown.bdf);
	assert_non_null(found);
	assert_int_equal(found->vendor, -1);
	assert_string_equal(found->driver_before, "");
	assert_null(manifest_find(&in, (struct vlu_bdf){ 0, 9, 9, 1 }));
	free(text);
	manifest_free(&in);
	manifest_free(&out);
}

/* Other files of a VMM; and a manifest of a version without them. */
static void test_files(void **state)
{
	struct manifest_file file = { .name = "ram.0", .token = file_token("vm-1", "ram.0") };
	struct manifest out = { .liveupdate_number = -1 }, in;
	char *text;

	(void)state;
	strcpy(out.session, "vm-1");
	out.command = strdup("qemu -name 'a b'");
	*array_add(&out.files, &out.n_files) = file;
	assert_int_equal(manifest_format(&out, &text), 0);
	assert_int_equal(parse(text, &in), 0);
	assert_false(is_moment(&in.preserved));
	assert_int_equal(in.n_files, 1);
	assert_string_equal(in.files[0].name, "ram.0");
	assert_true(in.files[0].token == file.token);
	assert_string_equal(in.command, "qemu -name 'a b'");
	free(text);
	manifest_free(&in);
	/* a name, and so its token, is listed only once */
	*array_add(&out.files, &out.n_files) = file;
	assert_int_equal(manifest_format(&out, &text), 0);
	assert_int_equal(parse(text, &in), -EBADMSG);
	assert_string_equal(why, "it lists a file twice");
	free(text);
	manifest_free(&out);
	assert_int_equal(parse("{\"schema\":1,\"session\":\"a\",\"devices\":[],\"command\":null}", &in), 0);
	assert_int_equal(in.n_files, 0);
	assert_null(in.command);
	manifest_free(&in);
	assert_int_equal(parse("{\"schema\":1,\"session\":\"a\",\"devices\":[]}", &in), 0);
	assert_null(in.command);
	manifest_free(&in);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"", " ", "null", "[]", "1", "\"x\"", "{", "{}", "{\"schema\":1}",
		"{\"schema\":2,\"session\":\"a\",\"devices\":[]}",
		"{\"schema\":\"1\",\"session\":\"a\",\"devices\":[]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":{}}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[1]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[{}]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[{\"bdf\":\"nonsense\"}]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[{\"bdf\":7}]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"files\":{}}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"files\":[1]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"files\":[{}]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"files\":[{\"name\":\"guest\"}]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"files\":[{\"name\":\"guest\",\"token\":\"0x2000000000000\"}]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"files\":[{\"name\":\"a/b\",\"token\":\"0x1\"}]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"command\":[]}",
		"{\"schema\":1,\"session\":\"a\",\"devices\":[],\"command\":7}",
	};
	struct manifest manifest;

	(void)state;
	for (size_t i = 0; i < ARRAY(bad); i++) {
		int ret = parse(bad[i], &manifest);

		if (ret != -EBADMSG)
			fail_msg("'%s': %d", bad[i], ret);
		assert_non_null(why);
	}
}

/* Cut anywhere, or with any byte changed, a manifest is either refused or read. */
static void test_mangled(void **state)
{
	static const char text[] =
		"{\"schema\":1,\"session\":\"a\",\"created\":\"2026-11-21T09:00:00Z\",\"boot_id\":\"x\","
		"\"kernel\":\"7.3.4\",\"liveupdate_number\":1,\"flbs_pa\":\"0x1000\",\"devices\":"
		"[{\"bdf\":\"0000:01:00.0\",\"token\":\"0x1000000000100\",\"vendor\":\"0x8086\"}],"
		"\"files\":[{\"name\":\"guest\",\"token\":\"" TOKEN "\"}],\"command\":\"qemu -m 64\"}";
	struct manifest manifest;
	char copy[sizeof(text)];

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		memcpy(copy, text, sizeof(text));
		copy[n] = '\0';
		if (manifest_parse(copy, n, &manifest, &why) != -EBADMSG)
			fail_msg("taken when cut to %zu bytes", n);
	}
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, text, sizeof(text));
			copy[n] = (char)(copy[n] ^ 1 << bit);
			if (manifest_parse(copy, sizeof(text) - 1, &manifest, &why) == 0)
				manifest_free(&manifest);
		}
}

/* As many as one host may have, each with the longest path and driver, and the longest command of a VMM. */
static void test_many(void **state)
{
	struct manifest_device device = {
		.vendor = 0x8086, .device = 0x10d3, .subsystem = 0x1af41100, .class = 0x020000,
	};
	struct manifest out = { .session = "vm-1" }, in;
	char *text;

	(void)state;
	memset(device.path, 'p', sizeof(device.path) - 1);
	memset(device.driver_before, 'd', sizeof(device.driver_before) - 1);
	out.command = calloc(1, MANIFEST_COMMAND);
	memset(out.command, 'c', MANIFEST_COMMAND - 1);
	for (int i = 0; i < HOLDER_ITEMS; i++) {
		device.bdf = (struct vlu_bdf){ .bus = (uint8_t)(i >> 8), .device = i >> 3 & 31, .function = i & 7 };
		*array_add(&out.devices, &out.n_devices) = device;
	}
	assert_int_equal(manifest_format(&out, &text), 0);
	assert_int_equal(parse(text, &in), 0);
	assert_int_equal(in.n_devices, HOLDER_ITEMS);
	free(text);
	manifest_free(&in);
	manifest_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round), cmocka_unit_test(test_files), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_mangled), cmocka_unit_test(test_many),
	};

	return RUN("manifest", tests);
}
