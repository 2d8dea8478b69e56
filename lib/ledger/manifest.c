/* SPDX-License-Identifier: GPL-2.0-only */
#include <time.h>

#include "base/bdf.h"
#include "machine/kernel.h"
#include "machine/kho-debugfs.h"
#include "ledger/manifest.h"

int manifest_init(struct vlu_ctx *ctx, struct manifest *manifest,
		  const char *session)
{
	struct luo_out luo;
	time_t now = time(NULL);
	struct tm tm;
	int ret;

	memset(manifest, 0, sizeof(*manifest));
	manifest->preserved = moment_now_rtc(ctx);
	snprintf(manifest->session, sizeof(manifest->session), "%s", session);
	strftime(manifest->created, sizeof(manifest->created), "%FT%TZ", gmtime_r(&now, &tm));
	ret = boot_id(ctx, manifest->boot_id);
	if (!ret)
		ret = host_release(ctx, manifest->kernel, sizeof(manifest->kernel));
	manifest->liveupdate_number = -1;
	if (ret)
		return ret;
	/* the next kernel may free the memory that leads to the FLBs, so keep their address */
	ret = kho_luo_out(ctx, &luo);
	if (!ret) {
		manifest->liveupdate_number = (int64_t)luo.liveupdate_num;
		manifest->flbs_pa = luo.flbs_pa;
	} else if (ret != -ENOENT) {
		vlu_log(ctx, VLU_LOG_WARNING, "cannot read what LUO hands over: %s; the manifest "
			"does not contain it", strerror(-ret));
	}
	return 0;
}

void manifest_free(struct manifest *manifest)
{
	free(manifest->devices);
	free(manifest->files);
	free(manifest->command);
	*manifest = (struct manifest){ .n_devices = 0 };
}

const struct manifest_device *manifest_find(const struct manifest *manifest,
					    struct vlu_bdf bdf)
{
	return bdf_find(manifest->devices, manifest->n_devices, bdf);
}

const char *manifest_name(const struct manifest *manifest, size_t i, char name[FILE_NAME])
{
	if (i < manifest->n_devices)
		return vlu_bdf_format(manifest->devices[i].bdf, name);
	i -= manifest->n_devices;
	return i < manifest->n_files ? strcpy(name, manifest->files[i].name) : NULL;
}
