// SPDX-License-Identifier: GPL-2.0-only
/* Parses a manifest, writes the result, and parses that again: both results must be the same. */
#include "ledger/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest, again;
	char *text = malloc(size + 1), *written;
	const char *why = NULL;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (manifest_parse(text, size, &manifest, &why)) {
		if (!why)
			__builtin_trap();
	} else {
		if (manifest_format(&manifest, &written) == 0) {
			if (manifest_parse(written, strlen(written), &again, &why) ||
			    again.n_devices != manifest.n_devices ||
			    strcmp(again.session, manifest.session) != 0)
				__builtin_trap();
			manifest_free(&again);
			free(written);
		}
		manifest_free(&manifest);
	}
	free(text);
	return 0;
}
