/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves a device from one driver to another by driver_override. */
#ifndef VLU_BIND_DRIVER_OVERRIDE_H
#define VLU_BIND_DRIVER_OVERRIDE_H

#include "machine/device.h"
#include "plan/plan.h"

#define ANY_DRIVER	"*"
/* drivers_probe_store(), drivers/base/bus.c: binds the device to a driver that matches it */
#define PCI_PROBE	"/sys/bus/pci/drivers_probe"

/*
 * Adds the steps that give the device to a driver, to none (""), or to any that matches
 * (ANY_DRIVER), and their undo, which gives it back. Only a move to vfio-pci leaves an override.
 */
int move_add(struct vlu_plan *plan, struct vlu_device *dev, const char *driver)
	must_check;
/* Adds the step that clears an override left behind by an earlier move. */
int move_add_clear(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;

#endif
