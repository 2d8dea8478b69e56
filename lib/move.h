/* SPDX-License-Identifier: GPL-2.0-only */
/* A function from one driver to another, by driver_override. */
#ifndef VLU_MOVE_H
#define VLU_MOVE_H

#include "device.h"
#include "plan.h"

#define VFIO_DRIVER	"vfio-pci"
#define ANY_DRIVER	"*"
/* drivers/pci/pci-driver.c by way of drivers/base/bus.c: looks for a driver anew */
#define PCI_PROBE	"/sys/bus/pci/drivers_probe"

/*
 * The steps to a driver, to none (""), or to whatever matches (ANY_DRIVER),
 * and those back to where the function is now. Only vfio-pci leaves an
 * override behind.
 */
int move_add(struct vlu_plan *plan, struct vlu_device *dev, const char *driver)
	must_check;
/* The step that clears an override which nothing stands behind any more. */
int move_add_clear(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;

#endif
