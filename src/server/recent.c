/*
 * Each session has two places that it may be in, side by side; the older of
 * the two gives way. The hash is seeded, so nobody can aim at a place.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xmalloc.h"
#include "server/recent.h"

struct place {
	char		*cookie;	/* a secret; NULL: free */
	size_t		 cookie_n;
	char		*id;
	char		*name;
	int64_t		 at_ms;
	struct recent_user user;	/* of the two above */
};

struct recent {
	uint64_t	 seed;
	struct place	 places[RECENT_PLACES];
};

_Static_assert(RECENT_PLACES % 2 == 0, "places come in pairs");

static void
clear(struct place *p)
{
	if (p->cookie != NULL)
		explicit_bzero(p->cookie, p->cookie_n);
	free(p->cookie);
	free(p->id);
	free(p->name);
	memset(p, 0, sizeof(*p));
}

static struct place *
pair_of(struct recent *recent, struct slice cookie)
{
	uint64_t h = hash_bytes(cookie.p, cookie.n, recent->seed);

	return (&recent->places[h % (RECENT_PLACES / 2) * 2]);
}

static bool
is_of(const struct place *p, struct slice cookie)
{
	return (p->cookie != NULL && p->cookie_n == cookie.n &&
	    memcmp(p->cookie, cookie.p, cookie.n) == 0);
}

struct recent *
recent_new(void)
{
	struct recent *recent = xcalloc(1, sizeof(*recent));

	recent->seed = hash_seed();
	return (recent);
}

void
recent_free(struct recent *recent)
{
	size_t i;

	if (recent == NULL)
		return;
	for (i = 0; i < RECENT_PLACES; i++)
		clear(&recent->places[i]);
	free(recent);
}

void
recent_add(struct recent *recent, struct slice cookie,
    const struct recent_user *user, int64_t now_ms)
{
	struct place *p = pair_of(recent, cookie);
	char *id = xstrdup(user->id), *name = xstrdup(user->name);

	if (!is_of(&p[0], cookie) &&
	    (is_of(&p[1], cookie) || p[1].at_ms < p[0].at_ms))
		p++;
	clear(p);
	p->cookie = xmemdup0(cookie.p, cookie.n);
	p->cookie_n = cookie.n;
	p->id = id;
	p->name = name;
	p->at_ms = now_ms;
	p->user = (struct recent_user){ id, name };
}

const struct recent_user *
recent_find(struct recent *recent, struct slice cookie, int64_t now_ms)
{
	struct place *p = pair_of(recent, cookie);

	if (!is_of(p, cookie) && !is_of(++p, cookie))
		return (NULL);
	if (now_ms - p->at_ms < RECENT_MS)
		return (&p->user);
	clear(p);
	return (NULL);
}
