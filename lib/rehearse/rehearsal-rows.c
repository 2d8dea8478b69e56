/* SPDX-License-Identifier: GPL-2.0-only */
/* The decided rows, and the callback that reports them. */
#include "rehearse/rehearsal.h"

void row_set(struct rehearsal *r, enum rehearsal_row row, enum vlu_result result,
	     const char *fmt, ...)
{
	struct verdict *v = &r->rows[row];
	struct vlu_check check = { .id = rehearsal_id(row), .result = result, .detail = v->detail };
	long long now = vlu_now();
	va_list args;

	if (r->decided[row])
		return;
	r->decided[row] = true;
	v->result = result;
	va_start(args, fmt);
	vsnprintf(v->detail, sizeof(v->detail), fmt, args);
	va_end(args);
	if (r->was_reset && row == r->reset_row && result == VLU_PASS) {
		check.result = v->result = VLU_WARN;
		text_add(v->detail, sizeof(v->detail), "; in a first run, the machine was reset "
			 "here, and the kernel gave no reason");
	}
	if (r->fn)
		r->fn(r->arg, &check, (unsigned int)(now - r->row_began), NULL);
	r->row_began = now;
}

void rows_reset(struct rehearsal *r, enum rehearsal_row row, const char *where)
{
	vlu_log(r->ctx, VLU_LOG_WARNING, "the machine was reset, and the kernel gave no reason (%s); "
		"so the rehearsal begins again", where);
	memset(r->rows, 0, sizeof(r->rows));
	memset(r->decided, 0, sizeof(r->decided));
	r->was_reset = true;
	r->reset_row = row;
	r->row_began = vlu_now();
}

void row_fix(struct rehearsal *r, enum rehearsal_row row, const char *fix)
{
	snprintf(r->rows[row].fix, sizeof(r->rows[row].fix), "%s", fix);
}

void row_waits(struct rehearsal *r, const char *what)
{
	if (r->fn)
		r->fn(r->arg, NULL, 0, what);
}
