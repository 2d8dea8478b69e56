// SPDX-License-Identifier: GPL-2.0-only
/* The handover of a kernel of each generation; see handover.h. */
#include <elf.h>
#include <libfdt.h>

#include "handover.h"

#define PAGE		4096u
#define MANIFEST	"{}\n"

static const struct generation generations[] = {
	{ .name = "6.16", .kho = "kho-v1", .kho_form = 1 },
	{ .name = "6.19", .kho = "kho-v1", .kho_form = 1, .luo = "luo-v1", .luo_tree = true,
	  .memfd = "memfd-v1", .vfio = "vfio-pci-v1" },
	{ .name = "7.0", .kho = "kho-v1", .kho_form = 1, .luo = "luo-v1", .luo_tree = true,
	  .luo_flb = true, .memfd = "memfd-v1", .vfio = "vfio-pci-v1", .vfio_reset_works = 1,
	  .pci = "pci-v1", .pci_form = PCI_FLAT32_BARE },
	{ .name = "7.1", .kho = "kho-v3", .kho_form = 3, .metadata = true, .luo = "luo-v1",
	  .luo_tree = true, .luo_flb = true, .memfd = "memfd-v2", .memfd_v2 = true,
	  .vfio = "vfio-pci-v2", .vfio_reset_works = 1, .pci = "pci-v1",
	  .pci_form = PCI_FLAT32_BARE },
	{ .name = "7.2", .kho = "kho-v4", .kho_form = 3, .metadata = true, .luo = "luo-v5",
	  .luo_flb = true, .freed = true, .memfd = "memfd-v2", .memfd_v2 = true,
	  .vfio = "vfio-pci-v1", .pci = "pci-v2", .pci_form = PCI_BLOCK },
	{ .name = "7.3", .kho = "kho-v4", .kho_form = 3, .metadata = true, .luo = "luo-v5",
	  .luo_flb = true, .freed = true, .memfd = "memfd-v2", .memfd_v2 = true,
	  .vfio = "vfio-pci-v1", .pci = "pci", .pci_form = PCI_VERSIONED },
	/* proposals for later kernels */
	{ .name = "next", .kho = "kho-v4;radix-v1;vmalloc-v1", .kho_form = 3, .metadata = true,
	  .luo = "luo-v5;block-v1", .luo_flb = true, .freed = true,
	  .memfd = "memfd-v2;vmalloc-v1", .memfd_v2 = true, .vfio = "vfio-pci-v1", .pci = "pci",
	  .pci_form = PCI_VERSIONED },
};

const struct generation *generation_find(const char *name)
{
	for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++)
		if (strcmp(generations[i].name, name) == 0)
			return &generations[i];
	return NULL;
}

/* ---------------------------------------------------------------- memory */

/* Two pieces of RAM, a hole between them. */
#define LOW		0x100000ULL
#define LOW_PAGES	16u
#define HIGH		0x100000000ULL
#define HIGH_PAGES	64u

struct ram {
	uint8_t low[LOW_PAGES * PAGE];
	uint8_t high[HIGH_PAGES * PAGE];
};

static uint8_t *at(struct ram *ram, uint64_t address)
{
	if (address >= LOW && address < LOW + sizeof(ram->low))
		return ram->low + (address - LOW);
	if (address >= HIGH && address < HIGH + sizeof(ram->high))
		return ram->high + (address - HIGH);
	abort();
}

static void put16(uint8_t *p, unsigned int value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static void put64(uint8_t *p, uint64_t value)
{
	put32(p, (uint32_t)value);
	put32(p + 4, (uint32_t)(value >> 32));
}

/* Makes a core file like fs/proc/kcore.c: notes, kernel text, vmalloc space, RAM. */
static struct buf core_of(const struct ram *ram)
{
	const Elf64_Phdr loads[] = {
		{ .p_type = PT_NOTE, .p_offset = 0x1000, .p_filesz = 64 },
		{ .p_type = PT_LOAD, .p_offset = 0x7fff80003000, .p_vaddr = 0xffffffff81000000,
		  .p_paddr = 0x1000000, .p_filesz = PAGE, .p_memsz = PAGE },
		{ .p_type = PT_LOAD, .p_offset = 0x7fffc0003000, .p_vaddr = 0xffffc90000000000,
		  .p_paddr = (Elf64_Addr)-1, .p_filesz = 1ULL << 45, .p_memsz = 1ULL << 45 },
		{ .p_type = PT_LOAD, .p_offset = 0x2000, .p_vaddr = 0xff11000000100000,
		  .p_paddr = LOW, .p_filesz = sizeof(ram->low), .p_memsz = sizeof(ram->low) },
		{ .p_type = PT_LOAD, .p_offset = 0x2000 + sizeof(ram->low),
		  .p_vaddr = 0xff11000100000000, .p_paddr = HIGH,
		  .p_filesz = sizeof(ram->high), .p_memsz = sizeof(ram->high) },
	};
	Elf64_Ehdr head = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(head), .e_ehsize = sizeof(head),
		.e_phentsize = sizeof(loads[0]), .e_phnum = sizeof(loads) / sizeof(loads[0]),
	};
	struct buf out = { NULL, 0 };

	buf_add(&out, &head, sizeof(head));
	buf_add(&out, loads, sizeof(loads));
	buf_add(&out, NULL, 0x2000 - out.size);
	buf_add(&out, ram->low, sizeof(ram->low));
	buf_add(&out, ram->high, sizeof(ram->high));
	return out;
}

/* ----------------------------------------------------------------- pieces */

static void check(int ret)
{
	if (ret < 0)
		abort();
}

/* kho_out_fdt_setup(), kexec_handover.c */
static void kho_begin(const struct generation *g, uint8_t *page)
{
	uint64_t map = 0x123000;

	check(fdt_create(page, PAGE));
	check(fdt_finish_reservemap(page));
	check(fdt_begin_node(page, ""));
	check(fdt_property_string(page, "compatible", g->kho));
	check(fdt_property(page, "preserved-memory-map", &map, sizeof(map)));
	check(fdt_end_node(page));
	check(fdt_finish(page));
}

/* kho_add_subtree(), kexec_handover.c */
static void kho_add(const struct generation *g, uint8_t *page, const char *name,
		    uint64_t address, uint64_t size)
{
	int node;

	check(fdt_open_into(page, page, PAGE));
	node = fdt_add_subnode(page, 0, name);
	check(node);
	if (g->kho_form == 1) {
		check(fdt_setprop(page, node, "fdt", &address, sizeof(address)));
	} else {
		check(fdt_setprop(page, node, "preserved-data", &address, sizeof(address)));
		check(fdt_setprop(page, node, "blob-size", &size, sizeof(size)));
	}
	check(fdt_pack(page));
}

size_t handover_tree(uint8_t page[PAGE], bool luo)
{
	const struct generation *g = generation_find("7.3");

	kho_begin(g, page);
	kho_add(g, page, "kexec-metadata", LOW, 73);
	if (luo)
		kho_add(g, page, "LUO", LOW + PAGE, 32);
	return fdt_totalsize(page);
}

/* prepare_kho_fdt(), mm/memblock.c */
static void memblock_make(uint8_t *page)
{
	uint64_t start = 0x40000000, size = 0x200000;

	check(fdt_create(page, PAGE));
	check(fdt_finish_reservemap(page));
	check(fdt_begin_node(page, ""));
	check(fdt_property_string(page, "compatible", "memblock-v1"));
	check(fdt_begin_node(page, "trace"));
	check(fdt_property_string(page, "compatible", "reserve-mem-v1"));
	check(fdt_property(page, "start", &start, sizeof(start)));
	check(fdt_property(page, "size", &size, sizeof(size)));
	check(fdt_end_node(page));
	check(fdt_end_node(page));
	check(fdt_finish(page));
}

static void luo_tree_make(const struct generation *g, uint8_t *page, uint64_t number,
			  uint64_t sessions, uint64_t flbs)
{
	check(fdt_create(page, PAGE));
	check(fdt_finish_reservemap(page));
	check(fdt_begin_node(page, ""));
	check(fdt_property_string(page, "compatible", g->luo));
	check(fdt_property(page, "liveupdate-number", &number, sizeof(number)));
	check(fdt_begin_node(page, "luo-session"));
	check(fdt_property_string(page, "compatible", "luo-session-v2"));
	check(fdt_property(page, "luo-session-header", &sessions, sizeof(sessions)));
	check(fdt_end_node(page));
	if (g->luo_flb) {
		check(fdt_begin_node(page, "luo-flb"));
		check(fdt_property_string(page, "compatible", "luo-flb-v1"));
		check(fdt_property(page, "luo-flb-header", &flbs, sizeof(flbs)));
		check(fdt_end_node(page));
	}
	check(fdt_end_node(page));
	check(fdt_finish(page));
}

/* Makes a struct luo_ser. Returns its size. */
static size_t luo_raw_make(const struct generation *g, uint8_t *p, uint64_t number,
			   uint64_t sessions, uint64_t flbs)
{
	size_t start = (strlen(g->luo) + 8) & ~(size_t)7;

	strcpy((char *)p, g->luo);
	put64(p + start, number);
	put64(p + start + 8, sessions);
	put64(p + start + 16, flbs);
	return start + 24;
}

static void metadata_make(uint8_t *p, const char *release, uint32_t count)
{
	put32(p, 1);
	strcpy((char *)p + 4, release);
	put32(p + 69, count);
}

/* ------------------------------------------------------------ LUO's lists */

/* The addresses of the pages of one direction. */
struct side {
	uint64_t kho, metadata, memblock, head, flbs, pci, pci_block, pci_more, sessions,
		 session_more, files, files_more, data, folios;
	const char *release;
	uint32_t count;
};

static struct side side_at(uint64_t first, const char *release, uint32_t count)
{
	return (struct side){
		.kho = first, .metadata = first + 0x1000, .memblock = first + 0x2000,
		.head = first + 0x3000, .folios = first + 0x4000, .pci_more = first + 0x5000,
		.flbs = first + 0x6000, .pci = first + 0x7000, .pci_block = first + 0x8000,
		.data = first + 0x9000,
		/* arrays take up to sixteen pages */
		.session_more = first + 0xb000, .files_more = first + 0xc000,
		.files = first + 0xe000, .sessions = first + 0x10000,
		.release = release, .count = count,
	};
}

struct preserved {
	uint32_t domain;
	uint16_t bdf;
	uint16_t refcount;
};

static const struct preserved preserved[] = {
	{ 0, 0x0008, 1 }, { 0, 0x0010, 1 }, { 0, 0x0100, 1 }, { 0, 0x0200, 1 },
};
#define N_PRESERVED	(sizeof(preserved) / sizeof(preserved[0]))
#define PCI_MAX		12u

static void entry_make(uint8_t *p, const struct preserved *dev, bool counted, bool finished)
{
	put32(p, dev->domain);
	put16(p + 4, dev->bdf);
	put16(p + 6, counted && !finished ? dev->refcount : 0);
}

/* The list has a free slot, and continues in a second block. */
static void pci_chain_make(struct ram *ram, const struct side *s,
			   const struct handover_faults *f)
{
	uint8_t *block = at(ram, s->pci_block), *more = at(ram, s->pci_more);

	put64(block, s->pci_more);
	put64(block + 8, f->counts ? 511 : 4);
	for (size_t i = 0; i < 3; i++)
		entry_make(block + 16 + (i ? i + 1 : 0) * 8, &preserved[i], true, f->finished);
	put64(more, f->cycle ? s->pci_block : 0);
	put64(more + 8, 1);
	entry_make(more + 16, &preserved[3], true, f->finished);
}

static void pci_make(struct ram *ram, enum pci_form form, const struct side *s,
		     const struct handover_faults *f)
{
	uint8_t *p = at(ram, s->pci);
	uint32_t nr = f->finished ? 0 : N_PRESERVED;

	switch (form) {
	case PCI_NONE:
		return;
	case PCI_FLAT32_BARE:
	case PCI_FLAT32:
		put32(p, PCI_MAX);
		put32(p + 4, f->counts ? PCI_MAX + 1 : nr);
		for (size_t i = 0; i < N_PRESERVED; i++)
			entry_make(p + 8 + i * 8, &preserved[i], form == PCI_FLAT32, f->finished);
		return;
	case PCI_BLOCK:
		put32(p, nr);
		put64(p + 4, s->pci_block);
		break;
	case PCI_VERSIONED:
		put32(p, 2);
		put32(p + 4, nr);
		put64(p + 8, s->pci_block);
		break;
	}
	pci_chain_make(ram, s, f);
}

static void flbs_make(struct ram *ram, const struct side *s, const char *pci,
		      const struct handover_faults *f)
{
	uint8_t *p = at(ram, s->flbs);

	put64(p, 1);
	put64(p + 8, f->counts ? 64 : 2);
	strcpy((char *)p + 16, "iommu-liveupdate-v1");
	put64(p + 16 + 48, 0x4000);
	put64(p + 16 + 56, 2);
	strcpy((char *)p + 80, pci);
	put64(p + 80 + 48, s->pci);
	put64(p + 80 + 56, 2);
}

static void memfd_make(const struct generation *g, struct ram *ram, const struct side *s)
{
	uint8_t *p = at(ram, s->data), *folios;

	put64(p, 5);
	put64(p + 8, sizeof(MANIFEST) - 1);
	folios = p + 16;
	if (g->memfd_v2) {
		put32(p + 16, 0xf);	/* seal, shrink, grow, write */
		folios = p + 24;
	}
	put64(folios, 1);
	put64(folios + 8, s->folios);
	put32(folios + 16, 1);
}

static void vfio_make(const struct generation *g, uint8_t *p, uint16_t bdf)
{
	put16(p + 4, bdf);
	p[6] = g->vfio_reset_works;
}

static void file_make(uint8_t *p, const char *compatible, uint64_t data, uint64_t token)
{
	strcpy((char *)p, compatible);
	put64(p + 48, data);
	put64(p + 56, token);
}

/* The session vfio-lu has the manifest and two devices. Another session is empty. */
static void sessions_make(const struct generation *g, struct ram *ram, const struct side *s,
			  const struct handover_faults *f)
{
	uint8_t *sessions = at(ram, s->sessions), *more = at(ram, s->session_more),
		*files = at(ram, s->files), *files_more = at(ram, s->files_more);
	const uint64_t token = 0x1000000000000ULL;

	memfd_make(g, ram, s);
	vfio_make(g, at(ram, s->data + 0x100), 0x0100);
	vfio_make(g, at(ram, s->data + 0x200), 0x0200);
	if (g->luo_tree) {
		put64(sessions, f->counts ? 820 : 2);
		sessions += 8;
		more = sessions + 80;
		files_more = files + 128;
	} else {
		put64(sessions, s->session_more);
		put64(sessions + 8, 1);
		sessions += 16;
		put64(more, f->cycle ? s->sessions : 0);
		put64(more + 8, f->counts ? 52 : 1);
		more += 16;
		put64(files, s->files_more);
		put64(files + 8, 2);
		files += 16;
		put64(files_more, f->cycle ? s->files_more : 0);
		put64(files_more + 8, 1);
		files_more += 16;
	}
	strcpy((char *)sessions, "vfio-lu");
	put64(sessions + 64, s->files);
	put64(sessions + 72, 3);
	strcpy((char *)more, "another session");
	file_make(files, g->memfd, s->data, 0);
	file_make(files + 64, g->vfio, s->data + 0x100, token | 0x0100);
	file_make(files_more, g->vfio, s->data + 0x200, token | 0x0200);
}

/* ---------------------------------------------------------------- a side */

/* serialized: the kernel has written the sessions, right before the kexec. */
static void side_make(const struct generation *g, struct ram *ram, const struct side *s,
		      const struct handover_faults *f, bool serialized)
{
	const char *pci = f->pci ? f->pci : g->pci;
	enum pci_form form = f->pci_form ? f->pci_form : g->pci_form;
	uint64_t size = PAGE, sessions = g->luo_tree || serialized ? s->sessions : 0;

	kho_begin(g, at(ram, s->kho));
	memblock_make(at(ram, s->memblock));
	if (g->metadata) {
		metadata_make(at(ram, s->metadata), s->release, s->count);
		kho_add(g, at(ram, s->kho), "kexec-metadata", s->metadata, 73);
	}
	if (g->luo) {
		if (g->luo_tree)
			luo_tree_make(g, at(ram, s->head), s->count, sessions, s->flbs);
		else
			size = luo_raw_make(g, at(ram, s->head), s->count, sessions, s->flbs);
		kho_add(g, at(ram, s->kho), "LUO", s->head, size);
	}
	kho_add(g, at(ram, s->kho), "memblock", s->memblock,
		f->counts ? 1ULL << 40 : fdt_totalsize(at(ram, s->memblock)));
	if (g->luo_flb)
		put64(at(ram, s->flbs), 1);
	if (!g->luo || !serialized)
		return;
	sessions_make(g, ram, s, f);
	if (!g->pci)
		return;
	flbs_make(ram, s, pci, f);
	pci_make(ram, form, s, f);
}

typedef void (*put_fn)(const char *path, const void *data, size_t size);

static void put_debugfs(const struct generation *g, struct ram *ram, const struct side *s,
			const char *which, size_t tree_size, put_fn put)
{
	const uint8_t *head = at(ram, s->head);
	char path[128];

	if (tree_size) {
		snprintf(path, sizeof(path), "sys/kernel/debug/kho/%s/fdt", which);
		put(path, at(ram, s->kho), tree_size);
	}
	snprintf(path, sizeof(path), "sys/kernel/debug/kho/%s/sub_fdts/memblock", which);
	put(path, at(ram, s->memblock), fdt_totalsize(at(ram, s->memblock)));
	if (g->metadata) {
		snprintf(path, sizeof(path), "sys/kernel/debug/kho/%s/sub_fdts/kexec-metadata",
			 which);
		put(path, at(ram, s->metadata), 73);
	}
	if (g->luo) {
		snprintf(path, sizeof(path), "sys/kernel/debug/kho/%s/sub_fdts/LUO", which);
		put(path, head, g->luo_tree ? fdt_totalsize(head) :
		    ((strlen(g->luo) + 8) & ~(size_t)7) + 24);
	}
}

/* Returns the size that kho_init() shows: that of the tree with kexec-metadata alone. */
static size_t early_size(const struct generation *g, const struct side *s)
{
	static uint8_t page[PAGE];

	kho_begin(g, page);
	if (g->metadata)
		kho_add(g, page, "kexec-metadata", s->metadata, 73);
	return fdt_totalsize(page);
}

/* setup_kho(), arch/x86/kernel/kexec-bzimage64.c: struct kho_data */
static void kho_data_make(uint8_t data[32], const struct side *s)
{
	put64(data, s->kho);
	put64(data + 8, PAGE);
	put64(data + 16, 0x36000000);
	put64(data + 24, 48);
}

static void put_setup_data(const struct side *s, put_fn put)
{
	uint8_t data[32];

	kho_data_make(data, s);
	put("sys/kernel/boot_params/setup_data/0/type", "0x1\n", 4);
	put("sys/kernel/boot_params/setup_data/1/type", "0xa\n", 4);
	put("sys/kernel/boot_params/setup_data/1/data", data, sizeof(data));
}

static void put_blobs(const struct generation *g, struct ram *ram, const struct side *s,
		      put_fn put)
{
	put("blob-kho", at(ram, s->kho), fdt_totalsize(at(ram, s->kho)));
	put("blob-kho-short", at(ram, s->kho), early_size(g, s));
	put("blob-memblock", at(ram, s->memblock), fdt_totalsize(at(ram, s->memblock)));
	if (g->metadata)
		put("blob-metadata", at(ram, s->metadata), 73);
	if (!g->luo)
		return;
	put("blob-luo", at(ram, s->head), g->luo_tree ? fdt_totalsize(at(ram, s->head)) : PAGE);
	put("blob-memfd", at(ram, s->data), 0x100);
	put("blob-vfio", at(ram, s->data + 0x100), 0x100);
	if (!g->pci)
		return;
	put("blob-flb", at(ram, s->flbs), PAGE);
	put("blob-pci", at(ram, s->pci), PAGE);
}

/* Freed memory may have any content; here a part of a program. */
static void spoil(uint8_t *p)
{
	memset(p, 0, PAGE);
	memcpy(p, "\177ELF\2\1\1", 7);
	p[16] = 3;
	p[18] = 0x3e;
}

void handover_make(const struct generation *g, const struct handover_faults *f, put_fn put)
{
	const struct side in = side_at(HIGH, "7.3.3", 1);
	const struct side out = side_at(HIGH + 0x20000, "7.3.4", f->cold ? 1 : 2);
	struct ram *ram = calloc(1, sizeof(*ram));
	struct buf core;

	if (!ram)
		abort();
	/* a tree of another owner */
	memblock_make(at(ram, LOW + 3 * PAGE));
	if (!f->cold) {
		side_make(g, ram, &in, f, true);
		put_blobs(g, ram, &in, put);
		if (g->freed)
			spoil(at(ram, in.head));
		if (f->reused)
			spoil(at(ram, in.pci));
	}
	side_make(g, ram, &out, f, false);
	core = core_of(ram);
	put("proc/kcore", core.data, core.size);
	buf_free(&core);
	if (!f->cold) {
		put_debugfs(g, ram, &in, "in", fdt_totalsize(at(ram, in.kho)), put);
		put_setup_data(&in, put);
	}
	put_debugfs(g, ram, &out, "out", f->cold ? early_size(g, &out) : 0, put);
	free(ram);
}
