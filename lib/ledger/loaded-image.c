/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "ledger/ledger.h"
#include "ledger/loaded-image.h"
#include "machine/kexec-state.h"

#define SEEN	"\nseen:\n"	/* followed by the lines of witness_stop() */

void kexec_image_free(struct kexec_image *image)
{
	free(image->kernel);
	free(image->initrd);
	free(image->cmdline);
	free(image->line);
	free(image->judged);
	free(image->forced);
	free(image->seen);
	*image = (struct kexec_image){ .kernel = NULL };
}

void kexec_image_forget(struct vlu_ctx *ctx)
{
	sys_unlink(&ctx->sys, KEXEC_LOADED);
}

int kexec_image_remember(struct vlu_ctx *ctx, const struct kexec_image *image)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "kernel=%s\ninitrd=%s\ncmdline=%s\nline=%s\njudged=%s\n%s" SEEN "%s",
		     image->kernel, image->initrd ? image->initrd : "", image->cmdline, image->line,
		     image->judged ? image->judged : "", image->forced ? image->forced : "",
		     image->seen ? image->seen : "") < 0) {
		text = NULL;
		return vlu_nomem(ctx);
	}
	return state_write(ctx, RUN_DIR, "loaded", text);
}

void kexec_image_pass(struct kexec_image *image, const char *line)
{
	char *joined;

	if (asprintf(&joined, "%s%s\n", image->forced ? image->forced : "", line) < 0)
		return;
	free(image->forced);
	image->forced = joined;
}

static void take_line(struct kexec_image *image, const char *line)
{
	const struct {
		const char *key;
		char **into;
	} texts[] = {
		{ "kernel=", &image->kernel }, { "initrd=", &image->initrd },
		{ "cmdline=", &image->cmdline }, { "line=", &image->line },
		{ "judged=", &image->judged },
	};
	const char *value = strchr(line, '=');
	size_t i;

	if (!value || !*++value)
		return;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strncmp(line, texts[i].key, strlen(texts[i].key)) != 0)
			continue;
		free(*texts[i].into);
		*texts[i].into = strdup(value);
	}
	if (strncmp(line, FORCED_WORD, strlen(FORCED_WORD)) == 0)
		kexec_image_pass(image, line);
}

int kexec_image_read(struct vlu_ctx *ctx, struct kexec_image *ret_image)
{
	_cleanup_free_ char *text = NULL;
	struct kexec_image image = { .kernel = NULL };
	char *line, *seen, *save = NULL;
	size_t size;
	int ret;

	ret = attr_read_all(ctx, KEXEC_LOADED, 1 << 20, &text, &size);
	if (ret == -ENOENT)
		return ret;
	if (ret)
		return vlu_failed(ctx, ret, "cannot read " KEXEC_LOADED);
	seen = strstr(text, SEEN);
	if (seen) {
		*seen = '\0';
		seen += strlen(SEEN);
		image.seen = *seen ? strdup(seen) : NULL;
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_line(&image, line);
	if (!image.kernel || !image.cmdline) {
		kexec_image_free(&image);
		return vlu_fail(ctx, FAIL_NO_IMAGE, -EINVAL, KEXEC_LOADED " does not say what was loaded; "
				"first: vfio-lu load KERNEL");
	}
	*ret_image = image;
	return 0;
}

const char *kexec_image_missing(struct vlu_ctx *ctx, const struct kexec_image *image)
{
	return !sys_exists(&ctx->sys, image->kernel) ? image->kernel :
	       image->initrd && !sys_exists(&ctx->sys, image->initrd) ? image->initrd : NULL;
}

/* Was the image judged for all that is held now? */
static bool is_judged(const struct ledger *ledger, const struct kexec_image *image)
{
	const struct vlu_session *session;
	const struct vlu_member *member;
	const struct entry *entry;
	char name[160];
	size_t i;

	each_entry(entry, ledger) {
		session = &entry->seen;
		for (i = 0; session->direction == VLU_OUTGOING && (member = member_at(session, i)); i++) {
			snprintf(name, sizeof(name), "%s%s%s", i < session->n_devices ? "" : session->name,
				 i < session->n_devices ? "" : "/", member->name);
			if (is_held(member) && (!image->judged || !list_has(image->judged, ' ', name)))
				return false;
		}
	}
	return true;
}

static const char *keep(struct ledger *ledger, const char *text)
{
	return text ? ledger_print(ledger, "%s", text) : NULL;
}

/* Leaves the image out if vfio-lu loaded none, or this user cannot read the note about it. */
void ledger_image(struct ledger *ledger)
{
	struct kexec_image image = { .kernel = NULL };
	struct vlu_loaded *loaded;
	const char *missing;

	if (ledger->state.kexec_loaded != VLU_YES || kexec_image_read(ledger->ctx, &image))
		return;
	missing = kexec_image_missing(ledger->ctx, &image);
	loaded = ledger_kept(ledger, pool_alloc(&ledger->pool, sizeof(*loaded)));
	if (loaded)
		*loaded = (struct vlu_loaded){
			.image = keep(ledger, image.kernel),
			.initrd = keep(ledger, image.initrd),
			.cmdline = keep(ledger, image.line ? image.line : image.cmdline),
			.judged = !missing && is_judged(ledger, &image),
			.missing = keep(ledger, missing),
		};
	ledger->state.loaded = loaded;
	kexec_image_free(&image);
}
