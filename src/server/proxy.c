/*
 * Trusted proxies. Entries are parsed anew at each question: there are few of
 * them, and a handshake costs a database query anyway.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "server/proxy.h"

#define UNIX	"unix"		/* in the list: every peer on a unix socket */

struct network {
	struct proxy_address addr;
	unsigned	 bits;
};

/* An IPv4 address in the clothes of IPv6 (::ffff:0:0/96) becomes one. */
static void
set_v6(struct proxy_address *addr, const struct in6_addr *v6)
{
	memset(addr, 0, sizeof(*addr));
	if (IN6_IS_ADDR_V4MAPPED(v6)) {
		addr->family = AF_INET;
		memcpy(addr->bytes, v6->s6_addr + 12, 4);
	} else {
		addr->family = AF_INET6;
		memcpy(addr->bytes, v6, 16);
	}
}

static bool
parse_network(const char *text, struct network *net)
{
	char copy[INET6_ADDRSTRLEN + 8], *slash, *end;
	unsigned long bits;

	if (strlen(text) >= sizeof(copy))
		return (false);
	memset(net, 0, sizeof(*net));
	memcpy(copy, text, strlen(text) + 1);
	if ((slash = strchr(copy, '/')) != NULL)
		*slash++ = '\0';
	if (inet_pton(AF_INET, copy, net->addr.bytes) == 1) {
		net->addr.family = AF_INET;
		net->bits = 32;
	} else if (inet_pton(AF_INET6, copy, net->addr.bytes) == 1) {
		net->addr.family = AF_INET6;
		net->bits = 128;
	} else
		return (false);
	if (slash == NULL)
		return (true);
	bits = strtoul(slash, &end, 10);
	if (*slash == '\0' || *end != '\0' || bits > net->bits)
		return (false);
	net->bits = (unsigned)bits;
	return (true);
}

static bool
contains(const struct network *net, const struct proxy_address *addr)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (net->addr.family != addr->family ||
	    memcmp(net->addr.bytes, addr->bytes, whole) != 0)
		return (false);
	return (rest == 0 ||
	    ((net->addr.bytes[whole] ^ addr->bytes[whole]) & mask) == 0);
}

/* The address of an IP peer; false for others. */
static bool
peer_address(const struct sockaddr_storage *peer, struct proxy_address *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (peer->ss_family == AF_INET) {
		memcpy(&v4, peer, sizeof(v4));
		memset(addr, 0, sizeof(*addr));
		addr->family = AF_INET;
		memcpy(addr->bytes, &v4.sin_addr, 4);
		return (true);
	}
	if (peer->ss_family != AF_INET6)
		return (false);
	memcpy(&v6, peer, sizeof(v6));
	set_v6(addr, &v6.sin6_addr);
	return (true);
}

static bool
has_address(const struct conf_list *list, const struct proxy_address *addr)
{
	struct network net;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (parse_network(list->v[i], &net) && contains(&net, addr))
			return (true);
	}
	return (false);
}

static bool
has_unix(const struct conf_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (strcmp(list->v[i], UNIX) == 0)
			return (true);
	}
	return (false);
}

bool
proxy_is_trusted(const struct conf_list *list,
    const struct sockaddr_storage *peer)
{
	struct proxy_address addr;

	if (peer->ss_family == AF_UNIX)
		return (has_unix(list));
	return (peer_address(peer, &addr) && has_address(list, &addr));
}

/* The last item of a list, without the white space around it, taken off. */
static struct slice
last_item(struct slice *list)
{
	size_t n = list->n, end;

	while (n > 0 && list->p[n - 1] != ',')
		n--;
	end = list->n;
	list->n = n == 0 ? 0 : n - 1;
	while (end > n && (list->p[end - 1] == ' ' || list->p[end - 1] == '\t'))
		end--;
	while (n < end && (list->p[n] == ' ' || list->p[n] == '\t'))
		n++;
	return ((struct slice){ list->p + n, end - n });
}

/* address, [v6], or either with :port behind it, which some proxies write. */
static bool
parse_item(struct slice item, struct proxy_address *addr)
{
	char copy[INET6_ADDRSTRLEN + 8], *text = copy, *end;
	struct in6_addr v6;

	if (item.n == 0 || item.n >= sizeof(copy) ||
	    memchr(item.p, '\0', item.n) != NULL)
		return (false);
	memcpy(copy, item.p, item.n);
	copy[item.n] = '\0';
	if (*text == '[') {
		text++;
		if ((end = strchr(text, ']')) == NULL ||
		    (end[1] != '\0' && end[1] != ':'))
			return (false);
		*end = '\0';
	} else if (strchr(text, '.') != NULL &&
	    (end = strrchr(text, ':')) != NULL && strchr(text, ':') == end)
		*end = '\0';
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, addr->bytes) == 1) {
		addr->family = AF_INET;
		return (true);
	}
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return (false);
	set_v6(addr, &v6);
	return (true);
}

bool
proxy_client(const struct conf_list *list,
    const struct sockaddr_storage *peer, struct slice forwarded_for,
    struct proxy_address *out)
{
	if (!proxy_is_trusted(list, peer))
		return (peer_address(peer, out));
	if (forwarded_for.p == NULL)
		return (false);
	do {
		if (!parse_item(last_item(&forwarded_for), out))
			return (false);
	} while (forwarded_for.n != 0 && has_address(list, out));
	return (true);
}

bool
proxy_check_list(const struct conf_list *list, struct buf *err)
{
	struct network net;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (strcmp(list->v[i], UNIX) == 0 ||
		    parse_network(list->v[i], &net))
			continue;
		buf_addf(err, "trusted_proxies: \"%s\" is not allowed; an "
		    "address, a network such as 10.0.0.0/8, or unix",
		    list->v[i]);
		return (false);
	}
	return (true);
}
