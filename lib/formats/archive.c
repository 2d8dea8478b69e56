/* SPDX-License-Identifier: GPL-2.0-only */
#include "archive.h"
#include "base/text.h"
#include "bytes.h"
#include "cpio.h"

#define LINKS_MAX	40		/* MAXSYMLINKS, include/linux/namei.h */
#define KEPT_MAX	(256u << 20)
#define FILES_MAX	(1u << 20)

struct reading {
	struct archive *archive;
	size_t (*wants)(const char *name);
	bool short_of_memory;
};

static struct archive_file *add(struct archive *archive, const char *name)
{
	struct archive_file *file = NULL;
	char *copy = pool_text(&archive->pool, name, ARCHIVE_PATH);

	if (copy)
		file = pool_add(&archive->pool, &archive->files, &archive->n_files);
	if (file)
		*file = (struct archive_file){ .name = copy, .nth = archive->n_seen++ };
	return file;
}

static size_t see_file(void *arg, const char *name, size_t inode)
{
	struct reading *reading = arg;
	struct archive_file *file;

	if (reading->archive->n_files >= FILES_MAX)
		return 0;
	file = add(reading->archive, name);
	if (file)
		file->inode = inode;
	else
		reading->short_of_memory = true;
	return reading->short_of_memory ? 0 : reading->wants(name);
}

/* Keeps the contents of the file that see_file() added last. */
static int take_file(void *arg, const char *name, const uint8_t *data, size_t size)
{
	struct archive *archive = ((struct reading *)arg)->archive;
	struct archive_file *file = &archive->files[archive->n_files - 1];

	(void)name;
	archive->kept += size;
	if (archive->kept > KEPT_MAX)
		return -EFBIG;
	file->data = pool_copy(&archive->pool, data, size + 1);
	file->size = size;
	return file->data ? 0 : -ENOMEM;
}

static int add_link(struct archive *archive, const char *name, const char *target)
{
	struct archive_file *file = add(archive, name);

	if (!file)
		return -ENOMEM;
	file->target = pool_text(&archive->pool, target, ARCHIVE_PATH);
	return file->target ? 0 : -ENOMEM;
}

static int take_link(void *arg, const char *name, const char *target)
{
	struct archive *archive = ((struct reading *)arg)->archive;

	return archive->n_files >= FILES_MAX ? -EFBIG : add_link(archive, name, target);
}

static int by_inode(const void *a, const void *b)
{
	const struct archive_file *left = a, *right = b;

	if (left->inode != right->inode)
		return left->inode < right->inode ? -1 : 1;
	return left->nth < right->nth ? -1 : left->nth > right->nth;
}

/* Of the names of one file, only the last has the contents (maybe_link(), init/initramfs.c). */
static void join_names(struct archive *archive)
{
	struct archive_file *files = archive->files;
	size_t i = archive->n_files;

	if (i)
		qsort(files, i, sizeof(*files), by_inode);
	while (i-- > 1)
		if (files[i].inode && files[i - 1].inode == files[i].inode && !files[i - 1].size) {
			files[i - 1].data = files[i].data;
			files[i - 1].size = files[i].size;
		}
}

static int by_name(const void *a, const void *b)
{
	const struct archive_file *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : left->nth < right->nth ? -1 : left->nth > right->nth;
}

/* If a name occurs twice, the later file replaces the earlier one, as in the kernel. */
static void sort(struct archive *archive)
{
	struct archive_file *files = archive->files;
	size_t i, n = 0;

	if (archive->n_files)
		qsort(files, archive->n_files, sizeof(*files), by_name);
	for (i = 0; i < archive->n_files; i++)
		if (i + 1 == archive->n_files || strcmp(files[i].name, files[i + 1].name) != 0)
			files[n++] = files[i];
	archive->n_files = n;
}

void archive_free(struct archive *archive)
{
	pool_free(&archive->pool);
	*archive = (struct archive){ .files = NULL };
}

/* Returns the index of the first file whose name does not sort before this one. */
static size_t first_from(const struct archive *archive, const char *name)
{
	size_t low = 0, high = archive->n_files, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(archive->files[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct archive_file *exactly(const struct archive *archive, const char *name)
{
	size_t i = first_from(archive, name);

	return i < archive->n_files && strcmp(archive->files[i].name, name) == 0 ?
	       &archive->files[i] : NULL;
}

/* Appends one component to done, the path resolved so far. */
static bool step(char done[ARCHIVE_PATH], const char *name, size_t len)
{
	size_t have = strlen(done);
	char *slash;

	if (!len || (len == 1 && *name == '.'))
		return true;
	if (len == 2 && memcmp(name, "..", 2) == 0) {
		slash = strrchr(done, '/');
		*(slash ? slash : done) = '\0';
		return true;
	}
	if (have)
		text_add(done, ARCHIVE_PATH, "/%.*s", (int)len, name);
	else
		text_add(done, ARCHIVE_PATH, "%.*s", (int)len, name);
	return strlen(done) == have + len + (have != 0);
}

bool archive_resolve(const struct archive *archive, const char *path, char out[ARCHIVE_PATH])
{
	char todo[2 * ARCHIVE_PATH], rest[ARCHIVE_PATH], *at = todo;
	const struct archive_file *file;
	int links = 0;
	size_t len;

	if (!take_text(todo, ARCHIVE_PATH, path, strlen(path)))
		return false;
	for (out[0] = '\0'; *at; at += len + (at[len] == '/')) {
		len = strcspn(at, "/");
		if (!step(out, at, len))
			return false;
		file = exactly(archive, out);
		if (!file || !file->target)
			continue;
		if (links++ == LINKS_MAX || !take_text(rest, sizeof(rest), at + len, strlen(at + len)))
			return false;
		if (file->target[0] == '/')
			out[0] = '\0';
		else
			step(out, "..", 2);
		snprintf(todo, sizeof(todo), "%s%s", file->target, rest);
		at = todo;
		len = 0;
	}
	return true;
}

/* Moves a file, if its directory is a link, into the directory to which the link leads. */
static int place(struct archive *archive, struct archive_file *file, char from[ARCHIVE_PATH],
		 char to[ARCHIVE_PATH])
{
	const char *slash = strrchr(file->name, '/');
	size_t len = slash ? (size_t)(slash - file->name) : 0;

	/* most files have the directory of the previous one */
	if (strncmp(from, file->name, len) != 0 || from[len]) {
		if (!take_text(from, ARCHIVE_PATH, file->name, len))
			return 0;
		if (!archive_resolve(archive, from, to))
			strcpy(to, from);
	}
	if (strcmp(from, to) == 0)
		return 0;
	file->name = pool_print(&archive->pool, "%s%s", to, *to ? slash : slash + 1);
	return file->name ? 0 : -ENOMEM;
}

static int place_all(struct archive *archive)
{
	char from[ARCHIVE_PATH] = "", to[ARCHIVE_PATH] = "";
	size_t i, size = archive->n_files * sizeof(*archive->files);
	struct archive_file *files;
	int ret = 0;

	/* archive->files is searched meanwhile */
	files = pool_copy(&archive->pool, archive->files, size);
	if (!files)
		return -ENOMEM;
	for (i = 0; !ret && i < archive->n_files; i++)
		ret = place(archive, &files[i], from, to);
	if (!ret && size)
		memcpy(archive->files, files, size);
	sort(archive);
	return ret;
}

size_t archive_size(const uint8_t *data, size_t size)
{
	static const char magic[] = "#BOOTCONFIG\n";
	size_t pad, at, length, i;
	uint32_t sum = 0;

	/* boot loaders align the size to 4 */
	for (pad = 0; pad < 4 && size >= 20 + pad; pad++) {
		at = size - pad - 20;
		if (memcmp(data + at + 8, magic, 12) != 0)
			continue;
		length = le32(data + at);
		for (i = 0; length <= at && i < length; i++)
			sum += data[at - length + i];
		return length <= at && sum == le32(data + at + 4) ? at - length : size;
	}
	return size;
}

int archive_read(struct archive *archive, const uint8_t *data, size_t len,
		 size_t (*wants)(const char *name), char *why, size_t size)
{
	static const struct cpio_ops ops = {
		.wants = see_file, .file = take_file, .link = take_link,
	};
	struct reading reading = { .archive = archive, .wants = wants };
	int ret;

	*archive = (struct archive){ .files = NULL };
	ret = cpio_each(data, len, &ops, &reading, why, size);
	if (archive->n_files >= FILES_MAX) {
		snprintf(why, size, "it has more files than any machine would load");
		ret = -EFBIG;
	}
	join_names(archive);
	sort(archive);
	if (reading.short_of_memory || place_all(archive))
		return -ENOMEM;
	return ret;
}

int archive_link(struct archive *archive, const char *name, const char *target)
{
	int ret = add_link(archive, name, target);

	sort(archive);
	return ret ? ret : place_all(archive);
}

const struct archive_file *archive_find(const struct archive *archive, const char *path)
{
	char name[ARCHIVE_PATH];

	return archive_resolve(archive, path, name) ? exactly(archive, name) : NULL;
}

int archive_each(const struct archive *archive, const char *dir,
		 int (*fn)(void *arg, const char *name), void *arg)
{
	char name[ARCHIVE_PATH];
	size_t i, len;
	int ret = 0;

	if (!archive_resolve(archive, dir, name))
		return 0;
	len = strlen(name);
	if (len + 1 >= sizeof(name))
		return 0;
	strcpy(name + len, "/");
	for (i = first_from(archive, name); !ret && i < archive->n_files &&
	     strncmp(archive->files[i].name, name, len + 1) == 0; i++)
		if (!strchr(archive->files[i].name + len + 1, '/'))
			ret = fn(arg, archive->files[i].name + len + 1);
	return ret;
}
