/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of a session that are no devices: memory of a guest, mostly. */
#ifndef VLU_SESSION_FILE_H
#define VLU_SESSION_FILE_H

#include "session.h"

struct session_file {
	char name[FILE_NAME];
	uint64_t token;
	int fd;		/* -1: not open here */
	int from;	/* its number in the VMM */
	bool held;	/* it was in the holder before this plan */
};

int session_file_add(struct session *session, const char *name, bool held) must_check;
struct session_file *session_file_find(struct session *session, const char *name);
void session_files_free(struct session *session);

/* Before the jump; each adds the steps for all files that need them. */
int session_files_take(struct vlu_plan *plan, struct session *session) must_check;
int session_files_preserve(struct vlu_plan *plan, struct session *session) must_check;
int session_files_close(struct vlu_plan *plan, struct session *session) must_check;
/* Without a step: put a file that is held into the session that was made. */
int session_file_preserve(struct session *session, struct session_file *file) must_check;

/* After it: retrieve what is not held yet and give it to the holder. */
int session_files_retrieve(struct vlu_plan *plan, struct session *session) must_check;
/* Have the holder close them. */
int session_files_drop(struct session *session) must_check;

#endif
