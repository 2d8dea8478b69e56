// SPDX-License-Identifier: GPL-2.0-only
/* Files of a VMM: words in braces, names, the borrower, the command line. */
#include "unit.h"

#include "session/placeholders.h"
#include "ledger/borrower.h"
#include "session/vmm.h"

static int number_of(void *arg, const char *name)
{
	snprintf(arg, 64, "%s", name);
	return strcmp(name, "none") == 0 ? -ENOENT : 7;
}

static void test_braces(void **state)
{
	static const struct { const char *text, *expanded, *last; } cases[] = {
		{ "", "", "" },
		{ "fd={0000:01:00.0}", "fd=7", "0000:01:00.0" },
		{ "{a}{b.c-d_e}", "77", "b.c-d_e" },
		/* JSON and scripts have braces of their own */
		{ "{\"driver\":\"vfio-pci\",\"fd\":\"{iommufd}\"}", "{\"driver\":\"vfio-pci\",\"fd\":\"7\"}", "iommufd" },
		{ "{}", "{}", "" }, { "{", "{", "" }, { "{a", "{a", "" }, { "{a b}", "{a b}", "" }, { "a}", "a}", "" },
		{ "{{a}", "{a}", "" }, { "${{A}", "${A}", "" }, { "{{{a}", "{7", "a" }, { "{{{{", "{{", "" },
	};
	char last[64], *text;

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		last[0] = '\0';
		assert_int_equal(braces_expand(cases[i].text, number_of, last, &text), 0);
		assert_string_equal(text, cases[i].expanded);
		assert_string_equal(last, cases[i].last);
		free(text);
	}
	text = NULL;
	assert_int_equal(braces_expand("{a},{none},{b}", number_of, last, &text), -ENOENT);
	assert_string_equal(last, "none");
	assert_null(text);
}

static void test_names(void **state)
{
	static const char *const good[] = { "a", "fd5", "guest-ram.0", "A_b", "123456789012345678901234" };
	static const char *const bad[] = { "", "a b", "a/b", "a:b", "iommufd", "1234567890123456789012345", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < ARRAY(good); i++)
		assert_true(is_file_name(good[i]));
	for (size_t i = 0; i < ARRAY(bad); i++)
		assert_false(is_file_name(bad[i]));
	/*
	 * in a range of their own, which must not change: the next kernel computes the same
	 * tokens
	 */
	assert_int_equal(file_token("vfio-lu", "guest"), 0x2aae92f749353);
	assert_int_equal(file_token("vm1", "guest") >> 48, 2);
	assert_int_not_equal(file_token("vm1", "guest"), file_token("vm1", "guess"));
	assert_int_not_equal(file_token("vm1", "guest"), file_token("vm2", "guest"));
}

static void test_keys(void **state)
{
	const char *key = "file/vm:1@a/ram.0";
	char session[64], file[FILE_NAME];
	struct vlu_bdf bdf;

	(void)state;
	assert_true(held_file(key, session, file));
	assert_string_equal(session, "vm:1@a");
	assert_string_equal(file, "ram.0");
	assert_false(held_device(key, session, &bdf));
	assert_false(held_file("file/vm", session, file));
	assert_false(held_file("file/vm/", session, file));
	assert_false(held_file("file/vm/a/b", session, file));
	assert_false(held_file("file/vm/1234567890123456789012345", session, file));
	assert_false(held_file("device/vm/ram", session, file));
}

static void test_lent(void **state)
{
	struct borrower b = { 0 };

	(void)state;
	assert_true(borrower_parse("state=retrieved lent=12.3456", &b));
	assert_int_equal(b.pid, 12);
	assert_int_equal(b.start, 3456);
	assert_false(borrower_parse("state=retrieved", &b));
	assert_false(borrower_parse("lent=1.2", &b));
	assert_false(borrower_parse("state=retrieved lent=12", &b));
	assert_false(borrower_parse("state=retrieved lent=0.1", &b));
	assert_false(borrower_parse("state=retrieved lent=1.2x", &b));
	/* a name may look like the rest of the line */
	assert_int_equal(borrower_parse_start("77 (a) Z 1 (b)) S 1 77 77 0 -1 4194560 123 0 0 0 1 2 0 0 20 0 1 0 98765 1 2"), 98765);
	assert_int_equal(borrower_parse_start("77 (a) Z 1 77 77 0 -1 4194560 123 0 0 0 1 2 0 0 20 0 1 0 98765 1 2"), 0);
	assert_int_equal(borrower_parse_start("77 (a) S 1 77"), 0);
	assert_int_equal(borrower_parse_start(""), 0);
}

static const char *quoted(const char *words, size_t size)
{
	static char text[VMM_COMMAND];

	vmm_quote(words, size, text);
	return text;
}

static void test_command(void **state)
{
	char *large = malloc(3 * VMM_COMMAND);

	(void)state;
	assert_string_equal(quoted("", 0), "");
	assert_string_equal(quoted("qemu\0-m\0" "64\0", 11), "qemu -m 64");
	assert_string_equal(quoted("a b\0\0it's\0", 10), "'a b' '' 'it'\\''s'");
	assert_string_equal(quoted("{a,b}\0{a}\0", 10), "'{a,b}' {a}");
	assert_string_equal(quoted("{1..3}\0a..b\0", 12), "'{1..3}' a..b");
	assert_string_equal(quoted("x\n\x80y\0", 5), "'x?\?y'");
	assert_string_equal(quoted("cut", 3), "cut");
	memset(large, '\'', 3 * VMM_COMMAND);
	assert_int_equal(strlen(quoted(large, 3 * VMM_COMMAND)), VMM_COMMAND - 1);
	free(large);
}

static int take_answer;

static int take(struct sys *sys, pid_t pid, int fd)
{
	(void)sys, (void)pid, (void)fd;
	return take_answer;
}

static uid_t user;
static uid_t euid(struct sys *sys)
{
	(void)sys;
	return user;
}

/* A process may end, or close a file, between the look and the request. */
static void test_taking(void **state)
{
	static const struct { int answer; enum vlu_status status; const char *text; } cases[] = {
		{ -ESRCH, VLU_FAILED, "guest: process 77 (qemu) has ended meanwhile" },
		{ -EBADF, VLU_FAILED, "guest: process 77 (qemu) has no file 9 open" },
		{ -ENOSYS, VLU_UNSUPPORTED, "guest: this kernel has no pidfd_getfd()" },
		{ -EPERM, VLU_FAILED, "guest: cannot take file 9 of process 77 (qemu): Operation not permitted" },
	};
	static const struct sys_ops ops = { .take = take, .euid = euid }, without = { .take = NULL };
	struct vmm vmm = { .pid = 77, .who = "process 77 (qemu)" };
	struct vlu_ctx *ctx;
	int fd = -5;

	(void)state;
	assert_int_equal(vlu_new_sys(&ops, "/", &ctx), 0);
	vmm.ctx = ctx;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		take_answer = cases[i].answer;
		assert_int_equal(vmm_take(&vmm, 9, "guest", &fd), take_answer);
		assert_int_equal(vlu_status(ctx), cases[i].status);
		assert_string_equal(vlu_error(ctx), cases[i].text);
		assert_int_equal(fd, -5);
	}
	assert_string_equal(vlu_problem(ctx)->code, "failed");
	user = 65534;
	assert_int_equal(vmm_take(&vmm, 9, "guest", &fd), -EPERM);
	assert_string_equal(vlu_problem(ctx)->code, "no-root");
	take_answer = 4;
	assert_int_equal(vmm_take(&vmm, 9, "guest", &fd), 0);
	assert_int_equal(fd, 4);
	/* a read-only context takes no files and lends none */
	vlu_set_read_only(ctx);
	assert_int_equal(sys_take(&ctx->sys, 77, 9), -EPERM);
	assert_int_equal(sys_pass(&ctx->sys, &fd, 1), -EPERM);
	vlu_free(ctx);
	assert_int_equal(vlu_new_sys(&without, "/", &ctx), 0);
	assert_int_equal(sys_take(&ctx->sys, 77, 9), -ENOSYS);
	vlu_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_braces),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_taking),
	};

	return RUN("vmm", tests);
}
