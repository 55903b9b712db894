/*
 * Users of rooms, as they are shown, and their infos: the JSON text that goes
 * through Redis with a user. Loop thread only.
 */
#ifndef COLLABD_SERVER_ROSTER_H
#define COLLABD_SERVER_ROSTER_H

#include "base/buf.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/slice.h"
#include "rooms/room.h"
#include "server/frame.h"
#include "server/render.h"

/* The user's info; the caller frees it. */
char	*roster_info(const struct room_user *user) MUSTCHECK;
/* Keeps it for a user who has none yet, and perhaps no member to make it from.
 */
void	roster_keep_info(struct render *r, struct room_user *user,
	    struct slice info);
/* The user is about to be freed. */
void	roster_forget(struct render *r, struct room_user *user);
/* Nothing that was made of the room's users is right any more. */
void	roster_forget_shown(struct room *room);

/*
 * What was made of a user for frames that show it. Only in a large room into
 * which many come (room->fills): NULL elsewhere, and a moment later.
 */
struct shown {
	struct frame	*joined;	/* user_joined; NULL: not made yet */
	struct buf	 person;	/* as lists have it; n 0: not made yet */
	char		 letter;	/* what it did then: TAB_... */
};
struct shown *roster_shown(struct render *r, struct room *room,
	    struct room_user *user);

/* A user's info, taken apart. Empty texts where it has none. */
struct roster_info {
	struct json	*_obj;		/* keeps the texts */
	const char	*username, *name, *email, *joined;
	const char	*avatar_url;	/* or NULL */
};
void	roster_info_read(struct roster_info *info, struct slice text);
void	roster_info_fini(struct roster_info *info);
/* The name that people are shown of a user; fallback if it is not known here.
 * The caller frees it. */
char	*roster_name(struct room *room, const char *id, const char *fallback)
	    MUSTCHECK;

/* user_joined of one user, as sockets of this room are told; give it back. */
struct frame *roster_joined(struct render *r, struct room *room,
	    struct room_user *user) MUSTCHECK;
/* user_left. */
void	roster_add_left(struct buf *b, const struct room *room,
	    const struct room_user *user);
/* A user as active_users lists it, and as tabs are shown it; own is used where
 * nothing is kept. */
struct slice roster_active(struct render *r, struct room *room,
	    struct room_user *user, struct buf *own);
struct slice roster_person(struct render *r, struct room *room,
	    struct room_user *user, struct buf *own);

#endif
