/* SPDX-License-Identifier: GPL-2.0-only */
/* Completions of devices and sessions for a shell. See completions/gen.sh. */
#include <string.h>

#include "cli.h"
#include "offer.h"
#include "out.h"

/* Prints a line: the first word is offered, the rest describes it. */
static void line(const char *word, const char *what)
{
	out_line("%s %s", word, what ? what : "");
}

static int devices(struct cli *cli, const char *driver)
{
	struct vlu_device *dev;
	const char *has;
	size_t i;

	if (vlu_devices_read(cli->ctx) < 0)
		return cli_fail(cli);
	for (i = 0; i < vlu_device_count(cli->ctx); i++) {
		dev = vlu_device_at(cli->ctx, i);
		has = vlu_device_driver(dev);
		if (!driver || (has && !strcmp(has, driver)))
			line(vlu_device_name(dev), vlu_device_device_name(dev));
	}
	return VLU_OK;
}

static int sessions(struct cli *cli, bool members)
{
	const struct vlu_session *session;
	struct vlu_state *state;
	size_t i, j;

	if (vlu_state_read(cli->ctx, NULL, &state) < 0)
		return cli_fail(cli);
	for (i = 0; i < state->n_sessions; i++) {
		session = &state->sessions[i];
		if (!members)
			line(session->name, vlu_standing_word(session->standing));
		for (j = 0; members && j < session->n_devices; j++)
			line(session->devices[j].name, session->name);
	}
	vlu_state_free(state);
	return VLU_OK;
}

int offer_print(struct cli *cli, const char *what)
{
	vlu_set_read_only(cli->ctx);
	if (!strcmp(what, "bdf"))
		return devices(cli, NULL);
	if (!strcmp(what, "bound"))
		return devices(cli, "vfio-pci");
	if (!strcmp(what, "member"))
		return sessions(cli, true);
	if (!strcmp(what, "session"))
		return sessions(cli, false);
	cli_usage("--offer: there is no '%s'", what);
	return VLU_USAGE;
}
