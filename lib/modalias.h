/* SPDX-License-Identifier: GPL-2.0-only */
/* Which driver a device asks for by its modalias. */
#ifndef VLU_MODALIAS_H
#define VLU_MODALIAS_H

#include "device.h"

#define MODALIAS_SIZE	128

/* What the kernel shows as "modalias", or would. */
int modalias_of(const struct vlu_device *dev, char buf[MODALIAS_SIZE]) must_check;

/* As fnmatch(3) without flags, but in bounded time. */
bool glob_match(const char *pattern, const char *text);

/*
 * Each module for which there is an alias that matches, until fn returns
 * non-zero. A module may be named more than once. text is modules.alias
 * ("alias PATTERN MODULE" in lines); info modules.builtin.modinfo
 * ("MODULE.alias=PATTERN", each ended by a NUL).
 */
typedef int (*modalias_fn)(void *arg, const char *module);
int modalias_text(const char *text, const char *modalias, modalias_fn fn, void *arg);
int modalias_info(const char *info, size_t size, const char *modalias,
		  modalias_fn fn, void *arg);

/* '-' and '_' are the same in a module's name; false when it does not fit. */
bool module_name(const char *text, size_t len, char *buf, size_t size);
/* The module a file holds: "drivers/net/e1000-x.ko.xz" is e1000_x. */
bool module_of_path(const char *path, char *buf, size_t size);

/*
 * The value of vfio-pci.ids=: "vendor:device[:subvendor[:subdevice[:class[:mask]]]]"
 * joined by commas (vfio_pci_fill_ids(), drivers/vfio/pci/vfio_pci.c).
 */
bool ids_match(const char *ids, const struct vlu_device *dev);

#endif
