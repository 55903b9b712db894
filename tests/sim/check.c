/*
 * What must hold: I1 after each event, the others when all has been quiet for
 * long enough (I4 is looked at where a browser is told of it).
 */
#include <stdio.h>

#include "sim/browser.h"
#include "sim/world.h"

/* Two users may both believe that they edit while messages are in flight. */
#define FLIGHT	(2 * SECOND)
/* Of a tab with a worker that does not answer. */
#define PATIENCE	(10 * SECOND)

/*
 * Whether its user believes to edit. A tab asks a worker that has said nothing for
 * a while, and believes no more without an answer (browser/watch.js); a page of
 * the package cannot know that its worker hangs.
 */
static bool
believes(const struct browser *b)
{
	const struct worker *w;

	if (!browser_edits(b))
		return (false);
	w = browser_worker(b);
	/* Redis has lost its data, and this worker is cut off, or was not back
	 * in time to say what it knows: the others are settled without it, and
	 * it finds out when its lease is in doubt. */
	if (w != NULL && w->back_us < world->redis_back_us &&
	    (world->now_us > world->redis_back_us + SETTLE ||
	    world->now_us < w->machine->cut_to_us ||
	    world->now_us < w->machine->cut_from_us))
		return (false);
	if (w == NULL || w->stopped_us <= world->now_us)
		return (true);
	return (b->is_tab && world->now_us < w->stops_us + PATIENCE);
}

/* Who is refused because of somebody is told of that one, once all is well. */
static void
check_held(void)
{
	const struct browser *b;
	int64_t from_us;
	int i;

	for (i = 0; i < BROWSERS; i++) {
		b = &world->browsers[i];
		from_us = b->held_us > world->troubled_us ? b->held_us :
		    world->troubled_us;
		if (b->held_us != 0 && world->now_us - from_us > PATIENCE)
			world_violate("I2: b%d (user %d, room %d) was refused "
			    "because somebody edits, and sees nobody",
			    b->number, b->user, b->room);
	}
}

void
check_now(void)
{
	const struct browser *first, *b;
	int i, room;

	check_held();
	for (room = 0; room < ROOMS; room++) {
		first = NULL;
		for (i = 0; i < BROWSERS; i++) {
			b = &world->browsers[i];
			if (b->room != room || !believes(b))
				continue;
			if (first == NULL)
				first = b;
			else if (first->user != b->user)
				break;
		}
		if (i == BROWSERS)
			world->both_since_us[room] = -1;
		else if (world->both_since_us[room] < 0)
			world->both_since_us[room] = world->now_us;
		else if (world->now_us - world->both_since_us[room] > FLIGHT)
			world_violate("I1: users %d and %d both edit room %d, "
			    "since %.3f", first->user, b->user, room,
			    (double)world->both_since_us[room] /
			    (double)SECOND);
	}
}

static bool
is_here(const struct browser *b, int room)
{
	return (b->state == BROWSER_OPEN && b->room == room);
}

static void
check_room(int room)
{
	const struct browser *b, *first = NULL, *editor = NULL;
	unsigned present = 0;
	bool wanted = false;
	int i;

	for (i = 0; i < BROWSERS; i++) {
		b = &world->browsers[i];
		if (!is_here(b, room))
			continue;
		present |= 1u << b->user;
		/* A page of the package that was refused waits for ever. */
		wanted = wanted || (b->wants && b->is_tab);
		if (b->is_editor)
			editor = b;
	}
	for (i = 0; i < BROWSERS; i++) {
		b = &world->browsers[i];
		if (!is_here(b, room))
			continue;
		if (!b->is_welcome) {
			world_violate("I3: b%d was never welcomed to room %d",
			    b->number, room);
			return;
		}
		if (b->present != present)
			world_violate("I2: b%d (user %d) sees users %#x in "
			    "room %d, and there are %#x", b->number, b->user,
			    b->present, room, present);
		if (first == NULL)
			first = b;
		else if (b->knows_editor && first->knows_editor &&
		    b->editor != first->editor)
			world_violate("I2: of room %d, b%d believes that the "
			    "editor is %d, b%d that it is %d", room,
			    first->number, first->editor, b->number,
			    b->editor);
	}
	if (first != NULL && first->editor != 0 &&
	    (present & 1u << first->editor) == 0)
		world_violate("I3: user %d edits room %d, and is not there",
		    first->editor, room);
	if (wanted && first->editor == 0 && editor == NULL)
		world_violate("I3: somebody wants to edit room %d, and nobody "
		    "does", room);
}

void
check_quiet(void)
{
	int room;

	for (room = 0; room < ROOMS; room++)
		check_room(room);
}

bool
is_quiet(void)
{
	world->n_tried = 0;
	world->is_trying = true;
	check_quiet();
	world->is_trying = false;
	return (world->n_tried == 0);
}
