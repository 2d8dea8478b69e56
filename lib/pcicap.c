/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "device.h"
#include "pcicap.h"

/* include/uapi/linux/pci_regs.h */
#define HEADER_SIZE	64
#define STATUS		0x06
#define STATUS_HAS_LIST	0x10
#define HEADER_TYPE	0x0e
#define MULTIFUNCTION	0x80
#define FIRST_CAP	0x34
#define CAP_EXPRESS	0x10
#define FIRST_EXTENDED	0x100
#define SPACE_SIZE	0x1000
#define CAP_ACS		0x000d

struct space {
	pcicap_read_fn read;
	void *arg;
};

static int get(const struct space *space, uint8_t *buf, size_t size, size_t offset)
{
	ssize_t n = space->read(space->arg, buf, size, offset);

	if (n < 0)
		return (int)n;
	return (size_t)n < size ? -ENODATA : 0;
}

/* The flags of the PCI Express capability; -ENOENT: there is none. */
static int find_express(const struct space *space, const uint8_t *header,
			enum pcie_type *ret_type)
{
	size_t offset = header[FIRST_CAP] & ~3u;
	uint8_t cap[4];
	int i, ret;

	if (!(header[STATUS] & STATUS_HAS_LIST))
		return -ENOENT;
	/* a list that bites its tail is a broken device */
	for (i = 0; i < 48 && offset >= HEADER_SIZE; i++) {
		ret = get(space, cap, sizeof(cap), offset);
		if (ret)
			return ret;
		if (cap[0] == CAP_EXPRESS) {
			*ret_type = (enum pcie_type)(cap[2] >> 4);
			return 0;
		}
		if (cap[0] == 0xff)
			break;
		offset = cap[1] & ~3u;
	}
	return -ENOENT;
}

static int find_acs(const struct space *space, struct pcicap *cap)
{
	size_t offset = FIRST_EXTENDED;
	unsigned int caps, ctrl;
	uint8_t data[8];
	int i, ret;

	for (i = 0; i < (SPACE_SIZE - FIRST_EXTENDED) / 8; i++) {
		ret = get(space, data, 4, offset);
		if (ret)
			return ret;
		if ((data[0] | data[1] << 8) == CAP_ACS) {
			ret = get(space, data + 4, 4, offset + 4);
			if (ret)
				return ret;
			/*
			 * What the capability does not offer counts as hard-wired
			 * on: pci_acs_flags_enabled(), drivers/pci/pci.c.
			 */
			caps = data[4] | (unsigned int)data[5] << 8;
			ctrl = data[6] | (unsigned int)data[7] << 8;
			cap->acs = true;
			cap->acs_lacks = (uint16_t)(ACS_REQUIRED & caps & ~ctrl);
			return 0;
		}
		offset = (size_t)(data[2] >> 4 | data[3] << 4) & ~(size_t)3;
		if (offset < FIRST_EXTENDED)
			break;
	}
	return 0;
}

int pcicap_parse(pcicap_read_fn read, void *arg, struct pcicap *ret_cap)
{
	struct space space = { read, arg };
	struct pcicap cap = { .type = PCIE_CONVENTIONAL };
	uint8_t header[HEADER_SIZE];
	int ret;

	ret = get(&space, header, sizeof(header), 0);
	if (ret)
		return ret;
	cap.multifunction = header[HEADER_TYPE] & MULTIFUNCTION;
	ret = find_express(&space, header, &cap.type);
	if (ret && ret != -ENOENT)
		return ret;
	switch (cap.type) {
	case PCIE_ROOT_PORT:
	case PCIE_DOWNSTREAM:
		cap.acs_needed = true;
		break;
	case PCIE_ENDPOINT:
	case PCIE_LEGACY_ENDPOINT:
	case PCIE_UPSTREAM:
	case PCIE_INTEGRATED_ENDPOINT:
		cap.acs_needed = cap.multifunction;
		break;
	case PCIE_CONVENTIONAL:
	case PCIE_TO_PCI:
	case PCI_TO_PCIE:
	case PCIE_EVENT_COLLECTOR:
	default:
		/* what shares a bus cannot have it */
		cap.acs_needed = true;
		*ret_cap = cap;
		return 0;
	}
	if (cap.acs_needed) {
		ret = find_acs(&space, &cap);
		if (ret)
			return ret;
	}
	*ret_cap = cap;
	return 0;
}

/* ------------------------------------------------------------ remembered */

struct known {
	struct vlu_bdf bdf;
	int error;
	struct pcicap cap;
};

struct pcicaps {
	size_t n, room;
	struct known *known;	/* in address order */
};

struct file {
	struct sys *sys;
	int fd;
};

static ssize_t read_config(void *arg, void *buf, size_t size, size_t offset)
{
	const struct file *file = arg;

	return sys_pread(file->sys, file->fd, buf, size, (off_t)offset);
}

static int read_function(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct pcicap *cap)
{
	struct file file = { &ctx->sys, -1 };
	char path[64], name[VLU_BDF_SIZE];
	int ret;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config",
		 vlu_bdf_format(bdf, name));
	file.fd = sys_open(&ctx->sys, path, O_RDONLY);
	if (file.fd < 0)
		return file.fd;
	ret = pcicap_parse(read_config, &file, cap);
	sys_close(&ctx->sys, file.fd);
	return ret;
}

int pcicap_get(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct pcicap *ret_cap)
{
	struct pcicaps *all = ctx->pcicaps;
	size_t low = 0, high, mid;
	struct known *more;

	if (!all)
		all = ctx->pcicaps = calloc(1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (high = all->n; low < high; ) {
		mid = low + (high - low) / 2;
		if (vlu_bdf_compare(all->known[mid].bdf, bdf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == all->n || vlu_bdf_compare(all->known[low].bdf, bdf) != 0) {
		if (all->n == all->room) {
			more = reallocarray(all->known, all->room * 2 + 16, sizeof(*more));
			if (!more)
				return -ENOMEM;
			all->known = more;
			all->room = all->room * 2 + 16;
		}
		memmove(all->known + low + 1, all->known + low,
			(all->n - low) * sizeof(*all->known));
		all->n++;
		all->known[low] = (struct known){ .bdf = bdf };
		all->known[low].error = read_function(ctx, bdf, &all->known[low].cap);
	}
	if (!all->known[low].error)
		*ret_cap = all->known[low].cap;
	return all->known[low].error;
}

void pcicap_drop(struct vlu_ctx *ctx)
{
	if (!ctx->pcicaps)
		return;
	free(ctx->pcicaps->known);
	free(ctx->pcicaps);
	ctx->pcicaps = NULL;
}
