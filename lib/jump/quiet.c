/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel refuses a kexec if one device has interrupts enabled or sleeps. */
#include "jump/jump.h"
#include "machine/device.h"
#include "uapi/vfio.h"

/* vfio_pci_core_liveupdate_freeze() of the VFIO series refuses a device that sleeps. */
static int check_awake(struct vlu_ctx *ctx, struct vlu_bdf bdf, const char *name)
{
	struct vlu_device *dev;
	const char *state;
	int ret;

	ret = device_refresh(ctx, bdf, &dev);
	if (ret)
		return ret;
	state = vlu_device_power_state(dev);
	if (!state || strcmp(state, "D0") == 0 || strcmp(state, "unknown") == 0)
		return 0;
	return vlu_fail(ctx, FAIL_DEVICE, -EINVAL, "%s: it is in %s, and the kernel refuses a "
			"kexec while it is; fix: vfio-lu release %s, then vfio-lu preserve %s, "
			"which wakes it", name, state, name, name);
}

static int run_quiet(struct step *step)
{
	struct jump *jump = step->plan->data;
	struct vlu_ctx *ctx = jump->ctx;
	int fd, ret;

	ret = held_get(ctx, &fd, "device/%s/%s", step->value, step->name);
	if (ret)
		return ret;
	moments_note(ctx, &jump->moments, INTERRUPTS_DISABLED, &step->bdf);
	ret = vfio_irqs_off(ctx, step->name, fd);
	sys_close(&ctx->sys, fd);
	return ret ? ret : check_awake(ctx, step->bdf, step->name);
}

static const struct step_kind step_quiet = {
	.text = "%d: disable its interrupts through its file in session %v",
	.run = run_quiet,
};

void jump_add_quiet(struct jump *jump)
{
	const struct vlu_state *state = &jump->ledger->state;
	const struct vlu_session *session;
	size_t i, j;

	for (i = 0; i < state->n_sessions; i++) {
		session = &state->sessions[i];
		for (j = 0; session->direction == VLU_OUTGOING && j < session->n_devices; j++)
			plan_add(jump->plan, &step_quiet, session->devices[j].bdf, NULL,
				 session->name, NULL);
	}
}
