/* SPDX-License-Identifier: GPL-2.0-only */
#include "jump.h"
#include "klog.h"
#include "move.h"
#include "outgoing.h"
#include "vfio.h"

#define VFIO_PCI "/sys/bus/pci/drivers/vfio-pci"

/* The devices of a session that answer EIO. */
static int find_frozen(struct session *session, struct vlu_bdf *ret_bdfs, size_t *ret_n)
{
	struct vlu_ctx *ctx = session->ctx;
	char key[HOLDER_KEY];
	size_t i, n = 0;
	int fd, ret;

	for (i = 0; i < session->n; i++) {
		held_device_key(key, session->name, session->members[i].bdf);
		ret = held_get(ctx, key, &fd);
		if (ret)
			return ret;
		if (vfio_frozen(ctx, fd))
			ret_bdfs[n++] = session->members[i].bdf;
		sys_close(&ctx->sys, fd);
	}
	*ret_n = n;
	return 0;
}

static int run_unpreserve(struct vlu_plan *plan, struct step *step)
{
	(void)step;
	return outgoing_drop(plan->data);
}

static const struct step_kind step_unpreserve = {
	.text = "close LUO session %v, which un-preserves all of it",
	.run = run_unpreserve,
};

static int run_close(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];

	held_device_key(key, session->name, step->bdf);
	return held_drop(plan->ctx, key);
}

static const struct step_kind step_close = {
	.text = "%d: close its file",
	.run = run_close,
};

static int run_write(struct vlu_plan *plan, struct step *step)
{
	(void)plan, (void)step;
	return STEP_WRITE;
}

static int wrote(struct vlu_plan *plan, struct step *step, int ret)
{
	char name[VLU_BDF_SIZE];

	return ret ? vlu_fail(plan->ctx, VLU_FAILED, ret, "%s: cannot write to %s: %s",
			      vlu_bdf_format(step->bdf, name), step->path, strerror(-ret)) : 0;
}

static const struct step_kind step_rebind = {
	.text = "%d: write %v to %p",
	.run = run_write,
	.wrote = wrote,
};

/* An unbind waits for the files of a device: they are closed by now. */
static int add_bind_again(struct vlu_plan *plan, struct vlu_bdf bdf)
{
	char name[VLU_BDF_SIZE];
	int ret;

	vlu_bdf_format(bdf, name);
	ret = plan_add(plan, &step_close, bdf, NULL, NULL, NULL);
	if (!ret)
		ret = plan_add(plan, &step_rebind, bdf, VFIO_PCI "/unbind", name, NULL);
	return ret ? ret : plan_add(plan, &step_rebind, bdf, PCI_PROBE, name, NULL);
}

static int run_plan(struct vlu_plan *plan)
{
	int ret = vlu_plan_run(plan);

	vlu_plan_free(plan);
	return ret;
}

static void say(char *text, size_t size, const struct vlu_bdf *bdfs, size_t n)
{
	char name[VLU_BDF_SIZE];
	size_t i, len = strlen(text);

	for (i = 0; i < n; i++, len = strlen(text))
		snprintf(text + len, size - len, "%s%s", len ? " " : "",
			 vlu_bdf_format(bdfs[i], name));
}

static int thaw_session(struct vlu_ctx *ctx, const char *name, char *text, size_t size)
{
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	struct session *session;
	struct vlu_plan *plan;
	struct held held;
	size_t i, n = 0;
	int ret;

	ret = outgoing_plan(ctx, name, &held, &plan, &session);
	if (ret)
		return ret;
	held_free(&held);
	bdfs = calloc(session->n + 1, sizeof(*bdfs));
	ret = bdfs ? find_frozen(session, bdfs, &n) : vlu_nomem(ctx);
	if (!ret && n)
		ret = plan_add(plan, &step_unpreserve, (struct vlu_bdf){ 0 }, NULL, name, NULL);
	for (i = 0; !ret && i < n; i++)
		ret = add_bind_again(plan, bdfs[i]);
	if (ret || !n) {
		vlu_plan_free(plan);
		return ret;
	}
	ret = run_plan(plan);
	klog_drop(ctx);		/* it says since that they are not preserved */
	if (!ret)
		ret = vlu_plan_preserve(ctx, name, bdfs, n, &plan);
	if (!ret)
		ret = run_plan(plan);
	if (!ret)
		say(text, size, bdfs, n);
	return ret;
}

int thaw(struct vlu_ctx *ctx, const struct held *held, char *text, size_t size)
{
	size_t i, failed = 0, len;

	for (i = 0; i < held->n; i++) {
		const char *key = held->items[i].key;

		if (strncmp(key, "session/", 8) != 0)
			continue;
		if (thaw_session(ctx, key + 8, text, size) == 0)
			continue;
		len = strlen(text);
		snprintf(text + len, size - len, "%ssession %s: %s", len ? "; " : "", key + 8,
			 vlu_error(ctx));
		failed++;
	}
	return failed ? -EIO : 0;
}
