/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints the processor's counter, the only clock that a kexec does not reset. If the machine's clock counts instructions,
 * QEMU makes the counter count nanoseconds. Called as kexec, at the end of vfio-lu's own work, this program writes the
 * counter to the kernel log and executes kexec.real with the same arguments.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	FILE *log;

	if (strcmp(slash ? slash + 1 : argv[0], "kexec") != 0)
		return printf("%llu\n", __rdtsc()) < 0;
	log = fopen("/dev/kmsg", "w");
	if (log) {
		fprintf(log, "vlu: ticks kexec%s %llu\n", argc > 1 ? argv[1] : "", __rdtsc());
		fclose(log);
	}
	execv("/bin/kexec.real", argv);
	return 127;
}
