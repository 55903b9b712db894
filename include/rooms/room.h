/*
 * The rooms of a worker: who is in them, and what their sockets were told.
 * A room keeps members and the little that clients have been told (who is the
 * editor), not the state: that is in Redis, with a copy in the shared cache.
 *
 * Pure: what happens comes in through the functions below, after
 * rooms_set_now(), and what is to be done about it goes out through struct
 * rooms_ops (effects.h). No clock, no socket, no Redis, no text of the wire.
 *
 * A room lives as long as it has a member, an operation under way, or a user
 * that Redis believes to be here. Everything is owned by struct rooms. One
 * thread. The ops are called before an input returns.
 *
 * The parts, each in its file: room.c the registry and members; verbs.c what they
 * say; tab.c what tabs (sockets of collabd's own client
 * that have said hello) say and are shown besides; roomsaved.c the saves that it
 * is told of; badge.c who edits what, in the room of a model; roomop.c,
 * roomedit.c and roomrecall.c the operations, one at a time in each room, but
 * for joins; roomchat.c chat messages, one at a time beside these; roomsync.c
 * what comes from Redis (events, resync); roomcheck.c what is looked for now and
 * then; orphan.c the departures of dead workers.
 */
#ifndef COLLABD_ROOMS_ROOM_H
#define COLLABD_ROOMS_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include <bsd/sys/cdefs.h>
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"
#include "rooms/effects.h"
#include "rooms/right.h"
#include "rooms/say.h"
#include "rooms/snapshot.h"
#include "rooms/tell.h"
#include "rules/edit.h"
#include "store/store_types.h"

struct client;
struct orphan;
struct profile;
struct room;
struct room_check;
struct roomop;
struct talk;

enum member_stage {
	MEMBER_NEW,
	MEMBER_GREETS,		/* its hello is among the early messages */
	MEMBER_READY,		/* has got its first frames, and knows what the
				 * room knows */
};

/* A socket in a room. */
struct member {
	TAILQ_ENTRY(member) link;	/* room->members */
	TAILQ_ENTRY(member) user_link;	/* user->members */
	struct room	*room;
	struct room_user *user;
	struct client	*client;
	struct right	*right;
	size_t		 place;		/* in the line, as told; 0 none */
	bool		 place_told;	/* since its message in work began */
	bool		 is_deceived;	/* a page: was shown a stale lock as a
					 * free one */
	uint32_t	 news_at;	/* of the room's news, those before it
					 * are in the presence that it was sent */
	char		*tab;		/* its id; NULL: it is no tab */
	int64_t		 beat_us;	/* when it said heartbeat; or 0 */
	char		 letter;	/* what the user does in it: TAB_... */
	bool		 gave_back;	/* it has released, and not said since
					 * that it edits or wants to */
	bool		 is_v1;		/* speaks collabd.v1 */
	bool		 is_news;	/* what it does is to be told itself */
	bool		 takes_many;	/* a tab that takes users_present */
	enum member_stage stage;
	uint32_t	 page;		/* which page of the package it is, from
					 * its first heartbeat on; 0: no such */
	/* Messages that came before that, each behind its length; they are
	 * received when it is ready. */
	struct buf	*early;		/* NULL: none */
};

TAILQ_HEAD(member_list, member);

/* Whether Redis has a user in a room under this worker's id. */
enum room_place {
	PLACE_NONE,
	PLACE_DOUBTFUL,		/* perhaps: an answer was lost */
	PLACE_HELD,
};

/* A user in a room, through this worker or another. */
struct room_user {
	RB_ENTRY(room_user) link;
	/* How it is shown is the renderer's: rooms_ops.keep() and forget(). */
	struct profile	*profile;	/* of its info; NULL while it can be
					 * made from a member */
	int64_t		 joined_us;	/* as in its info */
	struct member_list members;	/* its sockets on this worker */
	char		*states;	/* a letter for each worker; or NULL */
	bool		 is_present;	/* in the roster as clients know it */
	bool		 is_awaited;	/* its coming, by the events */
	enum room_place	 place;		/* room_user_place() alone writes it */
	struct shown	*shown;		/* mostly NULL */
	TAILQ_ENTRY(room_user) awaited_link;	/* room->awaited */
	uint64_t	 join_seq;	/* of its coming, while awaited */
	bool		 mark;		/* scratch of a roster comparison */
	bool		 is_told;	/* scratch of tab.c */
	bool		 is_odd;	/* the profile is the whole info */
	char		 letter;	/* through this worker, as Redis has it */
	char		 told;		/* over all workers, as tabs know it */
	uint8_t		 in_line;	/* operations that wait: see roomop.c */
	char		 id[];
};

RB_HEAD(room_users, room_user);
TAILQ_HEAD(room_user_list, room_user);
TAILQ_HEAD(roomop_list, roomop);
TAILQ_HEAD(talker_list, talker);

/* Whom the sockets of a room believe to be the editor. */
struct room_editor {
	char		*id;		/* NULL: nobody */
	char		*name;
	char		*tab;		/* NULL: a page of the package */
	int64_t		 heartbeat_us;
	bool		 is_idle;	/* says the rule book */
	/* Whose save is awaited, and until when that user is named as the
	 * editor of the free lock: struct edit_state. */
	char		*saver;
	char		*saver_name;
	int64_t		 saved_us;
	int64_t		 settle_us;
};

enum room_kind { ROOM_EDIT, ROOM_CHAT, ROOM_MODEL };

/* Whether what the room knows is what Redis does. Only events that follow on a
 * room that is read are applied. */
enum room_sync {
	SYNC_UNREAD,		/* it is to be read, or nobody of ours is in it */
	SYNC_BACK,		/* ... for the first time since the link was
				 * lost: what Redis says may be too little */
	SYNC_DISPLACED,		/* ... and our users may have been taken out: by
				 * others, or with the data */
	SYNC_READ,
};

/* What sockets have been told of the lock. */
enum room_word {
	WORD_TOLD,		/* who has it */
	WORD_UNKNOWN,		/* that nobody knows; pages, which believed that
				 * nobody does, were told nothing */
	WORD_WITHDRAWN,		/* ... pages that nobody does, though somebody
				 * did */
};

/* In a generation of Redis that lost data, what others knew of the room before,
 * and we. */
enum room_past {
	PAST_SETTLED,
	PAST_UNSAID,		/* roomop_recall() is under way; until then
				 * nothing that Redis says counts */
	PAST_OPEN,		/* who is missing was not looked for, because
				 * others may yet come back */
};

struct shown;

/* Who edits an object, in the room of its model. */
struct badge {
	LIST_ENTRY(badge) link;
	char	*object;	/* as in the URL of its page, decoded */
	char	*value;		/* as Redis has it */
	bool	 mark;		/* scratch of a comparison */
};


struct room {
	RB_ENTRY(room)	 link;
	struct rooms	*set;
	char		*key;
	char		*name;
	enum room_kind	 kind;
	enum room_sync	 sync;		/* room_set_sync() alone writes it */
	enum room_past	 past;		/* room_set_past() alone writes it */
	enum room_word	 word;		/* room_set_word() alone writes it */
	unsigned	 n_tabs;	/* of members */
	unsigned	 n_users;
	struct room_users users;
	struct member_list members;
	size_t		 n_held;	/* users; with none no events come */

	uint64_t	 epoch, seq;	/* of what was applied */
	/* The newest event that went by unapplied. */
	uint64_t	 seen_epoch, seen_seq;
	uint64_t	 suspect_seq;	/* the slow check saw one we have not */
	/* Users that Redis has put into the room, whose sockets get their first
	 * frames when the events have come so far: in that order. */
	struct room_user_list awaited;
	int64_t		 awaits_since_ms; /* the first of them */
	struct room_editor editor;
	char		*modified;	/* last_modified:R, or NULL */
	struct snapshot	 told;		/* as applied ... */
	uint64_t	 told_generation; /* ... in this one of Redis */
	uint64_t	 known_epoch, known_seq; /* how far it knows the past */
	int64_t		 opened_us;	/* on this worker */
	char		*saved;		/* the last save, as JSON ... */
	char		*saved_by;	/* ... whose it was; NULL: not known */
	int64_t		 saved_us;	/* ... and when, says the log */
	int64_t		 updated_ms;	/* content_updated was told */
	uint64_t	 lock_told;	/* hash of the tabs' last lock frame */
	int64_t		 hidden_beat_us; /* a tab was shown no editor, whose
					 * last heartbeat this was; or 0 */
	LIST_HEAD(, badge) badges;	/* ROOM_MODEL */
	uint64_t	 noted;		/* hash of the state that was noted */
	int64_t		 deadline_us;	/* of the next EDIT_TICK */
	int64_t		 lone_heartbeat_us; /* a lock that went stale while
					 * nobody else was here: it stays */
	RB_ENTRY(room)	 due_link;	/* set->dues */
	int64_t		 due_ms;	/* monotonic; INT64_MAX: in no tree */

	TAILQ_ENTRY(room) idle_link;	/* set->idle, if is_idle */
	struct roomop_list ops;		/* the first n_busy are under way */
	struct roomop	*first_at;	/* roomop_first(): the last of those */
	/* What would make somebody the editor in an unsettled generation waits
	 * here until that is settled: at most one of each verb of a member. */
	struct roomop_list aside;
	uint64_t	 shown_of;	/* the renderer's: of what time that
					 * is */
	/* Users whose presence changed in this turn of the loop and of whom
	 * the tabs have not been told; see tab.c. */
	struct buf	*news;		/* NULL: none */
	struct talker_list talkers;	/* users with chat messages in line */
	struct talk	*talk;		/* the one under way; or NULL */
	/* Small ones together, because there are many rooms. */
	unsigned	 n_busy;	/* of ops */
	bool		 needs_repair;	/* Redis refused a join or a leave */
	bool		 is_refused;	/* ... a join, because it takes no
					 * writes: it will be tried again */
	bool		 deceives;	/* members were shown a stale lock as
					 * a free one, perhaps */
	bool		 owes_beats;	/* Redis did not hear a heartbeat */
	char		 idle_asked;	/* what the rule book was told of the
					 * editor, until the state changes */
	bool		 is_idle;
	bool		 is_starting;	/* start_next() is on the stack */
	bool		 puts_first;
	bool		 has_badges;	/* they have been read */
	uint8_t		 fills;		/* many come: ticks for which what is
					 * made of users is kept */
};

RB_HEAD(room_tree, room);
RB_HEAD(room_dues, room);
RB_PROTOTYPE(room_tree, room, link, )
RB_PROTOTYPE(room_dues, room, due_link, )
RB_PROTOTYPE(room_users, room_user, link, )
TAILQ_HEAD(room_list, room);

struct rooms {
	const struct rooms_ops *ops;
	void		*arg;		/* of these */
	const struct conf *conf;
	struct room_now	 now;
	struct room_tree tree;
	struct room_dues dues;		/* by when they are due */
	struct edit_policy policy;
	bool		 id_is_number;
	bool		 is_leaving;	/* this worker is on its way out */
	uint64_t	 seed;		/* of struct room's noted */
	int64_t		 check_at_ms;
	struct room_check *check;	/* the slow check under way, or NULL */
	LIST_HEAD(, orphan) orphans;	/* departures being taken over */
	size_t		 n_rooms;
	struct room_list idle;		/* perhaps to be freed at the turn's end */
};

/* ops are called with arg. */
struct rooms *rooms_new(const struct conf *conf,
	    const struct rooms_ops *ops, void *arg) MUSTCHECK;
/* Members must be gone; what waits for Redis is dropped. */
void	rooms_free(struct rooms *set);
/* Before each input, and so the time of all that follows from it. Those without
 * one are rooms_tell_news() and rooms_end_turn(). */
void	rooms_set_now(struct rooms *set, const struct room_now *now);
/* The answers to what the store was asked for, as the store gives them. */
void	room_answered(struct room_ask *ask, const struct store_reply *reply);
void	room_badges(struct room_ask *ask, enum store_status status,
	    const struct store_badge *badges, size_t n);
void	rooms_checked(struct rooms *set, size_t i,
	    const struct store_reply *reply);
void	rooms_orphan_loaded(struct room_ask *ask, enum store_status status,
	    const struct store_room *rooms, const struct slice *user_ids,
	    size_t n);
/* The time that rooms_ops.wake() asked for has come. */
void	rooms_on_time(struct rooms *set);
/* About once a second: the slow check, put-off comparisons. */
void	rooms_tick(struct rooms *set);
/* Tells tabs what is told once a turn. After every turn of the loop, before
 * what was queued is written. */
void	rooms_tell_news(struct rooms *set);
/* Frees the rooms that nothing keeps. After every turn of the loop. */
void	rooms_end_turn(struct rooms *set);
/* Acts on what a re-check of the grants has said: closes the sockets of those
 * that are denied (4401) and takes locks from those that may no longer change
 * their object. The number closed. */
size_t	rooms_enforce(struct rooms *set);
/* How many sockets have an unverified grant (people.h), and closes n of these
 * with 4503; those that stand in the line for a lock all at once, or it might
 * become theirs. The number closed. An editor has the usual head start. */
size_t	rooms_unverified(struct rooms *set);
size_t	rooms_close_unverified(struct rooms *set, size_t n);
/* From now on departures are left to the lease: the clients are about to come
 * back to another worker. */
void	rooms_leave_quietly(struct rooms *set);

/*
 * Puts a socket into the room of this key and name (struct store_room). The right
 * is the caller's, as long as the member is. Frames come when Redis has
 * answered.
 */
struct member *rooms_join(struct rooms *set, const char *key, const char *name,
	    struct client *client, struct right *right, bool is_v1) MUSTCHECK;
/* The socket is gone; frees member. Did it say that its page goes away, a tab
 * that edits has given the lock back, and may return to it. */
void	member_leave(struct member *member, bool went_away);
/* What the socket says, and the text that it said it with. */
void	member_receive(struct member *member, const struct saying *say,
	    struct slice text);

/* --- between the files of this module --- */

struct room_ask room_ask_for(struct rooms *set,
	    void (*answer)(const struct store_reply *reply, void *arg),
	    void *arg);
void	rooms_count(const struct rooms *set, enum room_count what, int64_t n);
struct room *room_find(struct rooms *set, const char *key);
struct room *room_open(struct rooms *set, const char *key, const char *name);
/* The room may have lost what kept it; freed at the end of the turn if so. */
void	room_release(struct room *room);
void	room_editor_fini(struct room_editor *editor);
struct room_user *room_user_find(struct room *room, struct slice id);
struct room_user *room_user_get(struct room *room, struct slice id);
/* Frees the user if nothing keeps it. */
void	room_user_release(struct room *room, struct room_user *user);
void	room_user_place(struct room *room, struct room_user *user,
	    enum room_place place);
/* Whether users besides the editor are present. */
bool	room_has_viewers(const struct room *room);
/* How long the package's editor key lives after the last heartbeat. */
int64_t	room_editor_ttl_ms(const struct room *room);
/* Tells the ready members of an audience (TO_...); user_id as in struct
 * store_frame. */
void	room_tell(struct room *room, char audience, struct slice user_id,
	    const struct tell *what);
void	member_tell(struct member *member, const struct tell *what);
/* verbs.c: receives what came before the first frames. */
void	member_receive_kept(struct member *member);
/* collabd.v1 only: why something was refused. */
void	member_refuse(struct member *member, enum refusal why,
	    enum say in_reply_to);
/* editor_status as of st, or, if NULL, as of what the room was told. */
void	member_send_status(struct member *member,
	    const struct edit_state *st);
/* Tells a page that was shown a stale lock as a free one that it is none, if the
 * editor has been heard of meanwhile. */
void	member_correct_status(struct member *member,
	    const struct edit_state *st);
void	member_send_pending(struct member *member, size_t place, size_t of);
/* First frames for every socket of the user that has not had them: itself, then
 * the others that the room knows. */
void	room_user_welcome(struct room_user *user);
/* Tells the room of a user's coming and going. */
void	room_tell_joined(struct room *room, struct room_user *user);
void	room_tell_left(struct room *room, struct room_user *user);

/* About once a second. */
void	room_tick_shown(struct room *room);

/* tab.c */
/* The user has gone, though a socket of it greets: it comes as one that was not
 * here. */
void	tab_note_absent(struct room_user *user);
void	tab_say_hello(struct member *member, const struct saying *hello);
/* The member is going away, and out of the lists. */
void	tab_fini(struct member *member);
/* What a user does in its tabs on this worker: TAB_... */
char	tab_letter(const struct room_user *user);
/* The same over all workers. */
char	room_user_letter(const struct room_user *user);
/* A user who has come and what it does, to all tabs: at the end of the turn, or
 * before these are told anything else. The same holds for what it does then, and
 * for its going. */
void	room_tell_present(struct room *room, struct room_user *user);
void	room_tell_news(struct room *room);
/* A hello that came before the socket's first frames, and is among those that
 * are kept: what it says of the user counts already. */
void	tab_note_early(struct member *member, const struct saying *hello);
/* Tabs are told what a user does, if they were told something else. */
void	room_note_letter(struct room *room, struct room_user *user);
/* What it does over all workers, as Redis has it now; tells if that is news. */
void	room_note_states(struct room *room, struct room_user *user,
	    struct slice states);
void	room_tell_absent(struct room *room, const struct room_user *user);
/* The lock as applied, to all tabs unless they know it, or to one. */
void	room_tell_lock(struct room *room);
void	tab_send_lock(struct member *member);
/* Whether the user has a tab in the room, through any worker. */
bool	room_user_has_tab(const struct room_user *user);
/* The last save, a JSON text; tells who has not heard of it. */
void	room_note_saved(struct room *room, struct slice save);
/* Tells the rule book of the last save if it is awaited. */
void	room_check_saved(struct room *room);
/* Tells the rule book when the editor's tabs have all become idle, or one of
 * them active, as far as they are this worker's to tell. */
void	room_check_idle(struct room *room);
/* Keeps the lock of an editor whose tab is connected here, or whose page has said
 * a heartbeat that Redis has not heard. */
void	room_beat(struct room *room);

/* badge.c */
void	room_note_badge(struct room *room, struct slice object,
	    struct slice value);
/* All of them, as read from Redis; tells the difference. */
void	room_note_badges(struct room *room, const struct store_badge *badges,
	    size_t n);
void	tab_send_badges(struct member *member);
void	room_drop_badges(struct room *room);
/* roomop.c */
void	roomop_join(struct room *room, const char *user_id);
/* worker_id NULL: this worker. done is called with whether Redis has it. */
void	roomop_leave(struct room *room, const char *user_id,
	    const char *worker_id, void (*done)(bool ok, void *arg),
	    void *arg);
/* message is what the member sent, NULL if it is our idea. */
void	roomop_edit(struct room *room, struct member *member,
	    enum edit_verb verb, const struct saying *message);
/* The member, its user's last one here, is going away. */
void	roomop_depart(struct room *room, const struct member *member);
/* It is not its user's last one. */
void	roomop_page_gone(struct room *room, const char *user_id,
	    uint32_t page);
/* The room's last save, which is awaited, has come. */
void	roomop_saved(struct room *room);
void	roomop_tick(struct room *room);
/* What the user does through this worker may have changed. */
void	roomop_state(struct room *room, const char *user_id);
/* Reads the badges anew. */
void	roomop_badges(struct room *room);
/* The lock of the room's editor, whom Redis does not know, is put back. */
void	roomop_restore(struct room *room);
/* In an unsettled generation: Redis is told what is known here of the room from
 * before; until then nothing that it says counts. */
void	roomop_recall(struct room *room);
/* Operations made between these two go before those that wait. */
void	roomop_first(struct room *room);
void	roomop_first_done(struct room *room);
/* The generation is settled: what was put aside is asked for again. */
void	roomop_resume(struct room *room);
void	roomop_load(struct room *room);
void	roomop_adopt(struct room *room);
/* Whether a join of the user is under way or in line. */
bool	roomop_is_joining(struct room *room, const char *user_id);
/* The member is going away: nobody is answered any more. */
void	roomop_forget(struct room *room, struct member *member);
/* Frees all operations; the store must be gone. */
void	roomop_drop_all(struct room *room);

/* roomchat.c */
/* A message that was checked. The member is told if it cannot be sent. */
void	roomchat_send(struct room *room, struct member *member,
	    const struct saying *message);
/* Starts what is next in line, unless something is under way; when a join is
 * over. */
void	roomchat_start_next(struct room *room);
/* As roomop_forget() and roomop_drop_all(). */
void	roomchat_forget(struct room *room, const struct member *member);
void	roomchat_drop_all(struct room *room);
/* What is in line or under way, for a dump. */
struct roomchat_view {
	size_t	n_users, n_messages, bytes;
};
void	roomchat_describe(const struct room *room,
	    struct roomchat_view *view);

/* roomsync.c */
/* Takes over a snapshot and roster as the truth at its seq, and tells the
 * clients the difference. */
void	room_resync(struct room *room, const struct store_reply *reply);
/*
 * Notes state for status answers, deadlines and places in the line. Whether it
 * differs from what was noted before; then old is what the editor was, and its
 * strings are the caller's, else old is empty.
 */
bool	room_note(struct room *room, const struct store_snapshot *snap,
	    struct room_editor *old);
void	room_set_sync(struct room *room, enum room_sync sync);
void	room_set_past(struct room *room, enum room_past past);
void	room_set_word(struct room *room, enum room_word word);
/* The link was lost since the room was read. */
bool	room_is_back(const struct room *room);
void	room_arm(struct room *room);
/* It is not waited for any more. */
void	room_disarm(struct room *room);
/*
 * Redis has put the user into the room at seq. Its sockets are welcomed when
 * the room has applied the events up to there, so that what a socket is shown
 * first and is told afterwards are one story: the room's.
 */
void	room_await(struct room *room, struct room_user *user, uint64_t seq);
/* No longer; the user need not be awaited. */
void	room_await_no_more(struct room *room, struct room_user *user);
/* Every user of ours must be put into Redis again. */
void	rooms_rejoin(struct room *room);
void	rooms_on_message(struct rooms *set, const struct store_message *msg);
void	rooms_on_up(struct rooms *set, bool fresh_identity);
void	rooms_on_down(struct rooms *set);
/* Others may give the locks of this worker's users away: says so. */
void	rooms_on_suspend(struct rooms *set);
/* Reads the room anew; until then events are only noted. */
void	room_start_resync(struct room *room);

/* roomcheck.c */
/* For rooms_free(): what would have been ended by answers of the store. */
void	rooms_end_check(struct rooms *set);

/* orphan.c */
void	rooms_on_orphan(struct rooms *set, const char *worker_id);
/* As rooms_end_check(). */
void	rooms_drop_orphans(struct rooms *set);
/* For a dump: fn for each dead worker whose departures are being taken over, with
 * how many are left. */
void	rooms_each_orphan(const struct rooms *set,
	    void (*fn)(const char *worker_id, size_t waiting, void *arg),
	    void *arg);

#endif
