// SPDX-License-Identifier: GPL-2.0-only
/* The gate, how many threads are in the kernel at the same time, and libraries that are loaded late. */
#include "unit.h"

#include <pthread.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/late.h"
#include "sys/sys.h"

#define MANY 5

static pthread_barrier_t barrier;
static atomic_int came;

static void meet(void *arg)
{
	(void)arg;
	atomic_fetch_add(&came, 1);
	/*
	 * A barrier: no thread continues before all have arrived. SIGALRM ends a test that
	 * hangs.
	 */
	pthread_barrier_wait(&barrier);
}

static void come(void *arg)
{
	(void)arg;
	atomic_fetch_add(&came, 1);
}

static void test_together(void **state)
{
	struct sys sys;

	(void)state;
	assert_int_equal(sys_init(&sys, &sys_real_ops, "/"), 0);
	came = 0;
	pthread_barrier_init(&barrier, NULL, MANY);
	alarm(20);
	sys_together(&sys, MANY, meet, NULL);
	alarm(0);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(came, MANY);

	/* one of them is always the caller */
	came = 0;
	sys_together(&sys, 0, come, NULL);
	assert_int_equal(came, 1);
	came = 0;
	sys_together(&sys, 1000, come, NULL);
	assert_int_equal(came, SYS_THREADS);
	sys_exit(&sys);
}

/* An exclusive open of a disk keeps others out for a moment. */
static void test_claim(void **state)
{
	dev_t number = 1;
	struct sys sys;

	(void)state;
	assert_int_equal(sys_init(&sys, &sys_real_ops, "/"), 0);
	assert_true(S_ISCHR(sys_node(&sys, "/dev/null", &number)));
	assert_int_equal(number, makedev(1, 3));
	assert_true(S_ISDIR(sys_node(&sys, "/dev", &number)));
	assert_int_equal(number, 0);
	assert_int_equal(sys_node(&sys, "/dev/none-such", &number), -ENOENT);
	assert_int_equal(sys_claim(&sys, "/dev/none-such", 1), -ENOENT);
	/* no block device, and another one than intended */
	assert_int_equal(sys_claim(&sys, "/dev/null", makedev(1, 3)), -ENXIO);
	sys.read_only = true;
	assert_int_equal(sys_claim(&sys, "/dev/none-such", 1), -EPERM);
	sys_exit(&sys);
}

static void make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_opens(struct sys *sys, const char *path, int flags, const char *text)
{
	char buf[32] = "";
	int fd = sys_open(sys, path, O_RDONLY | flags);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(-fd));
	if (text) {
		assert_true(sys_read(sys, fd, buf, sizeof(buf) - 1) >= 0);
		assert_string_equal(buf, text);
	}
	sys_close(sys, fd);
}

/* Checks that paths below "/near" lead to the same files, whether the directory is open or not. */
static void open_all(struct sys *sys)
{
	assert_opens(sys, "/near/file", 0, "near");
	assert_opens(sys, "/near/below/file", 0, "below");
	assert_opens(sys, "/near/link", 0, "below");
	assert_opens(sys, "/near/out", 0, "outside");
	assert_opens(sys, "/near/root", 0, "outside");
	assert_opens(sys, "/near/dir/file", 0, "outside");
	assert_opens(sys, "/near/dir", O_DIRECTORY, NULL);
	assert_opens(sys, "/near/../../other/file", 0, "outside");
	assert_opens(sys, "/near/below/../../../other/file", 0, "outside");
	assert_opens(sys, "/near/out", O_PATH, NULL);
	assert_int_equal(sys_mode(sys, "/near/out"), S_IFREG | 0600);
	assert_int_equal(sys_open(sys, "/near/none", O_RDONLY), -ENOENT);
	assert_int_equal(sys_open(sys, "/near/lost", O_RDONLY), -ENOENT);
	assert_int_equal(sys_open(sys, "/near/file", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	assert_int_equal(sys_open(sys, "/near/out", O_RDONLY | O_NOFOLLOW), -ELOOP);
}

/* A near directory changes no answer: a link in it stays below the root, as everywhere. */
static void test_near(void **state)
{
	char dir[] = "/tmp/vfio-lu-unit-XXXXXX", command[64];
	struct sys sys;

	(void)state;
	umask(077);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("near", 0700) | mkdir("near/below", 0700) | mkdir("other", 0700), 0);
	make_file("near/file", "near");
	make_file("near/below/file", "below");
	make_file("other/file", "outside");
	assert_int_equal(symlink("below/file", "near/link") | symlink("../other/file", "near/out") |
			 symlink("/other/file", "near/root") | symlink("../other", "near/dir") |
			 symlink("../../../../../etc/passwd", "near/lost"), 0);
	assert_int_equal(sys_init(&sys, &sys_real_ops, dir), 0);
	open_all(&sys);
	sys_near(&sys, "/near", NULL);
	open_all(&sys);
	sys_near(&sys, NULL, NULL);
	sys_exit(&sys);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(chdir("/") | system(command), 0);
}

/* Without ops.together, as on the fake machine, one thread makes all calls in order. */
static void test_one_after_the_other(void **state)
{
	struct sys_ops ops = sys_real_ops;
	struct sys sys;

	(void)state;
	ops.together = NULL;
	assert_int_equal(sys_init(&sys, &ops, "/"), 0);
	came = 0;
	sys_together(&sys, MANY, come, NULL);
	assert_int_equal(came, 1);
	sys_exit(&sys);
}

static int run_shell(const char *script, enum sys_spawn how, char *text, size_t size)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };
	struct sys sys;
	int ret;

	assert_int_equal(sys_init(&sys, &sys_real_ops, "/"), 0);
	ret = sys_spawn(&sys, "sh", argv, how, text, size);
	sys_exit(&sys);
	return ret;
}

/* The parent may ignore SIGCHLD, and exec keeps that. */
static void test_spawn_and_sigchld(void **state)
{
	char text[64] = "";

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run_shell("echo bad >&2; exit 3", SYS_SPAWN_WAIT, text, sizeof(text)), 3);
	assert_string_equal(text, "bad");
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}

/* A process that outlives its caller has none of the caller's files. */
static void test_spawn_inherits_nothing(void **state)
{
	char path[] = "/tmp/vfio-lu-unit-XXXXXX", script[128], text[64] = "";
	int fd = mkstemp(path), other = dup2(fd, 77), tries;

	(void)state;
	assert_true(fd > 2 && other > 2);
	snprintf(script, sizeof(script), "echo .$(ls /proc/$$/fd). >%s", path);
	assert_true(run_shell(script, SYS_SPAWN_DETACH, NULL, 0) > 0);
	for (tries = 0; tries < 200 && pread(fd, text, sizeof(text) - 1, 0) <= 0; tries++)
		usleep(10000);
	assert_int_equal(strncmp(text, ".0 1 2", 6), 0);
	assert_null(strstr(text, "77"));
	close(other);
	close(fd);
	unlink(path);
}

/*
 * Returns the status of a process below old/, whose /dev is moved away: 0 if it finds the
 * new one.
 */
static int look_for_dev(int go)
{
	struct sys sys;
	int dev;
	char byte;

	if (chroot("old") < 0 || chdir("/") < 0 || sys_init(&sys, &sys_real_ops, "/"))
		return 10;
	dev = sys_open(&sys, "/dev", O_PATH | O_DIRECTORY);
	if (dev < 0 || sys_follow(&sys, dev) || !sys_exists(&sys, "/dev/liveupdate"))
		return 11;
	if (read(go, &byte, 1) != 1 || sys_exists(&sys, "/dev/liveupdate"))
		return 12;
	if (sys_follow(&sys, dev) || !sys_exists(&sys, "/dev/liveupdate"))
		return 13;
	/* the library resolves paths with the same root */
	return access("/mark", F_OK) == 0 ? 0 : 14;
}

/* Runs in the parent of both; 77: this user cannot mount. */
static int move_dev(const char *dir)
{
	int go[2], status;
	pid_t pid;

	if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", dir, "tmpfs", 0, NULL) < 0)
		return 77;
	if (chdir(dir) < 0 || mkdir("old", 0700) < 0 || mkdir("old/dev", 0700) < 0 ||
	    mkdir("new", 0700) < 0 || mkdir("new/dev", 0700) < 0 || mkdir("new/mark", 0700) < 0 ||
	    mount("none", "old/dev", "tmpfs", 0, NULL) < 0 ||
	    mkdir("old/dev/liveupdate", 0700) < 0 || pipe(go) < 0)
		return 20;
	pid = fork();
	if (pid == 0)
		_exit(look_for_dev(go[0]));
	usleep(200000);
	if (mount("old/dev", "new/dev", NULL, MS_MOVE, NULL) < 0 || write(go[1], "x", 1) != 1)
		return 21;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 22;
}

/* The initrd moves /dev into the root file system: a process that started before follows it. */
static void test_follow_dev(void **state)
{
	char dir[] = "/tmp/vfio-lu-unit-XXXXXX";
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	pid = fork();
	if (pid == 0)
		_exit(move_dev(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir(dir);
	if (WEXITSTATUS(status) == 77)
		print_message("no mount namespace here\n");
	else
		assert_int_equal(status, 0);
}

static void test_late(void **state)
{
	static const char *const names[] = { "lz4_none", "lz4_nothing" };
	void *calls[] = { NULL, NULL };
	char path[4096], short_path[4];
	size_t i;

	(void)state;
	for (i = 0; late_libraries[i]; i++) {
		assert_int_equal(late_path(late_libraries[i], path, sizeof(path)), 0);
		assert_int_equal(path[0], '/');
		assert_int_equal(access(path, R_OK), 0);
		assert_int_equal(late_path(late_libraries[i], short_path, sizeof(short_path)), -ELIBACC);
	}
	assert_true(i >= 3);
	assert_int_equal(late_load(late_libraries[0], names, calls, sizeof(calls)), -ELIBACC);
	assert_int_equal(late_load("libnone.so.0", names, calls, sizeof(calls)), -ELIBACC);
	assert_int_equal(late_path("libnone.so.0", path, sizeof(path)), -ELIBACC);
	/* the pointers are set in the order of the names */
	calls[0] = calls[1] = NULL;
	assert_int_equal(late_load("libc.so.6", (const char *const []){ "getpid", "getppid" }, calls,
				   sizeof(calls)), 0);
	assert_int_equal(((pid_t (*)(void))calls[0])(), getpid());
	assert_int_equal(((pid_t (*)(void))calls[1])(), getppid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claim), cmocka_unit_test(test_near),
		cmocka_unit_test(test_together), cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_spawn_and_sigchld), cmocka_unit_test(test_spawn_inherits_nothing),
		cmocka_unit_test(test_follow_dev), cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
