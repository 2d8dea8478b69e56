/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "checks/device-rules.h"
#include "vmm.h"

static int no_process(struct vlu_ctx *ctx, pid_t pid, int err)
{
	if (err == -EACCES || err == -EPERM)
		return vlu_failed(ctx, err, "cannot read process %d", (int)pid);
	return vlu_fail(ctx, FAIL_NO_PROCESS, -ESRCH, "there is no process %d", (int)pid);
}

int vmm_read(struct vlu_ctx *ctx, pid_t pid, struct vmm **ret_vmm)
{
	struct vmm *vmm = calloc(1, sizeof(*vmm));
	int ret = vmm ? procs_of(ctx, pid, &vmm->files) : -ENOMEM;
	_cleanup_free_ char *words = NULL;
	char path[64], comm[16];
	size_t size;

	if (ret) {
		free(vmm);
		return ret == -ENOMEM ? vlu_nomem(ctx) : no_process(ctx, pid, ret);
	}
	vmm->ctx = ctx;
	vmm->pid = pid;
	if (attr_read(ctx, comm, sizeof(comm), "/proc/%d/comm", (int)pid) <= 0)
		strcpy(comm, "?");
	snprintf(vmm->who, sizeof(vmm->who), "process %d (%s)", (int)pid, comm);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (attr_read_all(ctx, path, 1 << 20, &words, &size) == 0)
		vmm_quote(words, size, vmm->command);
	*ret_vmm = vmm;
	return 0;
}

void vmm_free(struct vmm *vmm)
{
	if (vmm)
		pool_end(vmm->files);
	free(vmm);
}

/*
 * vfio_group_get_device_fd() makes a file that no handler of LUO takes (the
 * VFIO series: vfio_pci_liveupdate_can_preserve(), ENOENT).
 */
int vmm_device(const struct vmm *vmm, struct vlu_bdf bdf, const struct proc_file **ret_file)
{
	const struct proc_file *file = vmm->files->files, *legacy = NULL;
	char name[VLU_BDF_SIZE];
	size_t i;

	vlu_bdf_format(bdf, name);
	for (i = 0; i < vmm->files->n; i++, file++) {
		if (file->kind != PROC_VFIO || vlu_bdf_compare(file->bdf, bdf))
			continue;
		if (!file->legacy) {
			*ret_file = file;
			return 0;
		}
		legacy = file;
	}
	if (!legacy)
		return vlu_fail(vmm->ctx, VLU_NOT_PRESERVABLE, -ENOENT, "%s: %s does not have it "
				"open", name, vmm->who);
	return vlu_fail(vmm->ctx, FAIL_FILE_KIND, -EOPNOTSUPP, "%s: %s has it " ONLY_CDEV "; fix: "
			FIX_GROUP, name, vmm->who, name);
}

int vmm_idle(const struct vmm *vmm)
{
	return vlu_fail(vmm->ctx, VLU_NOT_PRESERVABLE, -ENOENT, "%s has no vfio device open",
			vmm->who);
}

int vmm_take(const struct vmm *vmm, int fd, const char *name, int *ret_fd)
{
	struct vlu_ctx *ctx = vmm->ctx;
	int got = sys_take(&ctx->sys, vmm->pid, fd);

	switch (got) {
	case -ESRCH:
		return vlu_fail(ctx, FAIL_NO_PROCESS, got, "%s: %s has ended meanwhile", name,
				vmm->who);
	case -EBADF:
		return vlu_fail(ctx, VLU_FAILED, got, "%s: %s has no file %d open", name, vmm->who,
				fd);
	case -ENOSYS:
		return vlu_fail(ctx, VLU_UNSUPPORTED, got, "%s: this kernel has no "
				"pidfd_getfd()", name);
	default:
		if (got < 0)
			return vlu_failed(ctx, got, "%s: cannot take file %d of %s", name, fd,
					  vmm->who);
		*ret_fd = got;
		return 0;
	}
}

/* The VMM may have reused the number for another file since the last look. */
static bool is_device(struct vlu_ctx *ctx, int fd, struct vlu_bdf bdf)
{
	_cleanup_free_ char *text = NULL;
	struct vlu_bdf is;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return attr_read_all(ctx, path, 65536, &text, &size) == 0 &&
	       proc_fdinfo_parse(text, size, &is) && vlu_bdf_compare(is, bdf) == 0;
}

int vmm_take_device(const struct vmm *vmm, struct vlu_bdf bdf, int *ret_fd)
{
	const struct proc_file *file;
	char name[VLU_BDF_SIZE];
	int fd, ret;

	vlu_bdf_format(bdf, name);
	ret = vmm_device(vmm, bdf, &file);
	if (!ret)
		ret = vmm_take(vmm, file->fd, name, &fd);
	if (ret)
		return ret;
	if (!is_device(vmm->ctx, fd, bdf)) {
		sys_close(&vmm->ctx->sys, fd);
		return vlu_fail(vmm->ctx, VLU_FAILED, -ESTALE, "%s: %s has closed it meanwhile", name,
				vmm->who);
	}
	*ret_fd = fd;
	return 0;
}

/* --------------------------------------------------------------- command */

void vmm_quote(const char *words, size_t size, char buf[VMM_COMMAND])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-{}";
	const char *end = words + size, *word, *p, *quote;
	/* cuts a text that is too long; fclose() ends it with a NUL */
	FILE *f = fmemopen(buf, VMM_COMMAND, "w");
	size_t len;

	buf[0] = buf[VMM_COMMAND - 1] = '\0';
	if (!f)
		return;
	for (word = words; word < end; word += len + 1) {
		len = strnlen(word, (size_t)(end - word));
		/* to a shell, {} is special only with "," or ".." in it */
		quote = !len || strspn(word, plain) < len ||
			(memchr(word, '{', len) &&
			 (memchr(word, ',', len) || memmem(word, len, "..", 2))) ? "'" : "";
		fprintf(f, "%s%s", word > words ? " " : "", quote);
		for (p = word; p < word + len; p++) {
			if (*p == '\'')
				fputs("'\\'", f);
			/* the text goes into JSON and into a line, which do not allow every byte */
			fputc(*p < ' ' || *p > '~' ? '?' : *p, f);
		}
		fputs(quote, f);
	}
	fclose(f);
}
