/*
 * A commit of a room in the form in which Redis takes it: the texts of the next
 * state, the frames that clients get of it, the lines for the audit log. Loop
 * thread only.
 */
#ifndef COLLABD_SERVER_COMMIT_H
#define COLLABD_SERVER_COMMIT_H

#include "base/buf.h"
#include "base/clock_text.h"
#include "rooms/effects.h"
#include "server/render.h"
#include "store/roomstate.h"
#include "store/store.h"

struct commit {
	struct store_change	 change;	/* lives as long as the rest */
	struct roomtext		 _text;
	struct buf		 text[STORE_FRAMES_MAX];
	struct store_frame	 frame[STORE_FRAMES_MAX];
	size_t			 n;
	struct buf		 _badge;
	char			 _time[CLOCK_ISO_SIZE];
};

/* Give it to commit_fini(). */
void	commit_make(struct commit *c, const struct render *r,
	    const struct room_commit *of);
void	commit_fini(struct commit *c);
/* What the model's room is to hear of a change of the lock; *value keeps the
 * text. */
void	commit_make_badge(struct room *room, const struct edit_state *from,
	    const struct edit_state *to, struct store_badge *badge,
	    struct buf *value);

#endif
