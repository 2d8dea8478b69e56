/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules that tell a device its driver before one is looked for. */
#ifndef VLU_UDEV_H
#define VLU_UDEV_H

#include "device.h"
#include "userland.h"

/*
 * Does a udev rule or driverctl give this device to vfio-pci?
 * VLU_DONT_KNOW: there is a rule whose conditions cannot be judged from here.
 * source gets the name of the file, if any.
 */
enum vlu_known udev_overrides(const struct userland *user,
			      const struct vlu_device *dev, const char **ret_source);
/* One line of a rules file, for the tests. */
enum vlu_known udev_rule_overrides(const char *rule, const struct vlu_device *dev);

#endif
