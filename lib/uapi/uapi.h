/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The constants of <linux/liveupdate.h>, and those of <linux/vfio.h> that are newer than
 * the headers of the distributions on which vfio-lu is built. Their sources are
 * include/uapi/linux/{liveupdate,vfio}.h of Linux 7.3.
 */
#ifndef VLU_UAPI_UAPI_H
#define VLU_UAPI_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#if defined(__has_include) && __has_include(<linux/liveupdate.h>)
#include <linux/liveupdate.h>
#else

#define LIVEUPDATE_IOCTL_TYPE		0xBA
#define LIVEUPDATE_SESSION_NAME_LENGTH	64

struct liveupdate_ioctl_create_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

struct liveupdate_ioctl_retrieve_session {
	__u32 size;
	__s32 fd;
	__u8 name[LIVEUPDATE_SESSION_NAME_LENGTH];
};

struct liveupdate_session_preserve_fd {
	__u32 size;
	__s32 fd;
	__u64 token __attribute__((aligned(8)));
};

struct liveupdate_session_retrieve_fd {
	__u32 size;
	__s32 fd;
	__u64 token __attribute__((aligned(8)));
};

struct liveupdate_session_finish {
	__u32 size;
	__u32 reserved;
};

#define LIVEUPDATE_IOCTL_CREATE_SESSION   _IO(LIVEUPDATE_IOCTL_TYPE, 0x00)
#define LIVEUPDATE_IOCTL_RETRIEVE_SESSION _IO(LIVEUPDATE_IOCTL_TYPE, 0x01)
#define LIVEUPDATE_SESSION_PRESERVE_FD    _IO(LIVEUPDATE_IOCTL_TYPE, 0x40)
#define LIVEUPDATE_SESSION_RETRIEVE_FD    _IO(LIVEUPDATE_IOCTL_TYPE, 0x41)
#define LIVEUPDATE_SESSION_FINISH         _IO(LIVEUPDATE_IOCTL_TYPE, 0x42)

#endif /* no <linux/liveupdate.h> */

#include <linux/vfio.h>

#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#endif

#endif
