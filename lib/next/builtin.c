/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/disk-file.h"
#include "formats/cmdline.h"
#include "next/builtin.h"

#define TABLE_MAX	(32u << 20)

/* Drivers that match a class or a vendor. They are the same in all kernels. */
static const char by_class[] =
	"alias pci:v*d*sv*sd*bc01sc08i02* nvme\n"
	"alias pci:v*d*sv*sd*bc01sc06i01* ahci\n"
	"alias pci:v*d*sv*sd*bc0Csc03i30* xhci_pci\n"
	"alias pci:v*d*sv*sd*bc0Csc03i20* ehci_pci\n"
	"alias pci:v*d*sv*sd*bc08sc05i* sdhci_pci\n"
	"alias pci:v*d*sv*sd*bc04sc03i00* snd_hda_intel\n"
	"alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n";

/*
 * Before Linux 6.18 the build wrote no aliases of built-in drivers. So a table without aliases of
 * PCI devices proves nothing.
 */
static const struct userland *with_aliases(const struct next *next)
{
	const struct userland *users[] = { &next->initrd, &next->root };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(users); i++)
		if (users[i]->modinfo && memmem(users[i]->modinfo, users[i]->modinfo_size,
						".alias=pci:", 11))
			return users[i];
	return NULL;
}

static const struct userland *with_list(const struct next *next)
{
	return next->initrd.builtin ? &next->initrd : next->root.builtin ? &next->root : NULL;
}

long builtin_place(const struct next *next, const char *module)
{
	const struct userland *user = with_list(next);

	return user ? userland_builtin(user, module) : -1;
}

struct search {
	const struct next *next;
	modalias_fn fn;
	void *arg;
	bool known;	/* a driver for the device was found, built in or not */
};

static int see_driver(void *arg, const char *module)
{
	struct search *search = arg;

	if (strncmp(module, "vfio_", 5) == 0)
		return 0;
	search->known = true;
	return builtin_place(search->next, module) >= 0 ? search->fn(search->arg, module) : 0;
}

/* Searches the modules of the running kernel, since drivers rarely change their names. */
static int ask_running(struct search *search, const char *modalias)
{
	struct vlu_ctx *ctx = search->next->ctx;
	char release[128], path[256], *text;
	size_t size;
	int ret = 0;

	if (attr_read(ctx, release, sizeof(release), "/proc/sys/kernel/osrelease") <= 0)
		return 0;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.alias", release);
	if (!file_read(ctx, path, TABLE_MAX, &text, &size)) {
		ret = modalias_text(text, modalias, see_driver, search);
		free(text);
	}
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin.modinfo", release);
	if (!ret && !file_read(ctx, path, TABLE_MAX, &text, &size)) {
		ret = modalias_info(text, size, modalias, see_driver, search);
		free(text);
	}
	return ret;
}

/* Does the list contain anything that could be a driver of a PCI device? */
static bool has_drivers(const char *list)
{
	static const char *const dirs[] = { "drivers/", "sound/", "arch/", "extra/", "updates/" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (strstr(list, dirs[i]))
			return true;
	return false;
}

/* Without aliases: finds the device's drivers elsewhere, and searches the list for their names. */
static enum vlu_known by_list(const struct next *next, const char *modalias, modalias_fn fn,
			      void *arg)
{
	struct search search = { .next = next, .fn = fn, .arg = arg };
	const struct userland *user = with_list(next);

	if (!user)
		return VLU_DONT_KNOW;
	if (modalias_text(next->initrd.alias, modalias, see_driver, &search) ||
	    modalias_text(next->root.alias, modalias, see_driver, &search) ||
	    modalias_text(by_class, modalias, see_driver, &search) ||
	    ask_running(&search, modalias))
		return VLU_YES;
	return search.known || !has_drivers(user->builtin) ? VLU_YES : VLU_DONT_KNOW;
}

enum vlu_known builtin_drivers(const struct next *next, const char *modalias, modalias_fn fn,
			       void *arg)
{
	const struct userland *user = with_aliases(next);

	if (!user)
		return by_list(next, modalias, fn, arg);
	modalias_info(user->modinfo, user->modinfo_size, modalias, fn, arg);
	return VLU_YES;
}

/* "nvme_init" belongs to nvme, "xhci_pci_init" to xhci_pci, "e1000_init_module" may be e1000e's. */
bool is_perhaps_stopped(const struct next *next, const char *module)
{
	const char *at = next->cmdline, *item, *end;
	struct cmdline_word word;
	size_t len, first;

	while (cmdline_next(&at, &word)) {
		if (!word.value || !cmdline_is_same(word.name, word.name_len, "initcall_blacklist"))
			continue;
		end = word.value + word.value_len;
		for (item = word.value; item < end; item += len + 1) {
			len = strcspn(item, ", \t\n\"");
			first = strcspn(item, "_, \t\n\"");
			if (strncmp(item, module, strlen(module)) == 0 ||
			    (first && !strchr(module, '_') && strncmp(item, module, first) == 0))
				return true;
		}
	}
	return false;
}
