/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "rehearse/console.h"

#define TICK	200	/* ms: the longest delay before a signal is noticed */

static void close_end(struct sys *sys, int *fd)
{
	sys_close(sys, *fd);
	*fd = -1;
}

void console_init(struct console *c, struct vlu_ctx *ctx, int log, const char *log_path)
{
	*c = (struct console){ .ctx = ctx, .log = log, .log_path = log_path, .pid = -1, .in = -1,
				.in_end = -1, .kernel.fd = -1, .says.fd = -1 };
}

int console_start(struct console *c, const char *qemu, struct words *words, int image)
{
	struct sys *sys = &c->ctx->sys;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, says[2] = { -1, -1 }, ret;

	ret = sys_pipe(sys, in);
	ret = ret < 0 ? ret : sys_pipe(sys, out);
	ret = ret < 0 ? ret : sys_pipe(sys, says);
	if (ret < 0)
		ret = vlu_failed(c->ctx, ret, "cannot make a pipe");
	else
		ret = qemu_start(c->ctx, qemu, words, (const int[]){ in[0], out[1], out[1], says[1], image },
				 QEMU_FILES + (image >= 0));
	c->pid = ret < 0 ? -1 : ret;
	c->in = in[1];
	c->in_end = in[0];
	c->kernel.fd = out[0];
	c->says.fd = says[0];
	close_end(sys, &out[1]);
	close_end(sys, &says[1]);
	return ret < 0 ? ret : 0;
}

int console_close(struct console *c)
{
	struct sys *sys = &c->ctx->sys;

	if (c->pid > 0)
		c->status = sys_end(sys, c->pid);
	c->pid = -1;
	close_end(sys, &c->in);
	close_end(sys, &c->in_end);
	close_end(sys, &c->kernel.fd);
	close_end(sys, &c->says.fd);
	return c->status;
}

enum silence console_silence(struct console *c, int ret, char *buf, size_t size)
{
	const char *last = c->last[0] ? c->last : "none";
	int status = console_close(c);

	if (c->panic[0]) {
		snprintf(buf, size, "it panicked");
		return SILENCE_PANIC;
	}
	if (ret == -ETIMEDOUT)
		snprintf(buf, size, "no answer within %u s; the last line of its log: %s",
			 c->ctx->timeout, last);
	else if (c->ended[0])
		snprintf(buf, size, "another process ended QEMU: %s", c->ended);
	else if (status > 128)
		snprintf(buf, size, "signal %d ended QEMU", status - 128);
	else if (status)
		snprintf(buf, size, "QEMU ended with exit status %d: %s", status, last);
	else
		snprintf(buf, size, "the machine was reset; the last line of its log: %s", last);
	return ret == -EPIPE && !status && !c->ended[0] ? SILENCE_RESET : SILENCE_OTHER;
}

void console_type(struct console *c, const char *text)
{
	/* if QEMU has just ended, the reader notices it */
	sys_write(&c->ctx->sys, c->in, text, strlen(text));
}

void console_calm(struct console *c)
{
	c->fault[0] = c->where[0] = c->panic[0] = c->refusal[0] = '\0';
}

static bool has_any(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return true;
	return false;
}

/*
 * Skips the time of "[    1.500424] BUG: ..." and all text before it, such as the end of another
 * line.
 */
const char *without_time(const char *line)
{
	const char *at;
	size_t n;

	for (at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
		n = strspn(at + 1, " .0123456789");
		if (n && strncmp(at + 1 + n, "] ", 2) == 0)
			return at + n + 3;
	}
	return line;
}

static void note(char *buf, size_t size, const char *text)
{
	if (!buf[0])
		take_text(buf, size, text, strnlen(text, size - 1));
}

bool is_fault(const char *line)
{
	static const char *const faults[] = {
		"BUG:", "WARNING:", "Oops", "general protection", "kernel BUG at",
		"refcount_t:", "INFO: task ", NULL
	};

	return has_any(line, faults);
}

static void look_at_log(struct console *c)
{
	/* a message of LUO or its handlers about a failure is a refusal */
	static const char *const speakers[] = { "luo: ", "KHO: ", "liveupdate", "vfio-pci", NULL };
	static const char *const refusals[] = {
		"No registered", "No incoming", "ailed", "isabl", "Unable", "annot", "not supported",
		NULL
	};
	const char *text = without_time(c->line);

	/* the console echoes what was typed */
	if (!*text || strstr(text, "rehearse-\\"))
		return;
	c->last[0] = '\0';
	note(c->last, sizeof(c->last), text);
	/* qemu_kill_report(), system/runstate.c; the exit status of QEMU is 0, as after a reset */
	if (strstr(text, "qemu: terminating on signal"))
		note(c->ended, sizeof(c->ended), strstr(text, "qemu: terminating on signal") + 6);
	if (is_fault(text))
		note(c->fault, sizeof(c->fault), text);
	else if (strncmp(text, "RIP: 0010:", 10) == 0 && c->fault[0])
		note(c->where, sizeof(c->where), text + 10);
	else if (strstr(text, "Kernel panic"))
		note(c->panic, sizeof(c->panic), text);
	else if (has_any(text, speakers) && has_any(text, refusals))
		note(c->refusal, sizeof(c->refusal), text);
}

const char *console_trouble(struct console *c, char *buf, size_t size)
{
	buf[0] = '\0';
	if (c->fault[0])
		text_add(buf, size, "%s", c->fault);
	if (c->where[0])
		text_add(buf, size, " in %s", c->where);
	if (c->panic[0])
		text_add(buf, size, "%s%s", buf[0] ? "; " : "", c->panic);
	return buf;
}

/* Takes a line of the stream into c->line. Takes a piece if a line is too long, or at the end. */
static bool take_line(struct console *c, struct stream *stream)
{
	char *end = memchr(stream->buf, '\n', stream->used);
	size_t n = end ? (size_t)(end - stream->buf) : stream->used, i, used = 0;

	if (!end && (!stream->used || (stream->used < sizeof(stream->buf) - 1 && stream->fd >= 0)))
		return false;
	for (i = 0; i < n; i++)
		if (is_printable((unsigned char)stream->buf[i]) || stream->buf[i] == '\t')
			c->line[used++] = stream->buf[i];
	c->line[used] = '\0';
	n += end != NULL;
	stream->used -= n;
	memmove(stream->buf, stream->buf + n, stream->used);
	c->from_init = stream == &c->says;
	c->goes_on = !end && stream->fd >= 0;
	return true;
}

static int keep_line(struct console *c)
{
	const char *const parts[] = { c->from_init ? "rehearse: " : "", c->line, "\n" };
	struct vlu_ctx *ctx = c->ctx;
	ssize_t n = 0;
	size_t i;

	for (i = 0; c->log >= 0 && i < ARRAY_SIZE(parts) && n >= 0; i++)
		n = sys_write(&ctx->sys, c->log, parts[i], strlen(parts[i]));
	if (n < 0)
		return vlu_failed(ctx, (int)n, "cannot write %s", c->log_path);
	if (!c->from_init)
		look_at_log(c);
	return 0;
}

static void read_stream(struct console *c, struct stream *stream)
{
	ssize_t n = sys_read(&c->ctx->sys, stream->fd, stream->buf + stream->used,
			     sizeof(stream->buf) - 1 - stream->used);

	if (n > 0)
		stream->used += (size_t)n;
	else
		close_end(&c->ctx->sys, &stream->fd);
}

int console_next(struct console *c, long long deadline)
{
	struct stream *const streams[] = { &c->kernel, &c->says };
	int i;

	for (;;) {
		/* the kernel printed its lines before init reported the result */
		for (i = 0; i < 2; i++)
			if (take_line(c, streams[i]))
				return keep_line(c);
		if (c->kernel.fd < 0 && c->says.fd < 0)
			return -EPIPE;
		if (is_stopped(c->ctx))
			return -EINTR;
		if (vlu_now() >= deadline)
			return -ETIMEDOUT;
		i = sys_wait(&c->ctx->sys, (const int[]){ c->kernel.fd, c->says.fd }, 2, TICK);
		if (i >= 0)
			read_stream(c, streams[i]);
	}
}
