/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "inspect.h"
#include "out.h"

struct inspect_opts {
	const char *blob, *format;
	const char *log;
	const char *raw;
};

#define IN(field) .offset = offsetof(struct inspect_opts, field)

static const struct opt inspect_opts[] = {
	{ .name = "raw", .type = OPT_TEXT, IN(raw), .arg = "PART",
	  .help = "print the bytes of this part, such as luo-in" },
	{ .name = "blob", .type = OPT_TEXT, IN(blob), .arg = "FILE", .hint = HINT_FILE,
	  .help = "decode FILE instead of the state of this machine" },
	{ .name = "format", .type = OPT_CHOICE, IN(format), .arg = "FORMAT",
	  .choices = "luo|kho|flb|pci|metadata|memblock|memfd|vfio",
	  .help = "the format of the blob: luo, kho, flb, pci, ..." },
	{ .name = "log", .type = OPT_TEXT, IN(log), .arg = "FILE", .hint = HINT_FILE,
	  .help = "read the kernel log from FILE" },
	OPT_END
};

/* Refuses options that exclude each other. Returns the exit status, or -1 for none. */
static int check_opts(const struct inspect_opts *o)
{
	if (!o->blob == !o->format && !(o->blob && o->log))
		return -1;
	if (o->blob && o->log)
		cli_usage("--blob and --log exclude each other");
	else
		cli_usage("--blob and --format go together");
	return opt_usage(&cmd_inspect);
}

static int print_raw(struct cli *cli, const struct vlu_handover *handover, const char *name)
{
	const struct vlu_part *part = vlu_handover_part(handover, name);
	struct json_object *doc;
	char names[1024] = "";

	if (!part) {
		for (size_t i = 0; i < handover->n_parts; i++)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
				 handover->parts[i]->name);
		return cli_error("failed", "there is no part '%s'; the parts are:%s", name,
				 *names ? names : " none");
	}
	if (!part->n_bytes) {
		if (part->error)
			return cli_error("failed", "%s: %s", name, part->error);
		return cli_error("failed", "%s: this part has no bytes%s%s", name,
				 part->why ? ": " : "", part->why ? part->why : "");
	}
	doc = inspect_raw_json(part);
	if (!cli->g.json)
		inspect_raw(doc);
	cli_answer(cli, doc);
	return VLU_OK;
}

static void print_all(struct cli *cli, const struct vlu_handover *handover,
		      const struct inspect_opts *o)
{
	struct json_object *doc = inspect_json(handover);

	if (!cli->g.json) {
		if (!o->blob && !handover->in.kho && !handover->out.kho)
			out_line("no handover is visible");
		inspect_for_people(doc, handover);
		inspect_report(doc);
	}
	cli_answer(cli, doc);
}

static int run_inspect(struct cli *cli, const void *opts)
{
	const struct inspect_opts *o = opts;
	struct vlu_handover *handover;
	int status, ret;

	status = check_opts(o);
	if (status >= 0)
		return status;
	if (o->blob)
		ret = vlu_handover_file(cli->ctx, o->blob, o->format, &handover);
	else
		ret = vlu_handover_read(cli->ctx, o->log, &handover);
	if (ret < 0)
		return cli_fail(cli);
	status = VLU_OK;
	if (o->raw)
		status = print_raw(cli, handover, o->raw);
	else
		print_all(cli, handover, o);
	vlu_handover_free(handover);
	return status;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.max_args = 0,
	.summary = "decode what the kernels hand over",
	.text = "Decodes what the previous kernel handed over and what this kernel will hand "
		"over: the tree of Kexec Handover, the sessions and files of the Live Update "
		"Orchestrator, and the PCI devices. Each part names its source and how "
		"reliable that is: kernel (valid while this kernel runs), stale (the memory "
		"may have been freed or reused) or saved (a manifest of vfio-lu says "
		"so).\n\nThe command opens nothing that could disturb a live update, and "
		"reads memory only at the addresses that it needs. An exclamation mark "
		"introduces the reason why a part cannot be read or is broken.",
	.answer = "kho metadata luo sessions[] flbs[] pci",
	.opts = inspect_opts,
	.size = sizeof(struct inspect_opts),
	.run = run_inspect,
};
