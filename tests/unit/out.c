// SPDX-License-Identifier: GPL-2.0-only
/* Text for a terminal must not contain control sequences. */
#include "unit.h"

#include "cli.h"
#include "out.h"

static void test_clean(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "a\x1b[31mred", "a?[31mred" },
		{ "a\nb\tc\rd", "a?b?c?d" },
		{ "\x7f\x01", "??" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xff\xfe", "??" },
		{ "\xc3", "?" },			/* cut in the middle */
		{ "\xe2\x82", "??" },
		{ "\xc0\x80", "??" },			/* overlong */
		{ "\xed\xa0\x80", "???" },		/* a surrogate */
		{ "\xc2\x9b" "31m", "??31m" },		/* the other form of ESC [ */
		{ "\xf4\x90\x80\x80", "????" },		/* above U+10FFFF */
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		strcpy(text, cases[i].in);
		out_clean(text);
		assert_string_equal(text, cases[i].out);
	}
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(out_width(""), 0);
	assert_int_equal(out_width("abc"), 3);
	assert_int_equal(out_width("\xc3\xa4\xe2\x82\xac"), 2);
}

static void test_json(void **state)
{
	struct json_object *obj = out_new(), *row;

	(void)state;
	out_text(obj, "text", "a\"\\\x1b\n\xff");
	out_text(obj, "none", NULL);
	out_number(obj, "number", 5);
	out_number(obj, "unknown", -1);
	out_known(obj, "yes", VLU_YES);
	out_known(obj, "perhaps", VLU_DONT_KNOW);
	out_token(obj, "token", 0xffffffffffffffffULL);
	out_id(obj, "id", 0x86, 4);
	out_id(obj, "no_id", -1, 4);
	row = out_row(out_array(obj, "rows"));
	out_text(row, "k", "v");
	assert_string_equal(json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN),
			    "{\"schema\":1,\"text\":\"a\\\"\\\\???\",\"none\":null,\"number\":5,"
			    "\"unknown\":null,\"yes\":true,\"perhaps\":null,\"token\":\"0xffffffffffffffff\","
			    "\"id\":\"0x0086\",\"no_id\":null,\"rows\":[{\"k\":\"v\"}]}");
	assert_null(out_get(obj, "none"));
	assert_null(out_get(obj, "nosuch"));
	assert_string_equal(out_get(obj, "id"), "0x0086");
	json_object_put(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean), cmocka_unit_test(test_width),
		cmocka_unit_test(test_json),
	};

	return RUN("out", tests);
}
