/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "out.h"
#include "suggest.h"

#define LONGEST 64	/* no offered word is longer */

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Counts letters that were left out, inserted, replaced, or swapped with the next; ignores case. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *now = rows[2], *free;
	size_t n = strlen(a), m = strlen(b), i, j;

	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (j = 0; j <= m; j++)
		last[j] = (unsigned int)j;
	for (i = 1; i <= n; i++) {
		now[0] = (unsigned int)i;
		for (j = 1; j <= m; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + !is_same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) && is_same(a[i - 2], b[j - 1]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		free = before;
		before = last;
		last = now;
		now = free;
	}
	return last[m];
}

void suggest_offer(struct suggestion *suggestion, const char *word)
{
	size_t n = strlen(suggestion->typed);
	/* a prefix counts like one wrong letter */
	unsigned int far = n >= 2 && !strncasecmp(suggestion->typed, word, n) && word[n] ? 1 :
			   distance(suggestion->typed, word);

	if (far > (n < 6 ? 1 : 2) || far >= strlen(word) ||
	    (suggestion->best && far >= suggestion->distance))
		return;
	suggestion->best = word;
	suggestion->distance = far;
}

bool suggest_bdf(const char *typed, char buf[VLU_BDF_SIZE])
{
	unsigned long numbers[4] = { 0 };
	struct vlu_bdf bdf;
	const char *p = typed;
	char *end;
	size_t n = 0;

	while (n < 4 && isxdigit((unsigned char)*p)) {
		numbers[n++] = strtoul(p, &end, 16);
		p = end;
		if (!*p || !strchr(":.-_/", *p))
			break;
		p++;
	}
	if (n < 3 || *p || isalnum((unsigned char)p[-1]) == 0)
		return false;
	if (n == 3)
		snprintf(buf, VLU_BDF_SIZE, "%02lx:%02lx.%lx", numbers[0], numbers[1], numbers[2]);
	else
		snprintf(buf, VLU_BDF_SIZE, "%04lx:%02lx:%02lx.%lx", numbers[0], numbers[1],
			 numbers[2], numbers[3]);
	return vlu_bdf_parse(buf, &bdf) == 0;
}

char *suggest_after(struct cli *cli, const struct vlu_problem *problem)
{
	struct suggestion suggestion = { .typed = cli->session };
	struct vlu_state *state;
	char *text, *longer;
	size_t i;

	if (!cli->session || strcmp(problem->code, "no-session"))
		return NULL;
	/* the next call replaces the context's problem */
	text = out_need(strdup(problem->text));
	if (vlu_state_read(cli->ctx, VLU_SESSION, &state) < 0)
		return text;
	/* a session of this name may be listed, although the kernel did not know it */
	for (i = 0; i < state->n_sessions; i++)
		if (strcmp(state->sessions[i].name, cli->session))
			suggest_offer(&suggestion, state->sessions[i].name);
	if (suggestion.best && asprintf(&longer, "%s; did you mean %s?", text, suggestion.best) < 0)
		out_need(NULL);
	vlu_state_free(state);
	if (!suggestion.best)
		return text;
	free(text);
	return longer;
}
