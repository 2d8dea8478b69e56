/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "device.h"
#include "inuse.h"
#include "irqs.h"
#include "keeper.h"
#include "pcicap.h"
#include "procs.h"

static void add_one(struct inuse *inuse, struct vlu_bdf bdf, enum use_weight weight,
		    const char *what, const char *fix)
{
	struct use *more, *use;
	size_t i;

	/* a disk may be reached on two ways, a file system mounted many times */
	for (i = inuse->n; i-- > 0 && i + 8 > inuse->n; )
		if (vlu_bdf_compare(inuse->uses[i].bdf, bdf) == 0 &&
		    strcmp(inuse->uses[i].what, what) == 0)
			return;
	if ((inuse->n & (inuse->n - 1)) == 0) {
		more = reallocarray(inuse->uses, inuse->n ? inuse->n * 2 : 1,
				    sizeof(*more));
		if (!more) {
			inuse->short_of_memory = true;
			return;
		}
		inuse->uses = more;
	}
	use = &inuse->uses[inuse->n];
	*use = (struct use){ .bdf = bdf, .order = inuse->n, .weight = weight,
			     .what = strdup(what), .fix = strdup(fix) };
	if (!use->what || !use->fix) {
		free(use->what);
		free(use->fix);
		inuse->short_of_memory = true;
		return;
	}
	inuse->n++;
}

void inuse_add(struct inuse *inuse, const char *path, enum use_weight weight,
	       const char *fix, const char *fmt, ...)
{
	const char *p = path, *slash;
	struct vlu_bdf bdf;
	char what[384];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	/*
	 * Every function on the way: behind a VMD controller are functions
	 * with disks, which go when it goes.
	 */
	for (; *p; p = slash + strspn(slash, "/")) {
		slash = p + strcspn(p, "/");
		if (device_on_path(p, (size_t)(slash - p), &bdf))
			add_one(inuse, bdf, weight, what, fix);
	}
}

void inuse_cannot(struct inuse *inuse, const char *path, int err)
{
	if (!inuse->unknown[0])
		snprintf(inuse->unknown, sizeof(inuse->unknown),
			 "%.80s cannot be read: %.32s", path, strerror(-err));
}

/* --------------------------------------------------------------- screens */

struct screens {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	bool console;		/* the console is on a frame buffer */
};

static int look_at_console(void *arg, const char *name)
{
	struct screens *screens = arg;
	char kind[64];
	int64_t bound;

	/* drivers/tty/vt/vt.c: "(M) frame buffer device" */
	if (attr_read(screens->ctx, kind, sizeof(kind),
		      "/sys/class/vtconsole/%.32s/name", name) > 0 &&
	    strstr(kind, "frame buffer") &&
	    attr_number(screens->ctx, &bound, "/sys/class/vtconsole/%.32s/bind",
			name) == 0 && bound == 1)
		screens->console = true;
	return 0;
}

static int look_at_screen(void *arg, const char *name)
{
	struct screens *screens = arg;
	char path[512];

	if (strncmp(name, "fb", 2) != 0 || name[2] < '0' || name[2] > '9')
		return 0;
	snprintf(path, sizeof(path), "/sys/class/graphics/%.16s", name);
	if (sys_readlink(&screens->ctx->sys, path, path, sizeof(path)) < 0)
		return 0;
	inuse_add(screens->inuse, path, USE_BEARABLE, "move the console to a serial line "
		  "or another screen first (boot with console=ttyS0 and video=off)",
		  "its frame buffer %.16s shows the console", name);
	return 0;
}

static void find_screens(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct screens screens = { ctx, inuse, false };

	/* Neither is there on a host without a screen. */
	sys_list(&ctx->sys, "/sys/class/vtconsole", look_at_console, &screens);
	if (screens.console)
		sys_list(&ctx->sys, "/sys/class/graphics", look_at_screen, &screens);
}

/* ----------------------------------------------------------------- index */

static int by_address(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int order = vlu_bdf_compare(x->bdf, y->bdf);

	if (!order)
		order = (int)x->weight - (int)y->weight;
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void inuse_free(struct inuse *inuse)
{
	size_t i;

	if (!inuse)
		return;
	for (i = 0; i < inuse->n; i++) {
		free(inuse->uses[i].what);
		free(inuse->uses[i].fix);
	}
	free(inuse->uses);
	free(inuse);
}

const struct inuse *inuse_get(struct vlu_ctx *ctx)
{
	struct inuse *inuse;

	if (ctx->inuse)
		return ctx->inuse;
	inuse = calloc(1, sizeof(*inuse));
	if (!inuse)
		return NULL;
	inuse_blocks(ctx, inuse);
	inuse_nets(ctx, inuse);
	find_screens(ctx, inuse);
	if (inuse->short_of_memory) {
		inuse_free(inuse);
		return NULL;
	}
	if (inuse->n)
		qsort(inuse->uses, inuse->n, sizeof(*inuse->uses), by_address);
	ctx->inuse = inuse;
	return inuse;
}

void inuse_drop(struct vlu_ctx *ctx)
{
	inuse_free(ctx->inuse);
	ctx->inuse = NULL;
	procs_drop(ctx);
	irqs_drop(ctx);
	keeper_drop(ctx);
	pcicap_drop(ctx);
}

const struct use *inuse_find(const struct inuse *inuse, struct vlu_bdf bdf,
			     size_t *ret_n)
{
	size_t low = 0, high = inuse->n, mid, n;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (vlu_bdf_compare(inuse->uses[mid].bdf, bdf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (n = 0; low + n < inuse->n; n++)
		if (vlu_bdf_compare(inuse->uses[low + n].bdf, bdf))
			break;
	*ret_n = n;
	return n ? &inuse->uses[low] : NULL;
}

bool inuse_uses(const struct inuse *inuse, struct vlu_bdf bdf)
{
	const struct use *uses;
	size_t n;

	uses = inuse_find(inuse, bdf, &n);
	return uses && uses->weight != USE_IDLE;
}
