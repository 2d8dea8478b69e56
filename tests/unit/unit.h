/* SPDX-License-Identifier: GPL-2.0-only */
/* What every unit test includes, in the order in which cmocka wants it. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))
#define RUN(name, tests) cmocka_run_group_tests_name(name, tests, NULL, NULL)

#endif
