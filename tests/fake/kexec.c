// SPDX-License-Identifier: GPL-2.0-only
/* Loading the next kernel, the kexec, and what a kernel does when it starts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "kernel.h"
#include "../handover.h"

bool disk_kept = true;
char next_release[NAME_SIZE];
bool handler_built = true;

#define BOOT_NS	1000000000

static struct {
	bool loaded;
	bool by_file;		/* loaded by kexec_file_load(): no other image gets a handover */
	char cmdline[4096];
} image;

static unsigned int kexec_count;	/* since the last cold boot */
static unsigned int update_count;

static void image_show(void)
{
	tree_write("sys/kernel/kexec_loaded", "%d\n", image.loaded);
	if (tree_exists("sys/kernel/kexec"))
		tree_write("sys/kernel/kexec/loaded", "%d\n", image.loaded);
}

/* early_param(): the last one counts. */
static bool is_on(const char *cmdline, const char *name)
{
	size_t len = strlen(name);
	bool on = false;

	for (const char *p = cmdline; (p = strstr(p, name)); p += len) {
		if ((p != cmdline && p[-1] != ' ') || p[len] != '=')
			continue;
		/* kstrtobool() */
		on = strchr("yYtT1", p[len + 1]) || strncasecmp(p + len + 1, "on", 2) == 0;
	}
	return on;
}

static bool is_kho_on(const char *cmdline)
{
	return is_on(cmdline, "kho");
}

static bool is_luo_on(const char *cmdline)
{
	return is_on(cmdline, "liveupdate");
}

static void read_cmdline(char *buf, size_t size)
{
	if (!tree_read("proc/cmdline", buf, size))
		buf[0] = '\0';
}

/* -------------------------------------------------------------- starting */

static void new_boot_id(void)
{
	unsigned char r[16];

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		die("no random bytes");
	tree_write("proc/sys/kernel/random/boot_id",
		   "%02x%02x%02x%02x-%02x%02x-4%01x%02x-8%01x%02x-%02x%02x%02x%02x%02x%02x\n",
		   r[0], r[1], r[2], r[3], r[4], r[5], r[6] & 15, r[7], r[8] & 15,
		   r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

static long long host_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/*
 * A kernel takes a second to start here. Nothing waits for that second: the clocks of the
 * machine are set forward instead. client.c reads the file beside the root.
 */
static void start_clocks(void)
{
	static long long ahead, epoch;

	if (!epoch)
		epoch = host_now(CLOCK_REALTIME) - host_now(CLOCK_BOOTTIME);
	tree_write("../clock", "%lld %lld %lld", ahead + BOOT_NS, host_now(CLOCK_BOOTTIME) + ahead, epoch);
	ahead += BOOT_NS;
}

/* struct kho_kexec_metadata: u32 version, char release[65], u32 count, packed */
static void put_metadata(const char *path, const char *release, unsigned int count)
{
	unsigned char blob[73] = { 1 };

	strncpy((char *)blob + 4, release, 64);
	memcpy(blob + 69, &count, sizeof(count));
	tree_write_bytes(path, blob, sizeof(blob));
}

/* struct luo_ser: char compatible[8], u64 number, sessions_pa, flbs_pa */
static void put_luo(const char *path, unsigned int number)
{
	uint64_t words[3] = { number, 0, 0x12345000 };
	unsigned char blob[32] = "luo-v5";

	memcpy(blob + 8, words, sizeof(words));
	tree_write_bytes(path, blob, sizeof(blob));
}

/* kernel/liveupdate/kexec_handover_debugfs.c */
static void show_kho(bool on, bool revived, bool luo, const char *old_release,
		     const char *release)
{
	static const unsigned char freed[32] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	/* the tree and its size, the scratch areas and theirs (struct kho_data) */
	static const uint64_t setup[4] = { 0x100524000, 4096, 0x7abf0000, 48 };
	unsigned char page[4096];
	size_t size;

	tree_remove("sys/kernel/debug/kho");
	tree_remove("sys/kernel/boot_params/setup_data");
	if (!on)
		return;
	tree_write("sys/kernel/debug/kho/out/scratch_phys", "0x36000000\n");
	tree_write("sys/kernel/debug/kho/out/scratch_len", "0x2000000\n");
	put_metadata("sys/kernel/debug/kho/out/sub_fdts/kexec-metadata", release,
		     kexec_count + 1);
	if (luo)
		put_luo("sys/kernel/debug/kho/out/sub_fdts/LUO", update_count + 1);
	size = handover_tree(page, luo);
	if (!revived) {
		/* only a kernel without a handover has this file */
		tree_write_bytes("sys/kernel/debug/kho/out/fdt", page, size);
		return;
	}
	tree_write_bytes("sys/kernel/debug/kho/in/fdt", page, size);
	put_metadata("sys/kernel/debug/kho/in/sub_fdts/kexec-metadata", old_release,
		     kexec_count);
	/* Its page was freed before debugfs was there (measured). */
	tree_write_bytes("sys/kernel/debug/kho/in/sub_fdts/LUO", freed, sizeof(freed));
	tree_write("sys/kernel/boot_params/setup_data/0/type", "0xa\n");
	tree_write_bytes("sys/kernel/boot_params/setup_data/0/data", setup, sizeof(setup));
}

struct handover {
	bool kho;		/* the image gets a handover of KHO */
	bool luo;		/* the handover has data of LUO */
	char old_release[NAME_SIZE];
};

/* Starts the next kernel, in the order of a real kernel as far as it is visible. */
static void boot(const struct handover *from, bool jumped)
{
	char cmdline[4096], release[NAME_SIZE];
	bool kho, luo, revived;

	read_cmdline(cmdline, sizeof(cmdline));
	if (next_release[0])
		tree_write("proc/sys/kernel/osrelease", "%s\n", next_release);
	if (!tree_read("proc/sys/kernel/osrelease", release, sizeof(release)))
		snprintf(release, sizeof(release), "unknown");
	kho = is_kho_on(cmdline);
	luo = kho && is_luo_on(cmdline);
	revived = kho && from->kho;

	start_clocks();
	kmsg_reset(jumped);
	kmsg("Linux version %s (build@fake) #1 SMP", release);
	kmsg("Command line: %s", cmdline);
	if (revived)
		kmsg("KHO: found kexec handover data.");
	if (revived && from->luo)	/* also with liveupdate off (measured) */
		kmsg("luo: Retrieved live update data, liveupdate number: %u", update_count);
	if (revived)
		kmsg("KHO: exec from: %s (count %u)", from->old_release, kexec_count);
	if (is_luo_on(cmdline) && !kho)
		kmsg("luo: Disabling liveupdate because KHO is disabled");
	tree_clear("run");
	tree_clear("tmp");
	tree_clear("dev/vfio/devices");
	if (!disk_kept)
		tree_clear("var/lib");
	new_boot_id();
	image.loaded = false;
	image_show();
	if (luo)
		tree_write("dev/liveupdate", "%s", "");
	else
		tree_remove("dev/liveupdate");
	tree_write("proc/misc", "%s124 iommu\n196 vfio\n%s", luo ? "123 liveupdate\n" : "",
		   "130 watchdog\n");
	tree_write("dev/iommu", "%s", "");
	show_kho(kho, revived, luo, from->old_release, release);

	pci_reset();
	luo_boot(revived && luo && from->luo && handler_built);
	luo_announce(revived && luo && from->luo);
	pci_boot();
	kmsg("Run /init as init process");
	kmsg_booted();
}

void boot_cold(void)
{
	const struct handover nothing = { .kho = false };

	kexec_count = 0;
	update_count = 0;
	boot(&nothing, false);
}

/* --------------------------------------------------------------- the kexec */

static int jump(pid_t caller)
{
	struct handover from = { .kho = false };
	char cmdline[4096];
	bool hung;

	if (luo_freeze())
		return -EINVAL;
	/* device_shutdown() waits for the device lock, for ever (measured). */
	hung = pci_has_pending_unbind();
	process_kill_all(caller);
	file_forget_all();
	if (hung) {
		kmsg("sysrq: the fake machine hangs in device_shutdown()");
		return WIRE_END + FAKE_HUNG;
	}
	read_cmdline(cmdline, sizeof(cmdline));
	from.kho = image.by_file && is_kho_on(cmdline);
	from.luo = from.kho && is_luo_on(cmdline);
	if (!tree_read("proc/sys/kernel/osrelease", from.old_release, sizeof(from.old_release)))
		snprintf(from.old_release, sizeof(from.old_release), "unknown");
	/* KHO hands over both numbers; without KHO they start again. */
	kexec_count = from.kho ? kexec_count + 1 : 0;
	update_count = from.luo ? update_count + 1 : 0;
	tree_write("proc/cmdline", "%s\n", image.cmdline);
	boot(&from, true);
	return WIRE_END + FAKE_JUMPED;
}

static int reboot(pid_t caller)
{
	process_kill_all(caller);
	file_forget_all();
	boot_cold();
	return WIRE_END + FAKE_REBOOTED;
}

void machine_anew(pid_t but)
{
	tree_clear("var/lib");
	reboot(but);
}

/* Removes the word with the moment of the load. */
void kexec_state(FILE *out)
{
	const char *word = strstr(image.cmdline, " vfio-lu.kexec=");
	int len = word ? (int)(word - image.cmdline) : (int)strlen(image.cmdline);

	if (image.loaded)
		fprintf(out, "image %s %.*s%s\n", image.by_file ? "by file" : "the old way", len,
			image.cmdline, word ? word + 1 + strcspn(word + 1, " ") : "");
}

/* ---------------------------------------------------------------- kexec(8) */

struct kexec_args {
	bool load, exec, unload, by_file, by_auto, reuse;
	const char *kernel, *initrd, *cmdline, *append;
};

static const char *value_of(const char *word, const char *option)
{
	size_t len = strlen(option);

	return strncmp(word, option, len) == 0 && word[len] == '=' ?
	       word + len + 1 : NULL;
}

static bool parse(const char *word, const char *end, struct kexec_args *a)
{
	const char *v;

	for (; word < end; word += strlen(word) + 1) {
		if (!strcmp(word, "-s") || !strcmp(word, "--kexec-file-syscall"))
			a->by_file = true;
		else if (!strcmp(word, "-a") || !strcmp(word, "--kexec-syscall-auto"))
			a->by_file = true;
		else if (!strcmp(word, "-c") || !strcmp(word, "--kexec-syscall"))
			a->by_file = false;
		else if (!strcmp(word, "-l") || !strcmp(word, "--load"))
			a->load = true;
		else if (!strcmp(word, "-e") || !strcmp(word, "--exec"))
			a->exec = true;
		else if (!strcmp(word, "-u") || !strcmp(word, "--unload"))
			a->unload = true;
		else if (!strcmp(word, "--reuse-cmdline"))
			a->reuse = true;
		else if ((v = value_of(word, "--initrd")) || (v = value_of(word, "--ramdisk")))
			a->initrd = v;
		else if ((v = value_of(word, "--command-line")))
			a->cmdline = v;
		else if ((v = value_of(word, "--append")))
			a->append = v;
		else if (!strcmp(word, "--no-checks") || !strcmp(word, "-x") ||
			 !strcmp(word, "--no-ifdown") || !strcmp(word, "--no-sync") ||
			 !strcmp(word, "-y") || !strcmp(word, "-d"))
			;
		else if (word[0] != '-' && !a->kernel)
			a->kernel = word;
		else
			return false;
	}
	return true;
}

static int load(const struct kexec_args *a, char *text, size_t size, pid_t caller)
{
	const char *const files[] = { a->kernel, a->initrd };
	char running[4096];

	if (!a->kernel) {
		snprintf(text, size, "No kernel specified\n");
		return 1;
	}
	for (size_t i = 0; i < 2; i++) {
		if (!files[i] || tree_exists(files[i]))
			continue;
		snprintf(text, size, "Cannot open `%s': No such file or directory\n", files[i]);
		return 255;
	}
	if (tree_exists("proc/sys/kernel/kexec_load_disabled") &&
	    tree_read("proc/sys/kernel/kexec_load_disabled", running, sizeof(running)) &&
	    running[0] == '1') {
		calls_note(caller, -EPERM, "kexec_file_load");
		snprintf(text, size, "kexec_file_load failed: Operation not permitted\n");
		return 255;
	}
	running[0] = '\0';
	if (a->reuse)
		read_cmdline(running, sizeof(running));
	snprintf(image.cmdline, sizeof(image.cmdline), "%.2000s%s%.1000s%s%.1000s", running,
		 running[0] && a->cmdline ? " " : "", a->cmdline ? a->cmdline : "",
		 a->append ? " " : "", a->append ? a->append : "");
	image.loaded = true;
	image.by_file = a->by_file;
	image_show();
	calls_note(caller, 0, a->by_file ? "kexec_file_load" : "kexec_load");
	return 0;
}

/* args: words that each end with NUL; the first is argv[0]. */
int kexec_run(const char *args, size_t size, char *text, size_t text_size,
	      pid_t caller)
{
	const char *end = args + size, *name = strrchr(args, '/');
	/* kexec-tools 2.0.24 and later try the new call first */
	struct kexec_args a = { .by_file = true };
	int ret;

	text[0] = '\0';
	name = name ? name + 1 : args;
	args += strlen(args) + 1;
	if (strcmp(name, "systemctl") == 0)
		a.exec = true;
	else if (!parse(args, end, &a)) {
		snprintf(text, text_size, "Usage: kexec [OPTION]... [kernel]\n");
		return 1;
	}
	if (a.unload) {
		image.loaded = false;
		image_show();
		calls_note(caller, 0, "kexec_file_load unload");
		return 0;
	}
	if (!a.exec || a.load)
		return load(&a, text, text_size, caller);
	if (!image.loaded) {
		snprintf(text, text_size, "Nothing has been loaded!\n");
		return 1;
	}
	ret = jump(caller);
	if (ret != -EINVAL)
		return ret;
	calls_note(caller, ret, "reboot");
	if (strcmp(name, "systemctl") == 0)
		return reboot(caller);	/* systemd-shutdown: "Rebooting." */
	snprintf(text, text_size, "kexec failed: Invalid argument\n");
	return 255;
}
