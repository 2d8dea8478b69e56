/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <openssl/evp.h>

#include "base/digest.h"
#include "base/disk-file.h"

static int digest_open(struct sys *sys, int fd, EVP_MD_CTX *md)
{
	_cleanup_free_ char *buf = malloc(1 << 16);
	ssize_t n;

	if (!buf || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	while ((n = sys_read(sys, fd, buf, 1 << 16)) > 0)
		EVP_DigestUpdate(md, buf, (size_t)n);
	return (int)n;
}

int digest_file(struct vlu_ctx *ctx, const char *path, char digest[DIGEST_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0, i;
	EVP_MD_CTX *md;
	int fd, ret;

	ret = file_need(ctx, path);
	if (ret)
		return ret;
	md = EVP_MD_CTX_new();
	fd = sys_open(&ctx->sys, path, O_RDONLY);
	ret = fd < 0 ? fd : md ? digest_open(&ctx->sys, fd, md) : -ENOMEM;
	sys_close(&ctx->sys, fd);
	if (!ret && EVP_DigestFinal_ex(md, bytes, &n) != 1)
		ret = -EIO;
	EVP_MD_CTX_free(md);
	for (i = 0; !ret && i < n && 2 * i + 2 < DIGEST_SIZE; i++)
		snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
	return ret ? vlu_failed(ctx, ret, "cannot read %s", path) : 0;
}
