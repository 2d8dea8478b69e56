// SPDX-License-Identifier: GPL-2.0-only
/* The witness: a decision holds until something that it read is different. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/witness.h"

static char dir[] = "/tmp/vfio-lu-witness.XXXXXX";
static int64_t later;	/* seconds by which the clock of the test is ahead */
static struct sys_ops ops;

static void now(struct sys *sys, struct sys_time *ret_now)
{
	sys_real_ops.now(sys, ret_now);
	ret_now->wall += later * INT64_C(1000000000);
}

static void put(const char *name, size_t size, int byte)
{
	static char data[100 << 10];
	char path[128];
	int fd;

	memset(data, byte, size);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
}

static int count(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
	return 0;
}

/* What a decision might read. Returns the lines of the witness. */
static char *decide(struct sys *sys)
{
	struct witness *witness;
	char buf[100];
	int fd, n = 0;

	assert_int_equal(witness_start(sys, &witness), 0);
	fd = sys_open(sys, "/small", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(sys_read(sys, fd, buf, sizeof(buf)), 4);
	sys_close(sys, fd);
	fd = sys_open(sys, "/large", O_RDONLY);
	assert_true(fd >= 0);
	sys_close(sys, fd);
	assert_int_equal(sys_open(sys, "/none", O_RDONLY), -ENOENT);
	assert_true(sys_exists(sys, "/sub"));
	assert_int_equal(sys_readlink(sys, "/link", buf, sizeof(buf)), 5);
	assert_int_equal(sys_list(sys, "/sub", count, &n), 0);
	return witness_stop(witness);
}

static void change_link(const char *target)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/link", dir);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static void test_holds(void **state)
{
	char path[128], *lines;
	struct sys sys;

	(void)state;
	assert_int_equal(sys_init(&sys, &ops, dir), 0);
	put("small", 4, 'a');
	put("large", 100 << 10, 'a');
	change_link("small");
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	/* with time 0 the content of the large file is noted, and later its stamp */
	for (later = 0; later <= 3; later += 3) {
		lines = decide(&sys);
		assert_non_null(lines);
		assert_int_equal(!!strstr(lines, "t 0:"), later > 0);
		assert_ptr_equal(sys.ops, &ops);
		assert_true(witness_holds(&sys, lines));

		put("small", 4, 'b');
		assert_false(witness_holds(&sys, lines));
		put("small", 4, 'a');
		assert_true(witness_holds(&sys, lines));

		put("none", 1, 'a');
		assert_false(witness_holds(&sys, lines));
		snprintf(path, sizeof(path), "%s/none", dir);
		unlink(path);

		change_link("large");
		assert_false(witness_holds(&sys, lines));
		change_link("small");

		put("sub/new", 1, 'a');
		assert_false(witness_holds(&sys, lines));
		snprintf(path, sizeof(path), "%s/sub/new", dir);
		unlink(path);
		assert_true(witness_holds(&sys, lines));

		put("large", 100 << 10, 'b');
		assert_false(witness_holds(&sys, lines));
		free(lines);
		put("large", 100 << 10, 'a');
	}
	assert_false(witness_holds(&sys, "no line"));
	assert_false(witness_holds(&sys, "c 4:1\n"));
	sys_exit(&sys);
}

/* Each register of a configuration space takes time, so only those of its header are compared. */
static void test_config_space(void **state)
{
	static const char *const config = "sys/bus/pci/devices/0000:01:00.0/config";
	struct witness *witness;
	char command[128], *lines;
	struct sys sys;

	(void)state;
	snprintf(command, sizeof(command), "mkdir -p %s/sys/bus/pci/devices/0000:01:00.0", dir);
	assert_int_equal(system(command), 0);
	put(config, 256, 'a');
	assert_int_equal(sys_init(&sys, &ops, dir), 0);
	assert_int_equal(witness_start(&sys, &witness), 0);
	sys_close(&sys, sys_open(&sys, "/sys/bus/pci/devices/0000:01:00.0/config", O_RDONLY));
	lines = witness_stop(witness);
	assert_non_null(lines);
	assert_non_null(strstr(lines, "h 64:"));
	assert_true(witness_holds(&sys, lines));
	put(config, 64, 'a');
	assert_true(witness_holds(&sys, lines));
	put(config, 63, 'a');
	assert_false(witness_holds(&sys, lines));
	put(config, 256, 'b');
	assert_false(witness_holds(&sys, lines));
	free(lines);
	sys_exit(&sys);
}

/* A read of a FIFO takes what another process waits for, so it cannot be repeated. */
static void test_cannot_repeat(void **state)
{
	struct witness *witness;
	char path[128];
	struct sys sys;

	(void)state;
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(sys_init(&sys, &ops, dir), 0);
	assert_int_equal(witness_start(&sys, &witness), 0);
	sys_close(&sys, sys_open(&sys, "/fifo", O_RDONLY | O_NONBLOCK));
	assert_null(witness_stop(witness));
	sys_exit(&sys);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds), cmocka_unit_test(test_config_space),
		cmocka_unit_test(test_cannot_repeat),
	};
	char command[64];
	int ret;

	if (!mkdtemp(dir))
		return 1;
	ops = sys_real_ops;
	ops.now = now;
	ret = RUN("witness", tests);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) ? 1 : ret;
}
