/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds processes that use vfio devices, except those that only keep files for vfio-lu. */
#include <unistd.h>

#include "holder/holdings.h"
#include "ledger/ledger.h"

static bool is_our_process(const struct ledger *ledger, pid_t pid)
{
	const struct holdings *holdings = holdings_get(ledger->ctx);

	return pid == 1 || pid == getpid() || pid == ledger->state.holder_pid ||
	       (holdings && holdings->manager > 0 && pid == holdings->manager);
}

const struct proc_file *ledger_user(const struct ledger *ledger, const struct vlu_bdf *bdf,
				    size_t i)
{
	const struct procs *procs = procs_get(ledger->ctx);
	const struct proc_file *files = NULL;
	size_t j, n = 0;

	if (procs)
		files = bdf ? procs_device(procs, *bdf, &n) : procs_kind(procs, PROC_VFIO, &n);
	for (j = 0; j < n; j++)
		if (!is_our_process(ledger, files[j].pid) && !i--)
			return &files[j];
	return NULL;
}
