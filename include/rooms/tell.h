/*
 * What sockets of a room are told, as data. How a page of the package and a tab
 * of collabd's own client read it is made of that where it is delivered.
 */
#ifndef COLLABD_ROOMS_TELL_H
#define COLLABD_ROOMS_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "rooms/say.h"
#include "rules/edit.h"

struct room_user;

/* To whom, of those that have got their first frames: as in struct store_frame,
 * and tabs that have missed nothing of the news, by how they take them. */
#define TO_PAGES	'A'
#define TO_OTHERS	'X'	/* pages of all but a user */
#define TO_USER		'U'	/* pages of a user */
#define TO_TABS		'T'
#define TO_USERS_TABS	'V'
#define TO_TABS_MANY	'N'	/* users_present */
#define TO_TABS_EACH	'O'

/* Why something is refused. */
enum refusal {
	REFUSED_BAD,		/* not understood; the code is its kind */
	REFUSED_NOT_READY,
	REFUSED_RATE,
	REFUSED_EMPTY,
	REFUSED_TOO_LONG,
	REFUSED_HELLO,
	REFUSED_NO_USER,
	REFUSED_ANSWER,
	REFUSED_DISABLED,
	REFUSED_IS_EDITOR,
	REFUSED_HELD,
	REFUSED_NOT_EDITOR,
	REFUSED_NO_EDITOR,
	REFUSED_FORBIDDEN,
	REFUSED_NOBODY,
	REFUSED_TOO_SOON,
	REFUSED_BUSY,
	REFUSED_UNDECIDED,	/* Redis did not answer */
	REFUSED_UNSENT,		/* ... to a chat message */
	REFUSALS
};

enum tell_what {
	TELL_REFUSED,
	TELL_STATUS,		/* who: the editor, or nobody */
	TELL_RELEASED,		/* who: was the editor */
	TELL_PENDING,
	TELL_JOINED,		/* user, who is in the room now ... */
	TELL_LEFT,		/* ... or is not any more */
	TELL_ACTIVE,		/* of a chat room: who else is there */
	TELL_UPDATED,
	TELL_PONG,
	/* To tabs. */
	TELL_HELLO,
	TELL_PRESENCE,		/* who is there */
	TELL_PRESENT,		/* user, and what it does */
	TELL_NEWS,
	TELL_LOCK,
	TELL_UNKNOWN,		/* nobody knows who edits */
	TELL_SAVED,		/* text: the save, as Redis has it */
	TELL_BADGE,
	TELL_BADGES,		/* all of the room */
	/* text: a frame that came with an event. */
	TELL_FRAME,
};

struct tell {
	enum tell_what	 what;
	union {
		struct {
			enum refusal	why;
			enum say	to;
		}		 refused;
		struct edit_person who;
		struct {
			size_t		place, of;
		}		 pending;
		struct room_user *user;
		struct {
			struct edit_person who;
			int64_t		at_us;
		}		 updated;
		struct {
			struct room_user **present;
			size_t		n_present;
			const char	**absent;	/* ids */
			size_t		n_absent;
		}		 news;
		struct {
			const struct edit_state *st;
			bool		hides_editor;
		}		 lock;
		struct {
			struct slice	object;
			struct slice	value;	/* absent: none any more */
		}		 badge;
		struct slice	 text;
	};
};

#endif
