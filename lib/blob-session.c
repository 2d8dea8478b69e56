/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions and the files in them: arrays up to luo-v3, then blocks, of the
 * sessions first (luo-v4) and of the files as well (luo-v5).
 */
#include "blob.h"

#define SESSION_SIZE	80	/* char name[64], u64 files, u64 count */
#define SESSION_NAME	64
#define SESSION_PAGES	16	/* of an array */
#define FILE_SIZE	64	/* char compatible[48], u64 data, u64 token */
#define FILE_NAME	48
#define FILE_PAGES	2

struct reader {
	const struct memory *memory;
	unsigned int version;
	struct raw *raw;
	struct pool *pool;
};

/* ----------------------------------------------------------------- files */

/* Only one of two readings can be of the device for which the token stands. */
static void choose_reading(struct vlu_luo_file *file, struct vlu_vfio *vfio)
{
	size_t i;

	for (i = 0; file->has_bdf && i < vfio->n_readings; i++) {
		if (vlu_bdf_compare(vfio->readings[i].bdf, file->bdf))
			continue;
		vfio->readings[0] = vfio->readings[i];
		vfio->n_readings = 1;
	}
}

static int decode_data(const struct reader *reader, struct vlu_luo_file *file)
{
	bool is_vfio = strncmp(file->compatible, "vfio-pci-v", 10) == 0;
	struct blob_error err = { "" };
	struct vlu_memfd *memfd;
	struct vlu_vfio *vfio;
	struct blob blob;
	int ret;

	if (!file->data || (!is_vfio && strncmp(file->compatible, "memfd-v", 7) != 0))
		return 0;
	blob.size = is_vfio ? VFIO_SIZE : MEMFD_SIZE;
	ret = memory_get(reader->memory, file->data, blob.size, reader->raw, &blob.data, &err);
	vfio = pool_alloc(reader->pool, sizeof(*vfio));
	memfd = pool_alloc(reader->pool, sizeof(*memfd));
	if (!vfio || !memfd)
		return -ENOMEM;
	if (!ret && is_vfio)
		ret = vfio_decode(&blob, file->compatible, vfio, &err);
	else if (!ret)
		ret = memfd_decode(&blob, file->compatible, reader->memory->page, memfd, &err);
	if (ret == -EBADMSG || ret == -ENXIO) {
		file->error = pool_text(reader->pool, err.text, sizeof(err.text));
		return file->error ? 0 : -ENOMEM;
	}
	if (!ret && is_vfio) {
		choose_reading(file, vfio);
		file->vfio = vfio;
	} else if (!ret) {
		file->memfd = memfd;
	}
	return ret;
}

static int add_file(const struct reader *reader, struct vlu_luo_session *session,
		    const unsigned char *data, uint64_t at, struct blob_error *err)
{
	struct vlu_luo_file *files, file = { .token = blob_u64(data, FILE_NAME + 8) };
	int ret;

	if (!blob_name(data, 0, FILE_NAME))
		return blob_fail(err, at, "a file without a compatible string");
	file.compatible = (const char *)data;
	file.data = blob_u64(data, FILE_NAME);
	file.has_bdf = vlu_token_bdf(file.token, &file.bdf);
	ret = decode_data(reader, &file);
	if (ret)
		return ret;
	files = pool_add(reader->pool, session->files, session->n_files, sizeof(*files));
	if (!files)
		return -ENOMEM;
	session->files = files;
	files[session->n_files++] = file;
	return 0;
}

static int file_array(const struct reader *reader, struct vlu_luo_session *session,
		      uint64_t count, struct blob_error *err)
{
	const size_t most = FILE_PAGES * reader->memory->page / FILE_SIZE;
	const unsigned char *data;
	uint64_t i;
	int ret;

	if (count > most)
		return blob_fail(err, session->files_pa, "%llu files, and %zu fit",
				 (unsigned long long)count, most);
	ret = memory_get(reader->memory, session->files_pa, count * FILE_SIZE, reader->raw,
			 &data, err);
	for (i = 0; !ret && i < count; i++)
		ret = add_file(reader, session, data + i * FILE_SIZE,
			       session->files_pa + i * FILE_SIZE, err);
	return ret;
}

static int file_blocks(const struct reader *reader, struct vlu_luo_session *session,
		       uint64_t count, struct blob_error *err)
{
	struct blocks blocks = { .n = 0 };
	size_t i, j;
	int ret;

	ret = blocks_read(reader->memory, session->files_pa, FILE_SIZE, reader->raw,
			  &blocks, err);
	for (i = 0; !ret && i < blocks.n; i++)
		for (j = 0; !ret && j < blocks.list[i].count; j++)
			ret = add_file(reader, session,
				       blocks.list[i].entries + j * FILE_SIZE,
				       blocks.list[i].address + BLOCK_HEADER + j * FILE_SIZE,
				       err);
	/* luo_file_deserialize(), luo_file.c */
	if (!ret && session->n_files != count)
		ret = blob_fail(err, session->files_pa, "%zu files, and the session has %llu",
				session->n_files, (unsigned long long)count);
	return ret;
}

/* -------------------------------------------------------------- sessions */

struct sessions {
	size_t n;
	struct vlu_luo_session *list;
};

static int add_session(const struct reader *reader, struct sessions *sessions,
		       const unsigned char *data, uint64_t at, struct blob_error *err)
{
	struct vlu_luo_session *list, session = { .pid = -1 };
	struct blob_error of_files = { "" };
	uint64_t count;
	int ret = 0;

	/* the kernel takes any bytes, and so do we */
	session.name = blob_text(data, 0, SESSION_NAME);
	if (!session.name || !*session.name)
		return blob_fail(err, at, "a session without a name");
	session.files_pa = blob_u64(data, SESSION_NAME);
	count = blob_u64(data, SESSION_NAME + 8);
	session.n_expected = count <= INT64_MAX ? (int64_t)count : -1;
	if (count && reader->version >= 5)
		ret = file_blocks(reader, &session, count, &of_files);
	else if (count)
		ret = file_array(reader, &session, count, &of_files);
	if (ret == -EBADMSG || ret == -ENXIO)
		session.error = pool_text(reader->pool, of_files.text, sizeof(of_files.text));
	if (ret && !session.error)
		return -ENOMEM;
	list = pool_add(reader->pool, sessions->list, sessions->n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	sessions->list = list;
	list[sessions->n++] = session;
	return 0;
}

static int session_array(const struct reader *reader, uint64_t address,
			 struct sessions *sessions, struct blob_error *err)
{
	const size_t most = (SESSION_PAGES * reader->memory->page - 8) / SESSION_SIZE;
	const unsigned char *data;
	uint64_t count, i;
	int ret;

	ret = memory_get(reader->memory, address, 8, reader->raw, &data, err);
	if (ret)
		return ret;
	count = blob_u64(data, 0);
	if (count > most)
		return blob_fail(err, address, "%llu sessions, and %zu fit",
				 (unsigned long long)count, most);
	if (!count)
		return 0;
	ret = memory_get(reader->memory, address + 8, count * SESSION_SIZE, reader->raw,
			 &data, err);
	for (i = 0; !ret && i < count; i++)
		ret = add_session(reader, sessions, data + i * SESSION_SIZE,
				  address + 8 + i * SESSION_SIZE, err);
	return ret;
}

static int session_blocks(const struct reader *reader, uint64_t address,
			  struct sessions *sessions, struct blob_error *err)
{
	struct blocks blocks = { .n = 0 };
	size_t i, j;
	int ret;

	ret = blocks_read(reader->memory, address, SESSION_SIZE, reader->raw, &blocks, err);
	for (i = 0; !ret && i < blocks.n; i++)
		for (j = 0; !ret && j < blocks.list[i].count; j++)
			ret = add_session(reader, sessions,
					  blocks.list[i].entries + j * SESSION_SIZE,
					  blocks.list[i].address + BLOCK_HEADER +
					  j * SESSION_SIZE, err);
	return ret;
}

int sessions_decode(const struct memory *memory, const struct vlu_luo *luo,
		    struct raw *raw, struct vlu_luo_session **ret, size_t *ret_n,
		    struct blob_error *err)
{
	struct reader reader = { memory, luo_version(luo), raw, raw->pool };
	struct sessions sessions = { .n = 0 };
	int r;

	if (!memory)
		return blob_lack(err, luo->sessions_pa, -ENXIO);
	if (!luo->sessions_pa)
		r = 0;
	else if (reader.version >= 4)
		r = session_blocks(&reader, luo->sessions_pa, &sessions, err);
	else
		r = session_array(&reader, luo->sessions_pa, &sessions, err);
	*ret = sessions.list;
	*ret_n = sessions.n;
	return r;
}
