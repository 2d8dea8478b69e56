/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine of rehearsals, with additions for the tests.
 *
 * machine image OUT VFIO_LU: writes an initrd. Lines of stdin add to it:
 *	program PATH [NAME]		into /bin, with its libraries
 *	file PATH NAME
 *	exec PATH NAME
 *	link TARGET NAME
 *	dir NAME
 *	modules DIR NAME...		with their dependencies, into /lib/modules/RELEASE
 *
 * machine run OPTION... [-- WORD...]: runs a machine from power on to its end. QEMU gets each WORD.
 *	-k IMAGE -i INITRD -a WORDS	kernel, initrd, and words for the command line
 *	-o DIR				for "kernel.log" and "out" (the serial ports), "qemu.log",
 *					and "result" (lines of a key and its value)
 *	-d DEVICES			as in a scenario (tests/scenario/lib.sh); bus 01 first
 *	-p PHASES -e REGEX		number of phases; the faults that the kernel log may report
 *	-t SECONDS			ends the machine after this time
 *	-v				shows the output of the steps; -v -v: the kernel log, too
 *	Exit status: 0 if all phases passed; else 1, with the reason in "result".
 */
#include <getopt.h>
#include <unistd.h>

#include "base/program.h"
#include "machine.h"

#define LOOK		200	/* ms */
/*
 * A machine is frozen if QEMU uses at most LEAST of processor time in LOOKS looks, which take 30 s.
 * A machine that sleeps uses 190 in that time, for its timer interrupts. We count looks instead of
 * seconds, so that a pause of the host does not count.
 */
#define LEAST		2	/* hundredths of a second */
#define LOOKS		150

/* ------------------------------------------------------------------------------- image */

static char *next_word(char **save)
{
	return strtok_r(NULL, " \t\n", save);
}

static int add_modules(struct guest_image *image, const char *dir, char **save)
{
	const char *names[64], *slash = strrchr(dir, '/');
	char place[256];
	size_t n = 0;

	while (n < ARRAY_SIZE(names) && (names[n] = next_word(save)))
		n++;
	snprintf(place, sizeof(place), "lib/modules/%s", slash ? slash + 1 : dir);
	return guest_add_modules(image, dir, place, names, n);
}

static int add_line(struct guest_image *image, char *line)
{
	char *save = NULL, *what = strtok_r(line, " \t\n", &save), *from, *name, place[256];

	if (!what)
		return 0;
	from = next_word(&save);
	if (from && strcmp(what, "modules") == 0)
		return add_modules(image, from, &save);
	name = next_word(&save);
	if (from && strcmp(what, "program") == 0) {
		snprintf(place, sizeof(place), "bin/%s", name ? name : basename(from));
		return guest_add_program(image, from, place);
	}
	if (from && !name && strcmp(what, "dir") == 0)
		cpio_add_dir(&image->out, from);
	else if (name && strcmp(what, "link") == 0)
		cpio_add_link(&image->out, name, from);
	else if (name && (strcmp(what, "file") == 0 || strcmp(what, "exec") == 0))
		return guest_add_file(image, from, name, what[0] == 'e');
	else
		return vlu_fail(image->ctx, VLU_USAGE, -EINVAL, "'%s'?", what);
	return 0;
}

static int make_image(struct vlu_ctx *ctx, const char *path)
{
	struct guest_image image;
	char *line = NULL;
	size_t size = 0;
	FILE *out;
	int ret = guest_image_begin(&image, ctx);

	while (!ret && getline(&line, &size, stdin) >= 0)
		ret = add_line(&image, line);
	free(line);
	ret = guest_image_finish(&image, ret);
	if (ret)
		return ret;
	out = fopen(path, "w");
	if (!out || fwrite(image.out.data, 1, image.out.size, out) != image.out.size)
		ret = -EIO;
	if (out && fclose(out))
		ret = -EIO;
	free(image.out.data);
	return ret ? vlu_failed(ctx, ret, "cannot write %s", path) : 0;
}

/* ----------------------------------------------------------------------------- devices */

/* Kinds that rehearsals do not offer. */
static const struct qemu_kind own_kinds[] = {
	{ "bochs-display", "bochs-display", ",romfile=", false },
	{ "nvme-sriov", "nvme", ",serial=sriov,subsys=sriov,sriov_max_vfs=2,max_ioqpairs=6,"
	  "sriov_vq_flexible=4,sriov_vi_flexible=2", false },
};

/* A physical function needs a subsystem, which has its namespace. */
static void add_sriov(struct words *words, const struct qemu_kind *kind, size_t n, const char *port,
		      unsigned int function)
{
	qemu_option(words, "device", "nvme-subsys,id=sriov");
	qemu_option(words, "blockdev", "driver=null-co,node-name=sriov,size=16777216,read-zeroes=on");
	qemu_device(words, kind, n, port, function);
	qemu_word(words, "-device");
	qemu_word(words, "nvme-ns,drive=sriov,bus=dev%zu", n);
}

static const struct qemu_kind *kind_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(own_kinds); i++)
		if (strcmp(own_kinds[i].name, name) == 0)
			return &own_kinds[i];
	return qemu_kind(name);
}

/* Adds "e1000e", or "edu+edu": two functions in one slot. */
static int add_slot(struct words *words, char *kinds, unsigned int slot, bool many, size_t *n)
{
	const struct qemu_kind *kind;
	unsigned int function = 0;
	char port[32], *name, *save = NULL;

	snprintf(port, sizeof(port), "port%u", slot);
	qemu_word(words, "-device");
	/* more ports than the root bus has slots: each slot has eight ports as functions */
	if (many)
		qemu_word(words, "pcie-root-port,id=%s,bus=pcie.0,addr=%u.%u,multifunction=on,"
			  "chassis=%u,slot=%u", port, (slot + 7) / 8, (slot - 1) % 8, slot, slot);
	else
		qemu_word(words, "pcie-root-port,id=%s,bus=pcie.0,addr=%u,chassis=%u,slot=%u", port,
			  slot, slot, slot);
	for (name = strtok_r(kinds, "+", &save); name; name = strtok_r(NULL, "+", &save)) {
		kind = kind_of(name);
		if (!kind)
			return -EINVAL;
		if (strcmp(name, "nvme-sriov") == 0)
			add_sriov(words, kind, ++*n, port, function++);
		else
			qemu_device(words, kind, ++*n, port, function++);
	}
	return 0;
}

static int add_slots(struct vlu_ctx *ctx, struct words *words, const char *devices)
{
	char text[4096], *kinds, *save = NULL;
	unsigned int slots = 0, slot = 0;
	const char *at;
	size_t n = 0;
	int ret = 0;

	for (at = devices; *(at += strspn(at, " ")); at += strcspn(at, " "))
		slots++;
	snprintf(text, sizeof(text), "%s", devices);
	for (kinds = strtok_r(text, " ", &save); kinds && !ret; kinds = strtok_r(NULL, " ", &save))
		ret = add_slot(words, kinds, ++slot, slots > 30, &n);
	return ret ? vlu_fail(ctx, VLU_USAGE, ret, "no such device: %s", devices) : 0;
}

/* --------------------------------------------------------------------------------- run */

/* Returns QEMU's processor time in hundredths of a second, or -1 if QEMU has ended. */
static long long spent(int pid)
{
	char path[64], text[1024];
	const char *at;
	unsigned long user, system;
	size_t n;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "r");
	if (!stat)
		return -1;
	n = fread(text, 1, sizeof(text) - 1, stat);
	fclose(stat);
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			  &system) != 2)
		return -1;
	return (long long)(user + system);
}

static bool has_had_its_time(struct machine *m)
{
	const long long now = spent(m->console.pid), seconds = (vlu_now() - m->began) / 1000;

	if (now > m->cpu + LEAST) {
		m->cpu = now;
		m->still = 0;
	} else if (++m->still >= LOOKS) {
		snprintf(m->lost, sizeof(m->lost), "froze after %lld s", seconds);
	}
	m->timed_out = !m->lost[0] && m->seconds && seconds >= m->seconds;
	return m->lost[0] || m->timed_out;
}

static int follow(struct machine *m)
{
	struct console *c = &m->console;
	long long look = vlu_now() + LOOK;
	int ret = 0;

	while (!ret || ret == -ETIMEDOUT) {
		ret = console_next(c, look);
		if (!ret)
			take_line(m);
		if (vlu_now() < look)
			continue;
		if (has_had_its_time(m))
			break;
		look = vlu_now() + LOOK;
	}
	ret = console_close(c);
	if (m->timed_out || m->lost[0])
		return 0;
	if (ret > 128)
		snprintf(m->lost, sizeof(m->lost), "died of signal %d after %lld s", ret - 128,
			 (vlu_now() - m->began) / 1000);
	return ret;
}

static int run(struct vlu_ctx *ctx, struct machine *m)
{
	_cleanup_free_ char *cmdline = NULL, *kernel_log = NULL, *out = NULL;
	struct words words = { .n = 0 };
	char qemu[256];
	int ret;

	ret = program_find(ctx, "qemu-system-x86_64", qemu, sizeof(qemu));
	if (ret)
		return ret;
	if (asprintf(&cmdline, "%s panic=-1 kho=on liveupdate=on %s", guest_words(false), m->words) < 0 ||
	    asprintf(&kernel_log, "%s/kernel.log", m->dir) < 0 ||
	    asprintf(&out, "%s/out", m->dir) < 0)
		return vlu_nomem(ctx);
	qemu_guest(&words, &(struct guest){ .memory = 1024, .kernel = m->kernel, .initrd = m->initrd,
					    .cmdline = cmdline, .kernel_log = kernel_log,
					    .says_log = out });
	ret = add_slots(ctx, &words, m->devices);
	for (; !ret && *m->more; m->more++)
		qemu_word(&words, "%s", *m->more);
	if (ret)
		return ret;
	m->began = vlu_now();
	m->ending = "the machine went away";
	console_init(&m->console, ctx, -1, NULL);
	ret = console_start(&m->console, qemu, &words, -1);
	if (ret) {
		console_close(&m->console);
		return ret;
	}
	ret = tell(m, follow(m));
	return ret < 0 ? vlu_failed(ctx, ret, "%s", m->dir) : ret;
}

static bool parse(struct machine *m, int argc, char **argv)
{
	int option;

	*m = (struct machine){ .words = "", .devices = "" };
	while ((option = getopt(argc, argv, "+k:i:a:o:d:p:e:t:v")) >= 0) {
		switch (option) {
		case 'k': m->kernel = optarg; break;
		case 'i': m->initrd = optarg; break;
		case 'a': m->words = optarg; break;
		case 'o': m->dir = optarg; break;
		case 'd': m->devices = optarg; break;
		case 'p': m->phases = (unsigned int)atoi(optarg); break;
		case 'e': m->expect = optarg[0] ? optarg : NULL; break;
		case 't': m->seconds = (unsigned int)atoi(optarg); break;
		case 'v': m->verbose++; break;
		default: return false;
		}
	}
	m->more = argv + optind;
	return m->kernel && m->dir && m->phases <= PHASES &&
	       !(m->expect && regcomp(&m->expected, m->expect, REG_EXTENDED | REG_NOSUB));
}

int main(int argc, char **argv)
{
	static struct machine m;
	struct vlu_ctx *ctx;
	int ret;

	if (vlu_new(&ctx))
		return 1;
	if (argc == 4 && strcmp(argv[1], "image") == 0) {
		ret = vlu_set_holder(ctx, argv[3]);
		ret = ret ? ret : make_image(ctx, argv[2]);
	} else if (argc > 2 && strcmp(argv[1], "run") == 0 && parse(&m, argc - 1, argv + 1)) {
		ret = run(ctx, &m);
	} else {
		fprintf(stderr, "usage: machine image OUT VFIO_LU; machine run -k IMAGE -o DIR ...\n");
		return 2;
	}
	if (ret < 0)
		fprintf(stderr, "machine: %s\n", vlu_error(ctx));
	vlu_free(ctx);
	return ret ? 1 : 0;
}
