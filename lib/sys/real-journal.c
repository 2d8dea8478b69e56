/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real kernel: records for the journal, in its native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). sd_journal_sendv(3) blocks while
 * journald hangs, and the holder must never block.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "sys/real.h"

/* With its size in front, a value may contain anything, even newlines. */
static void write_field(FILE *f, const char *field)
{
	const char *value = strchrnul(field, '=');
	uint64_t size;

	if (!*value)
		return;
	size = htole64(strlen(value + 1));
	fprintf(f, "%.*s\n", (int)(value - field), field);
	fwrite(&size, sizeof(size), 1, f);
	fprintf(f, "%s\n", value + 1);
}

/* Fails with -ENOENT or -ECONNREFUSED if there is no journal. */
static int send_record(const char *data, size_t size)
{
	const struct sockaddr_un to = { AF_UNIX, "/run/systemd/journal/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	if (sendto(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int real_journal(struct sys *sys, int priority, const char *const *fields, size_t n)
{
	char *data = NULL;
	size_t size, i;
	FILE *f = open_memstream(&data, &size);
	int ret = -ENOMEM;

	(void)sys;
	if (!f)
		return -ENOMEM;
	fprintf(f, "PRIORITY=%d\nSYSLOG_IDENTIFIER=vfio-lu\nSYSLOG_PID=%d\n", priority,
		(int)getpid());
	for (i = 0; i < n; i++)
		write_field(f, fields[i]);
	if (fclose(f) == 0)
		ret = send_record(data, size);
	free(data);
	if (ret != -ENOENT && ret != -ECONNREFUSED)
		return ret;
	openlog("vfio-lu", LOG_PID, LOG_DAEMON);
	syslog(priority, "%s", n ? fields[0] + strcspn(fields[0], "=") + 1 : "");
	closelog();
	return 0;
}
