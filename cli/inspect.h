/* SPDX-License-Identifier: GPL-2.0-only */
/* A hand-over, to be printed. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli.h"

/* inspect-json.c: the whole of it, and the bytes of one part */
struct json_object *inspect_json(const struct vlu_handover *handover);
struct json_object *inspect_raw_json(const struct vlu_part *part);
/* "kernel", "stale" or "saved"; NULL: not known */
const char *inspect_trust(enum vlu_trust trust);

/* inspect-report.c, inspect-raw.c */
void inspect_report(const struct vlu_handover *handover);
void inspect_raw(const struct vlu_part *part);

#endif
