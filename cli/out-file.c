/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>

#include "out-file.h"

int out_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	int ret = 0;

	if (!file)
		return -errno;
	errno = 0;
	if (fputs(text, file) < 0)
		ret = errno ? -errno : -EIO;
	if (fclose(file) != 0 && !ret)
		ret = errno ? -errno : -EIO;
	return ret;
}
