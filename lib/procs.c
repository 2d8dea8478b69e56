/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "blocked.h"
#include "device.h"
#include "procs.h"

#define SYSPATH	"vfio-device-syspath:"

enum proc_kind proc_link_parse(const char *target, struct proc_file *ret)
{
	const char *number;
	char *end;
	size_t len;

	/* vfio_device_open_file() and vfio_group_get_device_fd() name theirs */
	if (strncmp(target, "anon_inode:[vfio-device", 23) == 0) {
		ret->legacy = target[23] == ']';
		return PROC_VFIO;
	}
	if (strncmp(target, "anon_inode:[luo_session]", 24) == 0) {
		target += 24 + strspn(target + 24, " ");
		snprintf(ret->name, sizeof(ret->name), "%.63s", target);
		return PROC_SESSION;
	}
	if (blocked_file(target)) {
		len = strlen(target);
		len = len < sizeof(ret->name) ? 0 : len - sizeof(ret->name) + 1;
		strcpy(ret->name, target + len);
		return PROC_UNBIND;
	}
	if (strncmp(target, "/dev/", 5) != 0)
		return PROC_NOTHING;
	target += 5;
	if (strcmp(target, "liveupdate") == 0)
		return PROC_LIVEUPDATE;
	if (strncmp(target, "vfio/devices/", 13) == 0) {
		snprintf(ret->name, sizeof(ret->name), "%.63s", target + 13);
		return PROC_VFIO;
	}
	if (strncmp(target, "vfio/", 5) == 0) {
		number = target + 5;
		if (strncmp(number, "noiommu-", 8) == 0)
			number += 8;
		errno = 0;
		ret->group = strtoll(number, &end, 10);
		return errno || end == number || *end || *number == '-' ?
		       PROC_NOTHING : PROC_GROUP;
	}
	/* /dev/null and terminals are what most files are */
	if (strncmp(target, "pts/", 4) == 0 || strcmp(target, "null") == 0)
		return PROC_NOTHING;
	len = strlen(target);
	if (len >= sizeof(ret->name))
		return PROC_NOTHING;
	memcpy(ret->name, target, len + 1);
	return PROC_BLOCK;
}

bool proc_path_bdf(const char *path, size_t size, struct vlu_bdf *ret_bdf)
{
	const char *p = path, *end = path + size, *slash;
	bool found = false;

	for (; p < end; p = slash + 1) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (!slash)
			slash = end;
		if (device_on_path(p, (size_t)(slash - p), ret_bdf))
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
	bool any;		/* there is a process at all */
	struct proc_file file;	/* pid and comm of the process at hand */
};

static int add(struct procs *procs, const struct proc_file *file)
{
	struct proc_file *more;

	if ((procs->n & (procs->n - 1)) == 0) {
		more = reallocarray(procs->files, procs->n ? procs->n * 2 : 1,
				    sizeof(*more));
		if (!more)
			return -ENOMEM;
		procs->files = more;
	}
	procs->files[procs->n++] = *file;
	return 0;
}

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
	/* older kernels do not tell; the name of a cdev does */
	if (!file->name[0] || strchr(file->name, '/'))
		return false;
	snprintf(link, sizeof(link), "/sys/class/vfio-dev/%.63s", file->name);
	n = sys_readlink(&scan->ctx->sys, link, link, sizeof(link));
	return n > 0 && proc_path_bdf(link, (size_t)n, &file->bdf);
}

static void read_comm(struct scan *scan, struct proc_file *file)
{
	char *p;

	if (file->comm[0])
		return;
	if (attr_read(scan->ctx, file->comm, sizeof(file->comm), "/proc/%d/comm",
		      (int)file->pid) <= 0)
		strcpy(file->comm, "?");
	for (p = file->comm; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

static int look_at_file(void *arg, const char *fd)
{
	struct scan *scan = arg;
	struct proc_file file = scan->file;
	char path[64], target[256];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/fd/%.12s", (int)file.pid, fd);
	ret = (int)sys_readlink(&scan->ctx->sys, path, target, sizeof(target));
	if (ret == -EACCES || ret == -EPERM)
		scan->procs->complete = false;
	if (ret < 0)	/* closed meanwhile, or too long for one of ours */
		return 0;
	file.fd = atoi(fd);
	file.kind = proc_link_parse(target, &file);
	if (file.kind == PROC_NOTHING)
		return 0;
	if (file.kind == PROC_VFIO && !find_device(scan, fd, &file)) {
		scan->procs->complete = false;
		return 0;
	}
	read_comm(scan, &file);
	memcpy(scan->file.comm, file.comm, sizeof(file.comm));
	return add(scan->procs, &file);
}

static int note_namespace(struct scan *scan, pid_t pid)
{
	struct procs *procs = scan->procs;
	char path[64], id[32];
	void *more;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	if (sys_readlink(&scan->ctx->sys, path, id, sizeof(id)) < 0)
		return 0;
	for (i = 0; i < procs->n_namespaces; i++)
		if (strcmp(procs->namespaces[i].id, id) == 0)
			return 0;
	more = reallocarray(procs->namespaces, procs->n_namespaces + 1,
			    sizeof(*procs->namespaces));
	if (!more)
		return -ENOMEM;
	procs->namespaces = more;
	strcpy(procs->namespaces[procs->n_namespaces].id, id);
	procs->namespaces[procs->n_namespaces++].pid = pid;
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
	return ret == -ENOMEM ? ret : 0;	/* it may have ended meanwhile */
}

static int by_kind(const void *a, const void *b)
{
	const struct proc_file *x = a, *y = b;
	int order = (x->kind > y->kind) - (x->kind < y->kind);

	if (!order)
		order = vlu_bdf_compare(x->bdf, y->bdf);
	return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

void procs_free(struct procs *procs)
{
	if (!procs)
		return;
	free(procs->files);
	free(procs->namespaces);
	free(procs);
}

const struct procs *procs_get(struct vlu_ctx *ctx)
{
	struct scan scan = { .ctx = ctx };
	int ret;

	if (ctx->procs)
		return ctx->procs;
	scan.procs = calloc(1, sizeof(*scan.procs));
	if (!scan.procs)
		return NULL;
	/* With hidepid= others are not even listed. */
	scan.procs->complete = !ctx->sys.root_is_slash || sys_euid(&ctx->sys) == 0;
	if (sys_readlink(&ctx->sys, "/proc/self", scan.self, sizeof(scan.self)) < 0)
		scan.self[0] = '\0';
	ret = sys_list(&ctx->sys, "/proc", look_at_process, &scan);
	if (ret == -ENOMEM) {
		procs_free(scan.procs);
		return NULL;
	}
	if (ret || !scan.any)
		scan.procs->complete = false;
	if (scan.procs->n)
		qsort(scan.procs->files, scan.procs->n, sizeof(*scan.procs->files),
		      by_kind);
	ctx->procs = scan.procs;
	return ctx->procs;
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
		procs_free(scan.procs);
		return ret;
	}
	*ret_procs = scan.procs;
	return 0;
}

void procs_drop(struct vlu_ctx *ctx)
{
	procs_free(ctx->procs);
	ctx->procs = NULL;
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
	size_t low = 0, high, mid, all, n;

	files = procs_kind(procs, PROC_VFIO, &all);
	for (high = all; low < high; ) {
		mid = low + (high - low) / 2;
		if (vlu_bdf_compare(files[mid].bdf, bdf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (n = 0; low + n < all; n++)
		if (vlu_bdf_compare(files[low + n].bdf, bdf))
			break;
	*ret_n = n;
	return n ? &files[low] : NULL;
}
