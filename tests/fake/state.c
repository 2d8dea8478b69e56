// SPDX-License-Identifier: GPL-2.0-only
/* The state of the machine as text, for comparisons before and after a command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"

static FILE *to;
static const char *dir;

/* On one line, without values that differ from run to run and mean nothing. */
static void print_text(char *text)
{
	char boot[64] = "none", *line, *save = NULL, *id;

	tree_read("proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " ");
		id = strstr(line, "\"boot_id\"");
		if (id)
			fprintf(to, " of %s kernel", strstr(id, boot) ? "this" : "another");
		else if (!strstr(line, "\"created\"") && !strstr(line, "\"preserved\"") && !strstr(line, "\"at\""))
			fprintf(to, " %s", line);
	}
}

static void print_file(const char *name)
{
	char path[PATH_SIZE], text[4096];
	struct stat st;
	size_t n;

	/* A lock file that is left over is not a change. */
	if (strcmp(name, "lock") == 0 || strcmp(name, "holder.lock") == 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (lstat(path, &st))
		return;
	fprintf(to, "file /%s", path);
	/* A socket has no text. */
	n = S_ISREG(st.st_mode) ? tree_read_bytes(path, text, sizeof(text) - 1) : 0;
	text[n] = '\0';
	/* Leaves out the names of the files that were read to judge the next kernel. */
	if (strstr(text, "\nseen:\n"))
		strstr(text, "\nseen:\n")[0] = '\0';
	print_text(text);
	fputc('\n', to);
}

void state_print(FILE *out, pid_t but)
{
	static const char *const dirs[] = { "run/vfio-lu", "var/lib/vfio-lu" };

	pci_state(out);
	luo_state(out);
	kexec_state(out);
	file_state(out);
	process_state(out, but);
	to = out;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		dir = dirs[i];
		tree_each(dir, print_file);
	}
}
