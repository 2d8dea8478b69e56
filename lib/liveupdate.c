/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "liveupdate.h"
#include "luo.h"

#define DEV_LIVEUPDATE "/dev/liveupdate"

static int open_failed(struct vlu_ctx *ctx, int err)
{
	switch (err) {
	case -EBUSY:
		return vlu_fail(ctx, VLU_BUSY, err, DEV_LIVEUPDATE
				" was open in another process for %u s", ctx->timeout);
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return vlu_fail(ctx, VLU_UNSUPPORTED, err, DEV_LIVEUPDATE " does not exist: "
				"see vfio-lu check");
	case -EIO:
		return vlu_fail(ctx, VLU_UNSUPPORTED, err, "the kernel could not take in what "
				"the previous one handed over (see its log, \"luo:\"); "
				DEV_LIVEUPDATE " stays closed until the next kexec or reboot");
	default:
		return vlu_fail(ctx, VLU_FAILED, err, "cannot open " DEV_LIVEUPDATE ": %s",
				strerror(-err));
	}
}

/*
 * One process may have it open at a time, so it is closed again at once; the
 * sessions do not depend on it (luo_open(), luo_core.c).
 */
static int open_luo(struct vlu_ctx *ctx, int *ret_fd)
{
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	int fd;

	while ((fd = sys_open(&ctx->sys, DEV_LIVEUPDATE, O_RDWR)) == -EBUSY &&
	       vlu_now() < deadline)
		vlu_sleep(20);
	if (fd < 0)
		return open_failed(ctx, fd);
	*ret_fd = fd;
	return 0;
}

int luo_create_session(struct vlu_ctx *ctx, const char *name, int *ret_fd)
{
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg), .fd = -1 };
	int luo, ret;

	ret = open_luo(ctx, &luo);
	if (ret)
		return ret;
	strncpy((char *)arg.name, name, sizeof(arg.name) - 1);
	ret = sys_ioctl(&ctx->sys, luo, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg);
	sys_close(&ctx->sys, luo);
	if (ret == -EEXIST)
		return vlu_fail(ctx, VLU_BUSY, ret,
				"another process has an outgoing session %s", name);
	if (ret < 0)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot create session %s: %s", name,
				strerror(-ret));
	*ret_fd = arg.fd;
	return 0;
}

int luo_retrieve_session(struct vlu_ctx *ctx, const char *name, int *ret_fd)
{
	struct liveupdate_ioctl_retrieve_session arg = { .size = sizeof(arg), .fd = -1 };
	int luo, ret;

	ret = open_luo(ctx, &luo);
	/* not to be taken for a session that is not there */
	if (ret)
		return ret == -ENOENT ? -ENODEV : ret;
	strncpy((char *)arg.name, name, sizeof(arg.name) - 1);
	ret = sys_ioctl(&ctx->sys, luo, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &arg);
	sys_close(&ctx->sys, luo);
	if (ret < 0)
		return luo_retrieve_session_failed(ctx, name, ret);
	*ret_fd = arg.fd;
	return 0;
}

int luo_retrieve_session_failed(struct vlu_ctx *ctx, const char *name, int err)
{
	switch (err) {
	case -ENOENT:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err,
				"the previous kernel handed over no session %s", name);
	case -EINVAL:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err,
				"session %s was retrieved before, by a process that did not "
				"keep it or still has it; if it is gone, only the next kexec or "
				"reboot frees its devices", name);
	case -EBUSY:
	case -ENODEV:
	case -ENXIO:
	case -EIO:
		return open_failed(ctx, err);
	default:
		return vlu_fail(ctx, VLU_FAILED, err, "cannot retrieve session %s: %s", name,
				strerror(-err));
	}
}

int luo_preserve(struct vlu_ctx *ctx, int session, int fd, uint64_t token,
		 const char *what)
{
	struct liveupdate_session_preserve_fd arg = {
		.size = sizeof(arg), .fd = fd, .token = token,
	};
	int ret = sys_ioctl(&ctx->sys, session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg);

	switch (ret) {
	case -ENOENT:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, ret,
				"%s: this kernel preserves no such file", what);
	case -EBUSY:
		return vlu_fail(ctx, VLU_BUSY, ret, "%s: already preserved in another "
				"session, or handed over by the previous kernel and not "
				"finished", what);
	case -EEXIST:
		return vlu_fail(ctx, VLU_FAILED, ret,
				"%s: its token is used in this session already", what);
	default:
		if (ret >= 0)
			return 0;
		return vlu_fail(ctx, VLU_FAILED, ret, "%s: cannot preserve it: %s", what,
				strerror(-ret));
	}
}

int luo_retrieve(struct vlu_ctx *ctx, int session, uint64_t token,
		 const char *what, int *ret_fd)
{
	struct liveupdate_session_retrieve_fd arg = {
		.size = sizeof(arg), .fd = -1, .token = token,
	};
	int ret = sys_ioctl(&ctx->sys, session, LIVEUPDATE_SESSION_RETRIEVE_FD, &arg);

	switch (ret) {
	case -ENOENT:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, ret,
				"%s: not in the session", what);
	case -ENODEV:
		return vlu_fail(ctx, VLU_FAILED, ret, "%s: it was not bound to vfio-pci when "
				"it was retrieved; the kernel does not try again before the "
				"next kexec or reboot", what);
	default:
		if (ret < 0)
			return vlu_fail(ctx, VLU_FAILED, ret, "%s: cannot retrieve it: %s",
					what, strerror(-ret));
		*ret_fd = arg.fd;
		return 0;
	}
}

int luo_finish(struct vlu_ctx *ctx, int session, const char *name)
{
	struct liveupdate_session_finish arg = { .size = sizeof(arg) };
	int ret = sys_ioctl(&ctx->sys, session, LIVEUPDATE_SESSION_FINISH, &arg);

	if (ret == -EBUSY)
		return vlu_fail(ctx, VLU_BUSY, ret, "session %s cannot be finished: a device "
				"of it is not retrieved, or not bound to an iommufd", name);
	if (ret < 0)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot finish session %s: %s", name,
				strerror(-ret));
	return 0;
}
