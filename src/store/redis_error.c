/*
 * The table of error replies, and where the word is that tells them apart.
 * The words are those of Redis 5 to 8 (and of its forks); the wrapped form is
 * that of 6.2 and older: "ERR Error running script (call to f_<sha>):
 * @user_script:<line>: [@user_script: <line>: ]-READONLY You can't ...", with
 * or without the '-'; and what redis.pcall() gives there is that from the second
 * @user_script on.
 */
#include <stdbool.h>
#include <string.h>

#include "base/compat.h"
#include "store/redis_error.h"

static const char *const wrappings[] = {
	"ERR Error running script", "@user_script"
};

static const struct redis_error errors[] = {
	{ REDIS_ERROR_PASSING, "LOADING", "Redis is still loading its data" },
	{ REDIS_ERROR_PASSING, "BUSY", "Redis is busy with a script" },
	{ REDIS_ERROR_PASSING, "MASTERDOWN", "Redis has lost its master" },
	{ REDIS_ERROR_PASSING, "READONLY", "Redis is a read-only replica" },
	{ REDIS_ERROR_PASSING, "CLUSTERDOWN", "the Redis cluster is down" },
	{ REDIS_ERROR_PASSING, "TRYAGAIN", "Redis is moving its data" },
	{ REDIS_ERROR_PASSING, "NOAUTH",
	    "Redis wants a password, and redis_url has none" },
	{ REDIS_ERROR_OPERATOR, "OOM",
	    "Redis has reached maxmemory: give it more, or a maxmemory-policy "
	    "that evicts other data" },
	{ REDIS_ERROR_OPERATOR, "MISCONF",
	    "Redis cannot save to its disk and refuses writes: see its log, or "
	    "set stop-writes-on-bgsave-error to no" },
	{ REDIS_ERROR_OPERATOR, "NOREPLICAS",
	    "Redis has fewer good replicas than min-replicas-to-write wants" },
	{ REDIS_ERROR_OPERATOR, "NOPERM",
	    "the Redis user of redis_url lacks a permission" },
	{ REDIS_ERROR_OPERATOR, "WRONGPASS",
	    "Redis refuses the user or password of redis_url" },
	{ REDIS_ERROR_OPERATOR, "MOVED",
	    "Redis is a node of a cluster, which collabd cannot use" },
	{ REDIS_ERROR_OPERATOR, "CROSSSLOT",
	    "Redis is a node of a cluster, which collabd cannot use" },
};

/* The entry whose word text begins with; NULL: none. */
static const struct redis_error *
find(struct slice text)
{
	size_t i, n;

	for (i = 0; i < COUNT_OF(errors); i++) {
		n = strlen(errors[i].word);
		if (text.n >= n && memcmp(text.p, errors[i].word, n) == 0 &&
		    (text.n == n || text.p[n] == ' '))
			return (&errors[i]);
	}
	return (NULL);
}

static bool
is_wrapped(struct slice text)
{
	size_t i, n;

	for (i = 0; i < COUNT_OF(wrappings); i++) {
		n = strlen(wrappings[i]);
		if (text.n > n && memcmp(text.p, wrappings[i], n) == 0)
			return (true);
	}
	return (false);
}

/* The same for the words behind a colon of a wrapped error. */
static const struct redis_error *
find_wrapped(struct slice text)
{
	const struct redis_error *e = NULL;
	size_t i;

	for (i = 0; e == NULL && i + 2 < text.n; i++) {
		struct slice rest = { text.p + i + 2, text.n - i - 2 };

		if (memcmp(text.p + i, ": ", 2) != 0)
			continue;
		if (*rest.p == '-') {
			rest.p++;
			rest.n--;
		}
		e = find(rest);
	}
	return (e);
}

struct redis_error
redis_error_of(struct slice text)
{
	static const struct redis_error unknown = {
		REDIS_ERROR_BUG, "", NULL
	};
	const struct redis_error *e = find(text);

	if (e == NULL && is_wrapped(text))
		e = find_wrapped(text);
	return (e != NULL ? *e : unknown);
}
