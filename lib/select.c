/* SPDX-License-Identifier: GPL-2.0-only */
#include "device.h"
#include "group.h"
#include "select.h"

/* --------------------------------------------------------------- patterns */

/*
 * BUS:DEV.*, BUS:*.FN, BUS:*.* and BUS:*, with a domain or without: the bus is
 * always said, so that no pattern means the whole machine.
 */
int pattern_parse(const char *text, struct pattern *ret)
{
	const char *slot = strrchr(text, ':'), *dot, *function;
	struct pattern pattern = { .any_device = false };
	char address[32];

	if (!slot)
		return -EINVAL;
	slot++;
	dot = slot + strcspn(slot, ".");
	function = *dot ? dot + 1 : "*";
	pattern.any_device = dot == slot + 1 && *slot == '*';
	pattern.any_function = strcmp(function, "*") == 0;
	if (!*dot && !pattern.any_device)
		return -EINVAL;
	/* what is any is 0, to be read as every other address is */
	if (snprintf(address, sizeof(address), "%.*s%.*s.%s", (int)(slot - text), text,
		     pattern.any_device ? 2 : (int)(dot - slot),
		     pattern.any_device ? "00" : slot,
		     pattern.any_function ? "0" : function) >= (int)sizeof(address))
		return -EINVAL;
	if (vlu_bdf_parse(address, &pattern.bdf))
		return -EINVAL;
	*ret = pattern;
	return 0;
}

bool pattern_matches(const struct pattern *pattern, struct vlu_bdf bdf)
{
	if (pattern->any_device)
		bdf.device = pattern->bdf.device;
	if (pattern->any_function)
		bdf.function = pattern->bdf.function;
	return vlu_bdf_compare(pattern->bdf, bdf) == 0;
}

static int parse(struct vlu_ctx *ctx, const char *text, struct pattern *ret)
{
	if (pattern_parse(text, ret) == 0)
		return 0;
	return vlu_fail(ctx, VLU_USAGE, -EINVAL, "'%s' is not a PCI address (DDDD:BB:DD.F), nor "
			"a pattern of them (DDDD:BB:DD.*, DDDD:BB:*)", text);
}

int vlu_pattern_check(struct vlu_ctx *ctx, const char *text)
{
	struct pattern pattern;

	return parse(ctx, text, &pattern);
}

/* ---------------------------------------------------------------- choosing */

struct bdfs {
	struct vlu_bdf *at;
	size_t n;
};

static int by_address(const void *a, const void *b)
{
	return vlu_bdf_compare(*(const struct vlu_bdf *)a, *(const struct vlu_bdf *)b);
}

static bool has(const struct bdfs *bdfs, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < bdfs->n; i++)
		if (vlu_bdf_compare(bdfs->at[i], bdf) == 0)
			return true;
	return false;
}

static int add(struct bdfs *bdfs, struct vlu_bdf bdf)
{
	struct vlu_bdf *more;

	if (has(bdfs, bdf))
		return 0;
	more = reallocarray(bdfs->at, bdfs->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	bdfs->at = more;
	bdfs->at[bdfs->n++] = bdf;
	return 0;
}

struct choice {
	const struct pattern *pattern;	/* NULL: whatever comes */
	struct bdfs found;
};

static int take(void *arg, const char *name)
{
	struct choice *choice = arg;
	struct vlu_bdf bdf;

	if (vlu_bdf_parse(name, &bdf) ||
	    (choice->pattern && !pattern_matches(choice->pattern, bdf)))
		return 0;
	return add(&choice->found, bdf);
}

/* What was found to what was chosen before: bridges only if they are named. */
static int add_found(struct vlu_ctx *ctx, struct bdfs *chosen, struct bdfs *found,
		     const struct vlu_bdf *named, size_t *ret_n)
{
	char name[VLU_BDF_SIZE];
	struct vlu_device *dev;
	size_t i;
	int ret;

	*ret_n = 0;
	if (found->n)
		qsort(found->at, found->n, sizeof(*found->at), by_address);
	for (i = 0; i < found->n; i++) {
		ret = vlu_device_find(ctx, found->at[i], &dev);
		if (ret == -ENODEV)	/* gone in between */
			continue;
		if (ret)
			return ret;
		if (dev->kind == VLU_BRIDGE && !has(chosen, found->at[i]) &&
		    !(named && vlu_bdf_compare(*named, found->at[i]) == 0)) {
			vlu_log(ctx, VLU_LOG_INFO, "%s: a bridge, left out",
				vlu_bdf_format(found->at[i], name));
			continue;
		}
		if (add(chosen, found->at[i]))
			return vlu_nomem(ctx);
		++*ret_n;
	}
	return 0;
}

static int choose(struct vlu_ctx *ctx, const struct pattern *pattern,
		  const struct vlu_bdf *named, struct bdfs *chosen, size_t *ret_n)
{
	struct choice choice = { .pattern = pattern };
	int ret;

	ret = sys_list(&ctx->sys, PCI_DEVICES, take, &choice);
	if (ret < 0)
		ret = vlu_fail(ctx, VLU_FAILED, ret, "cannot read " PCI_DEVICES ": %s",
			       strerror(-ret));
	else
		ret = add_found(ctx, chosen, &choice.found, named, ret_n);
	free(choice.found.at);
	return ret;
}

static int choose_pattern(struct vlu_ctx *ctx, const char *text, bool all_functions,
			  struct bdfs *chosen)
{
	struct pattern pattern;
	bool one;
	size_t n;
	int ret;

	ret = parse(ctx, text, &pattern);
	if (ret)
		return ret;
	one = !pattern.any_device && !pattern.any_function;
	pattern.any_function |= all_functions;
	ret = one && !all_functions ? 0 :
	      choose(ctx, &pattern, one ? &pattern.bdf : NULL, chosen, &n);
	/* What is named need not be there: whoever uses it says so. */
	if (!ret && one && add(chosen, pattern.bdf))
		ret = vlu_nomem(ctx);
	if (!ret && !one && !n)
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENODEV, "%s: no function that could "
			       "be bound matches it; vfio-lu list shows those that are there",
			       text);
	return ret;
}

static int choose_group(struct vlu_ctx *ctx, unsigned int group, struct bdfs *chosen)
{
	struct choice choice = { .pattern = NULL };
	size_t n = 0;
	int ret;

	ret = group_each(ctx, group, take, &choice);
	if (ret == -ENOENT)
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, ret, "there is no IOMMU group %u; "
			       "vfio-lu list shows which there are", group);
	else if (ret < 0)
		ret = vlu_fail(ctx, VLU_FAILED, ret, "cannot read the members of IOMMU "
			       "group %u: %s", group, strerror(-ret));
	else
		ret = add_found(ctx, chosen, &choice.found, NULL, &n);
	if (!ret && !n)
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENODEV, "IOMMU group %u has no "
			       "function that could be bound", group);
	free(choice.found.at);
	return ret;
}

int vlu_select(struct vlu_ctx *ctx, const struct vlu_selection *what,
	       struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	struct bdfs chosen = { NULL, 0 };
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < what->n_patterns; i++)
		ret = choose_pattern(ctx, what->patterns[i], what->all_functions, &chosen);
	for (i = 0; !ret && i < what->n_groups; i++)
		ret = choose_group(ctx, what->groups[i], &chosen);
	if (ret) {
		free(chosen.at);
		return ret;
	}
	*ret_bdfs = chosen.at;
	*ret_n = chosen.n;
	return 0;
}
