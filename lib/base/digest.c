/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <openssl/evp.h>

#include "base/digest.h"
#include "base/disk-file.h"
#include "sys/late.h"

#define CALLS(call) \
	call(EVP_MD_CTX_new) call(EVP_MD_CTX_free) call(EVP_sha256) call(EVP_DigestInit_ex) \
	call(EVP_DigestUpdate) call(EVP_DigestFinal_ex)
struct crypto { CALLS(LATE_FIELD) };
static const char *const names[] = { CALLS(LATE_NAME) };

static int digest_open(struct sys *sys, int fd, const struct crypto *crypto, EVP_MD_CTX *md)
{
	_cleanup_free_ char *buf = malloc(1 << 16);
	ssize_t n;

	if (!buf || crypto->EVP_DigestInit_ex(md, crypto->EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	while ((n = sys_read(sys, fd, buf, 1 << 16)) > 0)
		crypto->EVP_DigestUpdate(md, buf, (size_t)n);
	return (int)n;
}

int digest_file(struct vlu_ctx *ctx, const char *path, char digest[DIGEST_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0, i;
	struct crypto crypto;
	EVP_MD_CTX *md;
	int fd, ret;

	ret = file_need(ctx, path);
	if (ret)
		return ret;
	ret = late_load(LATE_LIBCRYPTO, names, &crypto, sizeof(crypto));
	if (ret)
		return vlu_failed(ctx, ret, "cannot load " LATE_LIBCRYPTO);
	md = crypto.EVP_MD_CTX_new();
	fd = sys_open(&ctx->sys, path, O_RDONLY);
	ret = fd < 0 ? fd : md ? digest_open(&ctx->sys, fd, &crypto, md) : -ENOMEM;
	sys_close(&ctx->sys, fd);
	if (!ret && crypto.EVP_DigestFinal_ex(md, bytes, &n) != 1)
		ret = -EIO;
	crypto.EVP_MD_CTX_free(md);
	for (i = 0; !ret && i < n && 2 * i + 2 < DIGEST_SIZE; i++)
		snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
	return ret ? vlu_failed(ctx, ret, "cannot read %s", path) : 0;
}
