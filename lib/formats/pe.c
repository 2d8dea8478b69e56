/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "formats/bytes.h"
#include "formats/pe.h"

/*
 * From Microsoft's "PE Format": at PE_AT, the file has the offset of the signature;
 * ROW is the size of a section header; the others are offsets from the signature on.
 */
#define PE_AT		0x3c
#define N_SECTIONS	6
#define OPTIONAL_SIZE	20
#define OPTIONAL	24
#define ROW		40

static struct part part_of(const uint8_t *row, size_t size)
{
	/* The size in the file is rounded up. The size in memory is zero in some files. */
	size_t memory = le32(row + 8), file = le32(row + 16);
	struct part part = { le32(row + 20), memory && memory < file ? memory : file };

	return part.at <= size && part.size <= size - part.at ? part : (struct part){ 0, 0 };
}

static const uint8_t *find_row(const uint8_t *data, size_t size, const char *name)
{
	size_t pe, table, i;
	char wanted[8];

	memset(wanted, 0, sizeof(wanted));
	memcpy(wanted, name, strnlen(name, sizeof(wanted)));
	pe = size >= 64 && memcmp(data, "MZ", 2) == 0 ? le32(data + PE_AT) : size;
	if (pe > size || size - pe < OPTIONAL || memcmp(data + pe, "PE\0\0", 4) != 0)
		return NULL;
	table = pe + OPTIONAL + le16(data + pe + OPTIONAL_SIZE);
	for (i = 0; i < le16(data + pe + N_SECTIONS) && table + (i + 1) * ROW <= size; i++)
		if (memcmp(data + table + i * ROW, wanted, sizeof(wanted)) == 0)
			return data + table + i * ROW;
	return NULL;
}

struct part pe_section(const uint8_t *data, size_t size, const char *name)
{
	const uint8_t *row = find_row(data, size, name);

	return row ? part_of(row, size) : (struct part){ 0, 0 };
}

bool pe_is_cut_off(const uint8_t *data, size_t size, const char *name)
{
	const uint8_t *row = find_row(data, size, name);

	return row && le32(row + 16) && !part_of(row, size).size;
}
