/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands. Each is the last definition in its file. */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "opt.h"

extern const struct command cmd_list;
extern const struct command cmd_check;
extern const struct command cmd_bind;
extern const struct command cmd_unbind;
extern const struct command cmd_preserve;
extern const struct command cmd_release;
extern const struct command cmd_load;
extern const struct command cmd_kexec;
extern const struct command cmd_rehearse;
extern const struct command cmd_status;
extern const struct command cmd_timeline;
extern const struct command cmd_inspect;
extern const struct command cmd_restore;
extern const struct command cmd_run;
extern const struct command cmd_finish;
extern const struct command cmd_hold;

extern const struct model cli_model;	/* main.c: all of them */

#endif
