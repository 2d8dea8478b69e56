// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ends of the holder's socket, and the names in a service manager's
 * store. The input is cut into packets: a byte for what comes along, one for
 * the length, then the bytes. What is kept under "session/keep" must stay open
 * through everything but the one request that drops it.
 */
#include "holder.h"
#include "request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEEP	"session/keep"
#define KEEP_FD	1000

static struct {
	const uint8_t *data;
	size_t size;
	int closed;		/* times that KEEP_FD was closed */
	int open_files;
} fuzz;

static int fuzz_close(struct sys *sys, int fd)
{
	(void)sys;
	if (fd == KEEP_FD)
		fuzz.closed++;
	else
		fuzz.open_files--;
	return 0;
}

/* The client's side: each reply is the next packet of the input. */
static int fuzz_connect(struct sys *sys, const char *path)
{
	(void)sys, (void)path;
	fuzz.open_files++;
	return 5;
}

static ssize_t fuzz_send(struct sys *sys, int fd, const void *buf, size_t size, int pass)
{
	(void)sys, (void)fd, (void)buf, (void)pass;
	return (ssize_t)size;
}

static int fuzz_wait(struct sys *sys, const int *fds, size_t n, int msec)
{
	(void)sys, (void)fds, (void)n, (void)msec;
	return 0;
}

static ssize_t fuzz_recv(struct sys *sys, int fd, void *buf, size_t size, int *ret_fd)
{
	size_t n = fuzz.size > 1 ? (size_t)fuzz.data[0] * 8 : 0;

	(void)sys, (void)fd;
	*ret_fd = -1;
	if (!n)
		return 0;
	if (fuzz.data[1] & 1) {
		*ret_fd = 6;
		fuzz.open_files++;
	}
	fuzz.data += 2;
	fuzz.size -= 2;
	if (n > fuzz.size)
		n = fuzz.size;
	if (n > size)
		n = size;
	memcpy(buf, fuzz.data, n);
	fuzz.data += n;
	fuzz.size -= n;
	return (ssize_t)n;
}

static const struct sys_ops ops = {
	.close = fuzz_close, .connect = fuzz_connect, .send = fuzz_send,
	.wait = fuzz_wait, .recv = fuzz_recv,
};

static bool drops_it(const char *text, size_t size)
{
	return size == 5 + strlen(KEEP) && memcmp(text, "drop " KEEP, size) == 0;
}

static void one_request(struct holder *holder, const char *text, size_t size, bool with_file)
{
	char reply[HOLDER_PACKET];
	int fd = with_file ? 7 : -1, closed = fuzz.closed, pass;
	size_t length;

	fuzz.open_files += with_file;
	pass = holder_answer(holder, text, size, &fd, reply, &length);
	if (length < 2 || length >= sizeof(reply) ||
	    (memcmp(reply, "ok", 2) != 0 && memcmp(reply, "error ", 6) != 0))
		__builtin_trap();
	if (pass >= 0 && memcmp(reply, "ok", 2) != 0)
		__builtin_trap();
	if (fuzz.closed != closed && !(drops_it(text, size) && !with_file))
		__builtin_trap();
	sys_close(&holder->ctx->sys, fd);
}

static void serve(struct vlu_ctx *ctx, const uint8_t *data, size_t size)
{
	struct holder holder = { .ctx = ctx, .max = 16 };
	const char put[] = "put " KEEP "\ndirection=outgoing";
	char reply[HOLDER_PACKET];
	int fd = KEEP_FD;
	size_t n, length;

	holder_answer(&holder, put, strlen(put), &fd, reply, &length);
	if (fd != -1)
		__builtin_trap();
	while (size > 2) {
		n = data[1] | (data[0] & 2 ? 256u : 0);
		if (n > size - 2)
			n = size - 2;
		one_request(&holder, (const char *)data + 2, n, data[0] & 1);
		data += 2 + n;
		size -= 2 + n;
	}
	holder_free(&holder);
	if (fuzz.closed != 1)
		__builtin_trap();
}

static void ask(struct vlu_ctx *ctx)
{
	struct held held;
	int fd;

	if (held_read(ctx, &held) == 0) {
		(void)held_find(&held, "session/%s", "keep");
		held_free(&held);
	}
	if (held_get(ctx, KEEP, &fd) == 0)
		sys_close(&ctx->sys, fd);
	(void)!held_put(ctx, KEEP, "", -1);
}

static void name(const uint8_t *data, size_t size)
{
	const struct store store = { .boot = "6b1f5b1e" };
	char text[STORE_NAME], key[HOLDER_KEY], value[HOLDER_VALUE], again[STORE_NAME];
	bool other;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!store_parse(&store, text, key, value, &other) || other)
		return;
	if (!request_key(key) || !request_value(value))
		__builtin_trap();
	store_name(&store, key, value, again);
	if (!store_parse(&store, again, key, value, &other))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vlu_ctx *ctx;

	if (vlu_new_sys(&ops, "/", &ctx))
		return 0;
	fuzz.closed = fuzz.open_files = 0;
	vlu_set_timeout(ctx, 0);
	serve(ctx, data, size);
	fuzz.data = data;
	fuzz.size = size;
	ask(ctx);
	if (fuzz.open_files)
		__builtin_trap();
	name(data, size);
	vlu_free(ctx);
	return 0;
}
