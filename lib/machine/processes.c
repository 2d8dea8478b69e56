/* SPDX-License-Identifier: GPL-2.0-only */
#include <fnmatch.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "device.h"
#include "machine/device-node.h"
#include "machine/kernel.h"
#include "machine/processes.h"

#define SYSPATH	"vfio-device-syspath:"

bool is_unbind_file(const char *path)
{
	static const char *const files[] = {
		"/sys/bus/*/drivers/*/unbind", "/sys/devices/*/remove",
		"/sys/bus/pci/slots/*/power",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (fnmatch(files[i], path, 0) == 0)
			return true;
	return false;
}

/* pci_create_resource_files(), drivers/pci/pci-sysfs.c: a driver in user space maps "resource0". */
static bool is_resource(const char *target)
{
	return strncmp(target, "/sys/devices/", 13) == 0 && strstr(target, "/resource");
}

enum proc_kind proc_link_parse(const char *target, struct proc_file *ret)
{
	const char *number;
	char *end;
	size_t len;

	/* the names given by vfio_device_open_file() and vfio_group_get_device_fd() */
	if (strncmp(target, "anon_inode:[vfio-device", 23) == 0) {
		ret->legacy = target[23] == ']';
		return PROC_VFIO;
	}
	if (strncmp(target, "anon_inode:[luo_session]", 24) == 0) {
		target += 24 + strspn(target + 24, " ");
		snprintf(ret->name, sizeof(ret->name), "%.63s", target);
		return PROC_SESSION;
	}
	len = strlen(target);
	len = len < sizeof(ret->name) ? 0 : len - sizeof(ret->name) + 1;
	strcpy(ret->name, target + len);
	if (is_unbind_file(target))
		return PROC_UNBIND;
	if (is_resource(target))
		return PROC_NODE;
	if (strcmp(target, DEV_LIVEUPDATE) == 0)
		return PROC_LIVEUPDATE;
	if (strncmp(target, "/dev/vfio/devices/", 18) == 0) {
		snprintf(ret->name, sizeof(ret->name), "%.63s", target + 18);
		return PROC_VFIO;
	}
	if (strncmp(target, "/dev/vfio/", 10) == 0) {
		number = target + 10;
		if (strncmp(number, "noiommu-", 8) == 0)
			number += 8;
		errno = 0;
		ret->group = strtoll(number, &end, 10);
		return errno || end == number || *end || *number == '-' ?
		       PROC_NOTHING : PROC_GROUP;
	}
	/* most files are /dev/null and terminals; /proc/ and the like have no nodes */
	return target[0] != '/' || strcmp(target, "/dev/null") == 0 ||
	       strncmp(target, "/dev/pts/", 9) == 0 || strncmp(target, "/proc/", 6) == 0 ||
	       strncmp(target, "/sys/", 5) == 0 ? PROC_NOTHING : PROC_NODE;
}

bool proc_path_bdf(const char *path, size_t size, struct vlu_bdf *ret_bdf)
{
	const char *p = path, *end = path + size, *slash;
	bool found = false;

	for (; p < end; p = slash + 1) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (!slash)
			slash = end;
		if (is_bdf_component(p, (size_t)(slash - p), ret_bdf))
			found = true;
	}
	return found;
}

bool proc_fdinfo_parse(const char *text, size_t size, struct vlu_bdf *ret_bdf)
{
	const char *p, *end = text + size, *eol;

	p = memmem(text, size, SYSPATH, strlen(SYSPATH));
	if (!p || (p > text && p[-1] != '\n'))
		return false;
	p += strlen(SYSPATH);
	eol = memchr(p, '\n', (size_t)(end - p));
	return proc_path_bdf(p, (size_t)((eol ? eol : end) - p), ret_bdf);
}

/* ------------------------------------------------------------------ scan */

struct scan {
	struct vlu_ctx *ctx;
	struct procs *procs;
	char self[16];
	bool any;		/* found at least one process */
	struct proc_file file;	/* template with pid and comm of the current process */
};

static bool find_device(struct scan *scan, const char *fd, struct proc_file *file)
{
	char path[64], link[512];
	_cleanup_free_ char *text = NULL;
	ssize_t n;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.12s", (int)file->pid, fd);
	if (attr_read_all(scan->ctx, path, 65536, &text, &size) == 0 &&
	    proc_fdinfo_parse(text, size, &file->bdf))
		return true;
	/* older kernels have no such line, so the name of the cdev is used */
	if (!file->name[0] || strchr(file->name, '/'))
		return false;
	snprintf(link, sizeof(link), "/sys/class/vfio-dev/%.63s", file->name);
	n = sys_readlink(&scan->ctx->sys, link, link, sizeof(link));
	return n > 0 && proc_path_bdf(link, (size_t)n, &file->bdf);
}

/* Returns false if the process has ended meanwhile, and so has no files open. */
static bool read_comm(struct scan *scan, struct proc_file *file)
{
	char *p, path[32];

	if (file->comm[0])
		return true;
	if (attr_read(scan->ctx, file->comm, sizeof(file->comm), "/proc/%d/comm",
		      (int)file->pid) <= 0) {
		snprintf(path, sizeof(path), "/proc/%d/fd", (int)file->pid);
		if (!sys_exists(&scan->ctx->sys, path))
			return false;
		strcpy(file->comm, "?");
	}
	for (p = file->comm; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return true;
}

/*
 * Finds a node in sysfs by its number, since a node may have any name in any directory. The nodes of
 * a captured machine have no numbers; they are found by the names that the kernel gives to nodes.
 */
static bool find_node(struct scan *scan, const char *fd, struct proc_file *file)
{
	char path[64], sysfs[512];
	dev_t number = 0;
	int mode;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.12s", (int)file->pid, fd);
	mode = sys_node(&scan->ctx->sys, path, &number);
	if (mode >= 0 && !number && scan->ctx->sys.root_is_slash)
		return false;
	file->is_block = mode >= 0 && S_ISBLK(mode);
	if (number)
		node_by_number(scan->ctx, file->is_block, number, sysfs);
	else
		file->is_block = node_by_name(scan->ctx, file->name, sysfs);
	if (sysfs[0])
		file->sysfs = pool_text(&scan->procs->pool, sysfs, sizeof(sysfs));
	return sysfs[0] || number || strncmp(file->name, "/dev/", 5) == 0;
}

/* A container may open a vfio file through a device node of its own. */
static void tell_vfio(struct proc_file *file)
{
	const char *group = strstr(file->sysfs, "/virtual/vfio/");

	if (strstr(file->sysfs, "/vfio-dev/") &&
	    proc_path_bdf(file->sysfs, strlen(file->sysfs), &file->bdf))
		file->kind = PROC_VFIO;
	else if (group) {
		file->kind = PROC_GROUP;
		file->group = strtoll(group + strlen("/virtual/vfio/"), NULL, 10);
	}
}

static int look_at_file(void *arg, const char *fd)
{
	struct scan *scan = arg;
	struct proc_file file = scan->file, *more;
	char path[64], target[256];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.12s", (int)file.pid, fd);
	ret = (int)sys_readlink(&scan->ctx->sys, path, target, sizeof(target));
	if (ret == -EACCES || ret == -EPERM)
		scan->procs->complete = false;
	if (ret < 0)	/* closed meanwhile, or too long to be of interest */
		return 0;
	file.fd = atoi(fd);
	file.kind = proc_link_parse(target, &file);
	if (file.kind == PROC_NOTHING)
		return 0;
	if (file.kind == PROC_NODE && is_resource(target))
		file.sysfs = pool_text(&scan->procs->pool, target, sizeof(target));
	else if (file.kind == PROC_NODE && !find_node(scan, fd, &file))
		return 0;
	if (file.kind == PROC_NODE && file.sysfs)
		tell_vfio(&file);
	else if (file.kind == PROC_VFIO && !find_device(scan, fd, &file)) {
		scan->procs->complete = false;
		return 0;
	}
	if (!read_comm(scan, &file))
		return 0;
	memcpy(scan->file.comm, file.comm, sizeof(file.comm));
	more = pool_add(&scan->procs->pool, &scan->procs->files, &scan->procs->n);
	if (!more)
		return -ENOMEM;
	*more = file;
	return 0;
}

static int note_namespace(struct scan *scan, pid_t pid)
{
	struct procs *procs = scan->procs;
	char path[64], id[32];
	struct proc_namespace *more;
	ssize_t n;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	n = sys_readlink(&scan->ctx->sys, path, id, sizeof(id));
	/* a captured machine may lack the namespace's name, but have its mounts */
	if (n == -ENOENT)
		snprintf(id, sizeof(id), "of %d", (int)pid);
	else if (n < 0)
		return 0;
	for (i = 0; i < procs->n_namespaces; i++)
		if (strcmp(procs->namespaces[i].id, id) == 0)
			return 0;
	more = pool_add(&procs->pool, &procs->namespaces, &procs->n_namespaces);
	if (!more)
		return -ENOMEM;
	strcpy(more->id, id);
	more->pid = pid;
	return 0;
}

static int look_at_process(void *arg, const char *name)
{
	struct scan *scan = arg;
	char path[64], *end;
	int ret;

	scan->file = (struct proc_file){ .pid = (pid_t)strtol(name, &end, 10) };
	if (*name < '1' || *name > '9' || *end || strlen(name) > 10)
		return 0;
	scan->any = true;
	if (strcmp(name, scan->self) == 0)
		return 0;
	ret = note_namespace(scan, scan->file.pid);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/%s/fd", name);
	ret = sys_list(&scan->ctx->sys, path, look_at_file, scan);
	if (ret == -EACCES || ret == -EPERM)
		scan->procs->complete = false;
	return ret == -ENOMEM ? ret : 0;	/* the process may have ended */
}

static int by_kind(const void *a, const void *b)
{
	const struct proc_file *x = a, *y = b;
	int order = (x->kind > y->kind) - (x->kind < y->kind);

	if (!order)
		order = vlu_bdf_compare(x->bdf, y->bdf);
	return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

static const struct cache cache = { .free = pool_end };

const struct procs *procs_get(struct vlu_ctx *ctx)
{
	struct scan scan = { .ctx = ctx, .procs = cache_get(ctx, &cache) };
	int ret;

	if (scan.procs)
		return scan.procs;
	scan.procs = calloc(1, sizeof(*scan.procs));
	if (!scan.procs)
		return NULL;
	/* With hidepid= the processes of other users are not listed. */
	scan.procs->complete = !ctx->sys.root_is_slash || sys_euid(&ctx->sys) == 0;
	if (sys_readlink(&ctx->sys, "/proc/self", scan.self, sizeof(scan.self)) < 0)
		scan.self[0] = '\0';
	progress_begin(ctx, 0, "looking at the open files of all processes");
	ret = sys_list(&ctx->sys, "/proc", look_at_process, &scan);
	progress_end(ctx);
	if (ret == -ENOMEM) {
		pool_end(scan.procs);
		return NULL;
	}
	if (ret || !scan.any)
		scan.procs->complete = false;
	if (scan.procs->n)
		qsort(scan.procs->files, scan.procs->n, sizeof(*scan.procs->files), by_kind);
	return cache_put(ctx, &cache, scan.procs);
}

int procs_of(struct vlu_ctx *ctx, pid_t pid, struct procs **ret_procs)
{
	struct scan scan = { .ctx = ctx, .file = { .pid = pid } };
	char path[64];
	int ret;

	scan.procs = calloc(1, sizeof(*scan.procs));
	if (!scan.procs)
		return -ENOMEM;
	scan.procs->complete = true;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	ret = sys_list(&ctx->sys, path, look_at_file, &scan);
	if (ret < 0) {
		pool_end(scan.procs);
		return ret;
	}
	*ret_procs = scan.procs;
	return 0;
}

const struct proc_file *procs_kind(const struct procs *procs, enum proc_kind kind,
				   size_t *ret_n)
{
	size_t first, n;

	for (first = 0; first < procs->n; first++)
		if (procs->files[first].kind == kind)
			break;
	for (n = 0; first + n < procs->n; n++)
		if (procs->files[first + n].kind != kind)
			break;
	*ret_n = n;
	return n ? &procs->files[first] : NULL;
}

const struct proc_file *procs_device(const struct procs *procs, struct vlu_bdf bdf,
				     size_t *ret_n)
{
	const struct proc_file *files;
	size_t all;

	files = procs_kind(procs, PROC_VFIO, &all);
	return bdf_range(files, all, bdf, ret_n);
}
