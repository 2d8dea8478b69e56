/* SPDX-License-Identifier: GPL-2.0-only */
/* One moment, read from all clocks of this machine. */
#ifndef VLU_MACHINE_CLOCK_H
#define VLU_MACHINE_CLOCK_H

#include "base/ctx.h"

struct moment {
	struct sys_time time;	/* boot < 0: not known */
	int64_t rtc;		/* seconds, by the hardware clock; -1: not read */
};
#define MOMENT_UNKNOWN ((struct moment){ { -1, -1, -1 }, -1 })
#define MOMENT_SIZE	96

/* Reads all clocks but the hardware clock. A clock that cannot be read is marked as unknown. */
struct moment moment_now(struct vlu_ctx *ctx);
/* Reads the hardware clock too, which costs some system calls. */
struct moment moment_now_rtc(struct vlu_ctx *ctx);

/* Writes "WALL,BOOT,COUNTER,RTC" into buf and returns it. */
const char *moment_format(const struct moment *moment, char buf[MOMENT_SIZE]);
/* Parses the text of moment_format(). Returns MOMENT_UNKNOWN for any other text. */
struct moment moment_parse(const char *text);
/* Are the wall clock and the boot clock known? */
bool is_moment(const struct moment *moment);

#endif
