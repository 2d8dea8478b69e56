/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "liveupdate.h"
#include "machine/kernel.h"
#include "uapi/uapi.h"

static int open_failed(struct vlu_ctx *ctx, int err)
{
	switch (err) {
	case -EBUSY:
		return vlu_fail(ctx, FAIL_LUO_BUSY, err, DEV_LIVEUPDATE
				" was open in another process for %u s", ctx->timeout);
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return vlu_fail(ctx, FAIL_HOST, err, DEV_LIVEUPDATE " does not exist: "
				"see vfio-lu check");
	case -EIO:
		return vlu_fail(ctx, FAIL_HOST, err, "the kernel could not read what the previous "
				"one handed over (see the kernel log, \"luo:\"); " DEV_LIVEUPDATE " "
				"cannot be opened before the next kexec or reboot");
	default:
		return vlu_failed(ctx, err, "cannot open " DEV_LIVEUPDATE);
	}
}

int luo_open(struct vlu_ctx *ctx, int *ret_fd)
{
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	int fd;

	progress_begin(ctx, ctx->timeout, "waiting until no other process has " DEV_LIVEUPDATE " "
		       "open");
	while ((fd = sys_open(&ctx->sys, DEV_LIVEUPDATE, O_RDWR)) == -EBUSY &&
	       vlu_now() < deadline)
		vlu_sleep(20);
	progress_end(ctx);
	if (fd < 0)
		return open_failed(ctx, fd);
	*ret_fd = fd;
	return 0;
}

int luo_create_on(struct vlu_ctx *ctx, int luo, const char *name, int *ret_fd)
{
	struct liveupdate_ioctl_create_session arg = { .size = sizeof(arg), .fd = -1 };
	int ret;

	strncpy((char *)arg.name, name, sizeof(arg.name) - 1);
	ret = sys_ioctl(&ctx->sys, luo, LIVEUPDATE_IOCTL_CREATE_SESSION, &arg);
	if (ret == -EEXIST)
		return vlu_fail(ctx, VLU_BUSY, ret,
				"another process has an outgoing session %s", name);
	if (ret < 0)
		return vlu_failed(ctx, ret, "cannot create session %s", name);
	*ret_fd = arg.fd;
	return 0;
}

int luo_retrieve_session(struct vlu_ctx *ctx, const char *name, int *ret_fd)
{
	struct liveupdate_ioctl_retrieve_session arg = { .size = sizeof(arg), .fd = -1 };
	int luo, ret;

	ret = luo_open(ctx, &luo);
	/* ENOENT of /dev/liveupdate must not look like a missing session. */
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
		return vlu_fail(ctx, FAIL_NO_SESSION, err,
				"the previous kernel handed over no session %s", name);
	case -EINVAL:
		return vlu_fail(ctx, FAIL_LOST, err,
				"session %s was retrieved already; if the process that retrieved "
				"it has ended, only the next kexec or reboot frees its devices", name);
	case -EBUSY:
	case -ENODEV:
	case -ENXIO:
	case -EIO:
		return open_failed(ctx, err);
	default:
		return vlu_failed(ctx, err, "cannot retrieve session %s", name);
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
		return vlu_fail(ctx, FAIL_FILE_KIND, ret,
				"%s: this kernel does not preserve such a file", what);
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
		return vlu_failed(ctx, ret, "%s: cannot preserve it", what);
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
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, ret, "%s: not in the session", what);
	case -ENODEV:
		return vlu_fail(ctx, VLU_FAILED, ret, "%s: it was not bound to vfio-pci when "
				"it was retrieved; the kernel does not try again before the "
				"next kexec or reboot", what);
	default:
		if (ret < 0)
			return vlu_failed(ctx, ret, "%s: cannot retrieve it", what);
		*ret_fd = arg.fd;
		return 0;
	}
}

int luo_finish(struct vlu_ctx *ctx, int session, const char *name)
{
	struct liveupdate_session_finish arg = { .size = sizeof(arg) };
	int ret = sys_ioctl(&ctx->sys, session, LIVEUPDATE_SESSION_FINISH, &arg);

	if (ret == -EBUSY)
		return vlu_fail(ctx, FAIL_NOT_RETRIEVED, ret, "session %s cannot be finished: a device "
				"of it is not retrieved, or not bound to an iommufd", name);
	if (ret < 0)
		return vlu_failed(ctx, ret, "cannot finish session %s", name);
	return 0;
}
