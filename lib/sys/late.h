/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Libraries that are loaded when they are first needed. Most commands need none of them. Loading
 * libcrypto, which libkmod needs, takes longer than loading all the others: at the start of the
 * program it would take a third of the time of the start.
 *
 * A file declares the functions that it needs of a library LIB, and calls them through the struct:
 *
 *	#define CALLS(call) call(lib_open) call(lib_close)
 *	struct lib { CALLS(LATE_FIELD) };
 *	static const char *const names[] = { CALLS(LATE_NAME) };
 *
 *	struct lib lib;
 *	int ret = late_load(LATE_LIB, names, &lib, sizeof(lib));
 */
#ifndef VLU_SYS_LATE_H
#define VLU_SYS_LATE_H

#include <stddef.h>

#define LATE_FIELD(call)	__typeof__(&call) call;
#define LATE_NAME(call)		#call,

/* The libraries that this build loads late, by the names that the loader knows; NULL ends them. */
extern const char *const late_libraries[];

/*
 * Sets the pointers of a struct, size bytes, to the functions of these names. Returns -ELIBACC if
 * the library or one of its functions is missing.
 */
int late_load(const char *library, const char *const names[], void *calls, size_t size);

/* Finds the file of a library. Returns -ELIBACC if it is missing. */
int late_path(const char *library, char *path, size_t size);

#endif
