/*
 * The frames that only tabs get: the sockets of collabd's own client that have
 * said hello (collabd-protocol(7), "Tabs"). Built like those of message.h, which
 * has the names of all types; the keys of these frames are here and nowhere
 * else. Any thread.
 */
#ifndef COLLABD_PROTO_TABMSG_H
#define COLLABD_PROTO_TABMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

/* Borrowed NUL-terminated texts. id NULL: nobody, which is null. */
struct tabmsg_who {
	const char	*id;
	bool		 id_is_number;
	const char	*name;
};

struct tabmsg_person {
	struct tabmsg_who who;
	const char	*username;
	const char	*email;
	const char	*avatar_url;	/* NULL: null */
	const char	*since;		/* a time; NULL: left out, and state too */
	const char	*state;
};

struct tabmsg_hello {
	struct tabmsg_person you;	/* since NULL */
	const char	*tab;
	bool		 may_change;
	bool		 may_take_over;
	const char	*now;
	bool		 follows_log;	/* saves: "log", else "click" */
	struct slice	 last_save;	/* JSON of tabmsg_add_save(); absent:
					 * none */
	struct slice	 settings;	/* JSON */
};

struct tabmsg_claim {
	struct tabmsg_who who;
	bool		 asked;
};

/* Times are wall-clock microseconds; 0: null, with whoever stands beside. */
struct tabmsg_lock {
	struct tabmsg_who editor;
	const char	*tab;		/* NULL: null */
	const char	*previous;	/* ids */
	int64_t		 previous_until_us;
	const char	*offered;
	int64_t		 offer_us;
	const char	*next;
	int64_t		 countdown_us;
	int64_t		 hold_us;
	bool		 id_is_number;
	const struct tabmsg_claim *line;
	size_t		 n_line;
};

/* Not a frame, but a user as some of them show it: a JSON object. */
void	tabmsg_add_person(struct buf *b, const struct tabmsg_person *person);
/* Each appends one frame. */
void	tabmsg_add_hello(struct buf *b, const struct tabmsg_hello *hello);
/* person: what tabmsg_add_person() gave. Those of presence and users_present are
 * listed with message_open_users(). */
void	tabmsg_add_present(struct buf *b, struct slice person);
void	tabmsg_add_absent(struct buf *b, const struct tabmsg_who *who);
void	tabmsg_add_lock(struct buf *b, const struct tabmsg_lock *lock);
/* Until the next lock frame nobody here knows who edits. */
void	tabmsg_add_lock_unknown(struct buf *b);
void	tabmsg_add_handed_over(struct buf *b, const struct tabmsg_who *from,
	    const struct tabmsg_who *to, const char *how);
void	tabmsg_add_taken_over(struct buf *b, const struct tabmsg_who *from,
	    const struct tabmsg_who *by, const char *reason);
void	tabmsg_add_lock_lost(struct buf *b, const struct tabmsg_who *from,
	    const char *why);
/* The form that this tab has sent was not saved. */
void	tabmsg_add_save_refused(struct buf *b, const char *tab,
	    const struct tabmsg_who *editor);
/* Also for sockets of our client that have not said hello. */
void	tabmsg_add_pong(struct buf *b);

/* A save without its type, as it is kept in Redis: {"id",...}. fields: a JSON
 * array. */
void	tabmsg_add_save(struct buf *b, int64_t id, const struct tabmsg_who *who,
	    const char *when, const char *action, struct slice fields);
/* The frame: save is what tabmsg_add_save() gave. */
void	tabmsg_add_saved(struct buf *b, struct slice save);

/* Badges: value is what tabmsg_add_badge_value() gave; absent: null. */
void	tabmsg_add_badge_value(struct buf *b, const struct tabmsg_who *who);
void	tabmsg_add_badge(struct buf *b, struct slice object,
	    struct slice value);
/* The frame of all of them: open, one by one, close. */
void	tabmsg_open_badges(struct buf *b);
void	tabmsg_add_badges(struct buf *b, struct slice object,
	    struct slice value);
void	tabmsg_close_badges(struct buf *b);

#endif
