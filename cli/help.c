/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the rows of commands and options as help. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opt.h"
#include "out.h"

#define HELP_WIDTH 80
#define HELP_COLUMN 26	/* where descriptions begin */

/* Prints each line of text as a paragraph. */
static void print_paragraphs(const char *text)
{
	size_t n;
	char *line;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		line = strndup(text, n);
		if (line)
			out_fill(0, HELP_WIDTH, line);
		free(line);
	}
}

static void print_title(const char *title)
{
	out_line("%s", "");
	out_line("%s", title);
}

static void print_entry(const char *help)
{
	out_tab(HELP_COLUMN);
	out_fill(HELP_COLUMN, HELP_WIDTH, help);
}

static void print_opts(const char *title, const struct opt *opt,
		       const struct command *command)
{
	bool first = true;

	for (; opt && opt->name; opt++) {
		if (!opt->help || (command && !opt_is_for(opt, command)))
			continue;
		if (first)
			print_title(title);
		first = false;
		if (opt->letter)
			out_print("  -%c, --%s", opt->letter, opt->name);
		else
			out_print("      --%s", opt->name);
		if (opt->arg)
			out_print(" %s", opt->arg);
		print_entry(opt->help);
	}
}

static void print_columns(const struct column *column)
{
	print_title("Columns (* are shown by default):");
	for (; column->key; column++) {
		out_print(" %c %s", column->shown ? '*' : ' ', column->key);
		print_entry(column->help);
	}
}

static void print_commands(const struct command *const *command)
{
	print_title("Commands:");
	for (; *command; command++) {
		out_print("  %s", (*command)->name);
		if ((*command)->args)
			out_print(" %s", (*command)->args);
		print_entry((*command)->summary);
	}
}

void help_print(const struct model *model, const struct command *command)
{
	if (command) {
		out_line("Usage: vfio-lu [OPTION...] %s%s%s", command->name,
			 command->args ? " " : "",
			 command->args ? command->args : "");
		out_line("%s", "");
		print_paragraphs(command->text);
		print_opts("Options:", command->opts, command);
		if (command->columns)
			print_columns(command->columns);
	} else {
		out_line("Usage: vfio-lu [OPTION...] COMMAND [ARGUMENT...]");
		out_line("%s", "");
		print_paragraphs("Takes passed-through PCI devices through a kexec "
				 "live update of the kernel.");
		print_commands(model->commands);
	}
	print_opts("Global options:", model->globals, command);
	out_line("%s", "");
	if (command)
		out_print("Manual: vfio-lu-%s(8), ", command->name);
	else
		out_print("Manual: vfio-lu-runbook(7), ");
	out_fill(0, HELP_WIDTH, "vfio-lu(8). JSON: vfio-lu-json(5).");
}

void help_version(void)
{
	out_line("vfio-lu %s (%s)", VLU_VERSION, VLU_PARTS);
}

/* ------------------------------------------------------------------ dump */

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static const char *hint_word(enum opt_hint hint)
{
	static const char *const words[] = {
		[HINT_NONE] = "-",
		[HINT_COMMAND] = "command",
		[HINT_BDF] = "bdf",
		[HINT_FILE] = "file",
		[HINT_DIR] = "dir",
		[HINT_COLUMNS] = "columns",
		[HINT_SESSION] = "session",
		[HINT_PID] = "pid",
	};

	return words[hint];
}

static void dump_opts(const char *kind, const struct opt *opt,
		      const struct command *command)
{
	char letter[2];

	for (; opt && opt->name; opt++) {
		if (!opt->help || (command && !opt_is_for(opt, command)))
			continue;
		snprintf(letter, sizeof(letter), "%c", opt->letter ? opt->letter : '-');
		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", kind,
		       command ? command->name : "-", opt->name, letter,
		       or_dash(opt->arg), or_dash(opt->choices),
		       hint_word(opt->hint), opt->help);
	}
}

static void dump_columns(const struct command *command)
{
	const struct column *column = command->columns;

	for (; column && column->key; column++)
		printf("column\t%s\t%s\t%s\t%s\t%s\n", command->name, column->key,
		       column->head, column->shown ? "shown" : "-", column->help);
}

void help_dump(const struct model *model)
{
	const char *id, *kind, *meaning;
	enum vlu_status status;
	const struct command *command;
	size_t i;

	dump_opts("global", model->globals, NULL);
	for (i = 0; (command = model->commands[i]); i++) {
		printf("command\t%s\t%s\t%s\t%s\t%s\n", command->name,
		       or_dash(command->args),
		       command->offers ? command->offers : hint_word(command->hint),
		       command->changes ? "changes" : "reads", command->summary);
		/* "own": an option of the command; "uses": a global option that it accepts */
		dump_opts("own", command->opts, command);
		dump_opts("uses", model->globals, command);
		dump_columns(command);
		printf("answer\t%s\t%s\n", command->name, or_dash(command->answer));
	}
	for (i = 0; (id = vlu_check_id(i, &kind)); i++)
		printf("check\t%s\t%s\n", id, kind);
	for (i = 0; (id = vlu_code_at(i, &status, &meaning)); i++)
		printf("code\t%s\t%d\n", id, status);
}
