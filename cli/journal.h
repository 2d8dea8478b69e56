/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of commands that change something, in the system journal. */
#ifndef CLI_JOURNAL_H
#define CLI_JOURNAL_H

#include <stdbool.h>

#include "vfio-lu.h"

struct cli;

/*
 * Each writes a record: a result, a note, or a failure with its status. code is a stable word, or
 * NULL. Read-only commands and dry runs write no records. Each returns true if stderr also goes
 * to the journal; the text then need not be printed.
 */
bool journal_done(struct cli *cli, const char *text);
bool journal_note(struct cli *cli, enum vlu_level level, const char *code, const char *text);
bool journal_failed(struct cli *cli, enum vlu_status status, const char *code, const char *text);

#endif
