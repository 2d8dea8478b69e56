/* SPDX-License-Identifier: GPL-2.0-only */
#include "abi/compatible.h"
#include "base/text.h"
#include "formats/unpack.h"

static const char *const stems[ABI_KINDS] = {
	[ABI_KHO] = "kho-v",
	[ABI_LUO] = "luo-v",
	[ABI_SESSION] = "luo-session-v",
	[ABI_FLB] = "luo-flb-v",
	[ABI_MEMFD] = "memfd-v",
	[ABI_VFIO] = "vfio-pci-v",
	[ABI_PCI] = "pci-v",
};

/*
 * Returns the length of what follows a stem: "1", or "1;radix-v1" in a compound string; 0 for other
 * text.
 */
static size_t version_length(const uint8_t *p, size_t size)
{
	size_t i = 0;

	for (;;) {
		if (i >= size || !is_digit(p[i]))
			return 0;
		while (i < size && is_digit(p[i]))
			i++;
		if (i >= size)
			return 0;
		if (!p[i])
			return i;
		if (p[i++] != ';')
			return 0;
		while (i < size && ((p[i] >= 'a' && p[i] <= 'z') || p[i] == '-' || p[i] == '_'))
			i++;
		/* the next part must begin with a name that ends in "-v" */
		if (i < 3 || p[i - 1] != 'v' || p[i - 2] != '-')
			return 0;
	}
}

static void take(struct abi_word *word, const uint8_t *p, size_t len,
		 const char *source)
{
	if (len >= sizeof(word->text))
		return;
	if (word->text[0]) {
		if (strlen(word->text) != len || memcmp(word->text, p, len) != 0)
			word->several = true;
		return;
	}
	memcpy(word->text, p, len);
	word->text[len] = '\0';
	word->none = false;
	word->source = source;
}

/* Accepts only whole strings: no printable character before them, a NUL behind them. */
static void scan_versioned(struct abi_word *word, const char *stem,
			   const uint8_t *data, size_t size, const char *source)
{
	const uint8_t *p = data, *end = data + size;
	size_t len = strlen(stem), more;

	while ((p = memmem(p, (size_t)(end - p), stem, len))) {
		more = version_length(p + len, (size_t)(end - p) - len);
		if (more && (p == data || !is_printable(p[-1])))
			take(word, p, len + more, source);
		p += len;
	}
}

/*
 * "pci" alone occurs everywhere. As the name of an FLB it fills 48 bytes behind a pointer
 * (struct liveupdate_flb, include/linux/liveupdate.h), in a kernel that has the messages of
 * drivers/pci/liveupdate.c.
 */
static void scan_plain_pci(struct abi_word *word, const uint8_t *data, size_t size,
			   const char *source)
{
	static const char message[] = "across next Live Update";
	static const uint8_t name[48] = "pci", high[4] = { 0xff, 0xff, 0xff, 0xff };
	const uint8_t *p = data, *end = data + size;

	if (!memmem(data, size, message, sizeof(message) - 1))
		return;
	while ((p = memmem(p, (size_t)(end - p), name, sizeof(name)))) {
		if ((p - data) % 8 == 0 && p - data >= 8 && memcmp(p - 4, high, 4) == 0)
			take(word, p, 3, source);
		p += 3;
	}
}

void abi_scan(struct abi *abi, const void *data, size_t size, const char *source)
{
	int i;

	for (i = 0; i < ABI_KINDS; i++) {
		if (abi->word[i].text[0])
			continue;
		scan_versioned(&abi->word[i], stems[i], data, size, source);
		if (i == ABI_PCI)
			scan_plain_pci(&abi->word[i], data, size, source);
	}
}

int abi_scan_module(struct abi *abi, const void *data, size_t size, const char *source)
{
	struct blob blob;
	int ret;

	if (size >= 4 && memcmp(data, "\177ELF", 4) == 0) {
		abi_scan(abi, data, size, source);
		return 0;
	}
	ret = unpack(data, size, MODULE_MAX, &blob);
	if (ret)
		return ret;
	abi_scan(abi, blob.data, blob.size, source);
	free(blob.data);
	return 0;
}

/* "": there is no string; NULL: not known. */
static const struct {
	int major, minor;
	const char *words[ABI_KINDS];
} releases[] = {
	{ 6, 16, { "kho-v1", "", "", "", "", "", "" } },
	{ 6, 17, { "kho-v1", "", "", "", "", "", "" } },
	{ 6, 18, { "kho-v1", "", "", "", "", "", "" } },
	{ 6, 19, { "kho-v1", "luo-v1", "luo-session-v2", "", "memfd-v1", NULL, NULL } },
	{ 7, 0, { "kho-v1", "luo-v1", "luo-session-v2", "luo-flb-v1", "memfd-v1", NULL, NULL } },
	{ 7, 1, { "kho-v3", "luo-v1", "luo-session-v2", "luo-flb-v1", NULL, NULL, NULL } },
	{ 7, 2, { "kho-v4", "luo-v5", "", "", "memfd-v2", NULL, NULL } },
	{ 7, 3, { "kho-v4", "luo-v5", "", "", "memfd-v2", NULL, NULL } },
};

void abi_of_release(struct abi *abi, const char *release, const char *source)
{
	struct abi_word *word;
	const char *text;
	int major, minor;
	size_t i, k;
	char *end;

	major = (int)strtol(release, &end, 10);
	if (end == release || *end != '.')
		return;
	minor = (int)strtol(end + 1, &end, 10);
	/* Strings changed during the release candidates, so these are not known. */
	if (strncmp(end, "-rc", 3) == 0 || strncmp(end, ".0-rc", 5) == 0 ||
	    strncmp(end, "~rc", 3) == 0)
		return;
	for (i = 0; i < ARRAY_SIZE(releases); i++) {
		if (releases[i].major != major || releases[i].minor != minor)
			continue;
		for (k = 0; k < ABI_KINDS; k++) {
			word = &abi->word[k];
			text = releases[i].words[k];
			if (!text || word->text[0] || word->none)
				continue;
			snprintf(word->text, sizeof(word->text), "%s", text);
			word->none = !*text;
			word->source = source;
		}
	}
}
