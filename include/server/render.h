/*
 * What a room tells (tell.h), made into frames and delivered: once for all that
 * are told the same. How users are shown is in roster.h. Loop thread only.
 */
#ifndef COLLABD_SERVER_RENDER_H
#define COLLABD_SERVER_RENDER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/slice.h"
#include "proto/message.h"
#include "proto/tabmsg.h"
#include "rooms/room.h"
#include "rules/edit.h"

struct people;
struct profiles;
struct saves;

/* What it is made with; all are the caller's, but what render_init() makes. */
struct render {
	const struct people *people;
	struct profiles	*profiles;	/* of users elsewhere */
	const struct saves *saves;
	struct buf	 settings;	/* JSON for tabs */
	uint64_t	 seed;		/* of the numbers of locks */
};

void	render_init(struct render *r, const struct conf *conf,
	    const struct people *people);
/* The rooms must be gone. */
void	render_fini(struct render *r);

/* To the ready members of the audience; user_id as in struct store_frame. */
void	render_tell(struct render *r, struct room *room,
	    const struct tell *what, char audience, struct slice user_id);
void	render_tell_one(struct render *r, struct member *member,
	    const struct tell *what);
/* The number of a lock as it is told: another one when the frame is another.
 * Never 0. */
uint64_t render_lock_number(struct render *r, struct room *room,
	    const struct edit_state *st);

/* Users as frames of the two kinds name them. */
struct message_user render_user(const struct room *room, const char *id,
	    const char *name);
struct tabmsg_who render_who(const struct room *room, const char *id,
	    const char *name);

#endif
