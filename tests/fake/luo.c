// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live update orchestrator: /dev/liveupdate, sessions and the files in
 * them. The errnos and their order were measured; the comments name functions in
 * kernel/liveupdate/ of Linux 7.3.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

#include "uapi/uapi.h"

struct entry {
	struct entry *next;
	uint64_t token;
	int memfd;		/* -1: a vfio file */
	ino_t memfd_ino;
	struct file *file;	/* vfio: preserved, or retrieved */
	char bdf[NAME_SIZE];
	bool asked;		/* retrieve was called, so its result stays the same */
	int error;
};

struct session {
	struct session *next;
	char name[LIVEUPDATE_SESSION_NAME_LENGTH];
	bool incoming;
	bool retrieved;
	struct entry *entries;
};

static struct session *outgoing, *incoming;
static bool is_open;
static bool deserialized;
static int deserialize_error;

bool is_luo_enabled(void)
{
	return tree_exists("dev/liveupdate");
}

/* --------------------------------------------------------------- sessions */

static struct session *session_find(struct session *list, const char *name)
{
	while (list && strcmp(list->name, name))
		list = list->next;
	return list;
}

static struct session *session_add(struct session **list, const char *name)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		die("out of memory");
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->incoming = list == &incoming;
	/* Appends the session: sessions are frozen in the order of their creation. */
	while (*list)
		list = &(*list)->next;
	*list = s;
	return s;
}

static void entries_free(struct session *s)
{
	struct entry *e;

	while ((e = s->entries)) {
		s->entries = e->next;
		if (e->memfd >= 0)
			close(e->memfd);
		free(e);
	}
}

static void session_remove(struct session **list, struct session *s)
{
	while (*list != s)
		list = &(*list)->next;
	*list = s->next;
	entries_free(s);
	free(s);
}

static struct entry *entry_find(struct session *s, uint64_t token)
{
	struct entry *e;

	for (e = s->entries; e && e->token != token; e = e->next)
		;
	return e;
}

static struct entry *entry_add(struct session *s, uint64_t token)
{
	struct entry **end, *e = calloc(1, sizeof(*e));

	if (!e)
		die("out of memory");
	e->token = token;
	e->memfd = -1;
	for (end = &s->entries; *end; end = &(*end)->next)
		;
	*end = e;
	return e;
}

/* -------------------------------------------------------- /dev/liveupdate */

/* Incoming vfio files need their handler at the first open; the kernel does not try again. */
static int deserialize(void)
{
	if (deserialized)
		return deserialize_error;
	deserialized = true;
	for (struct session *s = incoming; s; s = s->next)
		for (struct entry *e = s->entries; e; e = e->next) {
			if (e->memfd >= 0 || is_module_loaded("vfio_pci"))
				continue;
			kmsg("luo: No registered handler for compatible 'vfio-pci-v1'");
			kmsg("luo: Failed to deserialize files for session [%s] -2", s->name);
			deserialize_error = -EIO;
			return -EIO;
		}
	return 0;
}

/* luo_open(), luo_core.c */
int luo_open(struct file **ret_file)
{
	int ret;

	if (is_open)
		return -EBUSY;
	ret = deserialize();
	if (ret)
		return ret;
	is_open = true;
	*ret_file = file_new(FILE_LIVEUPDATE, "/dev/liveupdate");
	return 0;
}

static int session_fd(struct session *s, int *ret_fd)
{
	char link[NAME_SIZE + 32];
	struct file *file;

	snprintf(link, sizeof(link), "anon_inode:[luo_session] %s", s->name);
	file = file_new(FILE_SESSION, link);
	file->session = s;
	*ret_fd = file_end(file);
	return *ret_fd < 0 ? *ret_fd : 0;
}

static int create_session(void *data, int *ret_fd)
{
	struct liveupdate_ioctl_create_session *args = data;
	const char *name = (const char *)args->name;

	if (!*name || strnlen(name, sizeof(args->name)) == sizeof(args->name))
		return -EINVAL;
	if (session_find(outgoing, name))
		return -EEXIST;
	return session_fd(session_add(&outgoing, name), ret_fd);
}

static int retrieve_session(void *data, int *ret_fd)
{
	struct liveupdate_ioctl_retrieve_session *args = data;
	struct session *s;

	if (strnlen((const char *)args->name, sizeof(args->name)) == sizeof(args->name))
		return -EINVAL;
	s = session_find(incoming, (const char *)args->name);
	if (!s)
		return -ENOENT;
	if (s->retrieved)
		return -EINVAL;
	s->retrieved = true;
	return session_fd(s, ret_fd);
}

/* --------------------------------------------------------------- preserve */

static void say_preserved(struct device *dev)
{
	kmsg_device(dev, "Device will be preserved across next Live Update");
}

static void bridge_get(struct device *bridge)
{
	if (bridge->preserved++ == 0)
		say_preserved(bridge);
}

static void bridge_put(struct device *bridge)
{
	if (--bridge->preserved == 0)
		kmsg_device(bridge, "Device will no longer be preserved across next Live Update");
}

static bool is_preserved(const struct file *file, ino_t memfd)
{
	for (int i = 0; i < 2; i++)
		for (struct session *s = i ? incoming : outgoing; s; s = s->next)
			for (struct entry *e = s->entries; e; e = e->next)
				if (file ? e->file == file : memfd && e->memfd_ino == memfd)
					return true;
	return false;
}

static int preserve_vfio(struct session *s, uint64_t token, struct file *file)
{
	struct device *dev = file->dev;
	struct entry *e;

	/* The handler's can_preserve() judges the device, not this file (measured). */
	if (!handler_built || file->group || device_is_vf(dev) ||
	    !device_is_vfio(dev) || !dev->opened)
		return -ENOENT;
	if (is_preserved(file, 0))
		return -EBUSY;
	/* pci_liveupdate_preserve() */
	if (dev->preserved || dev->incoming) {
		kmsg_device(dev, "Device is already preserved");
		return -EBUSY;
	}
	e = entry_add(s, token);
	e->file = file;
	snprintf(e->bdf, sizeof(e->bdf), "%s", dev->name);
	file_hold(file);
	dev->preserved = 1;
	say_preserved(dev);
	device_upstream(dev, bridge_get);
	return 0;
}

static int preserve_memfd(struct session *s, uint64_t token, int fd, ino_t ino)
{
	struct entry *e;

	if (is_preserved(NULL, ino))
		return -EBUSY;
	e = entry_add(s, token);
	e->memfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	e->memfd_ino = ino;
	return 0;
}

static int preserve_fd(struct session *s, void *data, int fd)
{
	struct liveupdate_session_preserve_fd *args = data;
	struct file *file;
	struct stat st;

	if (s->incoming)
		return -EINVAL;
	if (entry_find(s, args->token))
		return -EEXIST;
	if (fd < 0 || fstat(fd, &st))
		return -EBADF;
	file = file_of_fd(fd);
	if (file)
		return file->kind == FILE_VFIO ?
		       preserve_vfio(s, args->token, file) : -ENOENT;
	/* Only a memfd can be asked for its seals. */
	if (S_ISREG(st.st_mode) && fcntl(fd, F_GET_SEALS) >= 0)
		return preserve_memfd(s, args->token, fd, st.st_ino);
	return -ENOENT;
}

/* Newest first, as luo_file_unpreserve_files() does. */
static void unpreserve(struct session *s)
{
	struct entry *e, **where;
	struct device *dev;
	struct file *file;

	while (s->entries) {
		for (where = &s->entries; (*where)->next; where = &(*where)->next)
			;
		e = *where;
		*where = NULL;
		file = e->file;
		if (file) {
			dev = file->dev;
			dev->preserved = 0;
			kmsg_device(dev, "Device will no longer be preserved across next Live Update");
			device_upstream(dev, bridge_put);
			file_drop(file);
		}
		if (e->memfd >= 0)
			close(e->memfd);
		free(e);
	}
}

/* --------------------------------------------------- retrieve and finish */

/* Makes a memfd like the preserved one: KHO hands over its pages, position and seals. */
static int memfd_again(struct entry *e)
{
	int fd = fcntl(e->memfd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int retrieve_vfio(struct entry *e)
{
	struct device *dev = device_find(e->bdf);

	if (!dev || !device_is_vfio(dev))
		return -ENODEV;
	e->file = file_new(FILE_VFIO, "anon_inode:[vfio-device-liveupdate]");
	e->file->dev = dev;
	dev->files++;
	file_hold(e->file);
	return 0;
}

static int retrieve_fd(struct session *s, void *data, int *ret_fd)
{
	struct liveupdate_session_retrieve_fd *args = data;
	struct entry *e;
	int fd;

	if (!s->incoming)
		return -EINVAL;
	e = entry_find(s, args->token);
	if (!e)
		return -ENOENT;
	if (!e->asked) {
		/* luo_retrieve_file(): keeps a failure and does not try again */
		e->asked = true;
		e->error = e->memfd >= 0 ? 0 : retrieve_vfio(e);
	}
	if (e->error)
		return e->error;
	fd = e->memfd >= 0 ? memfd_again(e) : file_end(e->file);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static bool can_finish(const struct session *s)
{
	for (const struct entry *e = s->entries; e; e = e->next)
		if (e->memfd < 0 && (!e->file || !e->file->bound))
			return false;
	return true;
}

static void bridge_finish(struct device *bridge)
{
	if (bridge->incoming && --bridge->incoming_below == 0) {
		bridge->incoming = false;
		kmsg_device(bridge, "Device is finished participating in Live Update");
	}
}

static int finish(struct session *s)
{
	struct entry *e;
	struct file *file;

	if (!s->incoming)
		return -EINVAL;
	if (!can_finish(s))
		return -EBUSY;
	while ((e = s->entries)) {
		s->entries = e->next;
		file = e->file;
		if (file) {
			file->dev->incoming = false;
			kmsg_device(file->dev, "Device is finished participating in Live Update");
			device_upstream(file->dev, bridge_finish);
			file_drop(file);
		}
		if (e->memfd >= 0)
			close(e->memfd);
		free(e);
	}
	return 0;
}

/* luo_session_release(), luo_session.c */
void luo_release(struct file *file)
{
	struct session *s = file->session;

	if (file->kind == FILE_LIVEUPDATE) {
		is_open = false;
		return;
	}
	if (!s->incoming) {
		unpreserve(s);
		session_remove(&outgoing, s);
	} else if (finish(s)) {
		/* The session stays retrieved: no process can retrieve it again. */
		kmsg("luo: Unable to finish session [%s] on release", s->name);
	} else {
		session_remove(&incoming, s);
	}
}

/* ------------------------------------------------------------------ ioctls */

static int get_name(const struct session *s, void *data)
{
	struct { __u32 size, reserved; __u8 name[64]; } *args = data;

	if (args->reserved)
		return -EINVAL;
	memcpy(args->name, s->name, sizeof(s->name));
	return 0;
}

static int dispatch(struct file *file, unsigned int nr, void *data, int passed_fd,
		    int *ret_fd)
{
	switch (nr) {
	case 0x00:
		return create_session(data, ret_fd);
	case 0x01:
		return retrieve_session(data, ret_fd);
	case 0x40:
		return preserve_fd(file->session, data, passed_fd);
	case 0x41:
		return retrieve_fd(file->session, data, ret_fd);
	case 0x42:
		if (((struct liveupdate_session_finish *)data)->reserved)
			return -EINVAL;
		return finish(file->session);
	default:
		return get_name(file->session, data);
	}
}

/* luo_ioctl(), luo_core.c; luo_session_ioctl(), luo_session.c */
int luo_ioctl(struct file *file, uint64_t request, void *data, size_t size,
	      int passed_fd, int *ret_fd)
{
	static const struct { unsigned int nr; enum file_kind kind; size_t size; } known[] = {
		{ 0x00, FILE_LIVEUPDATE, 72 }, { 0x01, FILE_LIVEUPDATE, 72 },
		{ 0x40, FILE_SESSION, 16 }, { 0x41, FILE_SESSION, 16 },
		{ 0x42, FILE_SESSION, 8 }, { 0x43, FILE_SESSION, 72 },
	};
	unsigned int nr = request & 0xff;
	unsigned char *bytes = data;
	uint32_t said;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].nr != nr || known[i].kind != file->kind)
			continue;
		if (request != (LIVEUPDATE_IOCTL_TYPE << 8 | nr))
			return -ENOTTY;
		memcpy(&said, data, sizeof(said));
		if (said < known[i].size || size < known[i].size)
			return -EINVAL;
		for (size_t at = known[i].size; at < size; at++)
			if (bytes[at])
				return -E2BIG;	/* copy_struct_from_user() */
		return dispatch(file, nr, data, passed_fd, ret_fd);
	}
	/* measured: an unknown number is EINVAL, another type is ENOTTY */
	return (request >> 8) == LIVEUPDATE_IOCTL_TYPE ? -EINVAL : -ENOTTY;
}

/* -------------------------------------------------------------- the kexec */

static int freeze_vfio(const struct entry *e)
{
	struct device *dev = e->file->dev;
	char power[32];

	if (dev->irq != IRQ_NONE) {
		kmsg_device(dev, "Freeze failed! Interrupts are still enabled.");
		return -EINVAL;
	}
	device_power(dev, power, sizeof(power));
	if (strcmp(power, "D0")) {
		kmsg_device(dev, "Freeze failed! Device not in D0 state.");
		return -EINVAL;
	}
	return 0;
}

/* Devices that were frozen before the refusal answer EIO (measured). */
int luo_freeze(void)
{
	struct device *frozen[256];
	size_t n = 0;

	for (struct session *s = outgoing; s; s = s->next)
		for (struct entry *e = s->entries; e; e = e->next) {
			if (!e->file)
				continue;
			if (freeze_vfio(e)) {
				kmsg("luo: Freeze failed for token[%#llx] handler[vfio-pci-v1] err[-22]",
				     (unsigned long long)e->token);
				while (n)
					frozen[--n]->poisoned = true;
				return -EINVAL;
			}
			if (n < 256)
				frozen[n++] = e->file->dev;
		}
	return 0;
}

static int memfd_copy(int old)
{
	int seals = fcntl(old, F_GET_SEALS);
	char buf[4096];
	off_t at = 0;
	ssize_t n;
	int fd;

	fd = memfd_create("", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		die("memfd: %s", strerror(errno));
	while ((n = pread(old, buf, sizeof(buf), at)) > 0) {
		if (write(fd, buf, (size_t)n) != n)
			die("memfd: %s", strerror(errno));
		at += n;
	}
	lseek(fd, lseek(old, 0, SEEK_CUR), SEEK_SET);
	if (seals > 0)
		fcntl(fd, F_ADD_SEALS, seals);
	return fd;
}

static void bridge_incoming(struct device *bridge)
{
	bridge->incoming = true;
	bridge->incoming_below++;
}

void luo_boot(bool keep)
{
	struct session *s, *new;

	is_open = false;
	deserialized = false;
	deserialize_error = 0;
	/* The next kexec drops files that were never retrieved (measured). */
	while (incoming)
		session_remove(&incoming, incoming);
	for (struct device *dev = devices; dev; dev = dev->next) {
		dev->incoming = false;
		dev->incoming_below = 0;
		dev->preserved = 0;
	}
	for (s = outgoing; keep && s; s = s->next) {
		new = session_add(&incoming, s->name);
		for (struct entry *e = s->entries; e; e = e->next) {
			struct entry *copy = entry_add(new, e->token);
			struct device *dev;

			strcpy(copy->bdf, e->bdf);
			if (e->memfd >= 0) {
				copy->memfd = memfd_copy(e->memfd);
				continue;
			}
			dev = device_find(e->bdf);
			if (dev) {
				dev->incoming = true;
				device_upstream(dev, bridge_incoming);
			}
		}
	}
	while (outgoing)
		session_remove(&outgoing, outgoing);
}

void luo_announce(bool handed)
{
	bool came = false;

	for (struct device *dev = devices; dev; dev = dev->next) {
		if (!dev->incoming)
			continue;
		kmsg_device(dev, "Device was preserved by previous kernel across Live Update");
		came = true;
	}
	/* pci_get_incoming(): FLBs were handed over, but none of them is the list of devices */
	if (handed && !came)
		kmsg("pci: No incoming FLB matched pci-v2");
}

/* ------------------------------------------------------------------- state */

static const char *entry_state(const struct entry *e)
{
	if (e->memfd >= 0)
		return "memfd";
	if (e->error)
		return "failed for ever";
	return !e->file ? "waiting" : e->file->bound ? "bound" : "not bound";
}

void luo_state(FILE *out)
{
	if (is_open)
		fputs("/dev/liveupdate is open\n", out);
	if (deserialize_error)
		fputs("/dev/liveupdate is dead\n", out);
	for (int i = 0; i < 2; i++)
		for (struct session *s = i ? incoming : outgoing; s; s = s->next) {
			fprintf(out, "session %s %s%s\n", s->name, i ? "incoming" : "outgoing",
				s->retrieved ? " retrieved" : "");
			for (struct entry *e = s->entries; e; e = e->next)
				fprintf(out, "session %s has %#llx %s %s\n", s->name,
					(unsigned long long)e->token, e->bdf, entry_state(e));
		}
}
