/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VMM's files that are no devices are called. */
#ifndef VLU_FILE_H
#define VLU_FILE_H

#include "private.h"

#define FILE_NAME	25	/* bytes, with the NUL */
#define FILE_IOMMUFD	"iommufd" /* what run means by {iommufd} */

/* 1-24 bytes of A-Z a-z 0-9 . _ -, and not FILE_IOMMUFD. */
bool file_name(const char *name);
/* The LUO token: of the session as well, since the holder has many. */
uint64_t file_token(const char *session, const char *name);

#endif
