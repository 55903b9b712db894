/*
 * Between the texts that Redis holds of an edit room and the rule book's
 * state: editor:R and previous_editor:R in the package's form, and collabd's
 * own state text. Reading is tolerant (whatever another program wrote there is
 * input: what cannot be understood counts as absent), and writing keeps what
 * it does not know. Pure; any thread.
 */
#ifndef COLLABD_STORE_ROOMSTATE_H
#define COLLABD_STORE_ROOMSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "rules/edit.h"
#include "store/store_types.h"

#define ROOMSTATE_ID_SIZE	256	/* ids are at most 254 bytes */

struct json;

struct roomstate {
	struct edit_state	 st;	/* its strings live in the rest */
	struct json		*_editor;
	struct json		*_state;
	char			 _editor_id[ROOMSTATE_ID_SIZE];
	char			 _previous[ROOMSTATE_ID_SIZE];
};

/* Fills rs, which the caller gives back to roomstate_fini(). Copies what it
 * keeps of the snapshot. */
void	roomstate_decode(struct roomstate *rs,
	    const struct store_snapshot *snap, int64_t now_us);
void	roomstate_fini(struct roomstate *rs);

/* The texts of a next state; a zeroed struct is empty. */
struct roomtext {
	struct buf	editor;		/* empty: no key */
	struct buf	previous;
	struct buf	state;
};

struct roomtext_policy {
	bool	 id_is_number;		/* how editor_id is written */
	int64_t	 editor_ttl_ms;
};

/*
 * Writes next, which was made from rs->st, into text and points change (its
 * editor, previous and state with their times to live) there. change is valid
 * as long as text is unchanged.
 */
void	roomstate_encode(const struct roomstate *rs,
	    const struct edit_state *next, const struct roomtext_policy *policy,
	    int64_t now_us, struct roomtext *text, struct store_change *change);
void	roomtext_fini(struct roomtext *text);

#endif
