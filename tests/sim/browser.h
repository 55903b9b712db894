/*
 * Browsers of the simulated world: each is one page of one user in one room, of
 * the package or of collabd's own client, reduced to what it says and believes.
 * And the clients of a worker, in place of server/client.c.
 */
#ifndef COLLABD_SIM_BROWSER_H
#define COLLABD_SIM_BROWSER_H

#include "sim/world.h"

enum browser_state { BROWSER_CLOSED, BROWSER_CONNECTING, BROWSER_OPEN };

struct browser {
	int		 number;
	int		 user;		/* 1 to USERS */
	int		 room;		/* 0 to ROOMS - 1 */
	bool		 is_tab;	/* of collabd's own client */
	bool		 wants;		/* to edit */
	enum browser_state state;
	int64_t		 since_us;	/* when it was connected */
	unsigned	 page;		/* counts loads: the id of its tab */
	struct client	*client;	/* its socket, unless closed */
	struct sim_event	*event;		/* the next thing it does by itself */
	struct sim_event	*beat;

	/* What it was told on this socket. */
	bool		 is_welcome;	/* its first frames have come */
	bool		 knows_editor;
	int		 editor;	/* a user; 0: nobody */
	bool		 is_editor;	/* it may type */
	bool		 is_reserved;	/* the free lock is kept for somebody, or
					 * offered: that is shown, too */
	unsigned	 present;	/* a bit for each user */
	int64_t		 held_us;	/* its claim was refused because of
					 * somebody it knows nothing of; or 0 */

	/* It was the editor, and nothing but the server can have taken that
	 * from it since. */
	bool		 deserves;
	int64_t		 given_us;	/* it gave the lock back; 0: never */
};

void	browsers_new(void);
void	browsers_free(void);
/* The worker at the other end of its socket; NULL if that is closed. */
const struct worker *browser_worker(const struct browser *b);
/* The worker's process has ended: its sockets break. */
void	browsers_lose(struct worker *worker);
/* Its user may type, and does. */
bool	browser_edits(const struct browser *browser);
/* One of them does something that users do. */
void	browser_random(void);

#endif
