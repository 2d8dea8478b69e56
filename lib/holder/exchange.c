/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/text.h"
#include "holder/exchange.h"
#include "holder/service.h"
#include "machine/systemd.h"

#define TURN	200	/* ms */

unsigned int holder_patience(const struct vlu_ctx *ctx)
{
	return ctx->lock_depth > 1 && ctx->timeout < 60 ? 60 : ctx->timeout;
}

static int is_manifest(void *arg, const char *name)
{
	(void)arg;
	return has_suffix(name, ".json");
}

/*
 * Will a service manager restart the holder with its files? The holder leaves a note with the
 * manager's pid. Even without a note, systemd may have files if our unit is installed and
 * /run has manifests, so nothing counts as lost until systemd has been asked.
 */
static bool is_expected(struct vlu_ctx *ctx)
{
	char text[16], path[40];

	if (attr_read(ctx, text, sizeof(text), HOLDER_NOTE) > 0) {
		snprintf(path, sizeof(path), "/proc/%.10s/stat", text);
		if (sys_exists(&ctx->sys, path))
			return true;
	}
	return systemd_is_running(ctx) && service_is_installed(ctx) &&
	       sys_list(&ctx->sys, RUN_DIR, is_manifest, NULL) > 0;
}

/* Connects. await: waits for a holder that is being restarted. */
static int dial(struct vlu_ctx *ctx, long long deadline, bool await)
{
	bool started = false;
	int conn;

	for (;;) {
		conn = sys_connect(&ctx->sys, HOLDER_SOCKET);
		/* a killed holder leaves a socket without a listener */
		if (conn == -ECONNREFUSED)
			conn = -ENOENT;
		if (conn != -EAGAIN && (conn != -ENOENT || !await || !is_expected(ctx)))
			return conn;
		if (conn == -ENOENT && ctx->sys.read_only)
			return -EHOSTDOWN;
		if (vlu_now() >= deadline || stop_check(ctx))
			return conn == -ENOENT ? -EHOSTDOWN : -ETIMEDOUT;
		/* systemd may delay the restart, or may have given up */
		if (conn == -ENOENT && !started && systemd_is_running(ctx) &&
		    service_is_installed(ctx) && service_start(ctx))
			vlu_log(ctx, VLU_LOG_WARNING, "%s", vlu_error(ctx));
		started = conn == -ENOENT || started;
		vlu_sleep(5);
	}
}

/* Waits in short turns, because a signal may end the command. */
static ssize_t await_reply(struct vlu_ctx *ctx, int conn, long long deadline)
{
	long long left;
	ssize_t n;

	do {
		left = deadline - vlu_now();
		n = sys_wait(&ctx->sys, &conn, 1, left > TURN ? TURN : left > 0 ? (int)left : 0);
	} while (n == -ETIMEDOUT && left > TURN && !stop_check(ctx));
	return n;
}

/* Parses the reply. Returns -ECONNRESET if the holder ended without a reply. */
static int read_reply(char *reply, ssize_t n)
{
	if (n == 0 || n == -EPIPE)
		return -ECONNRESET;
	if (n < 0)
		return (int)n;
	reply[n] = '\0';
	if (strncmp(reply, "error ", 6) != 0)
		return strncmp(reply, "ok", 2) != 0 || (reply[2] && reply[2] != ' ') ? -EPROTO : 0;
	n = strtol(reply + 6, NULL, 10);
	if (n == ETIMEDOUT)
		return -ETIME;
	return n > 0 && n < 4096 ? -(int)n : -EPROTO;
}

static int exchange(struct vlu_ctx *ctx, const char *request, char reply[HOLDER_PACKET + 1],
		    int *fds, size_t n_send, size_t n_want, bool await)
{
	long long deadline = vlu_now() + holder_patience(ctx) * 1000LL;
	int conn, ret, came[HOLDER_FILES];
	size_t n_came = HOLDER_FILES;
	ssize_t n;

	conn = dial(ctx, deadline, await);
	if (conn < 0)
		return conn;
	n = sys_send(&ctx->sys, conn, request, strlen(request), fds, n_send);
	if (n >= 0)
		n = await_reply(ctx, conn, deadline);
	if (n >= 0)
		n = sys_recv(&ctx->sys, conn, reply, HOLDER_PACKET, came, &n_came);
	sys_close(&ctx->sys, conn);
	if (n < 0)
		n_came = 0;
	ret = read_reply(reply, n);
	if (!ret && n_came != n_want)
		ret = -EPROTO;
	if (!ret && n_want)
		memcpy(fds, came, n_want * sizeof(*fds));
	while (ret && n_came)
		sys_close(&ctx->sys, came[--n_came]);
	return ret;
}

/* Sends a request and reads the reply. Sends the first n_send fds, or receives n_want. */
static int ask_once(struct vlu_ctx *ctx, const char *request, char reply[HOLDER_PACKET + 1],
		    int *fds, size_t n_send, size_t n_want, bool await)
{
	int ret;

	progress_begin(ctx, holder_patience(ctx), "waiting for the holder");
	ret = exchange(ctx, request, reply, fds, n_send, n_want, await);
	progress_end(ctx);
	return ret;
}

/* If the holder ends during the request, asks again, since another holder may run by then. */
int holder_ask(struct vlu_ctx *ctx, const char *request, char reply[HOLDER_PACKET + 1],
	       int *fds, size_t n_want)
{
	int ret = ask_once(ctx, request, reply, fds, 0, n_want, true);

	return ret == -ECONNRESET ? ask_once(ctx, request, reply, fds, 0, n_want, true) : ret;
}

/*
 * After an error the change may have been done, so the request is sent again, unless the holder or
 * its manager does not answer. The third try is needed if the second one reached a holder that had
 * closed its last file, but not yet its socket.
 */
int holder_change(struct vlu_ctx *ctx, const char *request, int *fds, size_t n_send,
		  int done_already)
{
	char reply[HOLDER_PACKET + 1];
	int ret, again = 0;

	do {
		ret = ask_once(ctx, request, reply, fds, n_send, 0, true);
		if (ret == done_already)
			return again ? 0 : ret;
	} while (ret && ret != -ETIMEDOUT && ret != -ETIME && ret != -EHOSTDOWN && again++ < 2);
	return ret;
}

int holder_pid_now(struct vlu_ctx *ctx)
{
	char reply[HOLDER_PACKET + 1];
	int ret = ask_once(ctx, "list 0", reply, NULL, 0, 0, false);
	long pid = ret ? 0 : strtol(reply + 2, NULL, 10);

	return ret ? ret : pid > 0 ? (int)pid : -EPROTO;
}
