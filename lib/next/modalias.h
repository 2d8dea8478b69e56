/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the modules that match a device's modalias. */
#ifndef VLU_NEXT_MODALIAS_H
#define VLU_NEXT_MODALIAS_H

#include "machine/device.h"

#define MODALIAS_SIZE	128

/* Makes the text that the kernel shows as "modalias". */
int modalias_of(const struct vlu_device *dev, char buf[MODALIAS_SIZE]) must_check;

/* Matches like fnmatch(3) without flags, but in bounded time. */
bool is_glob_match(const char *pattern, const char *text);

/*
 * Calls fn for each matching alias with its module, until fn returns non-zero. text is
 * modules.alias, with lines "alias PATTERN MODULE" or "PATTERN MODULE". info is
 * modules.builtin.modinfo, with "MODULE.alias=PATTERN", each ended by a NUL.
 */
typedef int (*modalias_fn)(void *arg, const char *module);
int modalias_text(const char *text, const char *modalias, modalias_fn fn, void *arg);
int modalias_info(const char *info, size_t size, const char *modalias,
		  modalias_fn fn, void *arg);

/* Copies a module's name with '_' for '-'. Returns false if it does not fit. */
bool module_name(const char *text, size_t len, char *buf, size_t size);
/* Makes the module's name from a path: "drivers/net/e1000-x.ko.xz" gives e1000_x. */
bool module_of_path(const char *path, char *buf, size_t size);

/*
 * Does the value of vfio-pci.ids= have an id that matches the device? Ids are separated by commas:
 * "vendor:device[:subvendor[:subdevice[:class[:mask]]]]" (vfio_pci_fill_ids(), vfio_pci.c).
 */
bool has_matching_id(const char *ids, const struct vlu_device *dev);

#endif
