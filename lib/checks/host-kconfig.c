/* SPDX-License-Identifier: GPL-2.0-only */
#include "checks/host-rules.h"

const struct kconfig *host_kconfig(const struct host *host)
{
	struct host_kconfig *kconfig = host->kconfig;

	if (!kconfig->read)
		kconfig->failed = host_config(host->ctx, &kconfig->config);
	kconfig->read = true;
	return &kconfig->config;
}
