/*
 * Interned users, sessions and grants, in trees ordered by the text they are
 * found by: no hash that a peer could aim at, and as many entries as a worker
 * has users.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "server/people.h"

#define COST_BYTES	1024	/* so many count as a message more */
#define CHAT_PART(n)	((n) - (n) / 4)

RB_HEAD(user_tree, user);
RB_HEAD(session_tree, session);

struct people {
	struct user_tree	users;
	struct session_tree	sessions;
	LIST_HEAD(, model)	models;		/* a site has dozens */
	size_t			n_users;
	size_t			n_grants;
	uint64_t		n_changes;	/* of what is shown of users */
};

static int
user_cmp(struct user *a, struct user *b)
{
	return (strcmp(a->identity->id, b->identity->id));
}

/* By cookie and user. Django gives a session another key when another user
 * logs in with it, so two users on one cookie are not seen in practice; if they
 * were, each would keep an entry that is checked again. */
static int
session_cmp(struct session *a, struct session *b)
{
	size_t n = a->cookie_n < b->cookie_n ? a->cookie_n : b->cookie_n;
	int cmp = memcmp(a->cookie, b->cookie, n);

	if (cmp != 0)
		return (cmp);
	if (a->cookie_n != b->cookie_n)
		return (a->cookie_n < b->cookie_n ? -1 : 1);
	return (strcmp(a->user->identity->id, b->user->identity->id));
}

RB_PROTOTYPE(user_tree, user, _link, user_cmp)
RB_PROTOTYPE(session_tree, session, _link, session_cmp)
RB_GENERATE(user_tree, user, _link, user_cmp)
RB_GENERATE(session_tree, session, _link, session_cmp)

struct people *
people_new(void)
{
	struct people *people = xcalloc(1, sizeof(*people));

	RB_INIT(&people->users);
	RB_INIT(&people->sessions);
	LIST_INIT(&people->models);
	return (people);
}

void
people_free(struct people *people)
{
	ASSERT(people->n_grants == 0);
	free(people);
}

size_t
people_users(const struct people *people)
{
	return (people->n_users);
}

static struct user *
find_user(struct people *people, const char *id)
{
	struct identity key = { .id = (char *)(uintptr_t)id };
	struct user probe = { .identity = &key };

	return (RB_FIND(user_tree, &people->users, &probe));
}

unsigned
people_sockets_of(const struct people *people, const char *user_id)
{
	struct user *u = find_user((struct people *)(uintptr_t)people, user_id);

	return (u == NULL ? 0 : u->sockets - u->held);
}

const struct identity *
people_identity(const struct people *people, const char *user_id)
{
	struct user *u = find_user((struct people *)(uintptr_t)people, user_id);

	return (u == NULL ? NULL : u->identity);
}

/* A grant that the last check has confirmed. */
static bool
is_confirmed(const struct grant *g)
{
	return (!g->right.is_denied && !g->is_overdue &&
	    !g->right.is_unverified);
}

const struct identity *
people_of_session(const struct people *people, struct slice cookie)
{
	char nobody[] = "";
	struct identity id = { .id = nobody };
	struct user user = { .identity = &id };
	struct session probe = { .cookie = (char *)(uintptr_t)cookie.p,
	    .cookie_n = cookie.n, .user = &user };
	struct session *s = RB_NFIND(session_tree,
	    &((struct people *)(uintptr_t)people)->sessions, &probe);
	const struct grant *g;

	if (s == NULL || s->cookie_n != cookie.n ||
	    memcmp(s->cookie, cookie.p, cookie.n) != 0)
		return (NULL);
	LIST_FOREACH(g, &s->grants, _link) {
		if (is_confirmed(g))
			return (s->user->identity);
	}
	return (NULL);
}

uint64_t
people_changes(const struct people *people)
{
	return (people->n_changes);
}

bool
user_may_send(struct user *user, const struct conf *conf, int64_t now_ms,
    size_t n, bool is_chat)
{
	int64_t burst = conf->user_message_burst;

	if (conf->user_message_rate == 0)
		return (true);
	return (bucket_take(&user->messages, now_ms, conf->user_message_rate,
	    is_chat ? CHAT_PART(burst) : burst, 1 + n / COST_BYTES));
}

static bool
is_shown_alike(const struct identity *a, const struct identity *b)
{
	return (strcmp(a->username, b->username) == 0 &&
	    strcmp(a->name, b->name) == 0 && strcmp(a->email, b->email) == 0 &&
	    text_same_or_none(a->avatar_url, b->avatar_url));
}

static void
set_identity(struct user *u, struct identity *identity)
{
	u->identity = identity;
	u->person = (struct person){
		.id = identity->id, .username = identity->username,
		.name = identity->name, .email = identity->email,
		.avatar_url = identity->avatar_url,
	};
}

static struct user *
get_user(struct people *people, struct identity *identity)
{
	struct user *u = find_user(people, identity->id);

	if (u != NULL) {
		people->n_changes += !is_shown_alike(u->identity, identity);
		identity_free(u->identity);
		set_identity(u, identity);
		return (u);
	}
	u = xcalloc(1, sizeof(*u));
	set_identity(u, identity);
	RB_INSERT(user_tree, &people->users, u);
	people->n_users++;
	return (u);
}

static struct session *
get_session(struct people *people, struct slice cookie, struct user *user)
{
	struct session probe = { .cookie = (char *)(uintptr_t)cookie.p,
	    .cookie_n = cookie.n, .user = user };
	struct session *s = RB_FIND(session_tree, &people->sessions, &probe);

	if (s != NULL)
		return (s);
	s = xcalloc(1, sizeof(*s));
	s->user = user;
	s->cookie = xmemdup0(cookie.p, cookie.n);
	s->cookie_n = cookie.n;
	LIST_INIT(&s->grants);
	RB_INSERT(session_tree, &people->sessions, s);
	return (s);
}

static struct model *
get_model(struct people *people, const char *app_label, const char *name)
{
	struct model *m;

	LIST_FOREACH(m, &people->models, _link) {
		if (strcmp(m->app_label, app_label) == 0 &&
		    strcmp(m->name, name) == 0)
			break;
	}
	if (m == NULL) {
		m = xcalloc(1, sizeof(*m));
		m->app_label = xstrdup(app_label);
		m->name = xstrdup(name);
		LIST_INSERT_HEAD(&people->models, m, _link);
	}
	m->grants++;
	return (m);
}

static void
put_model(struct model *m)
{
	if (--m->grants != 0)
		return;
	LIST_REMOVE(m, _link);
	free(m->app_label);
	free(m->name);
	free(m);
}

static struct grant *
get_grant(struct people *people, struct session *s, const char *app_label,
    const char *model)
{
	struct grant *g;

	LIST_FOREACH(g, &s->grants, _link) {
		if (!g->right.is_denied &&
		    strcmp(g->model->app_label, app_label) == 0 &&
		    strcmp(g->model->name, model) == 0)
			return (g);
	}
	g = xcalloc(1, sizeof(*g));
	g->session = s;
	g->right.person = &s->user->person;
	g->model = get_model(people, app_label, model);
	LIST_INSERT_HEAD(&s->grants, g, _link);
	people->n_grants++;
	return (g);
}

struct grant *
people_get(struct people *people, struct slice cookie,
    struct identity *identity, const char *app_label, const char *model,
    bool may_change, bool may_take_over)
{
	struct user *u = get_user(people, identity);
	struct session *s = get_session(people, cookie, u);
	struct grant *g = get_grant(people, s, app_label, model);

	g->right.may_change = may_change;
	g->right.may_take_over = may_take_over;
	g->is_overdue = g->right.is_unverified = false;
	g->verified_ms = clock_mono_ms();
	g->sockets++;
	u->sockets++;
	return (g);
}

static void
put_session(struct people *people, struct session *s)
{
	if (!LIST_EMPTY(&s->grants))
		return;
	RB_REMOVE(session_tree, &people->sessions, s);
	explicit_bzero(s->cookie, s->cookie_n);
	free(s->cookie);
	free(s);
}

static void
put_user(struct people *people, struct user *u)
{
	if (--u->sockets != 0)
		return;
	RB_REMOVE(user_tree, &people->users, u);
	people->n_users--;
	identity_free(u->identity);
	free(u);
}

void
people_put(struct people *people, struct grant *g)
{
	struct session *s = g->session;
	struct user *u = s->user;

	if (--g->sockets == 0) {
		LIST_REMOVE(g, _link);
		people->n_grants--;
		put_model(g->model);
		free(g);
		put_session(people, s);
	}
	put_user(people, u);
}

struct grant **
people_hold_all(struct people *people, size_t *n)
{
	struct grant **all = xcalloc(people->n_grants, sizeof(*all)), *g;
	struct session *s;

	*n = 0;
	RB_FOREACH(s, session_tree, &people->sessions) {
		LIST_FOREACH(g, &s->grants, _link) {
			g->sockets++;
			s->user->sockets++;
			s->user->held++;
			all[(*n)++] = g;
		}
	}
	return (all);
}

void
people_unhold(struct people *people, struct grant *g)
{
	g->session->user->held--;
	people_put(people, g);
}

bool
people_note(struct grant *g, const struct auth_recheck *answer,
    int64_t asked_ms)
{
	bool had_change = g->right.may_change;
	bool had_take_over = g->right.may_take_over;
	bool was_denied = g->right.is_denied;

	switch (answer->verdict) {
	case AUTH_UNAVAILABLE:
		g->is_overdue = true;
		return (false);
	case AUTH_DENIED:
		g->right.is_denied = true;
		return (!was_denied);
	case AUTH_ALLOWED:
		break;
	}
	g->right.may_change = answer->may_change;
	g->right.may_take_over = answer->may_take_over;
	g->is_overdue = g->right.is_unverified = false;
	/* A handshake may have come since. */
	if (g->verified_ms < asked_ms)
		g->verified_ms = asked_ms;
	return ((had_change && !g->right.may_change) ||
	    (had_take_over && !g->right.may_take_over));
}

size_t
people_expire(struct people *people, int64_t since_ms, int64_t *oldest_ms)
{
	struct session *s;
	struct grant *g;
	size_t n = 0;

	*oldest_ms = INT64_MAX;
	RB_FOREACH(s, session_tree, &people->sessions) {
		LIST_FOREACH(g, &s->grants, _link) {
			if (!g->is_overdue || g->right.is_denied ||
			    g->right.is_unverified)
				continue;
			if (g->verified_ms <= since_ms) {
				g->right.is_unverified = true;
				g->right.may_change = false;
				g->right.may_take_over = false;
				n++;
			} else if (g->verified_ms < *oldest_ms)
				*oldest_ms = g->verified_ms;
		}
	}
	return (n);
}
