/*
 * What the files of room operations share: roomop.c (the queue, and what needs
 * no rule), roomedit.c (the rule book's verbs) and roomrecall.c (where Redis and
 * a room differ). Nobody else includes it but dump.c, which only reads.
 * An operation belongs to its room's queue until roomop_end() frees it.
 *
 * While Redis does not answer the queue grows with what clients do, and each
 * kind has a bound. Of these that would do the same one waits at most, besides
 * one under way: what is done is found out when it starts, so the earlier
 * one is dropped for a later one at the end, or the later one is not needed.
 *
 *	OP_JOIN, OP_STATE	one of each user of the room
 *	OP_LEAVE		the same; those of a dead worker's users, who
 *				are told of (done), come with an answer of Redis
 *	OP_LOAD, OP_ADOPT, OP_BADGES, OP_RECALL
 *				one
 *	OP_EDIT of a client	USER_EDITS_MAX of each user (roomop.c); more are
 *				refused
 *	OP_EDIT of our own	one of each verb, user, tab and page, of an
 *				EDIT_PAGE_GONE as many of a user as the rule
 *				book tells apart; an EDIT_RESTORE, which comes
 *				with an answer of Redis, is the next
 *
 * What is put aside until a generation of Redis is settled: one of each verb of a
 * member. Chat messages have a line of their own, see roomchat.c.
 */
#ifndef COLLABD_ROOMS_ROOMOP_H
#define COLLABD_ROOMS_ROOMOP_H

#include <stdbool.h>
#include <stdint.h>

#include <bsd/sys/cdefs.h>
#include <bsd/sys/queue.h>

#include "base/buf.h"
#include "base/compat.h"
#include "rooms/room.h"
#include "rooms/snapshot.h"
#include "rules/edit.h"
#include "store/store_types.h"

enum op_kind {
	OP_JOIN, OP_LEAVE, OP_EDIT, OP_LOAD, OP_ADOPT, OP_STATE, OP_BADGES,
	OP_RECALL
};

/* So that all fit into one event: a save has two frames at most. */
#define ROOMOP_MORE_MAX	(STORE_FRAMES_MAX / 2 - 1)

struct roomop {
	TAILQ_ENTRY(roomop) link;
	struct room	*room;
	struct room_ask	 ask;
	enum op_kind	 kind;
	struct member	*member;	/* who is answered; NULL: nobody */
	char		*user_id;	/* NULL for OP_LOAD, OP_ADOPT, ticks */
	char		*user_name;
	char		*tab;		/* NULL: a page of the package */
	uint32_t	 page;		/* which: struct member; 0: not told */
	bool		 gave_back;	/* OP_LEAVE */
	bool		 may_change;
	bool		 may_take_over;
	bool		 moves;
	bool		 may_return;
	char		 letter;	/* OP_JOIN, OP_STATE: as sent */
	char		*reason;	/* EDIT_TAKE; or NULL */
	enum edit_verb	 verb;
	enum say	 why;		/* what the client sent */
	int64_t		 saves_us[ROOMOP_MORE_MAX + 1];	/* or SAY_NO_TIME */
	/* EDIT_UPDATED: further saves of the member, which came while this one
	 * stood in line, go with it. */
	unsigned	 n_more;
	int64_t		 heartbeat_us;	/* EDIT_RESTORE */
	int64_t		 saved_us;	/* EDIT_SAVED */
	char		*worker_id;	/* OP_LEAVE of a dead worker */
	void		(*done)(bool ok, void *arg);
	void		*done_arg;
	char		*peer_id;	/* EDIT_HAND_OVER: to whom, or NULL */
	struct buf	 audit;		/* lines, once it is committed */
	enum room_count	 audit_count;	/* what they are counted as */
	int64_t		 started_ms;	/* once it is under way */
	unsigned	 tries;
	enum edit_outcome outcome;
	struct snapshot	 snap;		/* what the rule book started from */
};

/* What is asked of the store for it, and where the answer goes. */
struct room_ask *roomop_ask(struct roomop *op,
	    void (*answer)(const struct store_reply *reply, void *arg));
/* An operation that is in no queue yet; user_id may be NULL. */
struct roomop *roomop_new(struct room *room, enum op_kind kind,
	    const char *user_id) MUSTCHECK;
/* Puts it at the end of its room's queue. */
void	roomop_push(struct roomop *op);
/* An operation under way is over and freed; the next one starts. ok: Redis has
 * what was wanted. */
void	roomop_end(struct roomop *op, bool ok);
/* The operation under way, which is no join, is again the first that waits. */
void	roomop_stop(struct roomop *op);
/* The operation under way is to be started again when the room has been read. */
void	roomop_start_over(struct roomop *op);
/* The operation under way would make somebody the editor while nobody may be: it
 * waits for roomop_resume(), and the next one starts. False: it is nobody's who
 * waits for it, and still under way. */
bool	roomop_put_aside(struct roomop *op) MUSTCHECK;
/* Starts what is first in line, unless something is under way. */
void	roomop_start_next(struct room *room);
/* Takes a snapshot as what the rule book starts from, and offers it to the
 * shared cache. */
void	roomop_keep(struct roomop *op, const struct store_snapshot *snap);
/* collabd.v1 only: tells who asked that it was refused. */
void	roomop_refuse(struct roomop *op, enum refusal why);

/* roomrecall.c: begin an OP_RECALL and an OP_ADOPT; they end by themselves. */
void	roomop_start_recall(struct roomop *op);
void	roomop_start_adopt(struct roomop *op);

/* roomedit.c: begins an OP_EDIT or OP_LEAVE; it ends by itself. */
void	roomop_start_edit(struct roomop *op);

#endif
