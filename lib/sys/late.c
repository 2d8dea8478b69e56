/* SPDX-License-Identifier: GPL-2.0-only */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "late.h"

const char *const late_libraries[] = {
	LATE_LIBCRYPTO, LATE_LIBKMOD, LATE_LIBPCI,
#ifdef HAVE_LZMA
	LATE_LIBLZMA,
#endif
#ifdef HAVE_ZSTD
	LATE_LIBZSTD,
#endif
#ifdef HAVE_LZ4
	LATE_LIBLZ4,
#endif
#ifdef HAVE_SYSTEMD
	LATE_LIBSYSTEMD,
#endif
	NULL
};

/* The library stays loaded: its next user needs no time, and its data may be in use. */
int late_load(const char *library, const char *const names[], void *calls, size_t size)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), *at;
	size_t i;

	for (i = 0; handle && i < size / sizeof(at); i++) {
		at = dlsym(handle, names[i]);
		if (!at)
			return -ELIBACC;
		/*
		 * In POSIX, unlike C, a pointer to a function has the size of a pointer to data.
		 */
		memcpy((char *)calls + i * sizeof(at), &at, sizeof(at));
	}
	return handle ? 0 : -ELIBACC;
}

int late_path(const char *library, char *path, size_t size)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	const struct link_map *map;

	if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &map) < 0 ||
	    snprintf(path, size, "%s", map->l_name) >= (int)size)
		return -ELIBACC;
	return 0;
}
