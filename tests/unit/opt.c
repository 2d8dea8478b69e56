// SPDX-License-Identifier: GPL-2.0-only
/* Parsing argv: which words are options of the program or of the command, and which are refused. */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli.h"
#include "cmd.h"
#include "opt.h"

static struct globals globals;
static struct invocation run;

/* Usage errors go to stderr; this test does not show them. */
static int parse(const char *line)
{
	static char words[256], *argv[32];
	int argc = 0, ret, saved = dup(2), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	snprintf(words, sizeof(words), "%s", line);
	for (char *p = strtok(words, " "); p; p = strtok(NULL, " "))
		argv[argc++] = p;
	argv[argc] = NULL;
	globals = (struct globals){ .timeout = 10 };
	run = (struct invocation){ .command = NULL };
	dup2(null, 2);
	ret = opt_parse(argc, argv, &cli_model, &globals, &run);
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	close(null);
	return ret;
}

static void done(void)
{
	free(run.opts);
	run.opts = NULL;
}

static void test_anywhere(void **state)
{
	static const char *const lines[] = {
		"vfio-lu --json list 01:00.0", "vfio-lu list --json 01:00.0",
		"vfio-lu list 01:00.0 --json", "vfio-lu list --json -- 01:00.0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(lines); i++) {
		assert_int_equal(parse(lines[i]), OPT_RUN);
		assert_string_equal(run.command->name, "list");
		assert_true(globals.json);
		assert_int_equal(run.argc, 1);
		assert_string_equal(run.argv[0], "01:00.0");
		done();
	}
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(parse("vfio-lu --timeout 5 preserve -n --session=vm 01:00.0"), OPT_RUN);
	assert_int_equal(globals.timeout, 5);
	assert_true(globals.dry_run);
	assert_string_equal(*(const char **)run.opts, "vm");
	done();
	assert_int_equal(parse("vfio-lu list -q --columns=bdf,driver --color=never"), OPT_RUN);
	assert_true(globals.quiet);
	assert_string_equal(globals.columns, "bdf,driver");
	assert_string_equal(globals.color, "never");
	done();
	/* options without a value, and list options, may be repeated */
	assert_int_equal(parse("vfio-lu --json preserve --json --pid 7 --fd 3 --fd 3=ram"), OPT_RUN);
	assert_true(globals.json);
	done();
	/* after -- there are no options */
	assert_int_equal(parse("vfio-lu list -- --json"), OPT_RUN);
	assert_false(globals.json);
	assert_int_equal(run.argc, 1);
	done();
}

static void test_usage(void **state)
{
	static const char *const lines[] = {
		"vfio-lu", "vfio-lu nosuch", "vfio-lu lis", "vfio-lu --nosuch list", "vfio-lu list --nosuch",
		"vfio-lu bind", "vfio-lu load", "vfio-lu load a b", "vfio-lu kexec 01:00.0", "vfio-lu --timeout list",
		"vfio-lu list --timeout", "vfio-lu list --timeout x", "vfio-lu list --timeout -1",
		"vfio-lu list --timeout 99999999999999999999", "vfio-lu list --timeout 5x",
		"vfio-lu list --color=maybe", "vfio-lu list --json=yes", "vfio-lu list -x",
		"vfio-lu list --session vm", "vfio-lu list -qv", "vfio-lu list --dry-run",
		"vfio-lu restore --session a --session b", "vfio-lu restore --session=a --session a",
		"vfio-lu --timeout 5 list --timeout 5", "vfio-lu load --append a --append b k",
		"vfio-lu status --session --json",
		"vfio-lu status --session --json=x", "vfio-lu release --session -n", "vfio-lu run --session -- a",
		"vfio-lu --sysroot -v list",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(lines); i++) {
		int ret = parse(lines[i]);

		if (ret != 2)
			fail_msg("'%s': %d", lines[i], ret);
		done();
	}
}

/* Every row of the table can be used, and no two rows have the same letter. */
static void test_table(void **state)
{
	(void)state;
	for (const struct command *const *c = cli_model.commands; *c; c++) {
		bool letters[256] = { false };
		const struct opt *const rows[] = { cli_model.globals, (*c)->opts };

		assert_non_null((*c)->summary);
		assert_non_null((*c)->text);
		assert_non_null((*c)->run);
		for (size_t i = 0; i < ARRAY(rows); i++)
			for (const struct opt *o = rows[i]; o && o->name; o++) {
				assert_true((o->type == OPT_FLAG) == (o->arg == NULL));
				assert_true((o->type == OPT_CHOICE) == (o->choices != NULL));
				if (!o->letter)
					continue;
				assert_false(letters[(unsigned char)o->letter]);
				letters[(unsigned char)o->letter] = true;
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anywhere), cmocka_unit_test(test_values),
		cmocka_unit_test(test_usage), cmocka_unit_test(test_table),
	};

	return RUN("opt", tests);
}
