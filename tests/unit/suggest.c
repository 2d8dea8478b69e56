// SPDX-License-Identifier: GPL-2.0-only
/* Suggestions for mistyped words, and the values that are parsed from the text of a failure. */
#include "unit.h"

#include "base/ctx.h"
#include "suggest.h"

static void test_words(void **state)
{
	static const char *const offered[] = { "list", "bind", "unbind", "restore", "release", "status", "vfio-lu", "b" };
	static const struct { const char *typed, *meant; } cases[] = {
		{ "statsu", "status" }, { "lst", "list" }, { "ist", "list" }, { "lists", "list" }, { "lisy", "list" },
		{ "rest", "restore" }, { "re", "restore" }, { "relaese", "release" }, { "unbnid", "unbind" },
		{ "vfio-l", "vfio-lu" }, { "vfio_lu", "vfio-lu" },
		{ "bin", "bind" }, { "frobnicate", NULL }, { "x", NULL }, { "", NULL }, { "sattsu", "status" },
		{ "stopped", NULL }, { "STATUS", "status" }, { "Rest", "restore" }, { "LSIT", "list" },
	};
	char longest[200];

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct suggestion suggestion = { .typed = cases[i].typed };

		for (size_t j = 0; j < ARRAY(offered); j++)
			suggest_offer(&suggestion, offered[j]);
		if (!cases[i].meant)
			assert_null(suggestion.best);
		else
			assert_string_equal(suggestion.best, cases[i].meant);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	suggest_offer(&(struct suggestion){ .typed = longest }, longest + 1);
	suggest_offer(&(struct suggestion){ .typed = "list" }, longest);
}

static void test_addresses(void **state)
{
	static const struct { const char *typed, *meant; } cases[] = {
		{ "1:00.0", "01:00.0" }, { "01.00.0", "01:00.0" }, { "0000:1:0:0", "0000:01:00.0" },
		{ "0000-81-00-1", "0000:81:00.1" }, { "0000_81_1f.7", "0000:81:1f.7" },
		{ "10000:e1:0.0", "10000:e1:00.0" },
		{ "1:00", NULL }, { "1:00.", NULL }, { "1:00.8", NULL }, { "1:20.0", NULL }, { "100:00.0", NULL },
		{ "nic", NULL }, { "", NULL }, { "1:00.0x", NULL }, { "1:2:3:4:5", NULL }, { "1::2.0", NULL },
	};
	char buf[VLU_BDF_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		assert_int_equal(suggest_bdf(cases[i].typed, buf), cases[i].meant != NULL);
		if (cases[i].meant)
			assert_string_equal(buf, cases[i].meant);
	}
}

static void test_problem(void **state)
{
	static const struct { const char *text, *bdf, *fix; } cases[] = {
		{ "0000:01:00.0: in use; fix: stop it", "0000:01:00.0", "stop it" },
		{ "cannot write /sys/bus/pci/devices/10000:e1:00.0/driver: no", "10000:e1:00.0", NULL },
		{ "session x: not retrieved is 0000:01:00.0; first: vfio-lu restore", "0000:01:00.0",
		  "vfio-lu restore" },
		{ "a; fix: b; first: c", NULL, "c" }, { "at 12:30:01.5 o'clock", NULL, NULL },
		{ "x0000:01:00.0", NULL, NULL }, { "0000:01:00.01", NULL, NULL }, { "", NULL, NULL },
		{ "it is in 0000:01:00.1.", "0000:01:00.1", NULL },
	};
	static const char *const argv[] = { "vfio-lu", "restore", NULL };
	const struct vlu_problem *problem;
	struct told told;

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct failure failure = { .code = FAIL_NO_DEVICE, .status = VLU_PARTIAL };

		snprintf(failure.text, sizeof(failure.text), "%s", cases[i].text);
		for (size_t j = 0; argv[j]; j++)
			argline_add(&failure.argv, argv[j]);
		problem = failure_problem(&failure, &told);
		assert_string_equal(problem->code, "no-device");
		assert_int_equal(problem->status, VLU_PARTIAL);
		assert_string_equal(problem->fix_argv[1], "restore");
		assert_null(problem->fix_argv[2]);
		assert_string_equal(problem->bdf ? problem->bdf : "", cases[i].bdf ? cases[i].bdf : "");
		assert_string_equal(problem->fix ? problem->fix : "", cases[i].fix ? cases[i].fix : "");
	}
}

/* A command that does not fit is dropped, not cut. */
static void test_too_long(void **state)
{
	struct argline line = { .n = 0 };
	const char *argv[ARGLINE_MAX + 1];
	char word[300];

	(void)state;
	assert_null(argline_argv(&line, argv));
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	argline_add(&line, word);
	assert_non_null(argline_argv(&line, argv));
	argline_add(&line, word);
	assert_null(argline_argv(&line, argv));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_problem),
		cmocka_unit_test(test_too_long),
	};

	return RUN("suggest", tests);
}
