/*
 * Counts by address, in a tree: no hash that a peer could aim at, and as many
 * entries as there are addresses with connections.
 */
#include <arpa/inet.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/sys/cdefs.h>
#include <bsd/sys/tree.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "server/address.h"
#include "server/proxy.h"

#define NETWORK_BYTES	8	/* of an IPv6 address */

struct address {
	RB_ENTRY(address)	 link;
	struct proxy_address	 key;
	int64_t			 connections;
};

RB_HEAD(address_tree, address);

struct addresses {
	const struct conf	*conf;
	struct address_tree	 tree;
	size_t			 n;
};

static int
address_cmp(struct address *a, struct address *b)
{
	if (a->key.family != b->key.family)
		return (a->key.family < b->key.family ? -1 : 1);
	return (memcmp(a->key.bytes, b->key.bytes, sizeof(a->key.bytes)));
}

RB_PROTOTYPE(address_tree, address, link, address_cmp)
RB_GENERATE(address_tree, address, link, address_cmp)

struct addresses *
addresses_new(const struct conf *conf)
{
	struct addresses *set = xcalloc(1, sizeof(*set));

	set->conf = conf;
	RB_INIT(&set->tree);
	return (set);
}

void
addresses_free(struct addresses *set)
{
	ASSERT(RB_EMPTY(&set->tree));
	free(set);
}

static struct address *
add_address(struct addresses *set, const struct proxy_address *key)
{
	struct address *a = xcalloc(1, sizeof(*a));

	a->key = *key;
	RB_INSERT(address_tree, &set->tree, a);
	set->n++;
	return (a);
}

static void
warn_full(const struct address *a)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(a->key.family, a->key.bytes, text, sizeof(text)) == NULL)
		return;
	log_warn_limited("refused reason=\"too many connections of one "
	    "address\" address=%s%s connections=%lld; if that is a proxy of "
	    "yours, put it into trusted_proxies", text,
	    a->key.family == AF_INET6 ? "/64" : "",
	    (long long)a->connections);
}

bool
addresses_get(struct addresses *set, const struct sockaddr_storage *peer,
    struct slice forwarded_for, struct address **out)
{
	int64_t max = set->conf->max_connections_per_address;
	struct address probe, *a;

	*out = NULL;
	if (max == 0 || !proxy_client(&set->conf->trusted_proxies, peer,
	    forwarded_for, &probe.key))
		return (true);
	if (probe.key.family == AF_INET6)
		memset(probe.key.bytes + NETWORK_BYTES, 0,
		    sizeof(probe.key.bytes) - NETWORK_BYTES);
	if ((a = RB_FIND(address_tree, &set->tree, &probe)) == NULL)
		a = add_address(set, &probe.key);
	else if (a->connections >= max) {
		warn_full(a);
		return (false);
	}
	a->connections++;
	*out = a;
	return (true);
}

void
addresses_put(struct addresses *set, struct address *a)
{
	if (a == NULL || --a->connections != 0)
		return;
	RB_REMOVE(address_tree, &set->tree, a);
	set->n--;
	free(a);
}

size_t
addresses_count(const struct addresses *set)
{
	return (set->n);
}
