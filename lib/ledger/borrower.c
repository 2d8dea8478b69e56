/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "ledger/borrower.h"

bool borrower_parse(const char *value, struct borrower *ret_borrower)
{
	const char *p = strstr(value, " lent=");
	int pid, used = 0;

	if (!p || sscanf(p, " lent=%d.%llu%n", &pid, &ret_borrower->start, &used) != 2 ||
	    p[used] || pid <= 0)
		return false;
	ret_borrower->pid = pid;
	return true;
}

unsigned long long borrower_parse_start(const char *stat)
{
	const char *p = strrchr(stat, ')');
	unsigned long long start = 0;
	char state;

	/* the name in the brackets may have any character, brackets too */
	if (!p || sscanf(p, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			 "%*d %*d %*d %llu", &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

unsigned long long borrower_start(struct vlu_ctx *ctx, const char *who)
{
	char text[1024];

	return attr_read(ctx, text, sizeof(text), "/proc/%s/stat", who) > 0 ?
	       borrower_parse_start(text) : 0;
}

bool borrower_find(struct vlu_ctx *ctx, const char *value, struct borrower *ret_borrower)
{
	char who[16];

	if (!borrower_parse(value, ret_borrower))
		return false;
	snprintf(who, sizeof(who), "%d", (int)ret_borrower->pid);
	if (borrower_start(ctx, who) != ret_borrower->start)
		return false;
	if (attr_read(ctx, ret_borrower->comm, sizeof(ret_borrower->comm), "/proc/%s/comm", who) <= 0)
		strcpy(ret_borrower->comm, "?");
	return true;
}
