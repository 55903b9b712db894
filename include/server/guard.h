/*
 * The guard: who is not the editor of an object does not save it, whatever
 * browser or program it is. A proxy of ours (trusted_proxies; the caller has
 * looked) asks about each request to the admin, before the site sees it:
 *
 *	GET <prefix>/guard	204: let it pass; 403: do not
 *	GET <prefix>/refused	what to answer to the browser instead: 204, and
 *				its page stays as it is, or a page with 423
 *
 * Method, path and cookie of the request come in the headers of the question.
 * The rules are rules/guard.h's; what cannot be decided passes. Owns the
 * questions that wait for Redis or the database. Loop thread only.
 */
#ifndef COLLABD_SERVER_GUARD_H
#define COLLABD_SERVER_GUARD_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"
#include "proto/reqhead.h"
#include "shm/region.h"

struct audit;
struct auth;
struct client;
struct event_base;
struct guard;
struct guard_ask;
struct people;
struct store;

/* What the guard works with; borrowed, and outlives it but for the store and
 * auth, which may be freed before guard_free(). */
struct guard_parts {
	const struct conf	*conf;
	struct event_base	*base;
	struct shm		*shm;
	int			 slot;
	struct auth		*auth;
	struct store		*store;
	struct people		*people;
	struct audit		*audit;
};

/* answer is called once for each question that is not cancelled; the response
 * is lent for the call. */
struct guard *guard_new(const struct guard_parts *parts,
	    void (*answer)(struct client *client, struct slice response,
	    void *arg), void *arg) MUSTCHECK;
/* After the connections, the pool and the store are freed: nobody calls back
 * any more. NULL is fine. */
void	guard_free(struct guard *guard);

/*
 * A question of a client, whose head is read before this returns; is_refused is
 * for <prefix>/refused. Answers before it returns, and is NULL then, or later:
 * the handle is good until then or until guard_cancel().
 */
struct guard_ask *guard_start(struct guard *guard, struct client *client,
	    const struct reqhead *head, bool is_refused);
/* The client is gone: answer will not be called. */
void	guard_cancel(struct guard_ask *ask);

#endif
