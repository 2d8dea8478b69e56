/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "holder/exchange.h"
#include "holder/recorded.h"

#define ANSWER_MAX	(HOLDER_ITEMS * (HOLDER_KEY + HOLDER_VALUE) + 64)

void answer_note(struct vlu_ctx *ctx, const struct held *held, int err)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, i;
	FILE *out;

	/* without a recorder, do not write a text that nobody reads */
	if (!ctx->sys.recorder)
		return;
	out = open_memstream(&text, &size);
	if (!out)
		return;
	if (err)
		fprintf(out, "error %d", -err);
	else
		fprintf(out, "ok %d %zu\n", (int)held->pid, held->n);
	for (i = 0; !err && i < held->n; i++)
		fprintf(out, "%s\t%s\n", held->items[i].key, held->items[i].value);
	if (fclose(out) == 0)
		sys_note(&ctx->sys, HOLDER_ANSWER, text, size);
}

int answer_read(struct vlu_ctx *ctx, char **ret_reply)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	long err;
	int ret;

	ret = attr_read_all(ctx, HOLDER_ANSWER, ANSWER_MAX, &text, &size);
	if (ret)
		return ret;
	if (strncmp(text, "error ", 6) == 0) {
		err = strtol(text + 6, NULL, 10);
		return err > 0 && err < 4096 ? -(int)err : -EPROTO;
	}
	if (strncmp(text, "ok ", 3) != 0)
		return -EPROTO;
	*ret_reply = text;
	text = NULL;
	return 0;
}
