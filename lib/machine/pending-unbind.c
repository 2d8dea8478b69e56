/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An unbind of a preserved device waits in vfio_unregister_group_dev()
 * (drivers/vfio/vfio_main.c) until the session is closed. A signal can wake it at first (state
 * S), but not after the first signal (state D), so the task's state proves nothing. Two
 * other facts are proof:
 * - The task has open the sysfs file to which it writes. This can be seen with any kernel
 * configuration.
 * - /proc/PID/wchan has the function. This also works for kernel threads that remove an
 * unplugged device. A kernel that guesses the callers from the words on a stack shows
 * process_timeout, the function of the timer of the wait; only a kernel that can unwind its stacks
 * (ORC, frame pointers) shows the function.
 */
#include "base/attr.h"
#include "machine/pending-unbind.h"
#include "machine/processes.h"

struct look {
	struct vlu_ctx *ctx;
	struct blocked *found;
	const char *file;	/* "wchan" or "stack" */
	char process[16];
	bool told;		/* a file of process 1 or 2 had text */
	bool yes;
};

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

const char *blocked_where(const char *text, size_t *ret_len)
{
	/*
	 * The wait itself, and the functions that wait for the lock of a device being unbound:
	 * drivers/base/bus.c, drivers/base/dd.c and drivers/pci/pci-sysfs.c.
	 */
	static const char *const functions[] = {
		"vfio_unregister_group_dev", "unbind_store", "remove_store",
		"device_release_driver_internal", "device_driver_detach",
		"__device_driver_lock", "pci_stop_and_remove_bus_device_locked",
	};
	const char *p;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		len = strlen(functions[i]);
		for (p = text; (p = strstr(p, functions[i])); p += len) {
			if ((p > text && is_name(p[-1])) || is_name(p[len]))
				continue;
			*ret_len = len;
			return p;
		}
	}
	return NULL;
}

static int look_at_task(void *arg, const char *name)
{
	struct look *look = arg;
	_cleanup_free_ char *text = NULL;
	char path[64];
	const char *where;
	size_t size, len;

	snprintf(path, sizeof(path), "/proc/%s/task/%.16s/%s", look->process, name, look->file);
	/* wchan ends without a newline, stack has many lines */
	if (attr_read_all(look->ctx, path, 65536, &text, &size))
		return 0;
	/* init and kthreadd sleep: if their files are empty, other empty files prove nothing */
	if ((strcmp(look->process, "1") == 0 || strcmp(look->process, "2") == 0) &&
	    text[0] && strcmp(text, "0") != 0)
		look->told = true;
	where = blocked_where(text, &len);
	if (!where)
		return 0;
	look->yes = true;
	look->found->pid = strtoll(name, NULL, 10);
	snprintf(look->found->where, sizeof(look->found->where), "%.*s", (int)len, where);
	if (attr_read(look->ctx, look->found->name, sizeof(look->found->name),
		      "/proc/%s/comm", name) <= 0)
		strcpy(look->found->name, "?");
	return 1;
}

static int look_at_process(void *arg, const char *name)
{
	struct look *look = arg;
	char path[64];

	if (name[0] < '1' || name[0] > '9' || strlen(name) >= sizeof(look->process))
		return 0;
	strcpy(look->process, name);
	snprintf(path, sizeof(path), "/proc/%s/task", name);
	return sys_list(&look->ctx->sys, path, look_at_task, look) > 0;
}

enum vlu_known blocked_find(struct vlu_ctx *ctx, struct blocked *ret_blocked)
{
	/* wchan is cheaper, but needs kallsyms */
	static const char *const files[] = { "wchan", "stack" };
	struct look look = { .ctx = ctx, .found = ret_blocked };
	const struct procs *procs = procs_get(ctx);
	const struct proc_file *file;
	size_t i, n;

	file = procs ? procs_kind(procs, PROC_UNBIND, &n) : NULL;
	if (file) {
		ret_blocked->pid = file->pid;
		strcpy(ret_blocked->name, file->comm);
		strcpy(ret_blocked->where, file->name);
		return VLU_YES;
	}

	for (i = 0; i < ARRAY_SIZE(files) && !look.told; i++) {
		look.file = files[i];
		sys_list(&ctx->sys, "/proc", look_at_process, &look);
	}
	if (look.yes)
		return VLU_YES;
	return look.told && procs && procs->complete ? VLU_NO : VLU_DONT_KNOW;
}
