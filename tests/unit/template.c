// SPDX-License-Identifier: GPL-2.0-only
/* Sentences about the members of an object: unknown members must not appear. */
#include "unit.h"

#include "template.h"

static const char object[] =
	"{\"name\":\"vm [1|2] {x}\",\"none\":null,\"zero\":0,\"one\":1,\"many\":112,"
	"\"pa\":\"0x4000\",\"nil\":\"0x0\",\"size\":\"0x200000\",\"odd\":1025,\"way\":\"unknown\","
	"\"yes\":true,\"no\":false,\"rows\":[{\"name\":\"row\"},\"plain\"],\"empty\":[]}";

static void check(const struct scope *scope, const char *template, const char *expected)
{
	char *text = template_text(template, scope);

	assert_string_equal(text, expected);
	free(text);
}

static void test_template(void **state)
{
	static const struct { const char *template, *text; } cases[] = {
		{ "", "" },
		{ "{name}, {one}", "vm [1|2] {x}, 1" },
		{ "a{none}b{nosuch}c", "abc" },
		{ "[a {none}]", "" },
		{ "[a {none}|b {one}|c {one}]", "b 1" },
		{ "[a {none}|b]", "b" },
		{ "[a[ {none}]|b]", "a" },	/* a bracket within does not count */
		{ "[a[ {none}|-] {none}|b]c", "bc" },
		{ "{size:bytes} {odd:bytes} {zero:bytes}", "2 MiB 1025 bytes 0 bytes" },
		{ "{many:hex} {none:hex}", "0x70 " },
		{ "[at {pa:at}][ {nil:at}][ {pa}][ {nil}]", "at 0x4000 0x4000 0x0" },
		{ "[{one:th} {many:th}][{zero:th}]", "1st 112th" },
		{ "[{way:word}|{name:word}]", "vm [1|2] {x}" },
		{ "{zero:file}, {one:file}, {many:file}, {rows:file}", "0 files, 1 file, 112 files, 2 files" },
		{ "[{name:known}a][{none:known}b][{zero:known}c]", "ac" },
		{ "[{rows:empty}c][{empty:empty}d][{none:empty}e]", "d" },
		{ "[{yes:yes}a][{yes:no}b][{no:yes}c][{no:no}d][{none:yes}e][{none:no}f]", "ad" },
	};
	struct json_object *obj = json_tokener_parse(object), *rows;
	struct scope scope = { obj, NULL }, below = { NULL, &scope };

	(void)state;
	assert_non_null(obj);
	for (size_t i = 0; i < ARRAY(cases); i++)
		check(&scope, cases[i].template, cases[i].text);
	rows = json_object_object_get(obj, "rows");
	below.obj = json_object_array_get_idx(rows, 0);
	check(&below, "{name} {one}", "row 1");
	below.obj = json_object_array_get_idx(rows, 1);
	check(&below, "{} {one}", "plain 1");
	json_object_put(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_template) };

	return RUN("template", tests);
}
