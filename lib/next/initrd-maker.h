/* SPDX-License-Identifier: GPL-2.0-only */
/* The program that made an initrd, and how the initrd's init begins. */
#ifndef VLU_NEXT_INITRD_MAKER_H
#define VLU_NEXT_INITRD_MAKER_H

#include "next/userland.h"

enum maker_id {
	INITRAMFS_TOOLS, DRACUT, MKINITCPIO, BOOSTER, NIXOS, ALPINE, N_MAKERS,
};

struct maker {
	enum maker_id id;
	const char *marks[6];	/* files that only its initrds have */
	const char *load;	/* how to configure it to load vfio-pci */
	/*
	 * the command that makes the initrd again; after a blank at its end, maker_command() adds
	 * the release
	 */
	const char *again;
};

/* Returns NULL if the maker is not known. */
const struct maker *maker_of(const struct files *files);
#define MAKER_COMMAND	128
/* The command that makes this initrd again. */
void maker_command(const struct userland *initrd, char buf[MAKER_COMMAND]);
/* Adds the links that init makes: in NixOS they lead to the modules and the rules. */
int init_links(struct archive *archive) must_check;
/* Returns VLU_DONT_KNOW if the archive has no init. */
enum vlu_known init_is_systemd(const struct archive *archive);

#endif
