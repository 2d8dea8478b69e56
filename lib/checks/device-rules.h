/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules that a device must meet. device-rules.c has the list. */
#ifndef VLU_CHECKS_DEVICE_RULES_H
#define VLU_CHECKS_DEVICE_RULES_H

#include "machine/device.h"
#include "report.h"

/* The facts for the rules. No pointer is NULL. A rule may also read files about this device. */
struct facts {
	struct vlu_ctx *ctx;
	const struct vlu_device *dev;
	const struct procs *procs;
	const struct inuse *inuse;
	const struct irqs *irqs;
	const struct holdings *holdings;
	const struct klog *klog;
	pid_t vmm;		/* process whose devices are being preserved; 0: none */
	enum vlu_known incoming, outgoing;	/* according to the kernel log */
};

typedef void look_fn(const struct facts *facts, struct verdict *v);

/* device-topology.c: the place of the device, and the other members of its group */
look_fn look_iommu_group, look_group_singleton, look_upstream_acs;
/* device-use.c: the current state of the device, and its users */
look_fn look_power_d0, look_interrupts_off, look_not_in_use;
look_fn look_not_already_preserved, look_not_incoming;
/* device-libvirt.c: what libvirt does with the device when its VMM ends */
look_fn look_stays_bound;

/* Text for a VMM that uses a legacy group, and its fix. */
#define ONLY_CDEV	"through its IOMMU group, and the kernel preserves only devices opened " \
			"through /dev/vfio/devices"
#define FIX_GROUP	"start the VMM with an iommufd, QEMU with -object iommufd,id=i -device " \
			"vfio-pci,iommufd=i,host=%s, libvirt 12.1 with <driver name='vfio' iommufd='yes'/>"

/* Returns the id of a rule, or NULL past the last one. */
const char *device_rule_id(size_t i);

/* Reads the facts for the rules; those that are the same for all devices are cached. */
int facts_read(const struct vlu_device *dev, struct facts *ret_facts) must_check;

struct group_mates;

/* Would `vfio-lu bind` accept the device, by its kind, VFs and uses? Ignores sessions and other devices. */
bool can_take(const struct vlu_device *dev);
/* Would `vfio-lu bind` accept the mates that have a host driver? Does not judge the device itself. */
bool can_take_mates(const struct vlu_device *dev, const struct group_mates *mates);
/* Sets the fix "vfio-lu bind ...", if bind would accept it. */
void advise_bind(const struct vlu_device *dev, struct verdict *v);

/* How --force applies to a use that can be restarted. A vital use is always refused. */
enum unused_force {
	FORCE_NONE,	/* the command has no --force for such a use */
	FORCE_OFFERED,	/* --force was not given */
	FORCE_GIVEN,	/* --force was given: go on, and log it */
};

/*
 * Fails if the rule not-in-use fails. With FORCE_OFFERED, also fails if the rule is unknown for a
 * device that can carry storage or network traffic. With FORCE_GIVEN, fails only if the rule fails
 * because another process has the device open, or because a use is vital. Commands that take a
 * device from its users call this.
 */
int check_unused(const struct vlu_device *dev, enum unused_force force) must_check;

#endif
