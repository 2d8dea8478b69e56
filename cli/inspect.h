/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints a handover. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli.h"
#include "vfio-lu-inspect.h"

/* inspect-json.c: the whole handover, or the bytes of a part */
struct json_object *inspect_json(const struct vlu_handover *handover);
struct json_object *inspect_raw_json(const struct vlu_part *part);
/* Adds to the whole handover the values that only the report shows. */
void inspect_for_people(struct json_object *doc, const struct vlu_handover *handover);

/* inspect-report.c: prints the handover or the bytes */
void inspect_report(struct json_object *doc);
void inspect_raw(struct json_object *doc);

#endif
