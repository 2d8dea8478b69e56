/* SPDX-License-Identifier: GPL-2.0-only */
/* Selects the devices that the command line names by addresses and patterns. */
#include <stdlib.h>

#include "cli.h"
#include "opt.h"
#include "out.h"
#include "suggest.h"

int cli_check_patterns(struct cli *cli, int argc, char **argv)
{
	char meant[VLU_BDF_SIZE];
	bool hint;
	int i;

	for (i = 0; i < argc; i++) {
		if (vlu_pattern_check(cli->ctx, argv[i]) < 0) {
			hint = suggest_bdf(argv[i], meant);
			cli_usage("%s%s%s%s", vlu_error(cli->ctx), hint ? "; did you mean " : "",
				  hint ? meant : "", hint ? "?" : "");
			return opt_usage(cli->command);
		}
	}
	return OPT_RUN;
}

int cli_select(struct cli *cli, const struct vlu_selection *how)
{
	struct vlu_selection what = *how;

	what.patterns = (const char *const *)cli->argv;
	what.n_patterns = (size_t)cli->argc;
	return vlu_select(cli->ctx, &what, &cli->bdfs, &cli->n_bdfs) < 0 ? cli_fail(cli) : VLU_OK;
}

int cli_select_of(struct cli *cli, int pid, struct vlu_vmm_device **ret_has, size_t *ret_n,
		  bool *ret_complete)
{
	struct vlu_selection what = { 0 };
	struct vlu_bdf *bdfs;
	int status;
	size_t i;

	if (vlu_vmm_devices(cli->ctx, pid, ret_has, ret_n, ret_complete) < 0)
		return cli_fail(cli);
	if (!*ret_complete)
		cli_warn(cli, "unseen", "vfio-lu could not read the open files of all processes, "
			 "so there may be more devices; only root can see them");
	what.of = bdfs = out_need(calloc(*ret_n + 1, sizeof(*bdfs)));
	what.n_of = *ret_n;
	for (i = 0; i < *ret_n; i++)
		bdfs[i] = (*ret_has)[i].bdf;
	status = cli->argc ? cli_select(cli, &what) : VLU_OK;
	free(bdfs);
	return status;
}
