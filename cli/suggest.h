/* SPDX-License-Identifier: GPL-2.0-only */
/* Suggestions for a mistyped word. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include "vfio-lu.h"

struct cli;

/* Set typed, and offer words. best is then the nearest. */
struct suggestion {
	const char *typed;
	const char *best;	/* NULL: none is near enough */
	unsigned int distance;	/* of the best */
};
void suggest_offer(struct suggestion *suggestion, const char *word);

/* Makes an address from digits with any separators. Returns false if that is impossible. */
bool suggest_bdf(const char *typed, char buf[VLU_BDF_SIZE]);

/* Returns the text of a "no-session", with a suggestion if there is one; NULL for other failures. */
char *suggest_after(struct cli *cli, const struct vlu_problem *problem);

#endif
