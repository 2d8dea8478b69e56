// SPDX-License-Identifier: GPL-2.0-only
/* The parsers of lines about mounts, swap, routes and addresses. */
#include "unit.h"

#include "base/text.h"
#include "inuse/uses.h"

static bool mount_of(const char *line, struct mount *mount)
{
	return mount_parse(line, line + strlen(line), mount);
}

static void test_mounts(void **state)
{
	struct mount mount;

	(void)state;
	assert_true(mount_of("22 1 259:2 / / rw,relatime shared:1 master:2 - ext4 /dev/nvme0n1p2 rw\n",
			     &mount));
	assert_int_equal(mount.major, 259);
	assert_int_equal(mount.minor, 2);
	assert_string_equal(mount.point, "/");
	assert_string_equal(mount.type, "ext4");
	assert_string_equal(mount.source, "/dev/nvme0n1p2");
	assert_string_equal(mount.options, "rw");
	assert_true(mount_of("22 1 8:1 / / rw - xfs /dev/sda1 rw,logdev=/dev/sdb1\n", &mount));
	assert_string_equal(mount.options, "rw,logdev=/dev/sdb1");
	assert_true(mount_of("9 1 0:36 /a /srv/a\\040b\\134c rw - btrfs /dev/sda1 rw", &mount));
	assert_string_equal(mount.point, "/srv/a b\\c");
	assert_false(mount_of("", &mount));
	assert_false(mount_of("\n", &mount));
	assert_false(mount_of("22 1 259:2 / / rw,relatime\n", &mount));
	assert_false(mount_of("22 1 259 / / rw - ext4 /dev/x rw\n", &mount));
	assert_false(mount_of("22 1 a:2 / / rw - ext4 /dev/x rw\n", &mount));
	assert_false(mount_of("22 1 259:2 / / rw - ext4\n", &mount));
}

static void test_two_lines(void **state)
{
	static const char text[] = "broken\n22 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
	const char *p, *end = text + sizeof(text) - 1;
	struct mount mount;

	(void)state;
	p = next_line(text, end);
	assert_ptr_equal(p, text + 7);
	assert_false(mount_parse(text, p, &mount));
	/* a missing field is not read from the next line */
	assert_false(mount_parse(text, end, &mount));
	assert_true(mount_parse(p, end, &mount));
	assert_ptr_equal(next_line(p, end), end);
}

static void test_pppoe(void **state)
{
	static const char head[] = "Id       Address              Device\n";
	static const char row[] = "00000001 02:00:00:00:00:01     eth1\n";
	char name[16];

	(void)state;
	assert_true(pppoe_parse(row, row + sizeof(row) - 1, name));
	assert_string_equal(name, "eth1");
	assert_false(pppoe_parse(head, head + sizeof(head) - 1, name));
}

static void test_consoles(void **state)
{
	static const char row[] = "ttyS4                -W- (EC p a)    4:68\n";
	char name[CONSOLE_NAME];

	(void)state;
	assert_true(console_parse(row, row + sizeof(row) - 1, name));
	assert_string_equal(name, "ttyS4");
	assert_false(console_parse("\n", &"\n"[1], name));
}

static bool arp_of(const char *line, char interface[16])
{
	return arp_parse(line, line + strlen(line), interface);
}

static void test_neighbours(void **state)
{
	char name[16];

	(void)state;
	assert_false(arp_of("IP address       HW type     Flags       HW address            Mask     Device\n",
			    name));
	assert_true(arp_of("169.254.0.1      0x1         0x6         02:00:00:00:00:01     *        eth2\n",
			   name));
	assert_string_equal(name, "eth2");
	/* nobody has answered */
	assert_false(arp_of("10.0.0.9         0x1         0x0         00:00:00:00:00:00     *        eth3\n",
			    name));
}

static bool swap_of(const char *line, char path[256])
{
	return swap_parse(line, line + strlen(line), path);
}

static void test_swaps(void **state)
{
	char path[256];

	(void)state;
	assert_false(swap_of("Filename\t\t\t\tType\n", path));
	assert_true(swap_of("/dev/sda2    partition\t1\t0\t-2\n", path));
	assert_string_equal(path, "/dev/sda2");
	assert_true(swap_of("/a\\040b file 1 0 -2\n", path));
	assert_string_equal(path, "/a b");
	assert_false(swap_of("", path));
}

static bool route_of(bool (*parse)(const char *, const char *, struct route *),
		     const char *line, struct route *route)
{
	return parse(line, line + strlen(line), route);
}

static void test_routes(void **state)
{
	struct route route;

	(void)state;
	assert_false(route_of(route4_parse, "Iface\tDestination\tGateway\n", &route));
	assert_true(route_of(route4_parse,
			     "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
			     &route));
	assert_string_equal(route.interface, "eth0");
	assert_string_equal(route.to, "default");
	assert_true(route_of(route4_parse,
			     "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n",
			     &route));
	assert_string_equal(route.to, "10.0.0.0/8");
	assert_false(route_of(route4_parse, "", &route));

	assert_true(route_of(route6_parse, "20010db8000000000000000000000000 40 "
			     "00000000000000000000000000000000 00 "
			     "00000000000000000000000000000000 00000100 00000001 00000000 "
			     "00000001     eth1\n", &route));
	assert_string_equal(route.interface, "eth1");
	assert_string_equal(route.to, "2001:db8::/64");
	assert_true(route_of(route6_parse, "00000000000000000000000000000000 00 "
			     "00000000000000000000000000000000 00 "
			     "fe800000000000000000000000000001 00000400 00000001 00000000 "
			     "00000003     eth1\n", &route));
	assert_string_equal(route.to, "default");
	/* ip6_null_entry, which carries nothing */
	assert_false(route_of(route6_parse, "00000000000000000000000000000000 00 "
			      "00000000000000000000000000000000 00 "
			      "00000000000000000000000000000000 ffffffff 00000001 00000000 "
			      "00200200       lo\n", &route));
	/* every interface that is up has link-local and multicast addresses */
	assert_false(route_of(route6_parse, "fe800000000000000000000000000000 40 "
			      "00000000000000000000000000000000 00 "
			      "00000000000000000000000000000000 00000100 00000001 00000000 "
			      "00000001     eth1\n", &route));
	assert_false(route_of(route6_parse, "ff000000000000000000000000000000 08 "
			      "00000000000000000000000000000000 00 "
			      "00000000000000000000000000000000 00000100 00000001 00000000 "
			      "00000001     eth1\n", &route));
}

static void test_addresses(void **state)
{
	struct route route;

	(void)state;
	assert_true(route_of(address6_parse,
			     "20010db8000000000000000000000001 02 40 00 80     eth0\n",
			     &route));
	assert_string_equal(route.interface, "eth0");
	assert_string_equal(route.to, "2001:db8::1/64");
	assert_false(route_of(address6_parse,
			      "fe800000000000005054000000000001 02 40 20 80     eth0\n",
			      &route));
	assert_false(route_of(address6_parse, "20010db8 02 40 00 80 eth0\n", &route));
	assert_false(route_of(address6_parse, "", &route));
}

static int answer;

static int list(struct sys *sys, const char *path, int (*fn)(void *arg, const char *name), void *arg)
{
	(void)sys, (void)path, (void)fn, (void)arg;
	return answer;
}

/* A directory that cannot be read may show uses, and one that does not exist shows none. */
static void test_list(void **state)
{
	struct sys_ops ops = sys_real_ops;
	char unseen[128] = "";
	struct sys sys;

	(void)state;
	ops.list = list;
	assert_int_equal(sys_init(&sys, &ops, "/"), 0);
	for (answer = 1; answer >= 0; answer--)
		assert_int_equal(inuse_list(&sys, unseen, "/a", NULL, NULL), answer);
	answer = -ENOENT;
	assert_int_equal(inuse_list(&sys, unseen, "/a", NULL, NULL), -ENOENT);
	assert_string_equal(unseen, "");
	answer = -EIO;
	assert_int_equal(inuse_list(&sys, unseen, "/a", NULL, NULL), -EIO);
	assert_string_equal(unseen, "/a cannot be read: Input/output error");
	sys_exit(&sys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_list), cmocka_unit_test(test_two_lines),
		cmocka_unit_test(test_swaps),
		cmocka_unit_test(test_pppoe),
		cmocka_unit_test(test_consoles),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_addresses),
	};

	return RUN("inuse", tests);
}
