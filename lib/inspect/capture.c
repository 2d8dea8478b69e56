/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/recorder.h"
#include "inspect/sessions.h"

/*
 * Reads everything that `list` and `check` ask of one device. The calls of vlu_device_*() also read
 * the values that are read only on demand.
 */
static int look_at_device(struct vlu_device *dev)
{
	struct vlu_report *report;
	int ret;

	vlu_device_power_state(dev);
	vlu_device_subsystem(dev);
	vlu_device_override(dev);
	vlu_device_numa_node(dev);
	vlu_device_incoming(dev);
	vlu_device_persist(dev);
	ret = vlu_check_device(dev, &report);
	if (!ret)
		vlu_report_free(report);
	return ret;
}

static int look_at_all(struct vlu_ctx *ctx)
{
	struct ledger *ledger;
	struct vlu_report *report;
	size_t i;
	int ret;

	ret = vlu_devices_read(ctx);
	for (i = 0; !ret && i < vlu_device_count(ctx); i++)
		ret = look_at_device(vlu_device_at(ctx, i));
	if (!ret)
		ret = vlu_check_host(ctx, &report);
	if (!ret)
		vlu_report_free(report);
	/* what `status` reads, except memory of the kernel, which must not get into the copy */
	if (!ret)
		ret = sessions_read(ctx, NULL, NULL, 0, &ledger);
	if (!ret)
		ledger_free(ledger);
	return ret;
}

int vlu_capture(struct vlu_ctx *ctx, const char *dir, size_t *ret_files)
{
	struct recorder *recorder;
	int ret, written;

	ret = record_start(&ctx->sys, dir, &recorder);
	if (ret)
		return vlu_failed(ctx, ret, "cannot capture into %s", dir);
	progress_begin(ctx, 0, "copying the files of this machine to %s", dir);
	ret = look_at_all(ctx);
	progress_end(ctx);
	written = record_stop(recorder, ret_files);
	if (!ret && written)
		ret = vlu_failed(ctx, written, "the capture in %s is incomplete", dir);
	return ret;
}
