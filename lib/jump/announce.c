/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "jump/jump.h"

#define NAMED	6	/* devices of a session */

static void name_devices(const struct vlu_session *session, char *text, size_t size)
{
	size_t i;

	text_add(text, size, "%s session %s (", *text ? "," : "", session->name);
	for (i = 0; i < session->n_devices && i < NAMED; i++)
		text_add(text, size, "%s%s", i ? " " : "", session->devices[i].name);
	if (i < session->n_devices)
		text_add(text, size, " and %zu more", session->n_devices - i);
	text_add(text, size, ")");
}

void jump_announce(const struct jump *jump, const char *way)
{
	const struct vlu_state *state = &jump->ledger->state;
	char what[700] = "";
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		if (state->sessions[i].direction == VLU_OUTGOING)
			name_devices(&state->sessions[i], what, sizeof(what));
	vlu_log(jump->ctx, VLU_LOG_INFO, "starting %s by %s, with%s; connections to this machine end",
		jump->image.kernel, way, what);
}
