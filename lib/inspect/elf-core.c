/* SPDX-License-Identifier: GPL-2.0-only */
#include <elf.h>
#include <fcntl.h>

#include "base/array.h"
#include "inspect/elf-core.h"

#define LOADS_MAX	65536
#define HEADERS		64	/* read at once */

static int read_at(const struct core *core, void *buf, size_t size, uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		if (offset + done > INT64_MAX)
			return -EIO;
		n = sys_pread(core->sys, core->fd, (char *)buf + done, size - done,
			      (off_t)(offset + done));
		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		done += (size_t)n;
	}
	return 0;
}

static int add_load(struct core *core, const Elf64_Phdr *header)
{
	struct core_load *more;

	/* /proc/kcore uses the address -1 for all that is not RAM */
	if (header->p_type != PT_LOAD || !header->p_filesz ||
	    header->p_paddr > UINT64_MAX - header->p_filesz)
		return 0;
	more = array_add(&core->loads, &core->n);
	if (!more)
		return -ENOMEM;
	*more = (struct core_load){ header->p_paddr, header->p_filesz, header->p_offset };
	return 0;
}

static int read_loads(struct core *core, uint64_t offset, size_t n)
{
	Elf64_Phdr headers[HEADERS];
	size_t i, now;
	int ret = 0;

	for (; !ret && n; n -= now, offset += now * sizeof(*headers)) {
		now = n < HEADERS ? n : HEADERS;
		ret = read_at(core, headers, now * sizeof(*headers), offset);
		for (i = 0; !ret && i < now; i++)
			ret = add_load(core, &headers[i]);
	}
	return ret;
}

static int read_head(struct core *core, const char **ret_why)
{
	static const union { uint16_t number; unsigned char first; } one = { .number = 1 };
	size_t n;
	Elf64_Shdr section;
	Elf64_Ehdr head;
	int ret;

	*ret_why = "not an ELF core file of a 64-bit machine of this byte order";
	ret = read_at(core, &head, sizeof(head), 0);
	if (ret == -EIO)
		return -EBADMSG;
	if (ret)
		return ret;
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_ident[EI_DATA] != (one.first ? ELFDATA2LSB : ELFDATA2MSB) ||
	    head.e_type != ET_CORE || head.e_phentsize != sizeof(Elf64_Phdr))
		return -EBADMSG;
	n = head.e_phnum;
	if (n == PN_XNUM) {
		ret = read_at(core, &section, sizeof(section), head.e_shoff);
		if (ret)
			return ret == -EIO ? -EBADMSG : ret;
		n = section.sh_info;
	}
	*ret_why = "its program headers are not all there";
	if (n > LOADS_MAX)
		return -EBADMSG;
	ret = read_loads(core, head.e_phoff, n);
	if (ret == -EIO)
		return -EBADMSG;
	*ret_why = "it has no memory";
	return ret ? ret : core->n ? 0 : -EBADMSG;
}

int core_open(struct sys *sys, const char *path, struct core *ret, const char **ret_why)
{
	struct core core = { .sys = sys };
	int r;

	core.fd = sys_open(sys, path, O_RDONLY);
	if (core.fd < 0)
		return core.fd;
	r = read_head(&core, ret_why);
	if (r) {
		core_close(&core);
		return r;
	}
	*ret = core;
	return 0;
}

void core_close(struct core *core)
{
	sys_close(core->sys, core->fd);
	free(core->loads);
	*core = (struct core){ .fd = -1 };
}

static const struct core_load *find_load(const struct core *core, uint64_t address)
{
	const struct core_load *load = core->loads;

	for (; load < core->loads + core->n; load++)
		if (address >= load->address && address - load->address < load->size)
			return load;
	return NULL;
}

int core_read(void *arg, uint64_t address, void *buf, size_t size)
{
	const struct core *core = arg;
	const struct core_load *load;
	size_t now;
	int ret;

	if (address > UINT64_MAX - size)
		return -ENXIO;
	while (size) {
		load = find_load(core, address);
		if (!load)
			return -ENXIO;
		now = load->size - (address - load->address) < size ?
		      (size_t)(load->size - (address - load->address)) : size;
		ret = read_at(core, buf, now, load->offset + (address - load->address));
		if (ret)
			return ret;
		address += now;
		buf = (char *)buf + now;
		size -= now;
	}
	return 0;
}
