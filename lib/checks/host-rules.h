/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts that the host rules share. host-rules.c has the list. */
#ifndef VLU_CHECKS_HOST_RULES_H
#define VLU_CHECKS_HOST_RULES_H

#include "machine/kernel.h"
#include "report.h"

/* The kernel's configuration, which is read when a rule asks for it. */
struct host_kconfig {
	struct kconfig config;
	bool read, failed;
};

/* The facts for the rules, read once. */
struct host {
	struct vlu_ctx *ctx;
	struct host_kconfig *kconfig;
	bool only_failures;	/* the evidence of a rule that passes is of no interest */
	char cmdline[4096];
	bool cmdline_known;
	bool luo_device;
	int systemd;		/* systemd_version() */
};

/*
 * The commands that a failing rule stops: only those that would lose something or could not
 * work. restore has to work on any kernel that was started, so few rules stop it.
 */
enum host_use {
	HOST_PRESERVE = 1,
	HOST_LOAD = 2,
	HOST_JUMP = 4,
	HOST_RESTORE = 8,
	HOST_ALL = 15,
};

/* host-kconfig.c: use this in place of host->kconfig. */
const struct kconfig *host_kconfig(const struct host *host);

/*
 * Checks the rules that may stop the command given in "use" (enum host_use); 0: all rules. When
 * a command asks, only the failures matter, so a rule that passes may name weaker evidence.
 */
int check_host_for(struct vlu_ctx *ctx, unsigned int use,
		   struct vlu_report **ret_report) must_check;

/* Returns the id of a rule, or NULL past the last one. */
const char *host_rule_id(size_t i);

typedef void host_look(const struct host *host, struct verdict *v);

/* host-luo.c */
host_look look_kho_built, look_kho_enabled, look_luo_built, look_luo_enabled;
host_look look_luo_device, look_luo_opener, look_debugfs;
/* host-iommu.c */
host_look look_iommu_on, look_iommufd;
/* Returns a sentence on how to enable the IOMMU of this machine. */
const char *iommu_switch(struct vlu_ctx *ctx);
/* host-vfio.c */
host_look look_vfio_cdev, look_no_zdev_kvm, look_vfio_handler, look_vfio_handler_early;
host_look look_no_pending_unbind;
/* host-kexec.c */
host_look look_kexec_file, look_kexec_not_disabled, look_lockdown;
host_look look_image_loaded, look_image_hands_over, look_scratch_fits;
host_look look_systemd_luo, look_exitrd;

#endif
