// SPDX-License-Identifier: GPL-2.0-only
/* One context and a machine that changes: each look sees the machine as it is at that time. */
#include "unit.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cache.h"
#include "machine/device.h"
#include "vfio-lu-inspect.h"

#define PCI	"sys/bus/pci/devices/"
#define BDF	"0000:01:00.0"

static char root[] = "/tmp/vfio-lu-look.XXXXXX";
static const struct vlu_bdf bdf = { 0, 1, 0, 0 };

static void path_of(const char *name, char path[256])
{
	char *slash;

	snprintf(path, 256, "%s/%s", root, name);
	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void point(const char *name, const char *target)
{
	char path[256];

	path_of(name, path);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static void drop(const char *name)
{
	char path[256];

	path_of(name, path);
	assert_int_equal(remove(path), 0);
}

static int drop_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void put_device(const char *name)
{
	static const char *const numbers[][2] = {
		{ "vendor", "0x8086\n" }, { "device", "0x1533\n" }, { "class", "0x020000\n" },
		{ "power_state", "D0\n" },
	};
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY(numbers); i++) {
		snprintf(path, sizeof(path), PCI "%s/%s", name, numbers[i][0]);
		put(path, numbers[i][1]);
	}
}

#define CAME	"6,1,0,-;vfio-pci " BDF ": Device was preserved by previous kernel across Live Update\n"
#define DONE	"6,2,0,-;vfio-pci " BDF ": Device is finished participating in Live Update\n"
#define START	"6,0,0,-;Linux version 7.3\n"

/* A machine after a kexec: one device was handed over and is not restored. */
static int set_up(void **state)
{
	struct vlu_ctx *ctx;

	strcpy(root + strlen(root) - 6, "XXXXXX");
	assert_non_null(mkdtemp(root));
	put("proc/sys/kernel/osrelease", "7.3.0\n");
	put("proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000001\n");
	put("proc/100/comm", "qemu\n");
	put("proc/100/fd/none", "");
	put("dev/kmsg", START CAME);
	put("dev/liveupdate", "");
	put("sys/kernel/kexec_loaded", "0\n");
	put_device(BDF);
	assert_int_equal(vlu_new(&ctx), 0);
	assert_int_equal(vlu_set_root(ctx, root), 0);
	*state = ctx;
	return 0;
}

static int tear_down(void **state)
{
	vlu_free(*state);
	return nftw(root, drop_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_state(void **test)
{
	struct vlu_ctx *ctx = *test;
	struct vlu_state *state;

	assert_int_equal(vlu_state_read(ctx, "vm1", &state), 0);
	assert_int_equal(state->n_incoming, 1);
	assert_int_equal(state->kexec_loaded, VLU_NO);
	assert_int_equal(state->n_sessions, 1);
	assert_string_equal(vlu_standing_word(state->sessions[0].standing), "waiting");
	vlu_state_free(state);

	put("dev/kmsg", START CAME DONE);
	put("sys/kernel/kexec_loaded", "1\n");
	point("proc/100/fd/3", "anon_inode:[luo_session] vm2");
	assert_int_equal(vlu_state_read(ctx, "vm1", &state), 0);
	assert_int_equal(state->n_incoming, 0);
	assert_int_equal(state->kexec_loaded, VLU_YES);
	assert_int_equal(state->n_sessions, 1);
	assert_string_equal(state->sessions[0].name, "vm2");
	vlu_state_free(state);
}

static enum vlu_result result_of(const struct vlu_report *report, const char *id)
{
	const struct vlu_check *row;
	size_t i;

	for (i = 0; (row = vlu_report_at(report, i)); i++)
		if (strcmp(row->id, id) == 0)
			return row->result;
	fail_msg("there is no row %s", id);
	return VLU_UNKNOWN;
}

static enum vlu_result judge_host(struct vlu_ctx *ctx, const char *id)
{
	struct vlu_report *report;
	enum vlu_result result;

	assert_int_equal(vlu_check_host(ctx, &report), 0);
	result = result_of(report, id);
	vlu_report_free(report);
	return result;
}

static void test_host(void **test)
{
	struct vlu_ctx *ctx = *test;

	assert_int_equal(judge_host(ctx, "luo-opener"), VLU_PASS);
	point("proc/100/fd/3", "/dev/liveupdate");
	assert_int_equal(judge_host(ctx, "luo-opener"), VLU_WARN);
	drop("proc/100/fd/3");
	assert_int_equal(judge_host(ctx, "luo-opener"), VLU_PASS);
}

static enum vlu_result judge(struct vlu_device *dev, const char *id)
{
	struct vlu_report *report;
	enum vlu_result result;

	assert_int_equal(vlu_check_device(dev, &report), 0);
	result = result_of(report, id);
	vlu_report_free(report);
	return result;
}

/* Judging a device a second time begins a new look. */
static void test_judge(void **test)
{
	struct vlu_ctx *ctx = *test;
	struct vlu_device *dev, *again;

	assert_int_equal(vlu_device_find(ctx, bdf, &dev), 0);
	assert_int_equal(judge(dev, "driver-vfio-pci"), VLU_FAIL);
	point(PCI BDF "/driver", "../drivers/vfio-pci");
	put(PCI BDF "/vfio-dev/vfio0/dev", "511:0\n");
	put("dev/vfio/devices/vfio0", "");
	assert_int_equal(judge(dev, "driver-vfio-pci"), VLU_PASS);
	assert_int_equal(judge(dev, "cdev"), VLU_PASS);
	assert_int_equal(judge(dev, "not-in-use"), VLU_PASS);
	assert_int_equal(judge(dev, "not-incoming"), VLU_FAIL);

	put("dev/kmsg", START CAME DONE);
	point("proc/100/fd/3", "/dev/vfio/devices/vfio0");
	put("proc/100/fdinfo/3", "vfio-device-syspath: /sys/devices/pci0000:00/" BDF "\n");
	assert_int_equal(judge(dev, "not-in-use"), VLU_FAIL);
	assert_int_equal(judge(dev, "not-incoming"), VLU_PASS);
	assert_int_equal(vlu_device_find(ctx, bdf, &again), 0);
	assert_ptr_equal(again, dev);

	drop(PCI BDF "/driver");
	assert_int_equal(judge(dev, "cdev"), VLU_UNKNOWN);
}

/* One look covers all devices: only the second round begins a new one. */
static void test_judge_many(void **test)
{
	struct vlu_ctx *ctx = *test;
	struct vlu_device *one, *other;
	unsigned int look;

	put_device("0000:01:00.1");
	assert_int_equal(vlu_devices_read(ctx), 0);
	assert_int_equal(vlu_device_count(ctx), 2);
	one = vlu_device_at(ctx, 0);
	other = vlu_device_at(ctx, 1);
	look = ctx->look;
	judge(one, "exists");
	judge(other, "exists");
	assert_int_equal(ctx->look, look);
	judge(one, "exists");
	assert_int_equal(ctx->look, look + 1);
	judge(other, "exists");
	assert_int_equal(ctx->look, look + 1);
	assert_int_equal(vlu_device_refresh(ctx, vlu_device_bdf(one), &one), 0);
	judge(one, "exists");
	assert_int_equal(ctx->look, look + 2);
}

/* Returned devices stay valid, and a new look sees their new state. */
static void test_devices(void **test)
{
	struct vlu_ctx *ctx = *test;
	struct vlu_device *dev, *again;
	struct vlu_state *state;
	unsigned int look;

	assert_int_equal(vlu_devices_read(ctx), 0);
	dev = vlu_device_at(ctx, 0);
	assert_null(vlu_device_driver(dev));
	point(PCI BDF "/driver", "../drivers/e1000e");
	assert_int_equal(vlu_device_find(ctx, bdf, &again), 0);
	assert_ptr_equal(again, dev);
	assert_null(vlu_device_driver(dev));
	assert_int_equal(vlu_state_read(ctx, "vm1", &state), 0);
	vlu_state_free(state);
	assert_string_equal(vlu_device_name(dev), BDF);
	assert_int_equal(vlu_device_find(ctx, bdf, &again), 0);
	assert_ptr_equal(again, dev);
	assert_string_equal(vlu_device_driver(dev), "e1000e");
	point(PCI BDF "/driver", "../drivers/vfio-pci");
	assert_int_equal(vlu_device_refresh(ctx, bdf, &again), 0);
	assert_string_equal(vlu_device_driver(dev), "vfio-pci");
	/* as in a plan, which has one look */
	look = ctx->look;
	point(PCI BDF "/driver", "../drivers/e1000e");
	assert_int_equal(device_refresh(ctx, bdf, FOR_REPORT, &again), 0);
	assert_string_equal(vlu_device_driver(dev), "e1000e");
	assert_int_equal(ctx->look, look);

	put_device("0000:00:1f.0");
	assert_int_equal(vlu_devices_read(ctx), 0);
	assert_int_equal(vlu_device_count(ctx), 2);
	assert_string_equal(vlu_device_name(vlu_device_at(ctx, 0)), "0000:00:1f.0");
}

/* Devices that are found one by one are sorted by address; a removed device is not found. */
static void test_found(void **test)
{
	struct vlu_ctx *ctx = *test;
	struct vlu_bdf first = { 0, 0, 31, 0 };
	struct vlu_device *dev, *before;
	char from[256], to[256];

	put_device("0000:00:1f.0");
	assert_int_equal(vlu_device_find(ctx, bdf, &dev), 0);
	assert_int_equal(vlu_device_find(ctx, first, &before), 0);
	assert_ptr_equal(vlu_device_at(ctx, 0), before);
	assert_ptr_equal(vlu_device_at(ctx, 1), dev);
	path_of(PCI BDF, from);
	path_of("gone", to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(vlu_device_find(ctx, bdf, &dev), 0);
	judge_host(ctx, "luo-device");
	assert_int_equal(vlu_device_find(ctx, bdf, &dev), -ENODEV);
	assert_int_equal(vlu_status(ctx), VLU_NOT_PRESERVABLE);
	assert_int_equal(vlu_device_find(ctx, first, &dev), 0);
}

static void test_handover(void **test)
{
	struct vlu_ctx *ctx = *test;
	struct vlu_handover *handover;

	assert_int_equal(vlu_handover_read(ctx, NULL, &handover), 0);
	assert_int_equal(handover->log->n_incoming, 1);
	assert_int_equal(handover->processes->n_opened, 0);
	vlu_handover_free(handover);
	put("dev/kmsg", START CAME DONE);
	point("proc/100/fd/3", "anon_inode:[luo_session] vm2");
	assert_int_equal(vlu_handover_read(ctx, NULL, &handover), 0);
	assert_int_equal(handover->log->n_incoming, 0);
	assert_int_equal(handover->processes->n_opened, 1);
	vlu_handover_free(handover);
}

/* Another root is another machine. */
static void test_root(void **test)
{
	struct vlu_ctx *ctx = *test;

	assert_int_equal(vlu_devices_read(ctx), 0);
	assert_int_equal(vlu_device_count(ctx), 1);
	put("other/empty", "");
	assert_int_equal(vlu_set_root(ctx, "/nowhere/at/all") < 0, 1);
	assert_int_equal(vlu_device_count(ctx), 1);
	assert_int_equal(vlu_set_root(ctx, root), 0);
	assert_int_equal(vlu_device_count(ctx), 0);
}

static int n_freed;

static void count_free(void *data)
{
	n_freed++;
	free(data);
}

static void test_cache(void **test)
{
	static const struct cache goes = { .free = count_free }, constant = { .free = NULL };
	static const struct cache stays = { .free = count_free, .stays = true };
	static const int answer = 42;
	struct vlu_ctx *ctx = *test;
	char *kept = strdup("kept");

	assert_null(cache_get(ctx, &goes));
	assert_non_null(cache_put(ctx, &goes, strdup("one")));
	assert_ptr_equal(cache_put(ctx, &stays, kept), kept);
	cache_put(ctx, &constant, (void *)&answer);
	assert_ptr_equal(cache_get(ctx, &constant), &answer);
	assert_non_null(cache_put(ctx, &goes, strdup("two")));
	assert_int_equal(n_freed, 1);
	assert_string_equal(cache_get(ctx, &goes), "two");
	cache_drop(ctx);
	assert_int_equal(n_freed, 2);
	assert_null(cache_get(ctx, &goes));
	assert_null(cache_get(ctx, &constant));
	assert_ptr_equal(cache_get(ctx, &stays), kept);
	cache_end(ctx);
	assert_int_equal(n_freed, 3);
	assert_null(cache_get(ctx, &stays));
}

static struct {
	int deep, begun;
	char said[1024];
} waits;

static void on_wait(void *arg, const char *what, unsigned int limit)
{
	assert_ptr_equal(arg, &waits);
	waits.deep += what ? 1 : -1;
	assert_in_range(waits.deep, 0, 3);
	if (what)
		snprintf(waits.said + strlen(waits.said), sizeof(waits.said) - strlen(waits.said),
			 "%s, %u\n", what, limit);
}

/* A long operation is reported when it begins and when it ends. */
static void test_waits(void **test)
{
	struct vlu_next next = { .kernel = "/boot/image", .initrd = "/boot/initrd" };
	struct vlu_ctx *ctx = *test;
	struct vlu_report *report;

	vlu_set_wait(ctx, on_wait, &waits);
	vlu_set_timeout(ctx, 7);
	assert_int_equal(vlu_devices_read(ctx), 0);
	assert_non_null(strstr(waits.said, "reading all PCI functions, 0\n"));
	put("boot/image", "no image");
	put("boot/initrd", "and no initrd");
	assert_int_equal(vlu_check_next(ctx, &next, NULL, 0, &report), 0);
	vlu_report_free(report);
	assert_non_null(strstr(waits.said, "reading and unpacking /boot/image, 0\n"));
	assert_non_null(strstr(waits.said, "reading and unpacking /boot/initrd, 0\n"));
	next.initrd = "/boot/none";
	assert_int_not_equal(vlu_check_next(ctx, &next, NULL, 0, &report), 0);
	if (vlu_lock(ctx) == 0)
		vlu_unlock(ctx);
	assert_non_null(strstr(waits.said, "waiting until another vfio-lu command ends, 7\n"));
	assert_int_equal(waits.deep, 0);
}

#define WITH_TREE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_state),
		WITH_TREE(test_host),
		WITH_TREE(test_judge),
		WITH_TREE(test_judge_many),
		WITH_TREE(test_devices),
		WITH_TREE(test_found),
		WITH_TREE(test_handover),
		WITH_TREE(test_root),
		WITH_TREE(test_cache),
		WITH_TREE(test_waits),
	};

	return RUN("look", tests);
}
