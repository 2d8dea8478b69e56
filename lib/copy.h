/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tree that is made of pieces of another: links stay links, and what is
 * below them goes where they lead.
 */
#ifndef VLU_COPY_H
#define VLU_COPY_H

#include "sys.h"

struct copy {
	struct sys machine;	/* what it is made from */
	int dir_fd;
	size_t n_files;
	int error;		/* the first one, a negative errno */
};

/* dir is made, or must be empty: -ENOTEMPTY. sys is copied. */
int copy_start(struct copy *copy, const struct sys *sys, const char *dir);
/* The first failure of all. */
int copy_stop(struct copy *copy);

/* These take absolute paths, of things that are on the machine. */
void copy_link(struct copy *copy, const char *path, const char *target);
void copy_dir(struct copy *copy, const char *path, mode_t mode);
/* A file with at least this size; data may be NULL. mode 0: unreadable. */
void copy_file(struct copy *copy, const char *path, const char *data, size_t size,
	       mode_t mode);

#endif
