/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel command lines, parsed as the kernel does. */
#ifndef VLU_FORMATS_CMDLINE_H
#define VLU_FORMATS_CMDLINE_H

#include "base/ctx.h"

/* One word of a command line. Quotes may enclose the value or the whole word. */
struct cmdline_word {
	const char *text;	/* with the quotes */
	const char *name, *value;	/* value NULL: the word has no '=' */
	size_t len, name_len, value_len;
};

/* Reads the next word and moves *at behind it. Returns false at the end. */
bool cmdline_next(const char **at, struct cmdline_word *ret_word);
/* Compares names of modules or parameters, where '-' equals '_'. */
bool cmdline_is_same(const char *word, size_t len, const char *name);
/*
 * Copies the value of the last NAME or NAME=VALUE before a "--" ("" if it has no value), cut to
 * size. Returns false if there is no such word.
 */
bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size);
/* Returns whether any "NAME=a,b,c" lists the module. */
bool cmdline_has_item(const char *cmdline, const char *name, const char *module);
/* Returns whether a comma separated value has an item that begins with word. */
bool cmdline_has(const char *value, const char *word);
/* Parses a boolean as kstrtobool() does (lib/kstrtox.c). */
enum vlu_known kernel_bool(const char *text);

/*
 * Returns the parameter by which this command line disables the IOMMU, and copies its value to the
 * buffer value; returns NULL if there is none. option: the configuration option of the IOMMU's
 * driver ("INTEL_IOMMU"), to ignore the parameters of other drivers; NULL: no parameter is ignored.
 */
const char *cmdline_iommu_off(const char *cmdline, const char *option, char *value,
			      size_t size);

/* Returns what kexec_cmdline() adds: " kho=on", " liveupdate=on", both or "". */
const char *kexec_cmdline_lacks(const char *base, const char *append);

/* Our words for the next kernel: the names of the sessions, and the number of the live update. */
#define SESSION_WORD	"vfio-lu.session"
#define UPDATE_WORD	"vfio-lu.update"

/*
 * Makes a command line for the next kernel: first the words of base, then those of append, both
 * without the words of the boot loader and of an earlier kexec, then kho=on and liveupdate=on
 * where base and append do not set them, then the words of the argument ours, which say what is
 * handed over. What follows a "--" in base or append comes last, after one "--". append and ours
 * may be NULL. The caller frees the result. Returns NULL when out of memory.
 */
char *kexec_cmdline(const char *base, const char *append, const char *ours);

/* Adds words, before any "--". The caller frees the result. Returns NULL when out of memory. */
char *cmdline_join(const char *cmdline, const char *words);

#endif
