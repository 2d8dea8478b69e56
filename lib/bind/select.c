/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/array.h"
#include "base/bdf.h"
#include "machine/device.h"
#include "machine/iommu-group.h"
#include "select.h"

/* --------------------------------------------------------------- patterns */

/*
 * Parses a BDF, BUS:DEV.*, BUS:*.FN, BUS:*.* or BUS:*. Each may begin with a domain. Requires the bus, so that
 * no pattern selects the whole machine.
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
	/* replace each '*' by 0, so that vlu_bdf_parse() can read the address */
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

bool pattern_is_match(const struct pattern *pattern, struct vlu_bdf bdf)
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

static int add(struct bdfs *bdfs, struct vlu_bdf bdf)
{
	struct vlu_bdf *more;

	if (bdf_find(bdfs->at, bdfs->n, bdf))
		return 0;
	more = array_add(&bdfs->at, &bdfs->n);
	if (!more)
		return -ENOMEM;
	*more = bdf;
	return 0;
}

struct choice {
	const struct pattern *pattern;	/* NULL: take all */
	struct bdfs found;
};

static int take(void *arg, const char *name)
{
	struct choice *choice = arg;
	struct vlu_bdf bdf;

	if (vlu_bdf_parse(name, &bdf) ||
	    (choice->pattern && !pattern_is_match(choice->pattern, bdf)))
		return 0;
	return add(&choice->found, bdf);
}

/* Adds the found BDFs to the chosen ones. Leaves out a bridge, unless "bridges" is set or it is named. */
static int add_found(struct vlu_ctx *ctx, struct bdfs *chosen, struct bdfs *found, bool bridges,
		     const struct vlu_bdf *named, size_t *ret_n)
{
	char name[VLU_BDF_SIZE];
	struct vlu_device *dev;
	size_t i;
	int ret;

	*ret_n = 0;
	if (found->n)
		qsort(found->at, found->n, sizeof(*found->at), bdf_order);
	for (i = 0; i < found->n; i++) {
		ret = vlu_device_find(ctx, found->at[i], &dev);
		if (ret == -ENODEV)	/* it has disappeared meanwhile */
			continue;
		if (ret)
			return ret;
		if (dev->kind == VLU_BRIDGE && !bridges && !bdf_find(chosen->at, chosen->n, found->at[i]) &&
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

static int choose(struct vlu_ctx *ctx, const struct pattern *pattern, bool bridges,
		  const struct vlu_bdf *named, struct bdfs *chosen, size_t *ret_n)
{
	struct choice choice = { .pattern = pattern };
	int ret;

	ret = sys_list(&ctx->sys, PCI_DEVICES, take, &choice);
	if (ret < 0)
		ret = vlu_failed(ctx, ret, "cannot read " PCI_DEVICES);
	else
		ret = add_found(ctx, chosen, &choice.found, bridges, named, ret_n);
	free(choice.found.at);
	return ret;
}

/* Chooses among the devices that the command can act on, even if they have disappeared. */
static int choose_of(struct vlu_ctx *ctx, const struct pattern *pattern,
		     const struct vlu_selection *what, struct bdfs *chosen, size_t *ret_n)
{
	size_t i;

	*ret_n = 0;
	for (i = 0; i < what->n_of; i++) {
		if (!pattern_is_match(pattern, what->of[i]))
			continue;
		if (add(chosen, what->of[i]))
			return vlu_nomem(ctx);
		++*ret_n;
	}
	return 0;
}

static int choose_pattern(struct vlu_ctx *ctx, const char *text, const struct vlu_selection *what,
			  struct bdfs *chosen)
{
	struct pattern pattern;
	size_t n = 0;
	bool one;
	int ret;

	ret = parse(ctx, text, &pattern);
	if (ret)
		return ret;
	one = !pattern.any_device && !pattern.any_function;
	pattern.any_function |= what->all_functions;
	ret = one ? 0 : choose_of(ctx, &pattern, what, chosen, &n);
	if (!ret && !n && (!one || what->all_functions))
		ret = choose(ctx, &pattern, what->bridges, one ? &pattern.bdf : NULL, chosen, &n);
	/* Choose a named device even if it has disappeared: the command reports that. */
	if (!ret && one && add(chosen, pattern.bdf))
		ret = vlu_nomem(ctx);
	if (!ret && !one && !n)
		ret = vlu_fail(ctx, FAIL_NO_DEVICE, -ENODEV, "%s: no function%s matches this "
			       "pattern; vfio-lu list shows all functions", text,
			       what->bridges ? "" : " except bridges");
	return ret;
}

static int choose_group(struct vlu_ctx *ctx, unsigned int group, struct bdfs *chosen)
{
	struct choice choice = { .pattern = NULL };
	size_t n = 0;
	int ret;

	ret = group_each(ctx, group, take, &choice);
	if (ret == -ENOENT)
		ret = vlu_fail(ctx, FAIL_NO_DEVICE, ret, "there is no IOMMU group %u; "
			       "vfio-lu list shows the groups", group);
	else if (ret < 0)
		ret = vlu_failed(ctx, ret, "cannot read the members of IOMMU group %u", group);
	else
		ret = add_found(ctx, chosen, &choice.found, false, NULL, &n);
	if (!ret && !n)
		ret = vlu_fail(ctx, FAIL_NO_DEVICE, -ENODEV, "IOMMU group %u has no "
			       "function except bridges", group);
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
		ret = choose_pattern(ctx, what->patterns[i], what, &chosen);
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
