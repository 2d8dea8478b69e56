// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the files of a machine that a program reads, from a text manifest.
 *
 * usage: plant DIR MANIFEST...	("-": standard input)
 *
 *   d PATH			directory
 *   f PATH "TEXT"		file; \n \t \\ \" \xHH are escapes in the text
 *   x PATH HEX...		file of bytes
 *   z PATH "TEXT"		file, compressed as gzip does
 *   s PATH SIZE			file of this size, without data (a hole)
 *   K PATH SIZE			the first page of an x86 kernel that needs this much
 *				memory
 *   k PATH "TEXT"		kernel image; TEXT is its version, a newline, words that
 *				it contains, a newline, its configuration if any
 *   a PATH "TEXT"		the same as an Image of arm64
 *   w PATH gzip|zboot FILE	FILE, compressed or in an EFI program that unpacks it
 *   w PATH uki KERNEL INITRD CMDLINE
 *				these files in a unified image; "-": without the file
 *   c PATH DIR [gzip]		appends an archive of all files below DIR to PATH
 *   l PATH TARGET		symbolic link with exactly this target
 *   m PATH MODE		octal permissions, set after all files are made
 *   r PATH			removes PATH and all files below it
 *   i MANIFEST			includes a manifest in the directory of this one
 *   p PATH VENDOR:DEVICE CLASS [GROUP]
 *				a PCI function below /sys/devices with all files that a
 *				kernel shows, in this IOMMU group
 *   b BDF DRIVER		the function has this driver
 *   v BDF N			vfio-pci made vfioN for the function
 *   h GENERATION [WORD...]	the handover to and from a kernel of this generation, and
 *				its memory (tests/handover.h); WORD changes it: cold,
 *				finished, reused, cycle, counts or FORM=NAME
 *
 * Paths have no leading slash. A line that begins with # is a comment.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../handover.h"

static const char *manifest = "";
static unsigned int line_number;

static struct { char *path; mode_t mode; } modes[256];
static size_t n_modes;

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "plant: %s:%u: ", manifest, line_number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* As snprintf(), but ends the program if the text does not fit. */
static void __attribute__((format(printf, 3, 4)))
build(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size)
		die("too long: %s", fmt);
}

static void make_parents(const char *path)
{
	char dir[1024];

	build(dir, sizeof(dir), "%s", path);
	for (char *p = strchr(dir, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(dir, 0755) && errno != EEXIST)
			die("%s: %s", dir, strerror(errno));
		*p = '/';
	}
}

static void make_dir(const char *path)
{
	make_parents(path);
	if (mkdir(path, 0755) && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
}

static void put(const char *path, const void *data, size_t size)
{
	int fd;

	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		die("%s: %s", path, strerror(errno));
}

static void __attribute__((format(printf, 3, 4)))
put_text(const char *dir, const char *name, const char *fmt, ...)
{
	char path[1024], text[1024];
	va_list ap;

	build(path, sizeof(path), "%s/%s", dir, name);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(path, text, strlen(text));
}

static void make_link(const char *path, const char *target)
{
	make_parents(path);
	unlink(path);
	if (symlink(target, path))
		die("%s: %s", path, strerror(errno));
}

/* Makes a link like those of sysfs: up to the root of sysfs, and down to the target. */
static void sysfs_link(const char *path, const char *target)
{
	char text[2048] = "";

	/* one "../" for each directory between sys/ and the link */
	for (const char *p = strchr(strchr(path, '/') + 1, '/'); p; p = strchr(p + 1, '/'))
		strcat(text, "../");
	strcat(text, target + strlen("sys/"));
	make_link(path, text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void put_hole(const char *path, const char *size)
{
	put(path, "", 0);
	if (truncate(path, (off_t)strtoull(size, NULL, 0)))
		die("%s: %s", path, strerror(errno));
}

/* Writes the fields of the setup header (Documentation/arch/x86/boot.rst) that vfio-lu reads. */
static void put_setup(const char *path, const char *size)
{
	unsigned long memory = strtoul(size, NULL, 0);
	unsigned char page[4096] = { 0 };

	memcpy(page + 0x202, "HdrS", 4);
	page[0x206] = 0x0f;
	page[0x207] = 0x02;
	for (int i = 0; i < 4; i++)
		page[0x260 + i] = (unsigned char)(memory >> (8 * i));
	put(path, page, sizeof(page));
}

/* Replaces the escapes in place and adds a NUL. Returns the size without this NUL. */
static size_t unescape(char *text)
{
	char *in = text, *out = text, *end = text + strlen(text);

	if (in == end || *in != '"' || end == in + 1 || end[-1] != '"')
		die("text is not in quotes");
	for (in++, end--; in < end; in++) {
		if (*in != '\\') {
			*out++ = *in;
			continue;
		}
		switch (*++in) {
		case 'n':
			*out++ = '\n';
			break;
		case 't':
			*out++ = '\t';
			break;
		case 'x': {
			char hex[3] = { in[1], in[1] ? in[2] : '\0' };

			*out++ = (char)strtoul(hex, NULL, 16);
			in += 2;
			break;
		}
		default:
			*out++ = *in;
		}
	}
	*out = '\0';
	return (size_t)(out - text);
}

static void put_bytes(const char *path, const char *hex)
{
	unsigned char data[8192];
	size_t n = 0;

	while (*hex && n < sizeof(data)) {
		char *end;

		data[n++] = (unsigned char)strtoul(hex, &end, 16);
		if (end == hex)
			die("not hex: %s", hex);
		hex = end + strspn(end, " ");
	}
	put(path, data, n);
}

static void put_gzip(const char *path, const char *text, size_t size)
{
	gzFile gz;

	make_parents(path);
	gz = gzopen(path, "wb9");
	if (!gz || gzwrite(gz, text, (unsigned int)size) != (int)size || gzclose(gz) != Z_OK)
		die("%s: not compressed", path);
}

/* ------------------------------------------------------ kernels and archives */

static struct buf read_whole(const char *path)
{
	struct buf buf = { NULL, 0 };
	char data[4096];
	ssize_t n = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, data, sizeof(data))) > 0)
		buf_add(&buf, data, (size_t)n);
	if (fd < 0 ? errno != ENOENT : n < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
	return buf;
}

static void put_kernel(const char *path, char *text, size_t size, bool arm64)
{
	char *words = memchr(text, '\n', size), *config;
	struct buf inside, packed = { NULL, 0 }, image;

	config = words ? memchr(words + 1, '\n', size - (size_t)(words + 1 - text)) : NULL;
	if (!config)
		die("k PATH \"VERSION\\nWORDS\\nCONFIGURATION\"");
	*words++ = '\0';
	*config++ = '\0';
	inside = inside_of(text, words, (size_t)(config - words), *config ? config : NULL);
	if (!arm64)
		packed = gzip_of(inside.data, inside.size);
	image = arm64 ? arm64_of(&inside) : bzimage_of(text, &packed);
	put(path, image.data, image.size);
	buf_free(&inside);
	buf_free(&packed);
	buf_free(&image);
}

static void put_wrapped(const char *path, char *words)
{
	struct section sections[] = { { ".linux", { NULL, 0 } }, { ".initrd", { NULL, 0 } },
				      { ".cmdline", { NULL, 0 } } };
	const char *wrap = strtok(words, " "), *file;
	struct buf packed, out;
	size_t n = 0;

	for (file = strtok(NULL, " "); file && n < 3; file = strtok(NULL, " "), n++)
		if (strcmp(file, "-"))
			sections[n].buf = read_whole(file);
	packed = gzip_of(sections[0].buf.data, sections[0].buf.size);
	if (!n || !strcmp(wrap, "uki"))
		out = pe_of(sections, n);
	else
		out = strcmp(wrap, "zboot") ? packed : zboot_of(&packed, "gzip");
	put(path, out.data, out.size);
	for (size_t i = 0; i < n; i++)
		buf_free(&sections[i].buf);
	if (out.data != packed.data)
		buf_free(&out);
	buf_free(&packed);
}

static void archive_dir(struct buf *out, const char *dir, size_t top)
{
	struct dirent **entries;
	char path[1024];
	int n;

	n = scandir(dir, &entries, NULL, alphasort);
	if (n < 0)
		die("%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct buf file;
		struct stat st;

		build(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && !lstat(path, &st)) {
			if (S_ISDIR(st.st_mode)) {
				cpio_add(out, path + top, 040755, "", 0);
				archive_dir(out, path, top);
			} else if (S_ISLNK(st.st_mode)) {
				char target[1024];
				ssize_t len = readlink(path, target, sizeof(target));

				cpio_add(out, path + top, 0120777, target, len > 0 ? (size_t)len : 0);
			} else {
				file = read_whole(path);
				cpio_add(out, path + top, 0100644, file.data, file.size);
				buf_free(&file);
			}
		}
		free(entries[i]);
	}
	free(entries);
}

static void put_archive(const char *path, const char *dir, const char *how)
{
	struct buf whole = read_whole(path), archive = { NULL, 0 }, packed;

	archive_dir(&archive, dir, strlen(dir) + 1);
	cpio_close(&archive);
	if (strcmp(how, "gzip") == 0) {
		packed = gzip_of(archive.data, archive.size);
		buf_free(&archive);
		archive = packed;
	}
	buf_add(&whole, archive.data, archive.size);
	put(path, whole.data, whole.size);
	buf_free(&whole);
	buf_free(&archive);
}

/* ------------------------------------------------------------ PCI functions */

static void put_config(const char *dir, unsigned int vendor, unsigned int device,
		       unsigned int class, unsigned int bridge)
{
	unsigned char config[0x200] = { 0 };
	char path[1024];

	config[0] = vendor & 0xff;
	config[1] = (vendor >> 8) & 0xff;
	config[2] = device & 0xff;
	config[3] = (device >> 8) & 0xff;
	config[9] = class & 0xff;
	config[10] = (class >> 8) & 0xff;
	config[11] = (class >> 16) & 0xff;
	config[14] = (unsigned char)bridge;
	build(path, sizeof(path), "%s/config", dir);
	put(path, config, sizeof(config));
}

static void make_function(const char *dir, const char *id, const char *class_text,
			  const char *group)
{
	unsigned int vendor, device, class = (unsigned int)strtoul(class_text, NULL, 16);
	const char *bdf = strrchr(dir, '/');
	char path[1024], target[1024];

	if (!bdf || sscanf(id, "%x:%x", &vendor, &device) != 2)
		die("p PATH VENDOR:DEVICE CLASS [GROUP]");
	bdf++;
	put_text(dir, "vendor", "0x%04x\n", vendor);
	put_text(dir, "device", "0x%04x\n", device);
	put_text(dir, "subsystem_vendor", "0x%04x\n", 0x1af4);
	put_text(dir, "subsystem_device", "0x%04x\n", 0x1100);
	put_text(dir, "class", "0x%06x\n", class);
	put_text(dir, "revision", "0x00\n");
	put_text(dir, "irq", "0\n");
	put_text(dir, "enable", "0\n");
	put_text(dir, "numa_node", "-1\n");
	put_text(dir, "power_state", "D0\n");
	put_text(dir, "driver_override", "(null)\n");
	put_text(dir, "d3cold_allowed", "1\n");
	put_config(dir, vendor, device, class, class >> 8 == 0x0604);
	build(path, sizeof(path), "sys/bus/pci/devices/%s", bdf);
	sysfs_link(path, dir);
	build(path, sizeof(path), "%s/subsystem", dir);
	sysfs_link(path, "sys/bus/pci");
	if (!*group)
		return;
	build(path, sizeof(path), "%s/iommu_group", dir);
	build(target, sizeof(target), "sys/kernel/iommu_groups/%s", group);
	sysfs_link(path, target);
	build(path, sizeof(path), "sys/kernel/iommu_groups/%s/type", group);
	put(path, "DMA-FQ\n", 7);
	build(path, sizeof(path), "sys/kernel/iommu_groups/%s/devices/%s", group, bdf);
	sysfs_link(path, dir);
}

/* Finds the directory of a function by its link on the bus. */
static void find_function(const char *bdf, char *buf, size_t size)
{
	char path[600], text[1024];
	ssize_t n;

	build(path, sizeof(path), "sys/bus/pci/devices/%s", bdf);
	n = readlink(path, text, sizeof(text) - 1);
	if (n < 0)
		die("no function %s", bdf);
	text[n] = '\0';
	build(buf, size, "sys/%s", strstr(text, "devices/"));
}

static void bind_function(const char *bdf, const char *driver)
{
	static const char *const files[] = { "bind", "unbind", "new_id", "remove_id" };
	char dir[600], path[1024], target[1024];

	find_function(bdf, dir, sizeof(dir));
	build(target, sizeof(target), "sys/bus/pci/drivers/%s", driver);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put_text(target, files[i], "%s", "");
	build(path, sizeof(path), "%s/driver", dir);
	sysfs_link(path, target);
	build(path, sizeof(path), "%s/%s", target, bdf);
	sysfs_link(path, dir);
}

static void make_vfio(const char *bdf, const char *number)
{
	char dir[600], path[1024], target[1024];

	find_function(bdf, dir, sizeof(dir));
	build(target, sizeof(target), "%s/vfio-dev/vfio%s", dir, number);
	put_text(target, "dev", "511:%s\n", number);
	build(path, sizeof(path), "sys/class/vfio-dev/vfio%s", number);
	sysfs_link(path, target);
	build(path, sizeof(path), "dev/vfio/devices/vfio%s", number);
	put(path, "", 0);
}

/* ----------------------------------------------------------------- handover */

static void make_handover(const char *name, char *words)
{
	static const struct { const char *word; enum pci_form form; } forms[] = {
		{ "flat32-bare", PCI_FLAT32_BARE }, { "flat32", PCI_FLAT32 },
		{ "block", PCI_BLOCK }, { "versioned", PCI_VERSIONED },
	};
	const struct generation *generation = generation_find(name);
	struct handover_faults faults = { .cold = false };
	char *word, *equals;

	if (!generation)
		die("no generation %s", name);
	for (word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		equals = strchr(word, '=');
		if (!strcmp(word, "cold"))
			faults.cold = true;
		else if (!strcmp(word, "finished"))
			faults.finished = true;
		else if (!strcmp(word, "reused"))
			faults.reused = true;
		else if (!strcmp(word, "cycle"))
			faults.cycle = true;
		else if (!strcmp(word, "counts"))
			faults.counts = true;
		else if (!equals)
			die("no word %s", word);
		if (!equals)
			continue;
		*equals = '\0';
		faults.pci = equals + 1;
		for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
			if (!strcmp(forms[i].word, word))
				faults.pci_form = forms[i].form;
	}
	handover_make(generation, &faults, put);
}

/* -------------------------------------------------------------------- lines */

static void read_manifest(const char *name, const char *from);

static void do_line(char kind, char *path, char *rest)
{
	const char *how = strchr(rest, ' ') ? strchr(rest, ' ') + 1 : "";
	char *word[3] = { "", "", "" };
	int n = 0;

	switch (kind) {
	case 'd':
		make_dir(path);
		return;
	case 'f':
		put(path, rest, unescape(rest));
		return;
	case 'x':
		put_bytes(path, rest);
		return;
	case 'z':
		put_gzip(path, rest, unescape(rest));
		return;
	case 's':
		put_hole(path, rest);
		return;
	case 'K':
		put_setup(path, rest);
		return;
	case 'k':
	case 'a':
		put_kernel(path, rest, unescape(rest), kind == 'a');
		return;
	case 'w':
		put_wrapped(path, rest);
		return;
	case 'c':
		rest[strcspn(rest, " ")] = '\0';
		put_archive(path, rest, how);
		return;
	case 'l':
		make_link(path, rest);
		return;
	case 'm':
		if (n_modes == sizeof(modes) / sizeof(modes[0]))
			die("too many modes");
		modes[n_modes].path = strdup(path);
		modes[n_modes++].mode = (mode_t)strtoul(rest, NULL, 8);
		return;
	case 'r':
		if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS))
			die("%s: %s", path, strerror(errno));
		return;
	case 'b':
		bind_function(path, rest);
		return;
	case 'v':
		make_vfio(path, rest);
		return;
	case 'h':
		make_handover(path, rest);
		return;
	case 'p':
		for (char *p = strtok(rest, " "); p && n < 3; p = strtok(NULL, " "))
			word[n++] = p;
		make_function(path, word[0], word[1], word[2]);
		return;
	default:
		die("no such kind of line: %c", kind);
	}
}

static void read_lines(FILE *file, const char *name)
{
	char line[65536], *path, *rest;

	while (fgets(line, sizeof(line), file)) {
		line_number++;
		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		if (line[1] != ' ')
			die("a line begins with a letter and a blank");
		path = line + 2;
		rest = path + strcspn(path, " ");
		if (*rest)
			*rest++ = '\0';
		if (line[0] == 'i') {
			unsigned int here = line_number;

			read_manifest(path, name);
			manifest = name;
			line_number = here;
		} else if (path[0] == '/' || strstr(path, "..")) {
			die("path leads out: %s", path);
		} else {
			do_line(line[0], path, rest);
		}
	}
}

/* The working directory is that of the tree, so the caller makes the names absolute. */
static void read_manifest(const char *name, const char *from)
{
	const char *slash = from ? strrchr(from, '/') : NULL;
	char path[2048];
	FILE *file;

	if (slash && name[0] != '/')
		build(path, sizeof(path), "%.*s/%s", (int)(slash - from), from, name);
	else
		build(path, sizeof(path), "%s", name);
	manifest = name;
	line_number = 0;
	file = strcmp(name, "-") ? fopen(path, "re") : stdin;
	if (!file)
		die("%s: %s", path, strerror(errno));
	read_lines(file, path);
	if (file != stdin)
		fclose(file);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: plant DIR MANIFEST...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "-"))
			argv[i] = realpath(argv[i], NULL);
		if (!argv[i])
			die("no such manifest");
	}
	if ((mkdir(argv[1], 0755) && errno != EEXIST) || chdir(argv[1]))
		die("%s: %s", argv[1], strerror(errno));
	for (int i = 2; i < argc; i++)
		read_manifest(argv[i], NULL);
	for (size_t i = 0; i < n_modes; i++)
		if (chmod(modes[i].path, modes[i].mode))
			die("%s: %s", modes[i].path, strerror(errno));
	return 0;
}
