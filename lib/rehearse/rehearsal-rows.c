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
	if (r->fn)
		r->fn(r->arg, &check, (unsigned int)(now - r->row_began), NULL);
	r->row_began = now;
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
