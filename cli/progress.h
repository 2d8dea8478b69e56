/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints a line on a terminal, after two seconds or for many devices: the current wait and its
 * time. The line is redrawn, and removed at the end. Not with --json or --quiet.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

struct cli;
struct vlu_plan;

void progress_start(struct cli *cli);
/* Watches a plan that is about to run. */
void progress_watch(struct vlu_plan *plan);
/* A vlu_wait_fn, also for the program's own waits. */
void progress_wait(void *arg, const char *what, unsigned int limit);
/* Removes the line before other output, until progress_resume(). */
void progress_pause(void);
void progress_resume(void);

#endif
