/*
 * Who a socket belongs to: what a room shows of a user, as it stood in the
 * user's row when the handshake was decided. A plain value on the heap with
 * one owner; identity_free() takes it back. Any thread, not shared.
 */
#ifndef COLLABD_AUTH_IDENTITY_H
#define COLLABD_AUTH_IDENTITY_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"

struct identity {
	char	*id;		/* as Django's str(pk): decimal, UUID with
				 * hyphens, or text */
	bool	 id_is_number;	/* JSON: a number, else a string */
	char	*username;	/* never NULL; "" when the row has none */
	char	*name;		/* what people are shown; never NULL, "" only
				 * when username is */
	char	*email;		/* never NULL; "" when the row has none */
	char	*avatar_url;	/* media_url and path, or NULL */
	bool	 is_superuser;
};

/*
 * Makes an identity from columns as the database wrote them. id and name are
 * taken as user_id_text() and user_shown_name() say. An absent or empty avatar
 * gives a NULL avatar_url; else its bytes are percent-encoded as
 * Django's filepath_to_uri does (utils/encoding.py, 2.2 to 6.1) and put behind
 * conf->media_url. The caller owns the result.
 */
struct identity *identity_new(const struct conf *conf, struct slice id,
	    struct slice username, struct slice name, struct slice email,
	    struct slice avatar, bool is_superuser) MUSTCHECK;
/* NULL is allowed. */
void	 identity_free(struct identity *user);
/* A copy with an owner of its own; NULL gives NULL. */
struct identity *identity_clone(const struct identity *user) MUSTCHECK;

#endif
