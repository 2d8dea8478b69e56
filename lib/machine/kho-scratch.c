/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "base/attr.h"
#include "formats/kernel-image.h"
#include "machine/kernel.h"
#include "machine/kho-scratch.h"

/* scratch_len_show(), kernel/liveupdate/kexec_handover_debugfs.c */
int scratch_parse(const char *text, struct scratch *ret_scratch)
{
	struct scratch scratch = { 0 };
	unsigned long long len;
	char *end;

	for (; *text; text = end + (*end == '\n')) {
		errno = 0;
		len = strtoull(text, &end, 0);
		if (errno || end == text || (*end && *end != '\n'))
			return -EBADMSG;
		scratch.total += len;
		if (len > scratch.largest)
			scratch.largest = len;
	}
	if (!scratch.total)
		return -EBADMSG;
	*ret_scratch = scratch;
	return 0;
}

int scratch_read(struct vlu_ctx *ctx, struct scratch *ret_scratch)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int ret;

	ret = attr_read_all(ctx, SCRATCH_LEN, 65536, &text, &size);
	return ret ? ret : scratch_parse(text, ret_scratch);
}

static uint64_t memory_of(struct vlu_ctx *ctx, const char *path)
{
	unsigned char head[1024];
	ssize_t n;
	int fd;

	fd = sys_open(&ctx->sys, path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = sys_pread(&ctx->sys, fd, head, sizeof(head), 0);
	sys_close(&ctx->sys, fd);
	return n < 0 ? 0 : image_memory(head, (size_t)n);
}

int scratch_need_read(struct vlu_ctx *ctx, struct scratch_need *ret_need)
{
	static const char *const kernels[] = { "/boot/vmlinuz-", "/boot/Image-" };
	static const struct { const char *before, *after; } initrds[] = {
		{ "/boot/initrd.img-", "" },	/* Debian */
		{ "/boot/initramfs-", ".img" },	/* dracut */
		{ "/boot/initrd-", "" },	/* SUSE */
	};
	char release[128], path[256];
	struct scratch_need need = { 0 };
	off_t size;
	size_t i;

	if (host_release(ctx, release, sizeof(release)))
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(kernels) && !need.kernel; i++) {
		snprintf(path, sizeof(path), "%s%s", kernels[i], release);
		need.kernel = memory_of(ctx, path);
	}
	if (!need.kernel)
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(initrds) && !need.initrd; i++) {
		snprintf(path, sizeof(path), "%s%s%s", initrds[i].before, release,
			 initrds[i].after);
		size = sys_size(&ctx->sys, path);
		if (size > 0)
			need.initrd = (uint64_t)size;
	}
	*ret_need = need;
	return 0;
}

bool scratch_has_room(const struct scratch *scratch, const struct scratch_need *need)
{
	/* the initrd cannot use the memory of the kernel */
	return need->kernel <= scratch->largest && need->initrd <= scratch->largest &&
	       need->kernel + need->initrd <= scratch->total;
}
