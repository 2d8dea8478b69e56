/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "inspect.h"
#include "out.h"

struct inspect_opts {
	const char *blob, *format;
	const char *vmcore;
	const char *log;
	const char *raw;
};

#define IN(field) .offset = offsetof(struct inspect_opts, field)

static const struct opt inspect_opts[] = {
	{ .name = "raw", .type = OPT_TEXT, IN(raw), .arg = "PART",
	  .help = "print the bytes of this part, such as luo-in" },
	{ .name = "blob", .type = OPT_TEXT, IN(blob), .arg = "FILE", .hint = HINT_FILE,
	  .help = "decode FILE instead of this machine" },
	{ .name = "format", .type = OPT_CHOICE, IN(format), .arg = "FORMAT",
	  .choices = "luo|kho|flb|pci|metadata|memblock|memfd|vfio",
	  .help = "what --blob is; luo, kho, flb, pci, ..." },
	{ .name = "vmcore", .type = OPT_TEXT, IN(vmcore), .arg = "FILE", .hint = HINT_FILE,
	  .help = "look into this crash dump, an ELF core file" },
	{ .name = "log", .type = OPT_TEXT, IN(log), .arg = "FILE", .hint = HINT_FILE,
	  .help = "read the kernel log from FILE" },
	OPT_END
};

/* Options that do not go together; the exit status, or -1 for none. */
static int check_opts(const struct inspect_opts *o)
{
	if (!o->blob == !o->format && !(o->blob && o->log))
		return -1;
	if (o->blob && o->log)
		cli_error("--blob and --log exclude each other");
	else
		cli_error("--blob and --format go together");
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
		cli_error("no part '%s'; there is%s", name, *names ? names : " none");
		return VLU_FAILED;
	}
	if (!part->n_bytes) {
		if (part->error)
			cli_error("%s: %s", name, part->error);
		else
			cli_error("%s: there are no bytes of it%s%s", name,
				  part->why ? ": " : "", part->why ? part->why : "");
		return VLU_FAILED;
	}
	if (!cli->g.json) {
		inspect_raw(part);
		return VLU_OK;
	}
	doc = inspect_raw_json(part);
	out_json(doc);
	json_object_put(doc);
	return VLU_OK;
}

static void print_all(struct cli *cli, const struct vlu_handover *handover,
		      const struct inspect_opts *o)
{
	struct json_object *doc;

	if (!cli->g.json) {
		if (!o->blob && !handover->in.kho && !handover->out.kho)
			out_line("%s", o->vmcore ? "no tree of Kexec Handover in it" :
				 "no hand-over to be seen");
		inspect_report(handover);
		return;
	}
	doc = inspect_json(handover);
	out_json(doc);
	json_object_put(doc);
}

static int run_inspect(struct cli *cli, const void *opts, int argc, char **argv)
{
	const struct inspect_opts *o = opts;
	const struct vlu_handover_from from = { .vmcore = o->vmcore, .log = o->log };
	struct vlu_handover *handover;
	int status, ret;

	(void)argc, (void)argv;
	status = check_opts(o);
	if (status >= 0)
		return status;
	if (o->blob)
		ret = vlu_handover_file(cli->ctx, o->blob, o->format, &from, &handover);
	else
		ret = vlu_handover_read(cli->ctx, &from, &handover);
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
	.summary = "what the kernels hand over, and how far to trust it",
	.text = "Decodes what came from the kernel before and what will go to the next: "
		"the tree of Kexec Handover, the sessions and files of the Live Update "
		"Orchestrator, the PCI devices. Each part tells where it was read and "
		"what it is worth: kernel (kept as long as this kernel runs), stale (the "
		"memory may have been freed or reused) or saved (our manifest says so).\n\n"
		"It opens nothing that could disturb a live update, and reads memory at "
		"the addresses that it needs and nowhere else. A part that cannot be read "
		"or is broken says so after an exclamation mark.\n\n"
		"With --vmcore a crash dump is searched for the trees; with --blob a file "
		"is decoded, and what it points to is looked for in --vmcore.",
	.opts = inspect_opts,
	.size = sizeof(struct inspect_opts),
	.run = run_inspect,
};
