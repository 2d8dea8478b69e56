/* SPDX-License-Identifier: GPL-2.0-only */
#include "formats/cmdline.h"

#define BLANKS	" \t\n"

/* Spaces inside double quotes do not end a word: next_arg(), kernel/params.c. */
bool cmdline_next(const char **at, struct cmdline_word *ret_word)
{
	const char *p = *at + strspn(*at, BLANKS), *end, *last, *equals;
	struct cmdline_word word = { .text = p };
	bool quoted = false;

	for (end = p; *end && (quoted || !strchr(BLANKS, *end)); end++)
		if (*end == '"')
			quoted = !quoted;
	*at = end;
	if (end == p)
		return false;
	word.len = (size_t)(end - p);
	if (*p == '"')
		p++;
	last = end > p && end[-1] == '"' ? end - 1 : end;
	equals = memchr(p, '=', (size_t)(last - p));
	word.name = p;
	word.name_len = (size_t)((equals ? equals : last) - p);
	if (equals) {
		word.value = equals + 1;
		if (word.value < last && *word.value == '"')
			word.value++;
		word.value_len = (size_t)(last > word.value ? last - word.value : 0);
	}
	*ret_word = word;
	return true;
}

bool cmdline_is_same(const char *word, size_t len, const char *name)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!name[i] || (word[i] == '-' ? '_' : word[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	return !name[len];
}

bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size)
{
	struct cmdline_word word;
	bool found = false;

	while (cmdline_next(&cmdline, &word)) {
		if (word.len == 2 && memcmp(word.text, "--", 2) == 0)
			break;	/* the rest belongs to init */
		if (!cmdline_is_same(word.name, word.name_len, name))
			continue;
		snprintf(buf, size, "%.*s", (int)word.value_len, word.value ? word.value : "");
		found = true;
	}
	return found;
}

bool cmdline_has_item(const char *cmdline, const char *name, const char *module)
{
	struct cmdline_word word;
	const char *item, *end;
	size_t n;

	while (cmdline_next(&cmdline, &word)) {
		if (!word.value || !cmdline_is_same(word.name, word.name_len, name))
			continue;
		end = word.value + word.value_len;
		for (item = word.value; item < end; item += n + 1) {
			n = strcspn(item, ",\"" BLANKS);
			if (cmdline_is_same(item, n, module))
				return true;
		}
	}
	return false;
}

bool cmdline_has(const char *value, const char *word)
{
	size_t len = strlen(word);

	for (;; value++) {
		/* like the kernel, ignore what follows the word */
		if (strncmp(value, word, len) == 0)
			return true;
		value = strchr(value, ',');
		if (!value)
			return false;
	}
}

enum vlu_known kernel_bool(const char *text)
{
	switch (text[0]) {
	case 'e': case 'E': case 'y': case 'Y': case 't': case 'T': case '1':
		return VLU_YES;
	case 'd': case 'D': case 'n': case 'N': case 'f': case 'F': case '0':
		return VLU_NO;
	case 'o': case 'O':
		if (text[1] == 'n' || text[1] == 'N')
			return VLU_YES;
		if (text[1] == 'f' || text[1] == 'F')
			return VLU_NO;
	}
	return VLU_DONT_KNOW;
}

const char *cmdline_iommu_off(const char *cmdline, const char *option, char *value,
			      size_t size)
{
	/*
	 * iommu_setup(), arch/x86/kernel/pci-dma.c; intel_iommu_setup(),
	 * drivers/iommu/intel/iommu.c; parse_amd_iommu_options(), drivers/iommu/amd/init.c
	 */
	static const struct { const char *name, *option; } switches[] = {
		{ "iommu", NULL }, { "intel_iommu", "INTEL_IOMMU" }, { "amd_iommu", "AMD_IOMMU" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		/* another driver's parameter has no effect here */
		if (option && switches[i].option && strcmp(option, switches[i].option) != 0)
			continue;
		if (cmdline_get(cmdline, switches[i].name, value, size) &&
		    cmdline_has(value, "off"))
			return switches[i].name;
	}
	return NULL;
}

/* BOOT_IMAGE= is GRUB's, vfio-lu.session= is an earlier kexec's: neither is true any more. */
static bool is_outdated(const struct cmdline_word *word)
{
	static const char *const names[] = { "BOOT_IMAGE", SESSION_WORD, UPDATE_WORD, "vfio-lu.kexec" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (word->value && cmdline_is_same(word->name, word->name_len, names[i]))
			return true;
	return false;
}

const char *kexec_cmdline_lacks(const char *base, const char *append)
{
	static const char *const names[] = { "kho", "liveupdate" };
	static const char *const words[] = { " kho=on liveupdate=on", " liveupdate=on", " kho=on", "" };
	unsigned int i, there = 0;
	char value[16];

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (cmdline_get(base, names[i], value, sizeof(value)) ||
		    (append && cmdline_get(append, names[i], value, sizeof(value))))
			there |= 1u << i;
	return words[there];
}

char *kexec_cmdline(const char *base, const char *append, const char *ours)
{
	const char *parts[] = { base, append ? append : "" }, *rest[] = { "", "" };
	char *line = NULL;
	struct cmdline_word word;
	size_t size, i;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(parts); i++)
		while (cmdline_next(&parts[i], &word)) {
			/* the rest belongs to init */
			if (word.len == 2 && memcmp(word.text, "--", 2) == 0) {
				rest[i] = word.text + word.len;
				break;
			}
			if (!is_outdated(&word))
				fprintf(out, " %.*s", (int)word.len, word.text);
		}
	fputs(kexec_cmdline_lacks(base, append), out);
	if (ours && *ours)
		fprintf(out, " %s", ours);
	if (*rest[0] || *rest[1])
		fprintf(out, " --%.*s%s", (int)strcspn(rest[0], "\n"), rest[0], rest[1]);
	if (fclose(out)) {
		free(line);
		return NULL;
	}
	return memmove(line, line + 1, strlen(line));
}

char *cmdline_join(const char *cmdline, const char *words)
{
	const char *at = cmdline, *end = cmdline + strlen(cmdline);
	struct cmdline_word word;
	char *line;

	while (cmdline_next(&at, &word))
		if (word.len == 2 && memcmp(word.text, "--", 2) == 0) {
			end = word.text;
			break;
		}
	if (asprintf(&line, "%.*s%s%s%s%s", (int)(end - cmdline), cmdline,
		     end > cmdline ? " " : "", words, *end ? " " : "", end) < 0)
		return NULL;
	return line;
}
