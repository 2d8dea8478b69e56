/* SPDX-License-Identifier: GPL-2.0-only */
/* Sessions and files: arrays up to luo-v3, blocks for sessions (luo-v4) and for files (luo-v5). */
#include "blob.h"

#define SESSION_SIZE	80	/* char name[64], u64 files, u64 count */
#define SESSION_NAME	64
#define SESSION_PAGES	16	/* of the array, at most */
#define FILE_SIZE	64	/* char compatible[48], u64 data, u64 token */
#define FILE_NAME	48
#define FILE_PAGES	2

struct reader {
	const struct memory *memory;
	unsigned int version;
	struct raw *raw;
	struct pool *pool;
	struct vlu_luo_session session;	/* the one being read */
	size_t n;
	struct vlu_luo_session *sessions;
};

/* ----------------------------------------------------------------- files */

/* Decodes the state of a file, at file->data. */
static int decode_data(const struct reader *reader, struct vlu_luo_file *file)
{
	bool is_vfio = strncmp(file->compatible, "vfio-pci-v", 10) == 0;
	struct vlu_memfd *memfd = pool_alloc(reader->pool, sizeof(*memfd));
	struct vlu_vfio *vfio = pool_alloc(reader->pool, sizeof(*vfio));
	struct blob blob = { .size = is_vfio ? VFIO_SIZE : MEMFD_SIZE };
	struct blob_error err = { "" };
	int ret;

	if (!vfio || !memfd)
		return -ENOMEM;
	if (!file->data || (!is_vfio && strncmp(file->compatible, "memfd-v", 7) != 0))
		return 0;
	ret = memory_get(reader->memory, file->data, blob.size, reader->raw, &blob.data, &err);
	if (!ret && is_vfio)
		ret = vfio_decode(&blob, vfio, &err);
	else if (!ret)
		ret = memfd_decode(&blob, file->compatible, reader->memory->page, memfd, &err);
	/* the token of a device is made from its BDF */
	if (!ret && is_vfio && file->has_bdf && vlu_bdf_compare(vfio->bdf, file->bdf))
		ret = blob_fail(&err, file->data, "it belongs to another device than its token");
	if (ret == -EBADMSG || ret == -ENXIO) {
		file->error = pool_text(reader->pool, err.text, sizeof(err.text));
		return file->error ? 0 : -ENOMEM;
	}
	if (ret)
		return ret;
	file->vfio = is_vfio ? vfio : NULL;
	file->memfd = is_vfio ? NULL : memfd;
	return 0;
}

static int add_file(void *arg, const unsigned char *data, uint64_t at,
		    struct blob_error *err)
{
	struct vlu_luo_file *more, file = { .token = blob_u64(data, FILE_NAME + 8) };
	struct reader *reader = arg;
	struct vlu_luo_session *session = &reader->session;
	int ret;

	if (!blob_is_name(data, 0, FILE_NAME))
		return blob_fail(err, at, "a file without a compatible string");
	file.compatible = (const char *)data;
	file.data = blob_u64(data, FILE_NAME);
	file.has_bdf = vlu_token_bdf(file.token, &file.bdf);
	ret = decode_data(reader, &file);
	if (ret)
		return ret;
	more = pool_add(reader->pool, &session->files, &session->n_files);
	if (!more)
		return -ENOMEM;
	*more = file;
	return 0;
}

static int read_files(struct reader *reader, uint64_t count, struct blob_error *err)
{
	const size_t most = FILE_PAGES * reader->memory->page / FILE_SIZE;
	struct vlu_luo_session *session = &reader->session;
	int ret;

	if (!count)
		return 0;
	if (reader->version < 5)
		return count > most ?
		       blob_fail(err, session->files_pa, "%llu files, but only %zu fit",
				 (unsigned long long)count, most) :
		       array_each(reader->memory, session->files_pa, (size_t)count, FILE_SIZE,
				  reader->raw, add_file, reader, err);
	ret = blocks_each(reader->memory, session->files_pa, FILE_SIZE, reader->raw, add_file,
			  reader, err);
	/* luo_file_deserialize(), luo_file.c */
	if (!ret && session->n_files != count)
		ret = blob_fail(err, session->files_pa, "%zu files were found, but the session has %llu",
				session->n_files, (unsigned long long)count);
	return ret;
}

/* -------------------------------------------------------------- sessions */

static int add_session(void *arg, const unsigned char *data, uint64_t at,
		       struct blob_error *err)
{
	struct reader *reader = arg;
	struct vlu_luo_session *more, *session = &reader->session;
	struct blob_error of_files = { "" };
	uint64_t count;
	int ret;

	*session = (struct vlu_luo_session){ .pid = -1 };
	/* the kernel takes any bytes as a name */
	session->name = blob_text(data, 0, SESSION_NAME);
	if (!session->name || !*session->name)
		return blob_fail(err, at, "a session without a name");
	session->files_pa = blob_u64(data, SESSION_NAME);
	count = blob_u64(data, SESSION_NAME + 8);
	session->n_expected = count <= INT64_MAX ? (int64_t)count : -1;
	ret = read_files(reader, count, &of_files);
	if (ret == -EBADMSG || ret == -ENXIO)
		session->error = pool_text(reader->pool, of_files.text, sizeof(of_files.text));
	if (ret && !session->error)
		return -ENOMEM;
	more = pool_add(reader->pool, &reader->sessions, &reader->n);
	if (!more)
		return -ENOMEM;
	*more = *session;
	return 0;
}

static int session_array(struct reader *reader, uint64_t address, struct blob_error *err)
{
	const size_t most = (SESSION_PAGES * reader->memory->page - 8) / SESSION_SIZE;
	const unsigned char *data;
	uint64_t count;
	int ret;

	ret = memory_get(reader->memory, address, 8, reader->raw, &data, err);
	if (ret)
		return ret;
	count = blob_u64(data, 0);
	if (count > most)
		return blob_fail(err, address, "%llu sessions, but only %zu fit",
				 (unsigned long long)count, most);
	return array_each(reader->memory, address + 8, (size_t)count, SESSION_SIZE, reader->raw,
			  add_session, reader, err);
}

int sessions_decode(const struct memory *memory, const struct vlu_luo *luo,
		    struct raw *raw, struct vlu_luo_session **ret, size_t *ret_n,
		    struct blob_error *err)
{
	struct reader reader = {
		.memory = memory, .version = luo_version(luo), .raw = raw, .pool = raw->pool,
	};
	int r = 0;

	if (!memory)
		return blob_lack(err, luo->sessions_pa, -ENXIO);
	if (luo->sessions_pa && reader.version >= 4)
		r = blocks_each(memory, luo->sessions_pa, SESSION_SIZE, raw, add_session, &reader,
				err);
	else if (luo->sessions_pa)
		r = session_array(&reader, luo->sessions_pa, err);
	*ret = reader.sessions;
	*ret_n = reader.n;
	return r;
}
