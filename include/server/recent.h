/*
 * Sessions of which the database has said within the last seconds whose they
 * are, so that a form that is sent twice, or right after its page was opened,
 * costs one question. Nothing is kept of who was refused. A fixed number of
 * places; a newer session takes an older one's. Owns copies of the cookies and
 * wipes them. One for each worker; loop thread only.
 */
#ifndef COLLABD_SERVER_RECENT_H
#define COLLABD_SERVER_RECENT_H

#include <stdint.h>

#include "base/compat.h"
#include "base/slice.h"

#define RECENT_PLACES	256
#define RECENT_MS	10000	/* for so long it is believed */

struct recent;

/* Borrowed texts. */
struct recent_user {
	const char	*id;
	const char	*name;
};

struct recent *recent_new(void) MUSTCHECK;
void	recent_free(struct recent *recent);
/* The session is this user's, by an answer to a question asked at now_ms of
 * clock_mono_ms(). */
void	recent_add(struct recent *recent, struct slice cookie,
	    const struct recent_user *user, int64_t now_ms);
/* Whose session it is; NULL if that is not known any more. Valid until the next
 * recent_add(). */
const struct recent_user *recent_find(struct recent *recent,
	    struct slice cookie, int64_t now_ms);

#endif
