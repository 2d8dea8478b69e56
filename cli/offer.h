/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_OFFER_H
#define CLI_OFFER_H

struct cli;

/* --offer WHAT: prints completions of bdf, bound, member or session. Returns the exit status. */
int offer_print(struct cli *cli, const char *what);

#endif
