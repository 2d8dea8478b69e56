/* SPDX-License-Identifier: GPL-2.0-only */
/* The state for read-only commands: no session is retrieved for it. */
#include "base/cache.h"
#include "inspect/handover.h"
#include "jump/kexec-image.h"
#include "ledger/ledger.h"

/* Leaves out an image that is unreadable here, or that another program loaded. */
static void read_loaded(struct ledger *ledger)
{
	struct kexec_image image = { .kernel = NULL };
	struct vlu_loaded *loaded;

	if (ledger->state.kexec_loaded != VLU_YES || kexec_image_read(ledger->ctx, &image))
		return;
	loaded = ledger_kept(ledger, pool_alloc(&ledger->pool, sizeof(*loaded)));
	if (loaded)
		*loaded = (struct vlu_loaded){
			.image = ledger_print(ledger, "%s", image.kernel),
			.initrd = image.initrd ? ledger_print(ledger, "%s", image.initrd) : NULL,
			.cmdline = ledger_print(ledger, "%s", image.line ? image.line : image.cmdline),
			.judged = kexec_image_is_judged(&image, &ledger->state),
		};
	ledger->state.loaded = loaded;
	kexec_image_free(&image);
}

int vlu_state_read(struct vlu_ctx *ctx, const char *session, struct vlu_state **ret_state)
{
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	struct ledger *ledger;
	size_t n = 0;
	int ret = 0;

	cache_drop(ctx);
	/* memory of the kernel also tells which devices were handed over */
	if (ledger_has_gap(ctx))
		ret = handover_incoming(ctx, &bdfs, &n);
	if (!ret || ret == -ENOENT)
		ret = ledger_read(ctx, session, bdfs, n, &ledger);
	if (ret)
		return ret;
	read_loaded(ledger);
	if (ledger->failed) {
		ledger_free(ledger);
		return vlu_nomem(ctx);
	}
	*ret_state = &ledger->state;	/* vlu_state_free() */
	return 0;
}
