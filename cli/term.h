/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal behind stdout or stderr. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>

/* Returns its columns, or 0 if it is not a terminal. */
int term_edge(int fd);
/* Does TERM name a terminal that can move the cursor? */
bool term_is_smart(void);

#endif
