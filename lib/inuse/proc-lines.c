/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsers for lines of /proc: mounts, swap, routes, addresses, consoles. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/text.h"
#include "inuse/uses.h"

/* Takes the next word, cut if it is too long, and decodes \NNN. Returns false if there is none. */
static bool take_word(const char **p, const char *end, char *buf, size_t size)
{
	size_t n = 0;
	char c;

	while (*p < end && (**p == ' ' || **p == '\t'))
		++*p;
	if (*p == end || **p == '\n')
		return false;
	for (; *p < end && **p != ' ' && **p != '\t' && **p != '\n'; ++*p) {
		c = **p;
		if (c == '\\' && end - *p > 3 && (*p)[1] >= '0' && (*p)[1] <= '3' &&
		    (*p)[2] >= '0' && (*p)[2] <= '7' && (*p)[3] >= '0' && (*p)[3] <= '7') {
			c = (char)(((*p)[1] - '0') << 6 | ((*p)[2] - '0') << 3 |
				   ((*p)[3] - '0'));
			*p += 3;
		}
		if (n + 1 < size)
			buf[n++] = c;
	}
	buf[n] = '\0';
	return true;
}

/* fs/proc_namespace.c show_mountinfo(): "22 1 259:2 / / rw - ext4 /dev/x rw" */
bool mount_parse(const char *line, const char *end, struct mount *ret)
{
	char word[64], *colon, *rest;
	int i;

	for (i = 0; i < 3; i++)
		if (!take_word(&line, end, word, sizeof(word)))
			return false;
	colon = strchr(word, ':');
	if (!colon)
		return false;
	ret->major = (unsigned int)strtoul(word, &rest, 10);
	if (rest != colon)
		return false;
	ret->minor = (unsigned int)strtoul(colon + 1, NULL, 10);
	if (!take_word(&line, end, word, sizeof(word)) ||
	    !take_word(&line, end, ret->point, sizeof(ret->point)))
		return false;
	while (take_word(&line, end, word, sizeof(word)) && strcmp(word, "-") != 0)
		;
	if (!take_word(&line, end, ret->type, sizeof(ret->type)) ||
	    !take_word(&line, end, ret->source, sizeof(ret->source)))
		return false;
	if (!take_word(&line, end, ret->options, sizeof(ret->options)))
		ret->options[0] = '\0';
	return true;
}

/* mm/swapfile.c swap_show(): a heading, then "/dev/sda2 partition 1 0 -2" */
bool swap_parse(const char *line, const char *end, char path[256])
{
	return take_word(&line, end, path, 256) && path[0] == '/';
}

/* Copies the line into a string. No line of these files is longer than buf. */
static bool take_line(const char *line, const char *end, char buf[256])
{
	size_t n = (size_t)(end - line);

	return n && !memchr(line, '\0', n) && take_text(buf, 256, line, n);
}

/* net/ipv4/fib_trie.c fib_route_seq_show(): addresses in network byte order, printed as numbers of the host */
bool route4_parse(const char *line, const char *end, struct route *ret)
{
	char text[256], name[INET_ADDRSTRLEN];
	unsigned int to, mask;
	struct in_addr address;

	if (!take_line(line, end, text) || sscanf(text, "%15s %8x %*8x %*x %*u %*u %*u %8x",
						  ret->interface, &to, &mask) != 3)
		return false;
	address.s_addr = to;
	ret->family = AF_INET;
	ret->prefix = (unsigned int)__builtin_popcount(mask);
	memcpy(ret->address, &address, sizeof(address));
	if (!mask)
		strcpy(ret->to, "default");
	else
		snprintf(ret->to, sizeof(ret->to), "%s/%u",
			 inet_ntop(AF_INET, &address, name, sizeof(name)), ret->prefix);
	return true;
}

static bool parse_address6(const char *hex, unsigned int prefix, struct route *ret)
{
	char name[INET6_ADDRSTRLEN];
	struct in6_addr address;
	unsigned int byte;
	size_t i;

	if (strlen(hex) != 32)
		return false;
	for (i = 0; i < 16; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		address.s6_addr[i] = (uint8_t)byte;
	}
	/* every interface that is up has link-local and multicast addresses */
	if ((address.s6_addr[0] == 0xfe && (address.s6_addr[1] & 0xc0) == 0x80) ||
	    address.s6_addr[0] == 0xff)
		return false;
	ret->family = AF_INET6;
	ret->prefix = prefix & 0xff;
	memcpy(ret->address, &address, sizeof(address));
	if (!prefix)
		strcpy(ret->to, "default");
	else
		snprintf(ret->to, sizeof(ret->to), "%s/%u",
			 inet_ntop(AF_INET6, &address, name, sizeof(name)),
			 ret->prefix);
	return true;
}

#define RTF_REJECT	0x200	/* uapi/linux/ipv6_route.h */

/*
 * net/ipv6/route.c rt6_info_route(), ip6_fib.c ipv6_route_native_seq_show(). Every host has a
 * default route to lo that carries nothing (ip6_null_entry), even if it has another one.
 */
bool route6_parse(const char *line, const char *end, struct route *ret)
{
	char text[256], to[33];
	unsigned int prefix, flags;

	return take_line(line, end, text) &&
	       sscanf(text, "%32s %2x %*32s %*x %*32s %*x %*x %*x %x %15s", to, &prefix, &flags,
		      ret->interface) == 4 &&
	       !(flags & RTF_REJECT) && parse_address6(to, prefix, ret);
}

/* net/ipv6/addrconf.c if6_seq_show() */
bool address6_parse(const char *line, const char *end, struct route *ret)
{
	char text[256], address[33];
	unsigned int prefix;

	return take_line(line, end, text) &&
	       sscanf(text, "%32s %*x %2x %*x %*x %15s", address, &prefix,
		      ret->interface) == 3 &&
	       prefix && parse_address6(address, prefix, ret);
}

/* drivers/net/ppp/pppoe.c pppoe_seq_show(): "00000001 02:00:00:00:00:01     eth1" */
bool pppoe_parse(const char *line, const char *end, char interface[16])
{
	char text[256];

	return take_line(line, end, text) &&
	       sscanf(text, "%*8x %*17[0-9A-Fa-f:] %15s", interface) == 1;
}

/* fs/proc/consoles.c show_console_dev(): "ttyS4                -W- (EC p a)    4:68" */
bool console_parse(const char *line, const char *end, char name[CONSOLE_NAME])
{
	return take_word(&line, end, name, CONSOLE_NAME);
}

/* net/ipv4/arp.c: "10.0.0.1  0x1  0x2  02:00:00:00:00:01  *  eth0"; flags 0: not complete */
bool arp_parse(const char *line, const char *end, char interface[16])
{
	char text[256];
	unsigned int flags;

	return take_line(line, end, text) &&
	       sscanf(text, "%*s 0x%*x 0x%x %*s %*s %15s", &flags, interface) == 2 && flags;
}
