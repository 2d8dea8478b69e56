/* SPDX-License-Identifier: GPL-2.0-only */
/* udev rules that may choose a device's driver before a module is loaded for it. */
#ifndef VLU_NEXT_UDEV_RULES_H
#define VLU_NEXT_UDEV_RULES_H

#include "machine/device.h"
#include "userland.h"

#define UDEV_WHERE_SIZE	96

/* The effect of a rule on a new device, from the weakest to the strongest. */
enum giving {
	GIVES_NOTHING,
	GIVES_PERHAPS,	/* its effect is unknown, or it compares unknown values */
	GIVES,		/* vfio-pci gets it, unless another driver has it */
	TAKES,		/* vfio-pci gets it even from another driver: bind --persist, driverctl */
};

/*
 * Returns the strongest effect of the rules, driverctl's files and the scripts of this user space.
 * Writes the origin of the effect to the buffer "where", such as "etc/udev/rules.d/x.rules:3".
 */
enum giving udev_gives(const struct userland *user, const struct vlu_device *dev,
		       char where[UDEV_WHERE_SIZE]);

/* Does a rule remove the device from the bus ("remove" of sysfs), so that no driver gets it? */
enum vlu_known udev_removes(const struct userland *user, const struct vlu_device *dev,
			    char where[UDEV_WHERE_SIZE]);

/* udev-match.c: one KEY{ATTRIBUTE}OPERATOR"VALUE" of a rule. */
struct token {
	char key[32], attr[96], value[256];
	char op;		/* '=', '!' and '?' (unsure) compare, 'a' assigns */
};

/*
 * Reads the next token at *at. The rule ends at the pointer "end". Returns false if there is no
 * other token, or if the token does not fit or is not valid.
 */
bool token_next(const char **at, const char *end, struct token *ret_token);
/* Would all comparisons of a rule be true when the device is added? */
enum vlu_known is_rule_match(const struct token *tokens, size_t n, const struct vlu_device *dev);

#endif
