/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel refuses a kexec if one device has interrupts enabled. */
#include "jump/jump.h"
#include "uapi/vfio.h"

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
	return ret;
}

static const struct step_kind step_quiet = {
	.text = "%d: disable its interrupts through its file in session %v",
	.run = run_quiet,
};

void jump_add_quiet(struct jump *jump)
{
	const struct vlu_session *session;
	size_t i;

	each_session(session, &jump->ledger->state)
		for (i = 0; session->direction == VLU_OUTGOING && i < session->n_devices; i++)
			plan_add(jump->plan, &step_quiet, session->devices[i].bdf, NULL,
				 session->name, NULL);
}
