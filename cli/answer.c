/* SPDX-License-Identifier: GPL-2.0-only */
/* The one object that --json prints. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "opt.h"
#include "out.h"
#include "text.h"

void cli_answer(struct cli *cli, struct json_object *doc)
{
	json_object_put(cli->doc);
	cli->doc = doc;
}

static const char *keys_of(const struct cli *cli)
{
	if (!cli->command)
		return "";
	return cli->command->answer ? cli->command->answer :
	       cli->g.dry_run ? "steps[]" : "results[]";
}

/* Adds the keys that a failed command did not set: an empty array, or null. */
static void add_missing(struct json_object *doc, const char *keys)
{
	char key[32];
	size_t n;

	for (; *keys; keys += n + (keys[n] == ' ')) {
		n = strcspn(keys, " ");
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(keys, " ["), keys);
		if (json_object_object_get_ex(doc, key, NULL))
			continue;
		if (keys[n - 1] == ']')
			out_array(doc, key);
		else
			out_null(doc, key);
	}
}

/* Returns the array "results", or "steps", of the answer. */
static struct json_object *rows_of(struct cli *cli)
{
	const char *key = cli->g.dry_run ? "steps" : "results";

	if (!cli->doc)
		cli->doc = out_new();
	return out_member(cli->doc, key) ? out_member(cli->doc, key) : out_array(cli->doc, key);
}

/* Returns the address at the beginning of a text, or NULL. */
static const char *subject(const char *text, char buf[VLU_BDF_SIZE])
{
	size_t n = strcspn(text, " ");

	return text_bdf(text, n && text[n - 1] == ':' ? n - 1 : n, buf);
}

void cli_row(struct cli *cli, const struct vlu_deed *deed, const char *text)
{
	struct json_object *row;
	char bdf[VLU_BDF_SIZE];

	if (!cli->g.json) {
		out_line("%s", text);
		return;
	}
	row = out_row(rows_of(cli));
	out_text(row, "bdf", subject(text, bdf));
	out_text(row, "session", cli->session);
	out_text(row, "action", deed ? deed->action : cli->command->name);
	out_text(row, "result", !deed ? "planned" : deed->already ? "already" : "done");
	out_text(row, "text", text);
}

void cli_print_answer(struct cli *cli, int status)
{
	if (!cli->g.json)
		return;
	/* not after success: inspect --raw has other keys */
	if (status != VLU_OK || !cli->doc) {
		cli->doc = cli->doc ? cli->doc : out_new();
		add_missing(cli->doc, keys_of(cli));
	}
	message_answer(cli->doc, status);
	out_json(cli->doc);
	json_object_put(cli->doc);
	cli->doc = NULL;
}
