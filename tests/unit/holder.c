// SPDX-License-Identifier: GPL-2.0-only
/* The requests to the holder, and the names of its files in a service manager. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "holder/process.h"
#include "holder/protocol.h"
#include "holder/service.h"
#include "session/session.h"

static int parse(const char *text, struct request *request)
{
	return request_parse(text, strlen(text), request);
}

static void test_requests(void **state)
{
	struct request request;

	(void)state;
	assert_int_equal(parse("put session/vm-1\ndirection=outgoing", &request), 0);
	assert_int_equal(request.verb, REQUEST_PUT);
	assert_string_equal(request.items[0].key, "session/vm-1");
	assert_string_equal(request.items[0].value, "direction=outgoing");
	assert_int_equal(parse("put iommufd/a:b@c\n", &request), 0);
	assert_string_equal(request.items[0].value, "");
	assert_int_equal(parse("put file/a:b@c/ram.0\nstate=retrieved lent=12.34", &request), 0);
	assert_string_equal(request.items[0].key, "file/a:b@c/ram.0");
	assert_int_equal(parse("get device/vm/0000:01:00.0", &request), 0);
	assert_int_equal(request.verb, REQUEST_GET);
	assert_int_equal(parse("drop device/vm/10000:e1:1f.7", &request), 0);
	assert_int_equal(request.verb, REQUEST_DROP);
	assert_int_equal(parse("list 123456", &request), 0);
	assert_int_equal(request.from, 123456);
	assert_int_equal(parse("settle", &request), 0);
	assert_int_equal(request.verb, REQUEST_SETTLE);
}

/* Several in one request, each on lines of its own. */
static void test_several(void **state)
{
	static const char *const bad[] = {
		"put session/a\nx\nsession/b", "put session/a\nx\nsession/a\ny", "put session/a\nx\n\nsession/b\nx",
		"put session/a\nx\nsession/b\nX", "get session/a\nsession/a", "get session/a\n\nsession/b",
		"get session/a\nsession/b\n", "get session/a\n/b", "drop session/a\n*", "drop session/a session/b",
		"retrieve session/a\nsession/b",
	};
	char text[HOLDER_PACKET + 100];
	struct request request;
	size_t i, used;

	(void)state;
	assert_int_equal(parse("put session/a\nx=1\niommufd/a\n\nfile/a/b\ny", &request), 0);
	assert_int_equal(request.n, 3);
	assert_string_equal(request.items[0].value, "x=1");
	assert_string_equal(request.items[1].key, "iommufd/a");
	assert_string_equal(request.items[1].value, "");
	assert_string_equal(request.items[2].key, "file/a/b");
	assert_string_equal(request.items[2].value, "y");
	assert_int_equal(parse("get session/a\nsession/b", &request), 0);
	assert_int_equal(request.n, 2);
	assert_int_equal(parse("drop session/a\ndevice/a/0000:01:00.0", &request), 0);
	assert_string_equal(request.items[1].key, "device/a/0000:01:00.0");
	for (i = 0; i < ARRAY(bad); i++)
		if (parse(bad[i], &request) != -EINVAL)
			fail_msg("taken: '%s'", bad[i]);
	for (i = 0, used = 0; i <= HOLDER_FILES; i++) {
		used += (size_t)sprintf(text + used, "%ssession/%zu", i ? "\n" : "drop ", i);
		assert_int_equal(parse(text, &request), i < HOLDER_FILES ? 0 : -EINVAL);
	}
	assert_true(used < HOLDER_PACKET);
	memset(text, 'a', sizeof(text));
	assert_int_equal(request_parse(text, sizeof(text), &request), -EINVAL);
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"", " ", "put", "put ", "put \n", "put session/x", "put session/\nv", "put session/.x\n",
		"put session/a b\n", "put session/a/b\n", "put sessions/a\n", "put device/a\n",
		"put device/a/0000:01:00.8\n", "put device/a/01:00.0\n", "put device/a/0000:01:00.0 \n",
		"put device/a/0000:0A:00.0\n", "put file/a\n", "put file/a/\n", "put file//x\n", "put file/.a/x\n",
		"put file/a/b/c\n", "put file/a/iommufd\n", "put device//0000:01:00.0\n", "put device/.a/0000:01:00.0\n",
		"put session/a\nUPPER", "put session/a\nx\n", "put session/a\na+b", "put session/a\n\t",
		"get", "get ", "get session/a\n", "get session/a ", "GET session/a", "drop session/", "drop *",
		"settle ", "settled", "settle session/a", "list", "list ", "list -1", "list 1x", "list 1234567", "list 0 ", " list 0", "list 0\n",
	};
	char long_value[200], text[300];
	struct request request;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY(bad); i++)
		if (parse(bad[i], &request) != -EINVAL)
			fail_msg("taken: '%s'", bad[i]);
	memset(long_value, 'a', sizeof(long_value) - 1);
	long_value[sizeof(long_value) - 1] = '\0';
	snprintf(text, sizeof(text), "put session/a\n%s", long_value);
	assert_int_equal(parse(text, &request), -EINVAL);
	snprintf(text, sizeof(text), "put session/%s\n", long_value);
	assert_int_equal(parse(text, &request), -EINVAL);
	assert_int_equal(request_parse("list 0\0", 7, &request), -EINVAL);
	assert_int_equal(request_parse("list\0 0", 7, &request), -EINVAL);
}

/* A kernel boundary in which files are numbers. */
static int closed[8];

static int raised;

static int fake_max_files(struct sys *sys)
{
	(void)sys;
	raised++;
	return 20000;
}

static int fake_close(struct sys *sys, int fd)
{
	(void)sys;
	closed[fd]++;
	return 0;
}

static struct vlu_ctx *make(void)
{
	static const struct sys_ops ops = { .close = fake_close, .max_files = fake_max_files };
	struct vlu_ctx *ctx;

	memset(closed, 0, sizeof(closed));
	assert_int_equal(vlu_new_sys(&ops, "/", &ctx), 0);
	return ctx;
}

static struct packet packet, reply;

static const char *ask_all(struct holder *holder, const char *text, const int *fds, size_t n)
{
	packet.size = strlen(text);
	packet.n = n;
	assert_true(packet.size < sizeof(packet.data));
	memcpy(packet.data, text, packet.size);
	memcpy(packet.fds, fds, n * sizeof(*fds));
	holder_answer(holder, &packet, &reply);
	assert_true(reply.size < sizeof(reply.data));
	reply.data[reply.size] = '\0';
	return reply.data;
}

static const char *ask(struct holder *holder, const char *text, int fd, int *ret_left, int *ret_pass)
{
	const char *says = ask_all(holder, text, &fd, fd >= 0);

	*ret_left = packet.n ? packet.fds[0] : -1;
	*ret_pass = reply.n ? reply.fds[0] : -1;
	return says;
}

static void test_answers(void **state)
{
	struct holder holder = { .ctx = make(), .max = 2 };
	int left, pass;

	(void)state;
	assert_string_equal(ask(&holder, "put session/a\nx=1", -1, &left, &pass), "error 2");
	assert_string_equal(ask(&holder, "put session/a\nx=1", 3, &left, &pass), "ok");
	assert_int_equal(left, -1);
	/* an old file is never replaced */
	assert_string_equal(ask(&holder, "put session/a\nx=1", 4, &left, &pass), "error 17");
	assert_int_equal(left, 4);
	assert_string_equal(ask(&holder, "get session/a", -1, &left, &pass), "ok");
	assert_int_equal(pass, 3);
	/* a file that does not belong to the request is refused, and nothing is done */
	assert_string_equal(ask(&holder, "drop session/a", 4, &left, &pass), "error 22");
	assert_int_equal(left, 4);
	assert_string_equal(ask(&holder, "get session/b", -1, &left, &pass), "error 2");
	assert_int_equal(pass, -1);
	assert_string_equal(ask(&holder, "put session/a\nx=2", -1, &left, &pass), "ok");
	assert_non_null(strstr(ask(&holder, "list 0", -1, &left, &pass), " 1\nsession/a\tx=2\n"));
	assert_string_equal(ask(&holder, "put session/b\n", 5, &left, &pass), "ok");
	assert_string_equal(ask(&holder, "put session/c\n", 6, &left, &pass), "error 28");
	assert_int_equal(left, 6);
	assert_int_equal(closed[3] + closed[4] + closed[5] + closed[6], 0);
	assert_string_equal(ask(&holder, "drop session/a", -1, &left, &pass), "ok");
	assert_int_equal(closed[3], 1);
	assert_string_equal(ask(&holder, "drop session/a", -1, &left, &pass), "error 2");
	holder_free(&holder);
	assert_int_equal(closed[5], 1);
	vlu_free(holder.ctx);
}

/* Several keys in a request: put and get do all or nothing. */
static void test_answers_to_several(void **state)
{
	static const int two[] = { 3, 4 }, others[] = { 5, 6 };
	struct holder holder = { .ctx = make(), .max = 3 };

	(void)state;
	assert_string_equal(ask_all(&holder, "put session/a\nx=1\nsession/b\nx=2", two, 1), "error 22");
	assert_int_equal(packet.n, 1);
	assert_string_equal(ask_all(&holder, "put session/a\nx=1\nsession/b\nx=2", two, 2), "ok");
	assert_int_equal(packet.n, 0);
	assert_string_equal(ask_all(&holder, "put session/c\n\nsession/b\n", others, 2), "error 17");
	assert_int_equal(packet.n, 2);
	assert_string_equal(ask_all(&holder, "put session/c\n\nsession/d\n", others, 2), "error 28");
	assert_int_equal(holder.n, 2);
	assert_string_equal(ask_all(&holder, "put session/a\ny=1\nsession/c\ny=2", two, 0), "error 2");
	assert_string_equal(holder.items[0].value, "x=1");
	assert_string_equal(ask_all(&holder, "put session/b\ny=2\nsession/a\ny=1", two, 0), "ok");
	assert_string_equal(holder.items[0].value, "y=1");
	assert_string_equal(ask_all(&holder, "get session/a\nsession/c", two, 0), "error 2");
	assert_int_equal(reply.n, 0);
	assert_string_equal(ask_all(&holder, "get session/b\nsession/a", two, 0), "ok");
	assert_int_equal(reply.n, 2);
	assert_int_equal(reply.fds[0], 4);
	assert_int_equal(reply.fds[1], 3);
	assert_string_equal(ask_all(&holder, "drop session/a\nsession/c\nsession/b", two, 1), "error 22");
	assert_int_equal(closed[3] + closed[4], 0);
	/* existing keys are dropped */
	assert_string_equal(ask_all(&holder, "drop session/a\nsession/c\nsession/b", two, 0), "error 2");
	assert_int_equal(closed[3] + closed[4], 2);
	assert_int_equal(holder.n, 0);
	holder_free(&holder);
	vlu_free(holder.ctx);
}

/* A list that does not fit into one packet comes in parts, each item once. */
static void test_list_in_parts(void **state)
{
	struct holder holder = { .ctx = make(), .max = HOLDER_ITEMS };
	char text[64], seen[300] = "";
	int left, pass, i, parts = 0;
	size_t from = 0;

	(void)state;
	for (i = 0; i < 256; i++) {
		snprintf(text, sizeof(text), "put device/vm/0000:%02x:00.0\nstate=preserved", i);
		assert_string_equal(ask(&holder, text, 7, &left, &pass), "ok");
	}
	while (from < 256) {
		char *line, *save = NULL, *says;

		snprintf(text, sizeof(text), "list %zu", from);
		says = strdup(ask(&holder, text, -1, &left, &pass));
		strtok_r(says, "\n", &save);
		while ((line = strtok_r(NULL, "\n", &save))) {
			assert_int_equal(sscanf(line, "device/vm/0000:%2x:00.0\tstate=preserved", (unsigned int *)&i), 1);
			seen[i]++;
			from++;
		}
		free(says);
		parts++;
	}
	assert_true(parts > 1);
	for (i = 0; i < 256; i++)
		assert_int_equal(seen[i], 1);
	holder_free(&holder);
	vlu_free(holder.ctx);
}

static void test_store_names(void **state)
{
	const struct store store = { .on = true, .boot = "6b1f5b1e" };
	struct holder_item item = { .key = "session/vm:1@a", .value = "direction=outgoing", .number = 7 };
	char name[STORE_NAME], key[HOLDER_KEY], value[HOLDER_VALUE], old_name[] = "device/a/0000+01+00.0 6b1f5b1e x=1";
	static const char *const bad[] = {
		"", "stored", "session/a", "session/a 6b1f5b1e", "session/a 6b1f5b1 x=1", "session/a  6b1f5b1e x",
		"session/.a 6b1f5b1e x=1", "session/a 6b1f5b1e X", "luo 6b1f5b1e direction=outgoing", "7.6b1f5b1e",
	};
	size_t i;
	bool other;

	(void)state;
	/* after a kexec, only the name is left; systemd allows no colon in it */
	store_name(&store, &item, name);
	assert_string_equal(name, "session/vm+1@a 6b1f5b1e direction=outgoing");
	assert_true(store_parse(&store, name, key, value, &other));
	assert_string_equal(key, "session/vm:1@a");
	assert_string_equal(value, "direction=outgoing");
	assert_false(other);
	strcpy(item.key, "device/vm:1@a/0000:01:00.0");
	store_name(&store, &item, name);
	assert_string_equal(name, "7.6b1f5b1e");
	/* the name that an older program gave it */
	item.name = old_name;
	store_name(&store, &item, name);
	assert_string_equal(name, old_name);
	assert_true(store_parse(&store, "session/a 00000000 direction=outgoing", key, value, &other));
	assert_true(other);
	for (i = 0; i < ARRAY(bad); i++)
		if (store_parse(&store, bad[i], key, value, &other))
			fail_msg("taken: '%s'", bad[i]);
}

/* The names of 4,096 devices fit into one environment variable. */
static void test_store_names_are_short(void **state)
{
	const struct store store = { .on = true, .boot = "6b1f5b1e" };
	struct holder_item item = { .value = "state=preserved" };
	char name[STORE_NAME];
	size_t total = strlen("LISTEN_FDNAMES=");

	(void)state;
	memset(item.key, 'a', HOLDER_KEY - 1);
	memcpy(item.key, "device/", 7);
	for (item.number = 1; item.number <= HOLDER_ITEMS; item.number++) {
		store_name(&store, &item, name);
		total += strlen(name) + 1;
		if (item.number == 4096)
			assert_true(total < 64 * 1024);
	}
	assert_true(total < 128 * 1024);
}

/* A session with thousands of devices needs a higher limit of open files; a small one does not. */
static void test_many_members(void **state)
{
	struct session session = { .ctx = make() };
	struct vlu_bdf bdf = { 0 };
	char name[VLU_BDF_SIZE];

	(void)state;
	for (raised = 0; session.n < 300; bdf.bus = (uint8_t)(session.n >> 8), bdf.device = session.n >> 3 & 31,
	     bdf.function = session.n & 7) {
		assert_int_equal(session_add(&session, vlu_bdf_format(bdf, name), false), 0);
		if (session.n < 100)
			assert_int_equal(raised, 0);
	}
	assert_int_equal(raised, 1);
	free(session.members);
	vlu_free(session.ctx);
}

/* A service manager, and the file of the index. */
static struct {
	char told[2000], written[2000];
	ssize_t write, send;	/* a failure, 0: none */
	int wait;
} manager;

static int manager_open(struct sys *sys, const char *path, int flags)
{
	(void)sys, (void)flags;
	assert_string_equal(path, "/run/vfio-lu/holder.index");
	return 7;
}

static ssize_t manager_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	(void)sys;
	assert_int_equal(fd, 7);
	if (manager.write < 0)
		return manager.write;
	strncat(manager.written, buf, size);
	return manager.write ? manager.write : (ssize_t)size;
}

static ssize_t manager_send(struct sys *sys, int fd, const void *buf, size_t size, const int *fds, size_t n)
{
	(void)sys, (void)fds, (void)n;
	assert_int_equal(fd, 0);
	if (manager.send)
		return manager.send;
	strncat(manager.told, buf, size);
	strcat(manager.told, "|");
	return (ssize_t)size;
}

static int manager_pipe(struct sys *sys, int ret_ends[2])
{
	(void)sys;
	ret_ends[0] = 1;
	ret_ends[1] = 2;
	return 0;
}

static int manager_wait(struct sys *sys, const int *fds, size_t n, int msec)
{
	(void)sys, (void)fds, (void)n, (void)msec;
	return manager.wait;
}

static void begin_managed(struct holder *holder)
{
	static const struct sys_ops ops = {
		.close = fake_close, .open = manager_open, .write = manager_write, .send = manager_send,
		.pipe = manager_pipe, .wait = manager_wait,
	};

	memset(&manager, 0, sizeof(manager));
	memset(closed, 0, sizeof(closed));
	*holder = (struct holder){ .max = 5 };
	assert_int_equal(vlu_new_sys(&ops, "/", &holder->ctx), 0);
	holder->store = (struct store){
		.ctx = holder->ctx, .on = true, .stalled = true, .boot = "6b1f5b1e", .index.fd = -1,
	};
}

static void end_managed(struct holder *holder)
{
	holder_free(holder);
	vlu_free(holder->ctx);
}

/* The index is written first. If that fails, nothing is done, and the manager gets no message. */
static void test_managed_index(void **state)
{
	static const int two[] = { 3, 4 };
	struct holder holder;
	int left, pass;

	(void)state;
	begin_managed(&holder);
	manager.write = -ENOSPC;
	assert_string_equal(ask_all(&holder, "put session/a\nx=1\niommufd/a\n", two, 2), "error 28");
	assert_int_equal(packet.n, 2);
	assert_int_equal(holder.n, 0);
	assert_string_equal(manager.told, "");
	manager.write = 0;
	assert_string_equal(ask_all(&holder, "put session/a\nx=1\niommufd/a\n", two, 2), "ok");
	/* after an incomplete write */
	assert_string_equal(manager.written, "\n=2\n1 session/a\tx=1\n2 iommufd/a\t\n");
	assert_string_equal(manager.told, "FDSTORE=1\nFDPOLL=0\nFDNAME=session/a 6b1f5b1e x=1|"
			    "FDSTORE=1\nFDPOLL=0\nFDNAME=2.6b1f5b1e|");
	/* a new value needs no message to the manager; an incomplete value does not count */
	manager.told[0] = manager.written[0] = '\0';
	manager.write = 3;
	assert_string_equal(ask(&holder, "put iommufd/a\nx=2", -1, &left, &pass), "error 28");
	assert_string_equal(holder.items[1].value, "");
	manager.write = 0;
	assert_string_equal(ask(&holder, "put iommufd/a\nx=2", -1, &left, &pass), "ok");
	assert_string_equal(holder.items[1].value, "x=2");
	assert_string_equal(manager.told, "");
	/* an unchanged value is not written again */
	manager.write = -EIO;
	assert_string_equal(ask(&holder, "put iommufd/a\nx=2", -1, &left, &pass), "ok");
	assert_string_equal(ask(&holder, "put iommufd/a\nx=3", -1, &left, &pass), "error 121");
	end_managed(&holder);
}

/* The manager closes first. If it does not answer, no file is closed or lost. */
static void test_managed_drop(void **state)
{
	struct holder holder;
	int left, pass;

	(void)state;
	begin_managed(&holder);
	assert_string_equal(ask(&holder, "put session/a\nx=1", 3, &left, &pass), "ok");
	manager.told[0] = '\0';
	manager.wait = -ETIMEDOUT;
	assert_string_equal(ask(&holder, "drop session/a", -1, &left, &pass), "error 110");
	assert_string_equal(manager.told, "FDSTOREREMOVE=1\nFDNAME=session/a 6b1f5b1e x=1|BARRIER=1|"
			    "FDSTORE=1\nFDPOLL=0\nFDNAME=session/a 6b1f5b1e x=1|");
	assert_int_equal(closed[3], 0);
	assert_int_equal(holder.n, 1);
	assert_string_equal(ask(&holder, "settle", -1, &left, &pass), "error 110");
	/* 1: the client has hung up */
	manager.wait = 1;
	assert_string_equal(ask(&holder, "drop session/a", -1, &left, &pass), "error 110");
	assert_int_equal(closed[3], 0);
	/* the manager has no room: the file is stored later */
	manager.send = -EAGAIN;
	assert_string_equal(ask(&holder, "drop session/a", -1, &left, &pass), "error 110");
	assert_string_equal(ask(&holder, "put iommufd/a\n", 4, &left, &pass), "ok");
	assert_true(holder.items[1].unsent);
	manager.send = manager.wait = 0;
	assert_string_equal(ask(&holder, "settle", -1, &left, &pass), "ok");
	assert_string_equal(ask(&holder, "drop session/a\niommufd/a", -1, &left, &pass), "ok");
	assert_int_equal(closed[3] + closed[4], 2);
	assert_int_equal(holder.n, 0);
	end_managed(&holder);
}

static const char *index_of(const char *text, unsigned int number)
{
	static struct held_item items[HOLDER_ITEMS + 1];
	static char line[HOLDER_KEY + HOLDER_VALUE];
	char *copy = strdup(text);

	memset(items, 0, sizeof(items));
	index_parse(copy, items);
	free(copy);
	snprintf(line, sizeof(line), "%s|%s", items[number].key, items[number].value);
	return line;
}

/* The last line of a number counts, and a write counts only if it is complete. */
static void test_index(void **state)
{
#define A "device/a/0000:01:00.0"
#define B "device/a/0000:02:00.0"
	char many[20000] = "";
	size_t i;

	(void)state;
	assert_string_equal(index_of("=1\n1 " A "\tx=1\n", 1), A "|x=1");
	assert_string_equal(index_of("=1\n1 " A "\tx=1\n=1\n1 " A "\tx=2\n", 1), A "|x=2");
	assert_string_equal(index_of("=1\n1 iommufd/a\t\n", 1), "iommufd/a|");
	/* cut in the second line, at its end, and before it */
	assert_string_equal(index_of("=2\n1 " A "\tx=1\n2 dev", 1), "|");
	assert_string_equal(index_of("=2\n1 " A "\tx=1\n2 " B "\tx=1", 1), "|");
	assert_string_equal(index_of("=2\n1 " A "\tx=1\n", 1), "|");
	/* and the write after it counts */
	assert_string_equal(index_of("=2\n1 " A "\tx=1\n2 dev\n=1\n2 " B "\tx=2\n", 2), B "|x=2");
	assert_string_equal(index_of("=2\n1 " A "\tx=1\n2 dev\n=1\n2 " B "\tx=2\n", 1), "|");
	assert_string_equal(index_of("=2\n1 " A "\tx=1\n\n=1\n2 " B "\tx=2\n", 1), "|");
	assert_string_equal(index_of("=2\n1 " A "\tx=1\n\n=1\n2 " B "\tx=2\n", 2), B "|x=2");
	/* lines that the holder never writes */
	assert_string_equal(index_of("1 " A "\tx=1\n", 1), "|");
	assert_string_equal(index_of("=1\n0 " A "\tx=1\n", 0), "|");
	assert_string_equal(index_of("=1\n9999 " A "\tx=1\n", 1), "|");
	assert_string_equal(index_of("=1\n1 " A "\tX\n", 1), "|");
	assert_string_equal(index_of("=1\n1 dev/a\tx\n", 1), "|");
	assert_string_equal(index_of("=1\n1" A "\tx=1\n", 1), "|");
	/* more than a request can have: the index is replaced */
	for (i = 1; i <= HOLDER_FILES + 1; i++)
		sprintf(many + strlen(many), "%s%zu device/a/0000:%02zx:00.0\tx=1\n", i == 1 ? "=129\n" : "", i, i);
	assert_string_equal(index_of(many, HOLDER_FILES + 1), "device/a/0000:81:00.0|x=1");
#undef A
#undef B
}

static void write_cgroup(const char *root, const char *text)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/7/cgroup", root);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_service_of(void **state)
{
	static const struct { const char *text; enum service_place place; } cases[] = {
		{ "0::/system.slice/vfio-lu.service\n", SERVICE_OURS },
		{ "0::/init.scope\n", SERVICE_NONE },
		{ "0::/\n", SERVICE_NONE },
		{ "0::/user.slice/user-0.slice/session-3.scope\n", SERVICE_OTHER },
		{ "0::/system.slice/my-vfio-lu.service\n", SERVICE_OTHER },
		{ "12:cpu:/\n1:name=systemd:/system.slice/ssh.service\n", SERVICE_OTHER },
		{ "12:cpu:/x\n1:name=systemd:/init.scope\n0::/\n", SERVICE_NONE },
		{ "12:cpu:/\n", SERVICE_UNKNOWN }, { "nonsense", SERVICE_UNKNOWN },
	};
	char root[] = "/tmp/vfio-lu-unit-XXXXXX", path[300];
	struct vlu_ctx *ctx;
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/proc", root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/proc/7", root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(vlu_new(&ctx), 0);
	assert_int_equal(vlu_set_root(ctx, root), 0);
	assert_int_equal(service_of(ctx, 7), SERVICE_UNKNOWN);
	for (i = 0; i < ARRAY(cases); i++) {
		write_cgroup(root, cases[i].text);
		assert_int_equal(service_of(ctx, 7), cases[i].place);
	}
	vlu_free(ctx);
	snprintf(path, sizeof(path), "%s/proc/7/cgroup", root);
	unlink(path);
	snprintf(path, sizeof(path), "%s/proc/7", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/proc", root);
	rmdir(path);
	rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests), cmocka_unit_test(test_several),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_answers_to_several), cmocka_unit_test(test_list_in_parts),
		cmocka_unit_test(test_store_names), cmocka_unit_test(test_store_names_are_short),
		cmocka_unit_test(test_managed_index), cmocka_unit_test(test_managed_drop),
		cmocka_unit_test(test_many_members), cmocka_unit_test(test_index), cmocka_unit_test(test_service_of),
	};

	return RUN("holder", tests);
}
