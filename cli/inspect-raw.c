/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of a part, sixteen in a row. */
#include "inspect.h"
#include "out.h"

static void print_row(const struct vlu_bytes *bytes, size_t at)
{
	size_t n = bytes->size - at < 16 ? bytes->size - at : 16;
	char text[17] = "";

	out_print("%08zx ", at);
	for (size_t i = 0; i < 16; i++) {
		if (i < n)
			out_print("%s%02x", i == 8 ? "  " : " ", bytes->data[at + i]);
		else
			out_print("%s", i == 8 ? "    " : "   ");
	}
	for (size_t i = 0; i < n; i++)
		text[i] = bytes->data[at + i] >= ' ' && bytes->data[at + i] <= '~' ?
			  (char)bytes->data[at + i] : '.';
	out_line("  |%s|", text);
}

void inspect_raw(const struct vlu_part *part)
{
	const struct vlu_bytes *bytes;

	for (size_t i = 0; i < part->n_bytes; i++) {
		bytes = &part->bytes[i];
		if (bytes->address)
			out_line("%s, %zu bytes at 0x%llx", part->name, bytes->size,
				 (unsigned long long)bytes->address);
		else
			out_line("%s, %zu bytes", part->name, bytes->size);
		for (size_t at = 0; at < bytes->size; at += 16)
			print_row(bytes, at);
	}
}
