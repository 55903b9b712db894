/*
 * Chat messages of a room, on their way to Redis: a line beside that of the
 * other operations (roomop.c), so that the lock does not wait behind talk. One
 * is under way in each room. Users take turns: who has much to say does not
 * keep others waiting. What one user says keeps its order, through whichever
 * socket it comes.
 *
 * Bound: WAIT_MAX bytes of one user in one room. A message right behind one of
 * the same socket to the same recipient goes with it.
 *
 * A socket speaks when it has got its first frames, so its user's join is done.
 * After Redis has lost the room its users are put back by further joins; those
 * of sender and recipient come first then.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xmalloc.h"
#include "rooms/room.h"

/* Bytes of one user that may wait in one room, with what holds them: one of the
 * longest and as much again. */
#define WAIT_MAX	(2 * STORE_VALUE_MAX)
/* So that all fit into one event, where each has up to two frames. */
#define MORE_MAX	(STORE_FRAMES_MAX / 2 - 1)

/* A message, and those that go with it. */
struct talk {
	TAILQ_ENTRY(talk) link;
	struct room	*room;
	struct room_ask	 ask;
	struct talker	*talker;
	struct member	*member;	/* who is answered; NULL: nobody */
	char		*peer_id;	/* the recipient; NULL: nobody's id */
	struct buf	 frame;		/* one text behind the other */
	size_t		 ends[MORE_MAX + 1];	/* of each */
	unsigned	 n_more;
};

TAILQ_HEAD(talk_list, talk);

/* A user of whom something waits or is under way. */
struct talker {
	TAILQ_ENTRY(talker) link;	/* room->talkers: the turns */
	struct talk_list talks;
	size_t		 bytes;		/* of them all */
	char		 id[];
};

static void
count(const struct room *room, int64_t n)
{
	rooms_count(room->set, COUNT_CHATS, n);
}

static struct talker *
find_talker(struct room *room, const char *id)
{
	struct talker *talker;

	TAILQ_FOREACH(talker, &room->talkers, link) {
		if (strcmp(talker->id, id) == 0)
			return (talker);
	}
	return (NULL);
}

static struct talker *
get_talker(struct room *room, const char *id)
{
	struct talker *talker = find_talker(room, id);
	size_t n = strlen(id) + 1;

	if (talker != NULL)
		return (talker);
	talker = xcalloc(1, offsetof(struct talker, id) + n);
	memcpy(talker->id, id, n);
	TAILQ_INIT(&talker->talks);
	TAILQ_INSERT_TAIL(&room->talkers, talker, link);
	return (talker);
}

static size_t
size_of(const struct talk *talk)
{
	return (sizeof(*talk) + talk->frame.n);
}

/* Not in line, or out of it. */
static void
free_talk(struct talk *talk)
{
	buf_fini(&talk->frame);
	free(talk->peer_id);
	free(talk);
}

/* Out of the line; its user's turn is over. */
static void
remove_talk(struct talk *talk)
{
	struct room *room = talk->room;
	struct talker *talker = talk->talker;

	if (room->talk == talk)
		room->talk = NULL;
	TAILQ_REMOVE(&talker->talks, talk, link);
	talker->bytes -= size_of(talk);
	count(room, -1);
	free_talk(talk);
	TAILQ_REMOVE(&room->talkers, talker, link);
	if (TAILQ_EMPTY(&talker->talks))
		free(talker);
	else
		TAILQ_INSERT_TAIL(&room->talkers, talker, link);
}

static void
refuse(const struct talk *talk, enum refusal why)
{
	unsigned i;

	for (i = 0; talk->member != NULL && i <= talk->n_more; i++)
		member_refuse(talk->member, why, SAY_CHAT_MESSAGE);
}

static void
on_sent(const struct store_reply *reply, void *arg)
{
	struct talk *talk = arg;
	struct room *room = talk->room;

	if (reply->status != STORE_OK)
		refuse(talk, REFUSED_UNSENT);
	remove_talk(talk);
	room_release(room);
	roomchat_start_next(room);
}

static void
start(struct talk *talk)
{
	struct room *room = talk->room;
	struct rooms *set = room->set;
	const char *id = talk->talker->id;
	/* In a room of the package's chat there are no tabs, and elsewhere
	 * only tabs talk. */
	char to = room->kind == ROOM_CHAT ? 'U' : 'V';
	struct store_frame frames[STORE_FRAMES_MAX];
	bool alone = talk->peer_id == NULL || strcmp(talk->peer_id, id) == 0;
	size_t n = 0, at = 0;
	unsigned i;

	for (i = 0; i <= talk->n_more; at = talk->ends[i++]) {
		struct slice text = { talk->frame.p + at, talk->ends[i] - at };

		frames[n++] = (struct store_frame){ to, slice_of(id), text };
		if (!alone)
			frames[n++] = (struct store_frame){ to,
			    slice_of(talk->peer_id), text };
	}
	room->talk = talk;
	talk->ask = room_ask_for(set, on_sent, talk);
	set->ops->send(room, id, alone ? id : talk->peer_id, frames, n,
	    &talk->ask, set->arg);
}

/* Redis is about to be told of one of the two. */
static bool
waits_for_join(const struct talk *talk)
{
	return (roomop_is_joining(talk->room, talk->talker->id) ||
	    (talk->peer_id != NULL &&
	    roomop_is_joining(talk->room, talk->peer_id)));
}

void
roomchat_start_next(struct room *room)
{
	struct talker *talker;
	struct talk *talk;

	if (room->talk != NULL)
		return;
	TAILQ_FOREACH(talker, &room->talkers, link) {
		talk = TAILQ_FIRST(&talker->talks);
		if (!waits_for_join(talk)) {
			start(talk);
			return;
		}
	}
}

/* Whether a message, not yet in line, goes with its user's last one there; its
 * text is copied then. */
static bool
goes_with_last(struct talker *talker, const struct talk *talk)
{
	struct talk *last = TAILQ_LAST(&talker->talks, talk_list);

	if (last == NULL || last == last->room->talk ||
	    last->member != talk->member ||
	    !text_same_or_none(last->peer_id, talk->peer_id) ||
	    last->n_more == MORE_MAX ||
	    last->frame.n + talk->frame.n > STORE_VALUE_MAX)
		return (false);
	buf_add(&last->frame, talk->frame.p, talk->frame.n);
	last->ends[++last->n_more] = last->frame.n;
	talker->bytes += talk->frame.n;
	return (true);
}

/* Into the line, or what there is of its user is too much. */
static void
enqueue(struct talk *talk, const char *id)
{
	struct room *room = talk->room;
	struct talker *talker = get_talker(room, id);

	if (talker->bytes != 0 && talker->bytes + size_of(talk) > WAIT_MAX) {
		refuse(talk, REFUSED_BUSY);
		free_talk(talk);
	} else if (goes_with_last(talker, talk))
		free_talk(talk);
	else {
		talk->talker = talker;
		talker->bytes += size_of(talk);
		TAILQ_INSERT_TAIL(&talker->talks, talk, link);
		count(room, 1);
		roomchat_start_next(room);
	}
}

void
roomchat_send(struct room *room, struct member *member,
    const struct saying *msg)
{
	const struct rooms *set = room->set;
	struct talk *talk = xcalloc(1, sizeof(*talk));

	talk->room = room;
	talk->member = member;
	if (msg->recipient.p != NULL)
		talk->peer_id = xmemdup0(msg->recipient.p,
		    msg->recipient.n);
	set->ops->write_chat(member, msg, &talk->frame, set->arg);
	talk->ends[0] = talk->frame.n;
	if (talk->frame.n <= STORE_VALUE_MAX)
		enqueue(talk, member->user->id);
	else {
		/* Escaped, it may be several times as long. */
		refuse(talk, REFUSED_TOO_LONG);
		free_talk(talk);
	}
}

void
roomchat_forget(struct room *room, const struct member *member)
{
	struct talker *talker;
	struct talk *talk;

	TAILQ_FOREACH(talker, &room->talkers, link) {
		TAILQ_FOREACH(talk, &talker->talks, link) {
			if (talk->member == member)
				talk->member = NULL;
		}
	}
}

void
roomchat_drop_all(struct room *room)
{
	struct talker *talker;

	/* The analyzer does not see that TAILQ_REMOVE moves the head on. */
	while ((talker = TAILQ_FIRST(&room->talkers)) != NULL)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		remove_talk(TAILQ_FIRST(&talker->talks));
}

void
roomchat_describe(const struct room *room, struct roomchat_view *view)
{
	const struct talker *talker;
	const struct talk *talk;

	memset(view, 0, sizeof(*view));
	TAILQ_FOREACH(talker, &room->talkers, link) {
		view->n_users++;
		view->bytes += talker->bytes;
		TAILQ_FOREACH(talk, &talker->talks, link)
			view->n_messages += 1 + talk->n_more;
	}
}
