// SPDX-License-Identifier: GPL-2.0-only
/* Files that the user names: only regular files are read, and a written file keeps its type. */
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/disk-file.h"
#include "formats/kconfig.h"
#include "out-file.h"

static char dir[] = "/tmp/vfio-lu-files.XXXXXX";
static struct vlu_ctx *ctx;

static int begin(void **state)
{
	(void)state;
	/* a test that hangs is ended */
	alarm(60);
	return mkdtemp(dir) && !chdir(dir) && !vlu_new(&ctx) &&
	       !mkfifo("fifo", 0600) && !mkdir("dir", 0700) ? 0 : -1;
}

static int end(void **state)
{
	char command[100];

	(void)state;
	vlu_free(ctx);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static mode_t kind_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & S_IFMT;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_content(const char *path, const char *text)
{
	char buf[100] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(buf, 1, sizeof(buf) - 1, file), strlen(text));
	fclose(file);
	assert_string_equal(buf, text);
}

static void assert_refused(int ret, int err, const char *text)
{
	assert_int_equal(ret, err);
	assert_string_equal(vlu_error(ctx), text);
	assert_string_equal(vlu_problem(ctx)->code, "file");
}

static void test_read(void **state)
{
	char *data = NULL, digest[DIGEST_SIZE];
	size_t size;

	(void)state;
	put("text", "four");
	assert_int_equal(file_read(ctx, "text", 4, &data, &size), 0);
	assert_int_equal(size, 4);
	assert_string_equal(data, "four");
	free(data);
	assert_int_equal(file_read(ctx, "text", 3, &data, &size), -EFBIG);
	assert_int_equal(file_read(ctx, "fifo", 9, &data, &size), -EINVAL);
	assert_int_equal(file_read(ctx, "/dev/null", 9, &data, &size), -EINVAL);
	assert_int_equal(file_read(ctx, "none", 9, &data, &size), -ENOENT);
	assert_int_equal(file_need(ctx, "text"), 0);
	assert_refused(file_need(ctx, "fifo"), -EINVAL, "fifo: not a file");
	assert_refused(file_need(ctx, "none"), -ENOENT, "none: No such file or directory");
	assert_refused(file_read_named(ctx, "dir", 9, &data, &size), -EINVAL, "dir: not a file");
	assert_refused(file_read_named(ctx, "text", 3, &data, &size), -EFBIG,
		       "text: larger than any file of its kind");
	assert_refused(digest_file(ctx, "fifo", digest), -EINVAL, "fifo: not a file");
}

static void test_absolute(void **state)
{
	static const char *const paths[][2] = {
		{ "/a/b", "/a/b" }, { "a", "%s/a" }, { "./a", "%s/a" }, { "././a/./b", "%s/a/./b" },
		{ ".", "%s" }, { "../a", "%s/../a" }, { ".a", "%s/.a" },
	};
	char wanted[100], *path;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY(paths); i++) {
		snprintf(wanted, sizeof(wanted), "%s%s", paths[i][1][0] == '%' ? dir : "",
			 paths[i][1] + (paths[i][1][0] == '%' ? 2 : 0));
		path = file_absolute(ctx, paths[i][0]);
		assert_string_equal(path, wanted);
		free(path);
	}
}

static int write_out(const char *path, const char *text)
{
	struct out_file file;
	int ret = out_file_begin(&file, path);

	return ret ? ret : out_file_end(&file, text);
}

static void test_write_file(void **state)
{
	struct out_file file;

	(void)state;
	assert_int_equal(out_file_begin(&file, "new"), 0);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(out_file_end(&file, "long text"), 0);
	assert_content("new", "long text");
	assert_int_equal(symlink("new", "link"), 0);
	assert_int_equal(out_file_begin(&file, "link"), 0);
	assert_content("new", "long text");
	/* it may be replaced meanwhile */
	put("other", "other");
	assert_int_equal(rename("other", "new"), 0);
	assert_int_equal(out_file_end(&file, "text"), 0);
	assert_true(S_ISLNK(kind_of("link")));
	assert_content("new", "text");
	assert_int_equal(write_out("dir", "text"), -EISDIR);
	assert_int_equal(write_out("none/new", "text"), -ENOENT);
	assert_int_equal(write_out("new/new", "text"), -ENOTDIR);
	assert_int_equal(write_out("", "text"), -ENOENT);
	if (geteuid() != 0) {
		assert_int_equal(chmod("dir", 0500), 0);
		assert_int_equal(write_out("dir/new", "text"), -EACCES);
	}
}

/* Only root can make one, and on a file system that allows it. */
static bool has_node(const char *name, unsigned int minor_number)
{
	return mknod(name, S_IFCHR | 0600, makedev(1, minor_number)) == 0 && access(name, W_OK) == 0;
}

static void test_write_special(void **state)
{
	struct out_file file;
	char buf[10] = "";
	int fd;

	(void)state;
	assert_int_equal(write_out("fifo", "text"), -ENXIO);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_int_equal(out_file_begin(&file, "fifo"), 0);
	assert_int_equal(out_file_end(&file, "text"), 0);
	assert_int_equal(read(fd, buf, sizeof(buf) - 1), 4);
	assert_string_equal(buf, "text");
	close(fd);
	assert_true(S_ISFIFO(kind_of("fifo")));
	if (!has_node("null", 3) || !has_node("full", 7))
		return;
	assert_int_equal(write_out("null", "text"), 0);
	assert_int_equal(write_out("full", "text"), -ENOSPC);
	assert_true(S_ISCHR(kind_of("null")));
}

/* The library replaces regular files only. */
static void test_replace(void **state)
{
	(void)state;
	put("old", "old");
	assert_int_equal(vlu_rehearsal_export(ctx, "old", "text"), 0);
	assert_content("old", "text");
	assert_int_equal(vlu_rehearsal_export(ctx, "fifo", "text"), -EINVAL);
	assert_true(S_ISFIFO(kind_of("fifo")));
	if (!has_node("zero", 5))
		return;
	assert_int_equal(vlu_rehearsal_export(ctx, "zero", "text"), -EINVAL);
	assert_true(S_ISCHR(kind_of("zero")));
}

/* The configuration beside an image is found, however long the path is. */
static void test_config(void **state)
{
	struct kconfig config = { .text = NULL };
	char path[200];

	(void)state;
	memset(path, 'x', 140);
	strcpy(path + 140, "/config-7.4.0");
	path[140] = '\0';
	assert_int_equal(mkdir(path, 0700), 0);
	path[140] = '/';
	put(path, "CONFIG_KHO=y\n");
	strcpy(path + 140, "/vmlinuz");
	assert_int_equal(kconfig_read(ctx, path, "7.4.0", &config), 0);
	assert_int_equal(kconfig_get(&config, "KHO"), 'y');
	assert_string_equal(config.source + 140, "/config-7.4.0");
	kconfig_free(&config);
	/* an image in the working directory */
	put("config-7.4.1", "CONFIG_KHO=m\n");
	assert_int_equal(kconfig_read(ctx, "vmlinuz", "7.4.1", &config), 0);
	assert_int_equal(kconfig_get(&config, "KHO"), 'm');
	kconfig_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read), cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_write_file), cmocka_unit_test(test_write_special),
		cmocka_unit_test(test_replace), cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests_name("files", tests, begin, end);
}
