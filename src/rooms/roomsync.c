/*
 * What comes from Redis without being asked for: events in their order, gaps
 * in it, links that come and go. What is looked for besides is in roomcheck.c.
 *
 * A room applies event seq + 1, drops what is older, and is read anew when one
 * is missing or the epoch is another. Reading anew never speaks of the past:
 * it compares who is there and who edits with what clients were told, and
 * tells the difference.
 *
 * When the link was lost, what Redis says may be too little: it may have lost
 * data, or have had this worker's users taken out. So before anything is told to
 * a socket, Redis is told what is known here (in an unsettled generation), who
 * is here, and that the editor is, if its socket is one of ours; and who is
 * missing is looked for when the others have had time to do the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock_text.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/xmalloc.h"
#include "rooms/room.h"
#include "store/roomstate.h"

/* Workers that watch the same deadline do not all ask in the same instant. */
#define TICK_JITTER_MS	40

void
room_set_sync(struct room *room, enum room_sync sync)
{
	room->sync = sync;
}

bool
room_is_back(const struct room *room)
{
	return (room->sync == SYNC_BACK || room->sync == SYNC_DISPLACED);
}

void
room_set_past(struct room *room, enum room_past past)
{
	room->past = past;
}

void
room_set_word(struct room *room, enum room_word word)
{
	room->word = word;
}

static void
replace(char **text, const char *with)
{
	char *copy = with == NULL ? NULL : xstrdup(with);

	free(*text);
	*text = copy;
}

/* --- deadlines --- */

static int
due_cmp(struct room *a, struct room *b)
{
	if (a->due_ms != b->due_ms)
		return (a->due_ms < b->due_ms ? -1 : 1);
	return (strcmp(a->key, b->key));
}

RB_GENERATE(room_dues, room, due_link, due_cmp)

static void
on_due(struct room *room)
{
	if (room->editor.id != NULL && !room_has_viewers(room)) {
		/* Nobody else saw it go stale: the lock stays until somebody
		 * asks for it. */
		room->lone_heartbeat_us = room->editor.heartbeat_us;
		return;
	}
	room->deadline_us = INT64_MAX;
	roomop_tick(room);
}

/* For the first that is due. */
static void
ask_to_wake(struct rooms *set)
{
	const struct room *first = RB_MIN(room_dues, &set->dues);
	int64_t now_ms = set->now.mono_ms;

	if (first != NULL)
		set->ops->wake(first->due_ms <= now_ms ? 0 :
		    first->due_ms - now_ms, set->arg);
}

void
rooms_on_time(struct rooms *set)
{
	int64_t now_ms = set->now.mono_ms;
	struct room *room;

	while ((room = RB_MIN(room_dues, &set->dues)) != NULL &&
	    room->due_ms <= now_ms) {
		room_disarm(room);
		on_due(room);
	}
	ask_to_wake(set);
}

void
room_disarm(struct room *room)
{
	if (room->due_ms == INT64_MAX)
		return;
	RB_REMOVE(room_dues, &room->set->dues, room);
	room->due_ms = INT64_MAX;
}

void
room_arm(struct room *room)
{
	int64_t left_us, wait_ms;

	room_disarm(room);
	if (room->deadline_us == INT64_MAX || TAILQ_EMPTY(&room->members) ||
	    (room->editor.id != NULL &&
	    room->editor.heartbeat_us == room->lone_heartbeat_us))
		return;
	left_us = room->deadline_us - room->set->now.wall_us;
	wait_ms = left_us <= 0 ? 0 : left_us / US_PER_MS + 1;
	wait_ms += arc4random_uniform(TICK_JITTER_MS);
	room->due_ms = room->set->now.mono_ms + wait_ms;
	RB_INSERT(room_dues, &room->set->dues, room);
	if (RB_MIN(room_dues, &room->set->dues) == room)
		ask_to_wake(room->set);
}

/* Tells waiting sockets when their place in the line is another. */
static void
tell_places(struct room *room, const struct edit_state *st)
{
	struct member *m;

	TAILQ_FOREACH(m, &room->members, link) {
		size_t place = edit_place(st, m->user->id);

		if (m->stage == MEMBER_READY && m->place != place)
			member_send_pending(m, place, st->n_claims);
	}
}

/* Never 0, which is "nothing noted". */
static uint64_t
hash_state(const struct room *room, const struct store_snapshot *snap)
{
	const struct slice parts[] = {
		snap->editor, snap->previous, snap->state
	};
	uint64_t h = room->set->seed;
	size_t i;

	for (i = 0; i < COUNT_OF(parts); i++) {
		if (parts[i].p != NULL)
			h = hash_bytes(parts[i].p, parts[i].n, h + i + 1);
	}
	return (h | 1);
}

/* Reads the texts of a state that is another than before. */
static void
note_state(struct room *room, const struct store_snapshot *snap,
    int64_t now_us)
{
	struct roomstate rs;

	roomstate_decode(&rs, snap, now_us);
	replace(&room->editor.id, rs.st.editor.id);
	replace(&room->editor.name, rs.st.editor.name);
	replace(&room->editor.tab, rs.st.tab);
	room->editor.heartbeat_us = rs.st.heartbeat_us;
	room->editor.is_idle = rs.st.idle_us != 0;
	replace(&room->editor.saver, rs.st.saver.id);
	replace(&room->editor.saver_name, rs.st.saver.name);
	room->editor.saved_us = rs.st.saved_us;
	room->editor.settle_us = rs.st.settle_us;
	room->idle_asked = TAB_NONE;
	room->deadline_us = edit_deadline(&rs.st, &room->set->policy);
	tell_places(room, &rs.st);
	roomstate_fini(&rs);
	room_arm(room);
}

/* user_joined has it. */
static void
note_modified(struct room *room, struct slice modified)
{
	if (room->modified == NULL ? modified.p == NULL :
	    slice_is(modified, room->modified))
		return;
	free(room->modified);
	room->modified = modified.p == NULL ? NULL :
	    xmemdup0(modified.p, modified.n);
	room->set->ops->stale(room, room->set->arg);
}

bool
room_note(struct room *room, const struct store_snapshot *snap,
    struct room_editor *old)
{
	const struct rooms *set = room->set;
	int64_t now_us = set->now.wall_us;
	uint64_t hash;

	memset(old, 0, sizeof(*old));
	if (room->kind != ROOM_EDIT)
		return (false);
	note_modified(room, snap->modified);
	snapshot_set(&room->told, snap, now_us);
	room->told_generation = set->now.generation;
	room->known_epoch = snap->known_epoch;
	room->known_seq = snap->known_seq;
	/* Read only, because Redis takes no newcomers: others must not go by
	 * it. */
	if (room->n_held != 0)
		set->ops->cache(room, &room->told, set->arg);
	/* Many events (a save, a newcomer) leave the state as it is. */
	if ((hash = hash_state(room, snap)) == room->noted)
		return (false);
	room->noted = hash;
	*old = room->editor;
	memset(&room->editor, 0, sizeof(room->editor));
	note_state(room, snap, now_us);
	return (true);
}

/* --- the roster --- */

static void
set_present(struct room *room, const struct store_member *who)
{
	struct room_user *user = room_user_get(room, who->user_id);

	user->mark = true;
	if (user->profile == NULL && who->info.p != NULL &&
	    TAILQ_EMPTY(&user->members))
		room->set->ops->keep(user, who->info, room->set->arg);
	room_note_states(room, user, who->states);
	if (user->is_present)
		return;
	user->is_present = true;
	room_tell_joined(room, user);
	room_tell_present(room, user);
}

static void
set_absent(struct room *room, struct room_user *user)
{
	if (!user->is_present)
		return;
	user->is_present = false;
	if (!TAILQ_EMPTY(&user->members)) {
		/* Somebody took us for dead: we are not. */
		room_user_place(room, user, PLACE_NONE);
		roomop_join(room, user->id);
	}
	tab_note_absent(user);
	room_tell_left(room, user);
	room_tell_absent(room, user);
	room_user_release(room, user);
}

/* --- newcomers --- */

static void
welcome_first(struct room *room)
{
	struct room_user *user = TAILQ_FIRST(&room->awaited);

	room_await_no_more(room, user);
	room_user_welcome(user);
}

static void
welcome_awaited(struct room *room)
{
	struct room_user *user;

	while (room->sync == SYNC_READ &&
	    (user = TAILQ_FIRST(&room->awaited)) != NULL &&
	    user->join_seq <= room->seq)
		welcome_first(room);
}

/* Whatever the room knows. */
static void
welcome_all(struct room *room)
{
	while (!TAILQ_EMPTY(&room->awaited))
		welcome_first(room);
}

void
room_await(struct room *room, struct room_user *user, uint64_t seq)
{
	if (!user->is_awaited) {
		if (TAILQ_EMPTY(&room->awaited))
			room->awaits_since_ms = room->set->now.mono_ms;
		TAILQ_INSERT_TAIL(&room->awaited, user, awaited_link);
		user->is_awaited = true;
	}
	user->join_seq = seq;
	welcome_awaited(room);
}

void
room_await_no_more(struct room *room, struct room_user *user)
{
	if (!user->is_awaited)
		return;
	TAILQ_REMOVE(&room->awaited, user, awaited_link);
	user->is_awaited = false;
	room->awaits_since_ms = room->set->now.mono_ms;
}

/* --- events --- */

/* The editor changed and no frame of ours said so: another program did it. */
static void
tell_editor(struct room *room, const char *old_id, const char *old_name)
{
	struct tell t = { .what = TELL_STATUS };

	if (text_same_or_none(old_id, room->editor.id))
		return;
	if (room->editor.id != NULL)
		t.who = (struct edit_person){ room->editor.id,
		    room->editor.name };
	else {
		t.what = TELL_RELEASED;
		t.who = (struct edit_person){ old_id, old_name };
	}
	room_tell(room, TO_PAGES, (struct slice){ NULL, 0 }, &t);
}

static void
deliver_frames(struct room *room, const struct store_message *msg)
{
	const struct rooms *set = room->set;
	size_t i;

	for (i = 0; i < msg->n_frames; i++) {
		const struct store_frame *f = &msg->frames[i];
		struct tell t = { .what = TELL_FRAME, .text = f->text };

		if (set->ops->is_update(f->text, set->arg))
			room->updated_ms = set->now.mono_ms;
		room_tell(room, f->audience, f->user_id, &t);
	}
}

/* Whether the room's word on the lock counts: in an unsettled generation that it
 * knows nothing of, somebody may yet say who edits. */
static bool
knows_lock(const struct room *room)
{
	return (room->set->now.is_settled || room->known_epoch != 0 ||
	    room->editor.id != NULL);
}

/* Who edits is not known, until tell_whole_lock(). Pages have heard it if they
 * believe that nobody does, as newcomers do. */
static void
tell_unknown(struct room *room, bool had_editor)
{
	const struct slice nobody = { NULL, 0 };
	struct tell t = { .what = TELL_UNKNOWN };

	if (room->kind != ROOM_EDIT || room->word != WORD_TOLD)
		return;
	room_set_word(room, had_editor ? WORD_WITHDRAWN : WORD_UNKNOWN);
	room_tell(room, TO_TABS, nobody, &t);
	t.what = TELL_STATUS;
	if (had_editor)
		room_tell(room, TO_PAGES, nobody, &t);
}

/* All sockets, whatever they were told before; but pages that have never heard of
 * an editor know as much as that there is none. */
static void
tell_whole_lock(struct room *room)
{
	bool tells_pages = room->word == WORD_WITHDRAWN ||
	    room->editor.id != NULL;
	struct member *m;

	room_set_word(room, WORD_TOLD);
	room->lock_told = 0;
	TAILQ_FOREACH(m, &room->members, link) {
		if (m->stage == MEMBER_READY && m->tab == NULL && tells_pages)
			member_send_status(m, NULL);
	}
}

/* Who was shown the editor's stale lock as a free one, and is not told otherwise
 * by what has just been told to all. */
static void
undeceive(struct room *room)
{
	struct member *m;
	bool deceives = false;

	if (!room->deceives)
		return;
	TAILQ_FOREACH(m, &room->members, link) {
		if (room->editor.id == NULL)
			m->is_deceived = false;
		member_correct_status(m, NULL);
		deceives = deceives || m->is_deceived;
	}
	room->deceives = deceives;
}

static void
apply(struct room *room, const struct store_message *msg)
{
	struct room_editor old;
	/* A lock that ran out while nobody but its editor was here is none
	 * of the room's news: a heartbeat takes it again. */
	bool was_lone = room->editor.id != NULL &&
	    room->lone_heartbeat_us != 0 &&
	    room->editor.heartbeat_us == room->lone_heartbeat_us;
	bool changed;

	room->seq = msg->seq;
	changed = room_note(room, &msg->snapshot, &old);
	if (msg->joined.user_id.p != NULL)
		set_present(room, &msg->joined);
	if (msg->state.user_id.p != NULL) {
		struct room_user *user = room_user_find(room,
		    msg->state.user_id);

		if (user != NULL)
			room_note_states(room, user, msg->state.states);
	}
	if (msg->left.p != NULL) {
		struct room_user *user = room_user_find(room, msg->left);

		if (user != NULL)
			set_absent(room, user);
	}
	deliver_frames(room, msg);
	if (room->word != WORD_TOLD && knows_lock(room))
		tell_whole_lock(room);
	else if (room->word == WORD_TOLD && changed && msg->n_frames == 0 &&
	    !(was_lone && room->editor.id == NULL))
		tell_editor(room, old.id, old.name);
	undeceive(room);
	room_editor_fini(&old);
	room_tell_lock(room);
	room_check_idle(room);
	room_check_saved(room);
	if (msg->left.p != NULL || msg->joined.user_id.p != NULL)
		room_arm(room);
	welcome_awaited(room);
}

void
room_start_resync(struct room *room)
{
	room_set_sync(room, SYNC_UNREAD);
	rooms_count(room->set, COUNT_RESYNCS, 1);
	roomop_load(room);
}

void
rooms_on_message(struct rooms *set, const struct store_message *msg)
{
	char *key = xmemdup0(msg->room_key.p, msg->room_key.n);
	struct room *room = room_find(set, key);

	free(key);
	if (room == NULL)
		return;
	if (msg->seq == 0) {
		deliver_frames(room, msg);
		if (msg->saved.value.p != NULL)
			room_note_saved(room, msg->saved.value);
		if (msg->badge_object.p != NULL)
			room_note_badge(room, msg->badge_object,
			    msg->badge_value);
		return;
	}
	/* One link is back before the other: of which Redis this is, nobody
	 * knows yet, and the room will be read. */
	if (!set->now.is_up)
		return;
	if (room->sync != SYNC_READ || msg->epoch != room->epoch ||
	    msg->seq > room->seq + 1) {
		if (room->seen_epoch != msg->epoch ||
		    room->seen_seq < msg->seq) {
			room->seen_epoch = msg->epoch;
			room->seen_seq = msg->seq;
		}
		if (room->sync == SYNC_READ)
			room_start_resync(room);
		return;
	}
	if (msg->seq == room->seq + 1)
		apply(room, msg);
}

/* Users that the new roster lacks. */
static void
drop_unmarked(struct room *room)
{
	struct room_user *user, *next;

	for (user = RB_MIN(room_users, &room->users); user != NULL;
	    user = next) {
		next = RB_NEXT(room_users, &room->users, user);
		if (!user->mark && user->is_present)
			set_absent(room, user);
	}
}

/*
 * Whether the editor as the room knows it is here and to be given back its lock,
 * which Redis has lost, or others have freed because they took this worker for
 * dead: it still edits, and may. One that has released, perhaps unheard, has
 * lost nothing.
 */
static bool
must_restore(struct room *room, const struct store_snapshot *snap)
{
	struct room_user *user;
	struct member *m;
	bool edits = false;

	if (room->sync != SYNC_DISPLACED || room->editor.id == NULL ||
	    snap->editor.p != NULL)
		return (false);
	user = room_user_find(room, slice_of(room->editor.id));
	if (user == NULL)
		return (false);
	TAILQ_FOREACH(m, &user->members, user_link) {
		bool holds = !m->gave_back && m->right->may_change;

		/* The socket of its tab says that it is alive. */
		if (m->tab != NULL && text_same(m->tab, room->editor.tab))
			return (holds);
		edits = edits || holds;
	}
	return (edits && room->set->now.wall_us - room->editor.heartbeat_us <
	    room->set->policy.heartbeat_timeout_us);
}

/* The lock as of snap. */
static void
resync_lock(struct room *room, const struct store_snapshot *snap)
{
	const struct rooms *set = room->set;
	struct room_editor old;
	bool is_new = room->epoch == 0, changed;

	changed = room_note(room, snap, &old);
	if (!knows_lock(room))
		tell_unknown(room, old.id != NULL);
	else if (room->word != WORD_TOLD)
		tell_whole_lock(room);
	else if (changed)
		tell_editor(room, old.id, old.name);
	undeceive(room);
	room_editor_fini(&old);
	/* A lock that was stale before this worker came here: whoever was
	 * there to see it was told. */
	if (is_new && room->editor.id != NULL &&
	    set->now.wall_us - room->editor.heartbeat_us >=
	    set->policy.heartbeat_timeout_us)
		room->lone_heartbeat_us = room->editor.heartbeat_us;
}

/* Whether an event has gone by since it was read: they come faster, on a
 * connection of their own. */
static bool
is_too_old(const struct room *room, const struct store_snapshot *snap)
{
	if (room->sync == SYNC_READ)
		return (snap->epoch == room->epoch && snap->seq < room->seq);
	return (snap->epoch == room->seen_epoch && snap->seq < room->seen_seq);
}

void
room_resync(struct room *room, const struct store_reply *reply)
{
	const struct store_snapshot *snap = &reply->snapshot;
	struct room_user *user;
	size_t i;

	/* When the lease is in doubt, who lives may look dead there; the room is
	 * read again when Redis has answered for it. */
	if (room->past == PAST_UNSAID || !room->set->now.is_up)
		return;
	if (room_is_back(room) && (snap->epoch < room->epoch ||
	    (snap->epoch == room->epoch && snap->seq < room->seq)))
		room->set->ops->doubt(room->set->arg);
	if (snap->epoch == 0) {
		/* Redis knows nothing of this room: put our users back, unless
		 * it has just refused that. */
		if (room->is_refused)
			welcome_all(room);
		else
			rooms_rejoin(room);
		return;
	}
	if (is_too_old(room, snap)) {
		roomop_load(room);
		return;
	}
	/* Nobody is told that the lock is free: it is about not to be. Then the
	 * room is read again, and what was asked for waits for that. */
	if (must_restore(room, snap)) {
		room_set_sync(room, SYNC_BACK);
		roomop_restore(room);
		return;
	}
	RB_FOREACH(user, room_users, &room->users)
		user->mark = false;
	room_set_sync(room, SYNC_READ);
	resync_lock(room, snap);
	room->epoch = snap->epoch;
	room->seq = snap->seq;
	room->seen_seq = room->suspect_seq = 0;
	/* Whoever is awaited came before this; numbers may have begun anew. */
	TAILQ_FOREACH(user, &room->awaited, awaited_link)
		user->join_seq = 0;
	for (i = 0; i < reply->n_members; i++)
		set_present(room, &reply->members[i]);
	room_set_past(room, room->set->now.is_settled ? PAST_SETTLED :
	    PAST_OPEN);
	if (room->past == PAST_SETTLED)
		drop_unmarked(room);
	if (reply->saved.value.p != NULL)
		room_note_saved(room, reply->saved.value);
	room_tell_lock(room);
	room_check_idle(room);
	room_check_saved(room);
	room_arm(room);
	welcome_awaited(room);
}

/* --- the link --- */

void
rooms_rejoin(struct room *room)
{
	struct room_user *user, *next;

	for (user = RB_MIN(room_users, &room->users); user != NULL;
	    user = next) {
		next = RB_NEXT(room_users, &room->users, user);
		/* Whether Redis still has who was here is not known: one that
		 * has left meanwhile must be taken out all the same. */
		if (user->place == PLACE_HELD)
			room_user_place(room, user, PLACE_DOUBTFUL);
		if (!TAILQ_EMPTY(&user->members))
			roomop_join(room, user->id);
		else if (user->place != PLACE_NONE)
			room->needs_repair = true;
		else
			room_user_release(room, user);
	}
}

static void
back_in_room(struct room *room, bool fresh_identity)
{
	const struct rooms *set = room->set;
	struct room_user *user;

	room->is_refused = false;
	room_set_sync(room, fresh_identity || room->sync == SYNC_DISPLACED ?
	    SYNC_DISPLACED : SYNC_BACK);
	room_set_past(room, PAST_SETTLED);
	room->seen_seq = 0;
	set->ops->uncache(room, set->arg);
	/* Before what sockets have asked for meanwhile. */
	roomop_first(room);
	if (room->known_epoch != 0 && !set->now.is_settled &&
	    room->told_generation != set->now.generation)
		roomop_recall(room);
	/* Under a new id nobody is anywhere yet. */
	RB_FOREACH(user, room_users, &room->users) {
		if (fresh_identity)
			room_user_place(room, user, PLACE_NONE);
		else if (user->place == PLACE_HELD)
			room_user_place(room, user, PLACE_DOUBTFUL);
	}
	/* Who left while Redis was away has not been taken out yet. */
	RB_FOREACH(user, room_users, &room->users) {
		if (TAILQ_EMPTY(&user->members) && user->place != PLACE_NONE)
			roomop_leave(room, user->id, NULL, NULL, NULL);
	}
	RB_FOREACH(user, room_users, &room->users) {
		if (!TAILQ_EMPTY(&user->members))
			roomop_join(room, user->id);
	}
	roomop_load(room);
	roomop_first_done(room);
	room_release(room);
}

void
rooms_on_up(struct rooms *set, bool fresh_identity)
{
	struct room *room;

	RB_FOREACH(room, room_tree, &set->tree)
		back_in_room(room, fresh_identity);
}

void
rooms_on_down(struct rooms *set)
{
	/* Sockets stay open; status is answered from what was told. The cache
	 * is nobody's word any more. */
	set->ops->uncache(NULL, set->arg);
}

void
rooms_on_suspend(struct rooms *set)
{
	struct room *room;

	RB_FOREACH(room, room_tree, &set->tree)
		tell_unknown(room, room->editor.id != NULL);
}
