/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of accelerators by the kernel's own encryption, such as that of disks and of IPsec. */
#include "base/attr.h"
#include "base/bdf.h"
#include "inuse/uses.h"

#define CRYPTO	"/proc/crypto"
#define DRIVERS	"/sys/bus/pci/drivers"

struct ciphers {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	char cipher[64], module[64];	/* a cipher, and the module that has it */
	size_t n;			/* functions of the PCI driver */
};

/* Is name a function? The directory of a driver has other files as well. */
static bool is_function(const char *name)
{
	struct vlu_bdf bdf;

	return vlu_bdf_parse(name, &bdf) == 0;
}

static int count_function(void *arg, const char *name)
{
	struct ciphers *ciphers = arg;

	ciphers->n += is_function(name);
	return 0;
}

static int look_at_function(void *arg, const char *name)
{
	const struct ciphers *ciphers = arg;
	char path[32];

	if (!is_function(name))
		return 0;
	snprintf(path, sizeof(path), "/%.16s", name);
	inuse_add(ciphers->inuse, path, ciphers->n == 1 ? USE_BEARABLE : USE_UNSURE,
		  "first close the encrypted disks and connections that use it",
		  "the kernel encrypts with its driver's %s%s", ciphers->cipher,
		  ciphers->n == 1 ? "" : ", perhaps on this device");
	return 0;
}

static bool is_held_by(struct vlu_ctx *ctx, const char *module, const char *holder)
{
	char path[192];

	snprintf(path, sizeof(path), "/sys/module/%s/holders/%s", module, holder);
	return sys_exists(&ctx->sys, path);
}

/*
 * The module of a driver may use the module with the ciphers (qat_4xxx uses intel_qat), or be used by
 * it (ccp_crypto uses ccp).
 */
static int look_at_driver(void *arg, const char *name)
{
	struct ciphers *ciphers = arg;
	char module[64], dir[96];

	if (attr_link(ciphers->ctx, module, sizeof(module), DRIVERS "/%.63s/module", name) <= 0 ||
	    (strcmp(module, ciphers->module) != 0 &&
	     !is_held_by(ciphers->ctx, ciphers->module, module) &&
	     !is_held_by(ciphers->ctx, module, ciphers->module)))
		return 0;
	snprintf(dir, sizeof(dir), DRIVERS "/%.63s", name);
	ciphers->n = 0;
	sys_list(&ciphers->ctx->sys, dir, count_function, ciphers);
	sys_list(&ciphers->ctx->sys, dir, look_at_function, ciphers);
	return 0;
}

/* Returns true when word is the key of the line, and copies the value. */
static bool take_value(const char *line, const char *end, const char *word, char buf[64])
{
	size_t len = strlen(word), n = (size_t)(end - line);
	const char *value;

	if (n <= len || strncmp(line, word, len) != 0)
		return false;
	value = memchr(line, ':', n);
	if (!value || end - value < 3)
		return false;
	value += 2;
	n = (size_t)(end - value);
	return take_text(buf, 64, value, value[n - 1] == '\n' ? n - 1 : n);
}

/* c_show(), crypto/proc.c. The registration itself has one reference (crypto_check_alg()). */
void inuse_ciphers(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct ciphers ciphers = { .ctx = ctx, .inuse = inuse };
	_cleanup_free_ char *text = NULL;
	const char *line, *end, *next;
	char count[64];
	size_t size;

	if (attr_read_all(ctx, CRYPTO, 4u << 20, &text, &size))
		return;
	for (line = text, end = text + size; line < end; line = next) {
		next = next_line(line, end);
		if (take_value(line, next, "driver ", ciphers.cipher) ||
		    take_value(line, next, "module ", ciphers.module) ||
		    !take_value(line, next, "refcnt ", count))
			continue;
		/* a driver that is built in shares the module "kernel" with all others */
		if (strtoul(count, NULL, 10) > 1 && strcmp(ciphers.module, "kernel") != 0)
			sys_list(&ctx->sys, DRIVERS, look_at_driver, &ciphers);
	}
}
