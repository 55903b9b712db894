/*
 * Channels. Who listens is told in the order of the subscriptions. A channel
 * exists while somebody listens.
 */
#include <stdlib.h>

#include "base/xmalloc.h"
#include "sim/redis_priv.h"
#include "store/resp.h"

static void
push(struct sim_redis *r, const struct sim_subscription *sub)
{
	const struct sim_session *s = sub->session;

	if (s->closed || s->hooks == NULL || s->hooks->on_push == NULL)
		return;
	s->hooks->on_push((struct slice){ r->push.p, r->push.n }, s->arg);
}

void
sim_run_publish(struct sim_call *c)
{
	struct sim_redis *r = c->r;
	struct sim_entry *channel = sim_dict_find(&r->channels, c->v[1]);
	struct sim_subscriptions *list = channel == NULL ? NULL : channel->ref;
	struct sim_subscription *sub;
	int64_t n = 0;

	if (list != NULL) {
		buf_reset(&r->push);
		resp_add_header(&r->push, 3);
		resp_add_str(&r->push, "message");
		resp_add_slice(&r->push, c->v[1]);
		resp_add_slice(&r->push, c->v[2]);
		/* The list stays: closed sessions are taken out later. */
		TAILQ_FOREACH(sub, list, of_channel) {
			n += !sub->session->closed;
			push(r, sub);
		}
	}
	sim_reply_int(c, n);
}

static struct sim_subscription *
find_subscription(const struct sim_session *s, struct slice name)
{
	struct sim_subscription *sub;
	struct sim_entry *channel = sim_dict_find(&s->redis->channels, name);

	TAILQ_FOREACH(sub, &s->subscriptions, of_session)
		if (sub->channel == channel)
			return (sub);
	return (NULL);
}

static void
add_subscription(struct sim_session *s, struct slice name)
{
	struct sim_redis *r = s->redis;
	struct sim_subscription *sub = xcalloc(1, sizeof(*sub));
	struct sim_subscriptions *list;

	if ((sub->channel = sim_dict_find(&r->channels, name)) == NULL) {
		sub->channel = sim_dict_add(&r->channels, name);
		list = xcalloc(1, sizeof(*list));
		TAILQ_INIT(list);
		sub->channel->ref = list;
	}
	list = sub->channel->ref;
	sub->session = s;
	TAILQ_INSERT_TAIL(&s->subscriptions, sub, of_session);
	TAILQ_INSERT_TAIL(list, sub, of_channel);
	s->n_subscriptions++;
}

static void
remove_subscription(struct sim_subscription *sub)
{
	struct sim_session *s = sub->session;
	struct sim_subscriptions *list = sub->channel->ref;

	TAILQ_REMOVE(&s->subscriptions, sub, of_session);
	TAILQ_REMOVE(list, sub, of_channel);
	s->n_subscriptions--;
	if (TAILQ_EMPTY(list)) {
		free(list);
		sim_dict_remove(&s->redis->channels, sub->channel);
	}
	free(sub);
}

static void
reply_subscription(struct sim_call *c, const char *verb, struct slice name)
{
	sim_reply_array(c, 3);
	sim_reply_bulk(c, slice_of(verb));
	if (name.p == NULL)
		sim_reply_nil(c);
	else
		sim_reply_bulk(c, name);
	sim_reply_int(c, c->s->n_subscriptions);
}

void
sim_run_subscribe(struct sim_call *c)
{
	size_t i;

	for (i = 1; i < c->n; i++) {
		if (find_subscription(c->s, c->v[i]) == NULL)
			add_subscription(c->s, c->v[i]);
		reply_subscription(c, "subscribe", c->v[i]);
	}
}

static void
unsubscribe_all(struct sim_call *c)
{
	struct sim_subscription *sub;
	char *name;
	size_t n;

	if (TAILQ_EMPTY(&c->s->subscriptions))
		reply_subscription(c, "unsubscribe", (struct slice){ NULL, 0 });
	while ((sub = TAILQ_FIRST(&c->s->subscriptions)) != NULL) {
		n = sub->channel->name_n;
		name = xmemdup0(sub->channel->name, n);
		remove_subscription(sub);
		reply_subscription(c, "unsubscribe", (struct slice){ name, n });
		free(name);
	}
}

void
sim_run_unsubscribe(struct sim_call *c)
{
	struct sim_subscription *sub;
	size_t i;

	if (c->n == 1)
		unsubscribe_all(c);
	for (i = 1; i < c->n; i++) {
		if ((sub = find_subscription(c->s, c->v[i])) != NULL)
			remove_subscription(sub);
		reply_subscription(c, "unsubscribe", c->v[i]);
	}
}

void
sim_session_unsubscribe(struct sim_session *s)
{
	struct sim_subscription *sub;

	while ((sub = TAILQ_FIRST(&s->subscriptions)) != NULL)
		remove_subscription(sub);
}
