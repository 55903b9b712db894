/*
 * The JSON messages of protocol.md, both ways: what a client says, taken apart
 * and checked for form only (rules belong elsewhere), and every frame that a
 * server says, built into a struct buf. The names of the types and keys on the
 * wire are here and nowhere else. Any thread.
 */
#ifndef COLLABD_PROTO_MESSAGE_H
#define COLLABD_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/slice.h"

#define MESSAGE_DEPTH_MAX	16	/* nesting; real messages have 1 */

/* Longer than any form of ISO 8601 with microseconds and offset. A longer
 * timestamp is no time and reads as absent. */
#define MESSAGE_TIMESTAMP_MAX	63

/* A longer "type" is not echoed in an error frame. */
#define MESSAGE_TYPE_NAME_MAX	64

/* Bytes of a recipient that is a string; above any key of a user table. */
#define MESSAGE_RECIPIENT_MAX	1024

/* What tabs send. */
#define MESSAGE_TAB_MAX		64
#define MESSAGE_WORD_MAX	16
#define MESSAGE_REASON_MAX	200	/* characters */

enum message_type {
	/* Not messages; each is counted by itself. */
	MESSAGE_BAD_JSON,
	MESSAGE_TOO_DEEP,
	MESSAGE_NOT_OBJECT,
	MESSAGE_NO_TYPE,	/* "type" is missing or no string */
	MESSAGE_UNKNOWN,
	/* Both rooms. */
	MESSAGE_HEARTBEAT,
	/* Edit room. */
	MESSAGE_REQUEST_EDITOR_STATUS,
	MESSAGE_CLAIM_EDITOR,
	MESSAGE_CONTENT_UPDATED,	/* also from the server */
	MESSAGE_RELEASE_LOCK,
	MESSAGE_REQUEST_ATTENTION,
	/* Chat room, and tabs. */
	MESSAGE_CHAT_MESSAGE,		/* also from the server */
	/* Tabs: sockets of collabd's own client. */
	MESSAGE_HELLO,			/* also from the server */
	MESSAGE_STATE,
	MESSAGE_REQUEST_EDIT,
	MESSAGE_CANCEL_REQUEST,
	MESSAGE_ANSWER_REQUEST,
	MESSAGE_TAKE_OVER,
	MESSAGE_SAVE_CHECK,
	MESSAGE_PING,			/* before hello, too */
	/* From the server only. */
	MESSAGE_USER_JOINED,
	MESSAGE_USER_LEFT,
	MESSAGE_EDITOR_STATUS,
	MESSAGE_LOCK_RELEASED,
	MESSAGE_ATTENTION_REQUESTED,
	MESSAGE_ACTIVE_USERS,
	MESSAGE_ERROR,
	MESSAGE_CLAIM_PENDING,
	MESSAGE_PRESENCE,
	MESSAGE_USER_PRESENT,
	MESSAGE_USERS_PRESENT,
	MESSAGE_USER_ABSENT,
	MESSAGE_LOCK,
	MESSAGE_SAVED,
	MESSAGE_HANDED_OVER,
	MESSAGE_TAKEN_OVER,
	MESSAGE_LOCK_LOST,
	MESSAGE_BADGES,
	MESSAGE_BADGE,
	MESSAGE_LOCK_UNKNOWN,
	MESSAGE_SAVE_REFUSED,
	MESSAGE_PONG,
	MESSAGE_TYPE_COUNT,
};

/* The first that is a message, and the first that only a server says. */
#define MESSAGE_TYPE_FIRST	MESSAGE_HEARTBEAT
#define MESSAGE_TYPE_SERVER	MESSAGE_USER_JOINED

/* The name on the wire; for those below MESSAGE_TYPE_FIRST a label for metrics
 * and for the error frame ("bad_json"). */
const char *message_type_name(enum message_type type);
/* The type that a client means by a name, else MESSAGE_UNKNOWN. */
enum message_type message_type_of(struct slice name);

/* An incoming message. Slices live until message_fini(). */
struct message {
	enum message_type type;
	/* "type" as it came, for in_reply_to; absent if missing or long. */
	struct slice	 type_name;
	/* "timestamp" if it is a string that may be a time, else "". */
	char		 timestamp[MESSAGE_TIMESTAMP_MAX + 1];
	/* "recipient_id", or in an answer_request "user_id", as JSON text,
	 * to be relayed in the type in which it came, and as a user id: an
	 * integer's decimal text, or a string's text. Both absent unless it
	 * is an integer but 0 (within int64_t) or a string that is not empty
	 * nor over MESSAGE_RECIPIENT_MAX: nothing else is anybody's id, and
	 * the package drops what Python calls false. */
	struct slice	 recipient_json;
	struct slice	 recipient_id;
	/* They are absent for what it is, not for want of the key; null is
	 * no key. */
	bool		 bad_recipient;
	/* "message" if it is a string (maybe empty), else absent. Valid
	 * UTF-8; may hold NUL. */
	struct slice	 text;
	/* Of tabs; absent unless a string without NUL of at most so many
	 * bytes. */
	struct slice	tab;		/* MESSAGE_TAB_MAX of [A-Za-z0-9_-] */
	struct slice	state;		/* MESSAGE_WORD_MAX */
	struct slice	answer;		/* MESSAGE_WORD_MAX */
	struct slice	result;		/* MESSAGE_WORD_MAX */
	struct slice	reason;		/* cut to MESSAGE_REASON_MAX */
	bool		moves;		/* "move" is true */
	bool		may_return;	/* "grace" is true */
	bool		takes_many;	/* "many" is true */
	struct json	*_json;
	struct buf	 _recipient;
};

/*
 * Reads n bytes of a text frame. Always fills *m, and returns m->type; the
 * caller calls message_fini() whatever that is. A wrong type of another key
 * makes that key absent, not the message bad.
 */
enum message_type message_parse(struct message *m, const char *text, size_t n);
void	message_fini(struct message *m);

/*
 * A user as the frames show it. Borrowed NUL-terminated texts. id goes out as
 * json_add_id() writes it. username is what the room calls a username: the
 * e-mail in an edit room, the login name in a chat room; which one is the
 * caller's to know.
 */
struct message_user {
	const char	*id;
	bool		 id_is_number;
	const char	*username;
	const char	*email;		/* chat room only */
	const char	*avatar_url;	/* NULL: null */
};

/*
 * Each appends one JSON object. Times are texts in the form of protocol.md.
 */
/* Edit room. last_modified may be NULL (null). */
void	message_add_edit_joined(struct buf *b, const struct message_user *u,
	    const char *timestamp, const char *last_modified);
void	message_add_edit_left(struct buf *b, const struct message_user *u);
/* editor NULL: nobody. */
void	message_add_editor_status(struct buf *b,
	    const struct message_user *editor);
void	message_add_content_updated(struct buf *b,
	    const struct message_user *u, const char *timestamp);
/* timestamp NULL: the key is left out; the lock was not released on purpose. */
void	message_add_lock_released(struct buf *b, const struct message_user *u,
	    const char *timestamp);
void	message_add_attention_requested(struct buf *b,
	    const struct message_user *u, const char *timestamp);
/* A frame of this type with a list of users: open, each as an object, close. */
void	message_open_users(struct buf *b, enum message_type type);
void	message_add_listed(struct buf *b, struct slice object);
void	message_close_users(struct buf *b);
/* Whether a frame made by one of these functions is of a type. */
bool	message_is(struct slice frame, enum message_type type);
/* Chat room. The first is not a frame, but one of active_users. */
void	message_add_active(struct buf *b, const struct message_user *u,
	    const char *last_seen);
void	message_add_chat_joined(struct buf *b, const struct message_user *u,
	    const char *timestamp);
void	message_add_chat_left(struct buf *b, const struct message_user *u);
/* recipient_json: struct message's, unchanged (valid JSON). */
void	message_add_chat_message(struct buf *b,
	    const struct message_user *sender, struct slice recipient_json,
	    struct slice text, const char *timestamp);
/* collabd.v1 only. code: a word for programs; message: a sentence for people;
 * in_reply_to: type_name of the refused message, absent: null. */
void	message_add_error(struct buf *b, const char *code, const char *message,
	    struct slice in_reply_to);
/* The place in the line, from 1, of how many. */
void	message_add_claim_pending(struct buf *b, unsigned position,
	    unsigned of);

#endif
