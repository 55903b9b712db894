/*
 * What a socket says, as rooms are told of it: words of the wire are the caller's
 * to read. Slices are borrowed during the call.
 */
#ifndef COLLABD_ROOMS_SAY_H
#define COLLABD_ROOMS_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum say {
	/* What is no message of ours. */
	SAY_BAD_JSON,
	SAY_TOO_DEEP,
	SAY_NOT_OBJECT,
	SAY_NO_TYPE,
	SAY_UNKNOWN,
	/* In all rooms. */
	SAY_HEARTBEAT,
	/* In an edit room. */
	SAY_REQUEST_EDITOR_STATUS,
	SAY_CLAIM_EDITOR,
	SAY_CONTENT_UPDATED,
	SAY_RELEASE_LOCK,
	SAY_REQUEST_ATTENTION,
	/* In a chat room, and tabs. */
	SAY_CHAT_MESSAGE,
	/* Tabs: sockets of collabd's own client. */
	SAY_HELLO,
	SAY_STATE,
	SAY_REQUEST_EDIT,
	SAY_CANCEL_REQUEST,
	SAY_ANSWER_REQUEST,
	SAY_TAKE_OVER,
	SAY_SAVE_CHECK,
	SAY_PING,
	SAYS
};

/* What a user does in a tab, as Redis has it (store_member.states). */
#define TAB_VIEWING	'v'
#define TAB_DIRTY	'u'	/* has unsaved changes */
#define TAB_IDLE	'i'
#define TAB_NONE	'\0'	/* no tab, only pages of the package */

#define SAY_NO_TIME	INT64_MIN

enum say_answer { ANSWER_NONE, ANSWER_HAND_OVER, ANSWER_LATER };

/* How a tab has compared its page with what is saved. */
enum say_check {
	CHECK_NONE,		/* a word that nobody knows */
	CHECK_SAME,
	CHECK_DIFFERS,
	CHECK_GONE,
	CHECK_LOGIN,
	CHECK_TIMEOUT,
	CHECK_ERROR,
	CHECK_UNREADABLE,
};

struct saying {
	enum say	 what;
	int64_t		 at_us;		/* a time of its own, or SAY_NO_TIME */
	/* Whom it is for: a user's id, and the same as it came, which is passed
	 * on. Both are absent if it says none; is_bad: what it says is none. */
	struct slice	 recipient;
	struct slice	 recipient_raw;
	bool		 recipient_is_bad;
	struct slice	 text;		/* of chat; absent: none */
	/* Of tabs. */
	struct slice	 tab;		/* its id; absent: none that is one */
	char		 letter;	/* TAB_... */
	enum say_answer	 answer;
	enum say_check	 check;
	struct slice	 reason;
	bool		 moves;
	bool		 may_return;
	bool		 takes_many;
};

#endif
