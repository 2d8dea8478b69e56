/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * After the jump. The order matters and cannot be made up for: the handler
 * must be registered before the first open of /dev/liveupdate, a device bound
 * to vfio-pci before its file is retrieved, and a session once retrieved must
 * be kept until it is finished.
 */
#include "bind.h"
#include "device.h"
#include "incoming.h"
#include "inuse.h"
#include "liveupdate.h"
#include "move.h"
#include "remember.h"
#include "session-file.h"

static int run_retrieve_session(struct vlu_plan *plan, struct step *step)
{
	return held_retrieve_session(plan->ctx, step->value);
}

static const struct step_kind step_retrieve_session = {
	.text = "have the holder retrieve LUO session %v",
	.run = run_retrieve_session,
};

/* The manifest that crossed inside the session; none is no failure. */
static int read_inner_manifest(struct session *session, struct manifest *ret_manifest)
{
	struct vlu_ctx *ctx = session->ctx;
	_cleanup_free_ char *text = malloc(MANIFEST_MAX);
	size_t used = 0;
	const char *why;
	ssize_t n;
	int fd, ret;

	if (!text)
		return vlu_nomem(ctx);
	ret = luo_retrieve(ctx, session->fd, VLU_TOKEN_MANIFEST, "the manifest", &fd);
	if (ret)
		return ret;
	do {
		n = sys_pread(&ctx->sys, fd, text + used, MANIFEST_MAX - used,
			      (off_t)used);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0 && used < MANIFEST_MAX);
	sys_close(&ctx->sys, fd);
	if (n < 0)
		return vlu_fail(ctx, VLU_FAILED, (int)n, "cannot read the manifest inside "
				"the session: %s", strerror((int)-n));
	ret = manifest_parse(text, used, ret_manifest, &why);
	if (ret)
		return vlu_fail(ctx, VLU_FAILED, ret,
				"the manifest inside the session is not usable: %s", why);
	return 0;
}

/* Is the device there the one that was preserved? */
static const char *differs(const struct manifest_device *was,
			   const struct manifest_device *is)
{
	if (was->vendor != is->vendor || was->device != is->device)
		return "another vendor or device id";
	if (was->subsystem != is->subsystem)
		return "another subsystem id";
	if (was->class != is->class)
		return "another class";
	if (was->path[0] && strcmp(was->path, is->path) != 0)
		return "another place in the topology";
	return NULL;
}

/*
 * In the middle of a plan, with a look of its own at who uses it: while the
 * host boots, a driver may come between the first look and the deed.
 */
static int bind_now(struct vlu_plan *outer, struct vlu_bdf bdf)
{
	struct vlu_plan *plan;
	int ret;

	inuse_drop(outer->ctx);
	ret = plan_new(outer->ctx, PLAN_ALL, &plan);
	if (ret)
		return ret;
	ret = bind_add(plan, bdf);
	if (!ret)
		ret = vlu_plan_run(plan);
	vlu_plan_free(plan);
	return ret;
}

static int retrieve_device(struct vlu_plan *plan, struct member *member,
			   const struct manifest *manifest)
{
	struct session *session = plan->data;
	const struct manifest_device *was;
	struct vlu_ctx *ctx = plan->ctx;
	struct manifest_device is;
	struct vlu_device *dev;
	const char *difference = NULL;
	char key[HOLDER_KEY];
	int ret;

	ret = vlu_device_refresh(ctx, member->bdf, &dev);
	/* A device that only the inner manifest knew is not bound yet. */
	if (!ret && strcmp(dev->driver, VFIO_DRIVER) != 0)
		ret = bind_now(plan, member->bdf);
	if (!ret)
		ret = luo_retrieve(ctx, session->fd, vlu_bdf_token(member->bdf),
				   member->name, &member->fd);
	if (ret)
		return ret;
	was = manifest ? manifest_find(manifest, member->bdf) : NULL;
	if (was) {
		if (session_identity(ctx, dev, &is))
			vlu_log(ctx, VLU_LOG_WARNING, "%s; whether it is the device that was "
				"preserved is not known", vlu_error(ctx));
		else
			difference = differs(was, &is);
		/* So that unbind gives it back to whom it belonged. */
		ret = driver_remember(ctx, member->bdf, was->driver_before);
		if (ret)
			vlu_log(ctx, VLU_LOG_WARNING, "%s", vlu_error(ctx));
	}
	member->done = !difference;
	if (!difference)
		return 0;
	held_device_key(key, session->name, member->bdf);
	ret = held_put(ctx, key, "state=mismatch", member->fd);
	return ret ? ret : vlu_fail(ctx, VLU_FAILED, -EXDEV, "%s: retrieved, but it is not the "
				    "device that was preserved: %s", member->name, difference);
}

/* What is retrieved becomes the holder's. Until then it can be retrieved again. */
static int keep_devices(struct vlu_plan *plan, size_t *failed)
{
	struct session *session = plan->data;
	int ret = session_keep(session, member_done, "state=retrieved"), said = 0;
	size_t i;

	for (i = 0; !said && i < session->n; i++) {
		if (!session->members[i].done)
			continue;
		if (ret)
			++*failed;
		else
			said = plan_say(plan, "%s  retrieved from session %s, not bound to an "
					"iommufd", session->members[i].name, session->name);
	}
	return ret ? ret : said;
}

static int run_retrieve_files(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	struct manifest manifest = { .n_devices = 0 };
	char key[HOLDER_KEY], first[sizeof(ctx->error)] = "";
	size_t i, failed = 0, strangers = 0, before;
	bool known;
	int ret, err = 0;

	(void)step;
	if (session->fd < 0) {
		held_session_key(key, session->name);
		ret = held_get(ctx, key, &session->fd);
		if (ret)
			return ret;
	}
	known = read_inner_manifest(session, &manifest) == 0;
	if (!known) {
		vlu_log(ctx, VLU_LOG_WARNING, "%s; going on with %s", vlu_error(ctx),
			"what else is known of the session");
		known = manifest_read(ctx, STATE_DIR, session->name, &manifest) == 0;
	}
	ret = known ? incoming_add(session, &manifest) : 0;
	if (!ret && known) {
		_cleanup_free_ char *text = NULL;

		if (manifest_format(&manifest, &text) == 0 &&
		    manifest_write(ctx, STATE_DIR, session->name, text))
			vlu_log(ctx, VLU_LOG_WARNING, "%s", vlu_error(ctx));
	}
	for (i = 0; !ret && i < session->n; i++) {
		struct member *member = &session->members[i];

		if (member->held) {
			ret = plan_say(plan, "%s  already retrieved", member->name);
			continue;
		}
		/* It came over in another session, as the log alone cannot tell. */
		if (known && !manifest_find(&manifest, member->bdf)) {
			strangers++;
			continue;
		}
		err = retrieve_device(plan, member, known ? &manifest : NULL);
		if (err == 0)
			continue;
		if (err == -ENOENT && !known) {
			strangers++;
			continue;
		}
		/* Each device for itself: the others must stay usable. */
		if (failed++)
			vlu_log(ctx, VLU_LOG_ERROR, "%s", vlu_error(ctx));
		else
			memcpy(first, ctx->error, sizeof(first));
	}
	manifest_free(&manifest);
	before = failed;
	if (!ret && keep_devices(plan, &failed) && !before)
		memcpy(first, ctx->error, sizeof(first));
	if (!ret)
		ret = session_files_retrieve(plan, session);
	if (ret && !failed)
		return ret;
	if (strangers && !failed && strangers == session->n)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "session %s holds none of the "
				"devices that came over", session->name);
	if (failed)
		return vlu_fail(ctx, VLU_PARTIAL, -EIO, "%.600s; %zu of %zu devices of session "
				"%s are retrieved and held", first,
				session->n - failed - strangers, session->n - strangers,
				session->name);
	return 0;
}

static const struct step_kind step_retrieve_files = {
	.text = "retrieve the files of session %v and give them to the holder",
	.run = run_retrieve_files,
};

static int add_restore(struct vlu_plan *plan, struct session *session,
		       const struct held *held)
{
	const char *value = held_find(held, "session/%s", session->name);
	struct vlu_bdf none = { 0 };
	enum incoming_fate fate;
	size_t i, j;
	bool known;
	int ret;

	if (value && !held_says(value, "direction=incoming"))
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -EINVAL, "session %s was made "
				"by this kernel: it is restored after the jump", session->name);
	ret = incoming_find(session, &known, &fate);
	if (ret)
		return ret;
	if (!value && fate != FATE_WAITING)
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -ENOENT, "nothing to restore: "
				"session %s: %s; vfio-lu release --session %s forgets it",
				session->name, incoming_fate_text(fate), session->name);
	if (value) {
		for (i = 0; i < session->n; i++)
			if (!session->members[i].held)
				break;
		for (j = 0; j < session->n_files; j++)
			if (!session->files[j].held)
				break;
		if (i == session->n && j == session->n_files) {
			for (i = 0; !ret && i < session->n; i++)
				ret = plan_say(plan, "%s  already retrieved from session %s",
					       session->members[i].name, session->name);
			return ret;
		}
	} else if (!known && !session->n) {
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -ENOENT,
				"nothing to restore: there is no manifest of session %s, and "
				"the kernel's log names no preserved device", session->name);
	}
	ret = bind_add_module(plan);
	plan->taken = bind_now;
	plan->beside = true;
	for (i = 0; !ret && i < session->n; i++)
		if (!session->members[i].held)
			ret = bind_add(plan, session->members[i].bdf);
	plan->beside = false;
	if (!ret)
		ret = plan_add(plan, &step_start_holder, none, NULL, NULL, NULL);
	if (!ret && !value)
		ret = plan_add(plan, &step_retrieve_session, none, NULL,
			       session->name, NULL);
	if (!ret)
		ret = plan_add(plan, &step_retrieve_files, none, NULL,
			       session->name, NULL);
	return ret;
}

int vlu_plan_restore(struct vlu_ctx *ctx, const char *name,
		     struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_plan *plan;
	struct held held;
	int ret;

	ret = session_check_host(ctx, HOST_RESTORE);
	if (!ret)
		ret = incoming_plan(ctx, name, &held, &plan, &session);
	if (ret)
		return ret;
	ret = add_restore(plan, session, &held);
	held_free(&held);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}
