/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "base/attr.h"
#include "machine/clock.h"

/* drivers/rtc/sysfs.c; the kernel sets its wall clock from rtc0 (CONFIG_RTC_HCTOSYS_DEVICE) */
#define RTC "/sys/class/rtc/rtc0/since_epoch"

struct moment moment_now(struct vlu_ctx *ctx)
{
	struct moment moment = MOMENT_UNKNOWN;

	sys_now(&ctx->sys, &moment.time);
	return moment;
}

struct moment moment_now_rtc(struct vlu_ctx *ctx)
{
	struct moment moment;
	int64_t rtc;

	if (attr_number(ctx, &rtc, RTC) < 0)
		rtc = -1;
	moment = moment_now(ctx);
	moment.rtc = rtc;
	return moment;
}

bool is_moment(const struct moment *moment)
{
	return moment->time.boot >= 0 && moment->time.wall > 0;
}

const char *moment_format(const struct moment *moment, char buf[MOMENT_SIZE])
{
	snprintf(buf, MOMENT_SIZE, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, moment->time.wall,
		 moment->time.boot, moment->time.counter, moment->rtc);
	return buf;
}

/* Nanoseconds, up to the year 2116: the sum of two values does not overflow. */
#define MOST	(INT64_MAX / 2)

struct moment moment_parse(const char *text)
{
	struct moment moment = MOMENT_UNKNOWN;
	const struct { int64_t *into, most; } numbers[] = {
		{ &moment.time.wall, MOST }, { &moment.time.boot, MOST },
		{ &moment.time.counter, INT64_MAX }, { &moment.rtc, MOST / 1000000000 },
	};
	char *end;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t number;

		errno = 0;
		number = *numbers[i].into = strtoll(text, &end, 10);
		if (errno || end == text || number < -1 || number > numbers[i].most ||
		    *end != (i + 1 < ARRAY_SIZE(numbers) ? ',' : '\0'))
			return MOMENT_UNKNOWN;
		text = end + 1;
	}
	return moment;
}
