/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of sessions, names of those files of a VMM that are no device files, and LUO tokens. */
#ifndef VLU_BASE_TOKEN_H
#define VLU_BASE_TOKEN_H

#include "base/ctx.h"

#define FILE_NAME	25	/* bytes, with the NUL */
#define FILE_IOMMUFD	"iommufd" /* reserved: `run` replaces {iommufd} */

/*
 * A session name has 1-63 bytes of A-Z a-z 0-9 . _ @ : - and does not begin with a
 * dot: manifests are named after it and must be neither hidden nor outside their directory.
 */
bool is_session_name(const char *name);
/* Does the name belong to another program? */
bool is_reserved_name(const char *name);
/* A file name has 1-24 bytes of A-Z a-z 0-9 . _ - and is not FILE_IOMMUFD. */
bool is_file_name(const char *name);
/* Returns the LUO token of a file. It depends on the session, since a holder has several. */
uint64_t file_token(const char *session, const char *name);

#endif
