/*
 * Whose a socket is, and what it may do in its room: the caller's, who changes it
 * when a later check says so (rooms_enforce() tells the rooms), and keeps it as
 * long as the member.
 */
#ifndef COLLABD_ROOMS_RIGHT_H
#define COLLABD_ROOMS_RIGHT_H

#include <stdbool.h>

/* What is shown of a user. Borrowed texts, never NULL but for avatar_url. */
struct person {
	const char	*id;
	const char	*username;	/* "" when there is none, as those below */
	const char	*name;		/* what people are shown */
	const char	*email;
	const char	*avatar_url;	/* or NULL */
};

struct right {
	const struct person *person;
	bool		 may_change;
	bool		 may_take_over;
	bool		 is_denied;	/* by a later check */
	/* It could not be checked for reauth_grace: nothing may be done with it
	 * any more, its sockets are about to be closed. */
	bool		 is_unverified;
};

#endif
