/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes phases from moments, and computes how long each device was away. */
#include "timeline/clocks.h"
#include "timeline/update.h"

/* The phase that ends with each moment, and the source of the moment's time. */
static const struct {
	const char *phase;
	const char *source;
	bool optional;	/* not every update has this moment */
	bool first;	/* the first device counts, else the last */
} kinds[MOMENT_KINDS] = {
	[PRESERVED] = { .phase = "preserve", .source = "vfio-lu" },
	[LOADED] = { .phase = "held", .source = "vfio-lu" },
	[INTERRUPTS_DISABLED] = { .phase = "load", .source = "vfio-lu", .first = true },
	[KEXEC_CALLED] = { .phase = "interrupts", .source = "vfio-lu" },
	[KERNEL_ENTERED] = { .phase = "kexec", .source = "boot-clock" },
	[INIT_STARTED] = { .phase = "kernel", .source = "kernel-log" },
	[RESTORE_CALLED] = { .phase = "init", .source = "vfio-lu" },
	[RESTORED] = { .phase = "restore", .source = "vfio-lu" },
	[GIVEN] = { .phase = "to-vmm", .source = "vfio-lu", .optional = true },
	[FINISH_CALLED] = { .phase = "to-finish", .source = "vfio-lu" },
	[BOUND] = { .phase = "bind", .source = "vfio-lu", .optional = true },
	[FINISHED] = { .phase = "finish", .source = "vfio-lu" },
};

/* A border between two phases. */
struct border {
	enum moment_kind kind;
	int64_t at;	/* nanoseconds since 1970 */
};

static size_t find_borders(const struct moments *moments, const struct clocks *clocks,
			   struct border borders[MOMENT_KINDS])
{
	enum moment_kind kind;
	size_t n = 0, i, j;
	int64_t at;

	for (kind = 0; kind < MOMENT_KINDS; kind++) {
		borders[n] = (struct border){ kind, -1 };
		for (i = 0; i < moments->n; i++) {
			if (moments->noted[i].kind != kind)
				continue;
			at = clocks_place(clocks, &moments->noted[i]);
			if (at >= 0 && (borders[n].at < 0 || (at < borders[n].at) == kinds[kind].first))
				borders[n].at = at;
		}
		n += borders[n].at >= 0;
	}
	/* by time: a VMM may get its device after finish was called */
	for (i = 1; i < n; i++)
		for (j = i; j && borders[j].at < borders[j - 1].at; j--) {
			struct border other = borders[j];

			borders[j] = borders[j - 1];
			borders[j - 1] = other;
		}
	return n;
}

static bool has_border(const struct border *borders, size_t n, enum moment_kind kind)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (borders[i].kind == kind)
			return true;
	return false;
}

/* Joins the names of this phase and of those before it whose end is not known. */
static const char *name_of(struct pool *pool, const struct border *borders, size_t n, size_t i)
{
	const char *name = NULL, *longer;
	enum moment_kind kind;

	for (kind = borders[i - 1].kind + 1; kind < borders[i].kind; kind++) {
		if (kinds[kind].optional || has_border(borders, n, kind))
			continue;
		longer = name ? pool_print(pool, "%s+%s", name, kinds[kind].phase) : kinds[kind].phase;
		name = longer ? longer : name;
	}
	longer = name ? pool_print(pool, "%s+%s", name, kinds[borders[i].kind].phase) :
		 kinds[borders[i].kind].phase;
	return longer ? longer : name;
}

static int add_phases(struct pool *pool, const struct border *borders, size_t n,
		      struct vlu_update *update)
{
	struct vlu_phase *phase;
	size_t i;

	for (i = 1; i < n; i++) {
		phase = pool_add(pool, &update->phases, &update->n_phases);
		if (!phase)
			return -ENOMEM;
		*phase = (struct vlu_phase){
			.name = name_of(pool, borders, n, i),
			.start = borders[i - 1].at - borders[0].at,
			.length = borders[i].at - borders[i - 1].at,
			.source = kinds[borders[i].kind].source,
		};
	}
	return 0;
}

static int add_missing(struct pool *pool, const struct border *borders, size_t n,
		       struct vlu_update *update)
{
	const char **missing;
	enum moment_kind kind;

	for (kind = 0; kind < MOMENT_KINDS; kind++) {
		if (kinds[kind].optional || has_border(borders, n, kind))
			continue;
		missing = pool_add(pool, &update->missing, &update->n_missing);
		if (!missing)
			return -ENOMEM;
		*missing = moment_word(kind);
	}
	return 0;
}

/* Returns the time of the first wanted moment that is known, or -1. */
static int64_t first_known(const struct moments *moments, const struct clocks *clocks,
			   const struct vlu_bdf *bdf, const enum moment_kind *wanted, size_t n,
			   const char **ret_word)
{
	const struct noted *noted;
	int64_t at = -1;
	size_t i;

	*ret_word = NULL;
	for (i = 0; at < 0 && i < n; i++) {
		noted = moments_find(moments, wanted[i], bdf);
		if (!noted)
			noted = moments_find(moments, wanted[i], NULL);
		at = noted ? clocks_place(clocks, noted) : -1;
		if (at >= 0)
			*ret_word = moment_word(wanted[i]);
	}
	return at;
}

/*
 * The absence of a device begins when its interrupts are disabled or, if that moment is not known,
 * when the image is loaded. The device is back when a process can use it again: when finish binds
 * the device's file to an iommufd or, if a VMM has bound the file already, when the VMM got the file.
 * If neither moment is known, the device is back when the session is finished.
 */
static int add_device(struct pool *pool, const struct moments *moments, const struct clocks *clocks,
		      struct vlu_bdf bdf, int64_t start, struct vlu_update *update)
{
	static const enum moment_kind from[] = { INTERRUPTS_DISABLED, LOADED };
	static const enum moment_kind to[] = { BOUND, GIVEN, FINISHED };
	struct vlu_away *away = pool_add(pool, &update->devices, &update->n_devices);

	if (!away)
		return -ENOMEM;
	away->bdf = bdf;
	away->from = first_known(moments, clocks, &bdf, from, ARRAY_SIZE(from), &away->from_moment);
	away->to = first_known(moments, clocks, &bdf, to, ARRAY_SIZE(to), &away->to_moment);
	if (away->from >= 0)
		away->from -= start;
	if (away->to >= 0)
		away->to -= start;
	return 0;
}

/* Returns the longest time that a device was away, or -1 if any device's time is not known. */
static int64_t longest_away(const struct vlu_update *update)
{
	const struct vlu_away *away = update->devices;
	int64_t longest = -1;

	/* if the clocks were not compared, the differences mean nothing */
	for (; update->clock && away < update->devices + update->n_devices; away++) {
		if (!away->from_moment || !away->to_moment)
			return -1;
		if (away->to - away->from > longest)
			longest = away->to - away->from;
	}
	return longest;
}

static int by_address(const void *a, const void *b)
{
	return vlu_bdf_compare(*(const struct vlu_bdf *)a, *(const struct vlu_bdf *)b);
}

/* Finds all devices that have moments, each once, sorted. */
static int find_devices(const struct moments *moments, struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	struct vlu_bdf *bdfs = calloc(moments->n + 1, sizeof(*bdfs));
	size_t i, j, n = 0;

	if (!bdfs)
		return -ENOMEM;
	for (i = 0; i < moments->n; i++)
		if (moments->noted[i].of_device)
			bdfs[n++] = moments->noted[i].bdf;
	qsort(bdfs, n, sizeof(*bdfs), by_address);
	for (i = j = 0; i < n; i++)
		if (!i || vlu_bdf_compare(bdfs[i], bdfs[i - 1]) != 0)
			bdfs[j++] = bdfs[i];
	*ret_bdfs = bdfs;
	*ret_n = j;
	return 0;
}

int update_make(struct pool *pool, const struct moments *moments, struct vlu_update *ret_update)
{
	struct clocks clocks = clocks_compare(moments);
	struct vlu_update update = { 0 };
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	struct border borders[MOMENT_KINDS];
	size_t n_borders = find_borders(moments, &clocks, borders), n = 0, i;
	int ret;

	update.clock = clocks.source;
	update.jump_known = clocks.step_known;
	update.jump = clocks.step;
	update.started = n_borders ? borders[0].at : 0;
	update.length = n_borders ? borders[n_borders - 1].at - borders[0].at : 0;
	ret = add_phases(pool, borders, n_borders, &update);
	if (!ret)
		ret = add_missing(pool, borders, n_borders, &update);
	if (!ret)
		ret = find_devices(moments, &bdfs, &n);
	for (i = 0; !ret && i < n; i++)
		ret = add_device(pool, moments, &clocks, bdfs[i], update.started, &update);
	update.away = longest_away(&update);
	if (!ret)
		*ret_update = update;
	return ret;
}
