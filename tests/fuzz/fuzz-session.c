// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions, their files and the data of these files, in arrays and in chains of blocks. The first
 * byte of the input chooses the version; the sessions begin at the second page.
 */
#include "fuzz.h"

static void look_at(const struct vlu_luo_session *session)
{
	fuzz_text(session->name);
	fuzz_text(session->error);
	for (size_t i = 0; i < session->n_files; i++) {
		const struct vlu_luo_file *file = &session->files[i];

		fuzz_text(file->compatible);
		fuzz_text(file->error);
		if (file->vfio && file->has_bdf && vlu_bdf_compare(file->vfio->bdf, file->bdf))
			__builtin_trap();
		if (file->memfd)
			fuzz_text(file->memfd->layout);
	}
}

FUZZ_ENTRY
{
	static const char *const versions[] = { "luo-v1", "luo-v3", "luo-v4", "luo-v5" };
	struct vlu_luo luo = { .sessions_pa = FUZZ_PAGE };
	struct vlu_luo_session *sessions = NULL;
	size_t n = 0;
	struct fuzz f;
	int ret;

	luo.compatible = versions[size ? data[0] % 4 : 0];
	fuzz_begin(&f, data, size);
	ret = sessions_decode(&f.memory, &luo, &f.raw, &sessions, &n, &f.err);
	for (size_t i = 0; i < n; i++)
		look_at(&sessions[i]);
	fuzz_end(&f, ret);
	return 0;
}
