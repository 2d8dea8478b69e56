/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host rules share; they are listed in check-host.c. */
#ifndef VLU_CHECK_HOST_H
#define VLU_CHECK_HOST_H

#include "host.h"
#include "report.h"

#define DEV_LIVEUPDATE	"/dev/liveupdate"

/* What the rules look at, read once. */
struct host {
	struct vlu_ctx *ctx;
	struct kconfig config;
	char cmdline[4096];
	bool cmdline_known;
	bool luo_device;
	int systemd;		/* host_systemd() */
};

/*
 * The commands that a failing rule stops. A rule stops a command only if to
 * go on would lose something or could not work: restore above all has to
 * work with whatever the new kernel gives.
 */
enum host_use {
	HOST_PRESERVE = 1,
	HOST_LOAD = 2,
	HOST_JUMP = 4,
	HOST_RESTORE = 8,
	HOST_ALL = 15,
};

/* Only the rules that may stop this command; 0: all of them. */
int check_host_for(struct vlu_ctx *ctx, unsigned int use,
		   struct vlu_report **ret_report) must_check;

/* Is an option set? VLU_DONT_KNOW without a configuration. */
enum vlu_known host_option(const struct host *host, const char *option);
/* The verdict that no configuration leaves: unknown. */
void look_without_config(struct verdict *v, const char *option);

typedef void host_look(const struct host *host, struct verdict *v);

/* check-luo.c */
host_look look_kho_built, look_kho_enabled, look_luo_built, look_luo_enabled;
host_look look_luo_device, look_luo_opener, look_debugfs;
/* check-iommu.c */
host_look look_iommu_on, look_iommufd;
/* check-vfio.c */
host_look look_vfio_cdev, look_vfio_handler, look_vfio_handler_early;
host_look look_no_pending_unbind;
/* check-kexec.c */
host_look look_kexec_file, look_kexec_not_disabled, look_lockdown;
host_look look_image_loaded, look_image_hands_over, look_scratch_fits;
host_look look_systemd_luo, look_exitrd;

#endif
