// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives files to a fuzz target, one after the other: those of the corpus, or inputs that a fuzzer
 * found.
 *
 * usage: fuzz-NAME FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	size_t size;
	FILE *file;

	for (int i = 1; i < argc; i++) {
		file = fopen(argv[i], "re");
		if (!file) {
			perror(argv[i]);
			return 1;
		}
		size = fread(data, 1, sizeof(data), file);
		fclose(file);
		printf("%s: %zu bytes\n", argv[i], size);
		fflush(stdout);
		LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
