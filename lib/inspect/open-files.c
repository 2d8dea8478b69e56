/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that have a session, a device or /dev/liveupdate open. */
#include "holder/client.h"
#include "inspect/collect.h"
#include "machine/processes.h"

static const char *kind_word(enum proc_kind kind)
{
	switch (kind) {
	case PROC_SESSION:
		return "session";
	case PROC_VFIO:
		return "device";
	case PROC_LIVEUPDATE:
		return "liveupdate";
	default:
		return NULL;
	}
}

/* Returns the holder's entry for its open session, or NULL for another process. */
static const char *held_value(const struct held *held, const struct proc_file *file)
{
	return file->pid == held->pid ? held_find(held, "session/%s", file->name) : NULL;
}

static int add_opened(struct collect *c, struct vlu_processes *processes,
		      const struct proc_file *file)
{
	struct vlu_opened *opened;

	opened = pool_add(c->pool, &processes->opened, &processes->n_opened);
	if (!opened)
		return -ENOMEM;
	*opened = (struct vlu_opened){
		.pid = file->pid, .kind = kind_word(file->kind), .bdf = file->bdf,
		.comm = pool_text(c->pool, file->comm, sizeof(file->comm)),
		.session = file->kind == PROC_SESSION ?
			   pool_text(c->pool, file->name, sizeof(file->name)) : NULL,
	};
	return opened->comm && (opened->session || file->kind != PROC_SESSION) ? 0 : -ENOMEM;
}

static int add_session(struct collect *c, const struct vlu_processes *processes,
		       const struct held *held, const struct proc_file *file)
{
	const struct vlu_opened *opened = &processes->opened[processes->n_opened - 1];
	const char *value = held_value(held, file);
	struct vlu_luo_session session = {
		.part = &processes->part, .name = opened->session, .pid = opened->pid,
		.comm = opened->comm, .n_expected = -1,
		.direction = VLU_DIRECTION_UNKNOWN,
	};

	/* The kernel shows no direction. The holder knows the direction of its own sessions. */
	if (value && held_has_word(value, "direction=incoming"))
		session.direction = VLU_INCOMING;
	else if (value && held_has_word(value, "direction=outgoing"))
		session.direction = VLU_OUTGOING;
	if (session.direction != VLU_INCOMING)
		c->sessions_open = true;
	return collect_session(c, &session);
}

int collect_processes(struct collect *c)
{
	struct vlu_processes *processes = pool_alloc(c->pool, sizeof(*processes));
	const struct procs *procs = procs_get(c->ctx);
	struct held held = { .pid = -1 };
	size_t i;
	int ret;

	if (!processes || !procs)
		return -ENOMEM;
	if (collect_part(c, &processes->part, "processes", "/proc", VLU_TRUST_KERNEL))
		return -ENOMEM;
	c->out->processes = processes;
	if (held_read(c->ctx, &held))
		held = (struct held){ .pid = -1 };
	for (i = 0, ret = 0; !ret && i < procs->n; i++) {
		if (!kind_word(procs->files[i].kind))
			continue;
		ret = add_opened(c, processes, &procs->files[i]);
		if (!ret && procs->files[i].kind == PROC_SESSION)
			ret = add_session(c, processes, &held, &procs->files[i]);
	}
	held_free(&held);
	if (!ret && !procs->complete) {
		c->sessions_open = true;
		ret = collect_why(c, &processes->part, "this user cannot see the open files of "
				  "all processes");
	}
	return ret;
}
