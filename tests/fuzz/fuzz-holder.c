// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ends of the holder's socket, and the names in a service manager's store. The input is cut
 * into packets: a byte for the number of files, a byte for the length, then the content. No request
 * but one that drops "session/keep" may close the file that is kept under this key.
 */
#include "holder/process.h"
#include "holder/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEEP	"session/keep"
#define KEEP_FD	1000

static struct {
	const uint8_t *data;
	size_t size;
	int closed;		/* how often KEEP_FD was closed */
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

static ssize_t fuzz_send(struct sys *sys, int fd, const void *buf, size_t size, const int *fds,
			 size_t n)
{
	(void)sys, (void)fd, (void)buf, (void)fds, (void)n;
	return (ssize_t)size;
}

static int fuzz_wait(struct sys *sys, const int *fds, size_t n, int msec)
{
	(void)sys, (void)fds, (void)n, (void)msec;
	return 0;
}

static ssize_t fuzz_recv(struct sys *sys, int fd, void *buf, size_t size, int *fds,
			 size_t *n_fds)
{
	size_t n = fuzz.size > 1 ? (size_t)fuzz.data[0] * 8 : 0;

	(void)sys, (void)fd;
	*n_fds = n ? fuzz.data[1] & 3 : 0;
	for (size_t i = 0; i < *n_fds; i++)
		fds[i] = 6;
	fuzz.open_files += (int)*n_fds;
	if (!n)
		return 0;
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

/* Is it a request that drops KEEP, alone or among other keys? */
static bool is_drop(const char *text, size_t size)
{
	const char *at = memmem(text, size, KEEP, strlen(KEEP));

	return size >= 5 + strlen(KEEP) && memcmp(text, "drop ", 5) == 0 && at &&
	       (at == text + 5 || at[-1] == '\n');
}

static void one_request(struct holder *holder, const char *text, size_t size, size_t files)
{
	struct packet request = { .size = size, .n = files }, reply;
	int closed = fuzz.closed;
	size_t i;

	memcpy(request.data, text, size);
	for (i = 0; i < files; i++)
		request.fds[i] = 7;
	fuzz.open_files += (int)files;
	holder_answer(holder, &request, &reply);
	if (reply.size < 2 || reply.size >= sizeof(reply.data) || reply.n > HOLDER_FILES ||
	    (memcmp(reply.data, "ok", 2) != 0 && memcmp(reply.data, "error ", 6) != 0))
		__builtin_trap();
	if (reply.n && memcmp(reply.data, "ok", 2) != 0)
		__builtin_trap();
	for (i = 0; i < reply.n; i++)
		if (reply.fds[i] != KEEP_FD && reply.fds[i] != 7)
			__builtin_trap();
	/* the holder takes all files of a request, or none */
	if (request.n && request.n != files)
		__builtin_trap();
	if (fuzz.closed != closed && (!is_drop(text, size) || files))
		__builtin_trap();
	for (i = 0; i < request.n; i++)
		sys_close(&holder->ctx->sys, request.fds[i]);
}

static void serve(struct vlu_ctx *ctx, const uint8_t *data, size_t size)
{
	struct holder holder = { .ctx = ctx, .max = 16 };
	static const char put[] = "put " KEEP "\ndirection=outgoing";
	struct packet first = { .size = strlen(put), .n = 1, .fds = { KEEP_FD } }, reply;
	size_t n;

	memcpy(first.data, put, first.size);
	holder_answer(&holder, &first, &reply);
	if (first.n)
		__builtin_trap();
	while (size > 2) {
		n = data[1] | (data[0] & 0x10u) << 4;
		if (n > size - 2)
			n = size - 2;
		one_request(&holder, (const char *)data + 2, n, data[0] & 7);
		data += 2 + n;
		size -= 2 + n;
	}
	holder_free(&holder);
	if (fuzz.closed != 1)
		__builtin_trap();
}

static void ask(struct vlu_ctx *ctx)
{
	struct held_entry two[] = { { KEEP, -1 }, { "session/other", -1 } };
	struct held held;
	size_t i;
	int fd;

	if (held_read(ctx, &held) == 0) {
		(void)held_find(&held, "session/%s", "keep");
		held_free(&held);
	}
	if (held_get(ctx, &fd, KEEP) == 0)
		sys_close(&ctx->sys, fd);
	(void)!held_put(ctx, -1, "", KEEP);
	if (held_get_all(ctx, two, ARRAY_SIZE(two)) == 0)
		for (i = 0; i < ARRAY_SIZE(two); i++)
			sys_close(&ctx->sys, two[i].fd);
}

static void name(const uint8_t *data, size_t size)
{
	const struct store store = { .boot = "6b1f5b1e" };
	char text[STORE_NAME], value[HOLDER_VALUE], again[STORE_NAME];
	struct holder_item item = { .number = 1 };
	bool other;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!store_parse(&store, text, item.key, item.value, &other) || other)
		return;
	if (!is_request_key(item.key) || !is_request_value(item.value))
		__builtin_trap();
	store_name(&store, &item, again);
	if (strncmp(item.key, "session/", 8) == 0 &&
	    !store_parse(&store, again, item.key, value, &other))
		__builtin_trap();
}

static void read_index(const uint8_t *data, size_t size)
{
	static struct held_item items[HOLDER_ITEMS + 1];
	char *text = strndup((const char *)data, size);

	index_parse(text, items);
	free(text);
	for (size_t i = 0; i <= HOLDER_ITEMS; i++)
		if (*items[i].key && (!is_request_key(items[i].key) || !is_request_value(items[i].value)))
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
	read_index(data, size);
	vlu_free(ctx);
	return 0;
}
