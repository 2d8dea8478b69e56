/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one clock that a kexec does not set back: the processor's counter, which QEMU has count nanoseconds where the
 * machine's clock counts instructions. Called as kexec, it puts the counter into the kernel log and becomes
 * kexec.real with the same arguments: that is where vfio-lu has done its part.
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
