// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log, as /dev/kmsg gives it or as dmesg prints it. */
#include <stdlib.h>
#include <string.h>

#include "machine/kernel-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	struct klog *log;

	if (!text)
		return 0;
	/* no NUL follows, because the parser gets a size */
	if (size)
		memcpy(text, data, size);
	log = klog_parse(text, size);
	free(text);
	if (!log)
		return 0;
	if (log->n_lines > KLOG_LINES)
		__builtin_trap();
	for (size_t i = 0; i < log->n_lines; i++)
		if (strlen(log->lines[i]) > 1023)
			__builtin_trap();
	for (size_t i = 0; i < log->n_incoming; i++)
		for (size_t j = 0; j < i; j++)
			if (!vlu_bdf_compare(log->incoming[i], log->incoming[j]))
				__builtin_trap();
	pool_end(log);
	return 0;
}
