/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies parts of a file tree. Links stay links, and the files below a link are copied to
 * its target.
 */
#ifndef VLU_CAPTURE_TREE_COPY_H
#define VLU_CAPTURE_TREE_COPY_H

#include "sys/sys.h"

struct copy {
	struct sys machine;	/* the tree that is copied */
	int dir_fd;
	size_t n_files;
	int error;		/* a failure, a negative errno */
};

/*
 * Starts a copy. Makes dir, or fails with -ENOTEMPTY if it has files. copy->machine becomes a view
 * of *sys (sys_view()), so the caller may then replace sys->ops.
 */
int copy_start(struct copy *copy, const struct sys *sys, const char *dir);
/* Ends the copy and returns the first failure. */
int copy_stop(struct copy *copy);

/* These take absolute paths that exist on the machine. */
void copy_link(struct copy *copy, const char *path, const char *target);
void copy_dir(struct copy *copy, const char *path, mode_t mode);
/*
 * Writes data, size bytes, to the beginning of the file in the copy. data NULL: writes nothing, but
 * makes the file at least size bytes long. mode 0: unreadable.
 */
void copy_file(struct copy *copy, const char *path, const char *data, size_t size,
	       mode_t mode);

#endif
