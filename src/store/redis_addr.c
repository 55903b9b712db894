/*
 * Addresses of Redis. A unix path and a numeric host need no search. For a
 * name the resolver is made for one search and thrown away after it: so a
 * changed resolv.conf is seen, and no socket idles.
 */
#include <sys/un.h>

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "store/redis_addr.h"
#include "store/redis_url.h"

/* One question to the resolver. Outlives its owner when it is given up, since
 * libevent answers a cancelled question too, later. */
struct search {
	struct redis_addr	*owner;		/* NULL: given up */
	struct event_base	*base;
	struct evdns_base	*dns;
};

struct redis_addr {
	const struct redis_url	*url;
	struct event_base	*base;
	struct search		*search;	/* in progress, or NULL */
	struct evdns_getaddrinfo_request *request;
	struct evutil_addrinfo	*list;
	const struct evutil_addrinfo *at;	/* the next to try */
	void			(*cb)(const struct sockaddr *, socklen_t,
				    const char *, void *);
	void			*arg;
};

struct redis_addr *
redis_addr_new(const struct redis_url *url, struct event_base *base)
{
	struct redis_addr *a = xcalloc(1, sizeof(*a));

	a->url = url;
	a->base = base;
	return (a);
}

void
redis_addr_free(struct redis_addr *a)
{
	if (a == NULL)
		return;
	redis_addr_cancel(a);
	if (a->list != NULL)
		evutil_freeaddrinfo(a->list);
	free(a);
}

void
redis_addr_cancel(struct redis_addr *a)
{
	struct evdns_getaddrinfo_request *request = a->request;

	if (a->search == NULL)
		return;
	a->search->owner = NULL;
	a->search = NULL;
	a->request = NULL;
	if (request != NULL)
		evdns_getaddrinfo_cancel(request);
}

/* Hands out the next of the list. */
static void
give(struct redis_addr *a)
{
	const struct evutil_addrinfo *ai = a->at;

	a->at = ai->ai_next;
	a->cb(ai->ai_addr, (socklen_t)ai->ai_addrlen, NULL, a->arg);
}

static void
search_free_cb(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct search *s = arg;

	evdns_base_free(s->dns, 0);
	free(s);
}

static void
resolved_cb(int result, struct evutil_addrinfo *list, void *arg)
{
	const struct timeval at_once = { 0, 0 };
	struct search *s = arg;
	struct redis_addr *a = s->owner;

	/* The resolver must not be freed below its own feet. */
	(void)event_base_once(s->base, -1, EV_TIMEOUT, search_free_cb, s,
	    &at_once);
	if (a == NULL) {
		if (list != NULL)
			evutil_freeaddrinfo(list);
		return;
	}
	a->search = NULL;
	a->request = NULL;
	if (result != 0 || list == NULL) {
		a->cb(NULL, 0, result != 0 ? evutil_gai_strerror(result) :
		    "no address", a->arg);
		return;
	}
	a->list = list;
	a->at = list;
	give(a);
}

static void
search(struct redis_addr *a, const char *host, const char *port)
{
	struct search *s = xcalloc(1, sizeof(*s));
	struct evdns_getaddrinfo_request *request;
	struct evutil_addrinfo hints;

	if (a->list != NULL)
		evutil_freeaddrinfo(a->list);
	a->list = NULL;
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_protocol = IPPROTO_TCP;
	if ((s->dns = evdns_base_new(a->base,
	    EVDNS_BASE_DISABLE_WHEN_INACTIVE)) == NULL)
		log_fatal("cannot make a resolver");
	/* A machine without name servers still has its hosts file; without
	 * both, the search says so. */
	(void)evdns_base_resolv_conf_parse(s->dns, DNS_OPTIONS_ALL,
	    "/etc/resolv.conf");
	s->base = a->base;
	s->owner = a;
	a->search = s;
	request = evdns_getaddrinfo(s->dns, host, port, &hints, resolved_cb,
	    s);
	/* Answered at once: s is no longer ours, and request is NULL. */
	if (a->search == s)
		a->request = request;
}

static void
give_unix(struct redis_addr *a)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(a->url->unix_path) >= sizeof(sun.sun_path)) {
		a->cb(NULL, 0, "path of the socket is too long", a->arg);
		return;
	}
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s",
	    a->url->unix_path);
	a->cb((const struct sockaddr *)(const void *)&sun, sizeof(sun), NULL,
	    a->arg);
}

void
redis_addr_next(struct redis_addr *a, void (*cb)(const struct sockaddr *,
    socklen_t, const char *, void *), void *arg)
{
	char port[8];

	ASSERT(a->search == NULL);
	a->cb = cb;
	a->arg = arg;
	if (a->url->unix_path != NULL) {
		give_unix(a);
		return;
	}
	if (a->at != NULL) {
		give(a);
		return;
	}
	(void)snprintf(port, sizeof(port), "%d", a->url->port);
	search(a, a->url->host, port);
}
