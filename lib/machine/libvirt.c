/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libvirtd keeps two files for each running domain: its pid, and its state as XML, which only
 * root reads. libvirtd itself is never asked: a request would start it.
 */
#include "base/attr.h"
#include "machine/libvirt.h"

#define DOMAINS "/run/libvirt/qemu"

/* Parses "-name guest=NAME,debug-threads=on". QEMU doubles each comma in a name. */
static const char *guest_of(const char *words, size_t size, char name[LIBVIRT_NAME])
{
	static const char option[] = "-name", key[] = "guest=";
	const char *word = words, *end = words + size, *p;
	size_t n = 0;

	while (word < end && strcmp(word, option) != 0)
		word += strlen(word) + 1;
	if (word >= end || word + sizeof(option) >= end)
		return NULL;
	p = word + sizeof(option);
	if (strncmp(p, key, strlen(key)) != 0)
		return NULL;
	for (p += strlen(key); *p && n < LIBVIRT_NAME - 1; p++) {
		if (*p == ',' && *++p != ',')
			break;
		name[n++] = *p;
	}
	name[n] = '\0';
	return n && !strchr(name, '/') ? name : NULL;
}

/* Takes the domain from QEMU's command line, and verifies it with libvirt's pid file. */
int libvirt_domain(struct vlu_ctx *ctx, pid_t pid, char name[LIBVIRT_NAME])
{
	_cleanup_free_ char *words = NULL;
	char path[64];
	size_t size;
	int64_t is;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (attr_read_all(ctx, path, 1 << 20, &words, &size) || !guest_of(words, size, name) ||
	    attr_number(ctx, &is, DOMAINS "/%s.pid", name) < 0 || is != pid)
		return -ENOENT;
	return 0;
}

/*
 * virDomainHostdevDefFormatSubsysPCI() and virDomainHostdevDefFormatOrigStates(),
 * src/conf/domain_conf.c: <origstates> comes directly after the address of the host's device, and
 * after no other address.
 */
static enum vlu_known state_is_unbinding(const char *text, struct vlu_bdf bdf)
{
	static const char states[] = "<origstates>";
	const char *at = strstr(text, "<domstatus "), *end;
	char address[80];

	snprintf(address, sizeof(address), "domain='0x%04x' bus='0x%02x' slot='0x%02x' "
		 "function='0x%x'/>", bdf.domain, bdf.bus, bdf.device, bdf.function);
	if (!at)
		return VLU_DONT_KNOW;
	while ((at = strstr(at, address))) {
		at += strlen(address);
		at += strspn(at, " \n");
		if (strncmp(at, states, strlen(states)) != 0)
			continue;
		end = strstr(at, "</origstates>");
		at = strstr(at, "<unbind/>");
		if (!end || !at)
			return end ? VLU_NO : VLU_DONT_KNOW;
		if (at < end)
			return VLU_YES;
		at = end;
	}
	return VLU_NO;
}

enum vlu_known libvirt_is_unbinding(struct vlu_ctx *ctx, const char *name, struct vlu_bdf bdf)
{
	_cleanup_free_ char *text = NULL;
	char path[LIBVIRT_NAME + 64];
	size_t size;

	snprintf(path, sizeof(path), DOMAINS "/%s.xml", name);
	if (attr_read_all(ctx, path, 16 << 20, &text, &size))
		return VLU_DONT_KNOW;
	return state_is_unbinding(text, bdf);
}
