/* SPDX-License-Identifier: GPL-2.0-only */
#include "inuse/uses.h"
#include "machine/device.h"

static void add_one(struct inuse *inuse, struct vlu_bdf bdf, enum use_weight weight,
		    const char *what, const char *fix)
{
	struct use *use;
	size_t i;

	/* skip repeats: a disk may have two paths, a file system many mounts */
	for (i = inuse->n; !inuse->short_of_memory && i-- > 0 && i + 8 > inuse->n; )
		if (vlu_bdf_compare(inuse->uses[i].bdf, bdf) == 0 &&
		    strcmp(inuse->uses[i].what, what) == 0)
			return;
	use = pool_add(&inuse->pool, &inuse->uses, &inuse->n);
	if (use)
		*use = (struct use){ .bdf = bdf, .order = inuse->n, .weight = weight,
				     .what = pool_text(&inuse->pool, what, strlen(what)),
				     .fix = pool_text(&inuse->pool, fix, strlen(fix)) };
	if (!use || !use->what || !use->fix)
		inuse->short_of_memory = true;
}

void inuse_add(struct inuse *inuse, const char *path, enum use_weight weight,
	       const char *fix, const char *fmt, ...)
{
	const char *p = path, *slash;
	struct vlu_bdf bdf;
	char what[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	/* Notes every function on the path: the disks behind a VMD controller disappear with it. */
	for (; *p; p = slash + strspn(slash, "/")) {
		slash = p + strcspn(p, "/");
		if (is_bdf_component(p, (size_t)(slash - p), &bdf))
			add_one(inuse, bdf, weight, what, fix);
	}
}

void inuse_cannot(char unseen[128], const char *path, int err)
{
	if (!unseen[0])
		snprintf(unseen, 128, "%.80s cannot be read: %.32s", path, strerror(-err));
}

int inuse_list(struct sys *sys, char unseen[128], const char *path,
	       int (*fn)(void *arg, const char *name), void *arg)
{
	int ret = sys_list(sys, path, fn, arg);

	if (ret < 0 && ret != -ENOENT && ret != -ENOTDIR)
		inuse_cannot(unseen, path, ret);
	return ret;
}
