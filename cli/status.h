/* SPDX-License-Identifier: GPL-2.0-only */
/* The answer of "status", and the output that is made from it. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "vfio-lu.h"

struct cli;
struct json_object;

/* Returns the answer. Without --json it has more values, for the report. */
struct json_object *status_doc(struct cli *cli, const struct vlu_state *state);
/* --check: returns the exit status. */
int status_verdict(const struct vlu_state *state);
/* --watch: returns only on failure. */
int status_watch(struct cli *cli);
/* --metrics */
void status_metrics(struct cli *cli, const struct vlu_state *state);

#endif
