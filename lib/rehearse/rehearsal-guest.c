/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtual machine of a rehearsal: its devices, and the content of its initrd. */
#include "formats/cmdline.h"
#include "rehearse/rehearsal.h"

#define OUR_WORDS	"retain_initrd rdinit=/init "
#define MEMORY		1024	/* MiB, without the images */

extern const char guest_steps[], guest_steps_end[];
__asm__(".pushsection .rodata\n"
	"guest_steps: .incbin \"lib/rehearse/guest-steps\"\n"
	"guest_steps_end: .byte 0\n"
	".popsection\n");

/* Each kernel has its own directory: both may have the same release, with different modules. */
static int add_modules(struct guest_image *image, const struct side *side, const char *root)
{
	static const char *const needed[] = { "iommufd", "vfio_iommu_type1", "vfio-pci" };
	char place[256];

	cpio_add_dir(&image->out, root);
	if (!side->modules)
		return 0;
	snprintf(place, sizeof(place), "%s/%s", root, side->release);
	return guest_add_modules(image, side->modules, place, needed, ARRAY_SIZE(needed));
}

/* Adds the command line of the next kernel: the given words, then those that this machine needs. */
static int add_cmdline(const struct rehearsal *r, struct guest_image *image, bool with_initrd)
{
	_cleanup_free_ char *ours = NULL, *line = NULL;

	if (asprintf(&ours, OUR_WORDS "%s " SESSION_WORD "=" VLU_SESSION " rehearse.phase=+ "
		     "rehearse.devices=%s%s", guest_words(r->kvm), r->bdfs,
		     with_initrd ? INITRD_WORDS : GUEST_WORDS) < 0)
		return vlu_nomem(r->ctx);
	line = cmdline_join(r->cmdline, ours);
	if (!line)
		return vlu_nomem(r->ctx);
	cpio_add_file(&image->out, "boot/cmdline", false, line, strlen(line));
	return 0;
}

/* Makes the image in a memfd, and returns its descriptor. */
static int make_image(const struct rehearsal *r, bool with_initrd)
{
	struct guest_image image;
	int ret, fd;

	ret = guest_image_begin(&image, r->ctx);
	ret = ret ? ret : add_modules(&image, &r->from, "lib/modules.1");
	ret = ret ? ret : add_modules(&image, &r->next, "lib/modules.2");
	ret = ret ? ret : add_cmdline(r, &image, with_initrd);
	ret = ret ? ret : guest_add_file(&image, r->next.image, "boot/next", false);
	if (!ret && with_initrd)
		ret = guest_add_file(&image, r->initrd, "boot/initrd", false);
	if (!ret)
		cpio_add_file(&image.out, "steps", false, guest_steps,
			      (size_t)(guest_steps_end - guest_steps));
	ret = guest_image_finish(&image, ret);
	if (ret)
		return ret;
	fd = sys_memfd(&r->ctx->sys, "vfio-lu-rehearsal", image.out.data, image.out.size);
	free(image.out.data);
	return fd >= 0 ? fd : vlu_failed(r->ctx, fd, "cannot keep an initrd in memory");
}

/*
 * The first device is behind a root port, on bus 1. The next port leads to a switch on bus 2, with
 * the inner bus 3. The other devices are behind the ports of the switch, from bus 4 on.
 */
void guest_places(struct rehearsal *r)
{
	size_t i;

	for (i = 0; i < r->n_devices; i++)
		text_add(r->bdfs, sizeof(r->bdfs), "%s0000:%02zx:00.0", i ? "," : "",
			 i ? i + 3 : 1);
}

static void add_devices(const struct rehearsal *r, struct words *words)
{
	char port[32];
	size_t i;

	qemu_option(words, "device", "pcie-root-port,id=port0,bus=pcie.0,addr=1.0,chassis=1,slot=1");
	if (r->n_devices > 1) {
		qemu_option(words, "device", "pcie-root-port,id=root,bus=pcie.0,addr=2.0,chassis=2,slot=2");
		qemu_option(words, "device", "x3130-upstream,id=switch,bus=root");
	}
	for (i = 0; i < r->n_devices; i++) {
		snprintf(port, sizeof(port), "port%zu", i);
		if (i) {
			qemu_word(words, "-device");
			qemu_word(words, "xio3130-downstream,id=%s,bus=switch,addr=%zu.0,"
				  "chassis=%zu,slot=%zu", port, i - 1, 2 + i, 2 + i);
		}
		qemu_device(words, qemu_kind(r->devices[i]), i, port, 0);
	}
}

static off_t mega(const struct rehearsal *r, const char *path)
{
	off_t size = path ? sys_size(&r->ctx->sys, path) : 0;

	return size > 0 ? size >> 20 : 0;
}

int rehearsal_start(const struct rehearsal *r, struct console *c, bool with_initrd)
{
	_cleanup_free_ char *cmdline = NULL, *initrd = NULL;
	struct guest guest = {
		.kvm = r->kvm, .kernel = r->from.image,
		/*
		 * Memory for four copies of each file (in the image, unpacked, copied, loaded), and
		 * 8 times the tested initrd, which the next kernel unpacks.
		 */
		.memory = MEMORY + 4 * (long long)mega(r, r->next.image) +
			  12 * (long long)mega(r, r->initrd),
	};
	struct words words = { .n = 0 };
	int image, ret;

	console_init(c, r->ctx, r->log, r->log_path);
	image = make_image(r, with_initrd);
	if (image < 0)
		return image;
	if (asprintf(&cmdline, "kho=on liveupdate=on %s " OUR_WORDS "%s" GUEST_WORDS " rehearse.phase=1 "
		     "rehearse.devices=%s", r->from_cmdline, guest_words(r->kvm), r->bdfs) < 0 ||
	    asprintf(&initrd, "/proc/self/fd/%d", QEMU_FILES) < 0) {
		ret = vlu_nomem(r->ctx);
	} else {
		guest.cmdline = cmdline;
		guest.initrd = initrd;
		qemu_guest(&words, &guest);
		add_devices(r, &words);
		ret = console_start(c, r->qemu, &words, image);
	}
	sys_close(&r->ctx->sys, image);
	return ret;
}
