// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-lu-fake: all of vfio-lu on a fake machine.
 *
 * FAKE_MACHINE names the machine's directory (machine.sh). fault.h and kill.h describe the
 * other environment variables. A kexec ends vfio-lu-fake with the exit status FAKE_JUMPED
 * (wire.h), or with that in FAKE_JUMP_EXIT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../cli/cli.h"
#include "client.h"
#include "fault.h"
#include "kill.h"

static void at_end(int how)
{
	const char *status = getenv("FAKE_JUMP_EXIT");

	fflush(NULL);
	fault_report();
	if (how == FAKE_JUMPED && status)
		_exit(atoi(status));
}

int main(int argc, char **argv)
{
	const char *machine = getenv("FAKE_MACHINE");
	char root[4096];
	int ret;

	if (!machine || machine[0] != '/' || fake_join(machine)) {
		fprintf(stderr, "vfio-lu-fake: FAKE_MACHINE names no running machine\n");
		return 125;
	}
	snprintf(root, sizeof(root), "%s/root", machine);
	fake_at_end = at_end;
	ret = cli_main(argc, argv, kill_ops(fault_ops(argc > 1 && strcmp(argv[1], "hold") == 0)),
		       root);
	kill_report();
	fault_report();
	return ret;
}
