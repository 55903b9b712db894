/*
 * The line of an edit room, as the rule book's file sees it: who stands where,
 * who has asked. Pure functions on the state; no rule of the lock is here, and
 * nobody but rules/edit.c needs it. Strings are borrowed. Any thread.
 */
#ifndef COLLABD_RULES_CLAIMS_H
#define COLLABD_RULES_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"
#include "rules/edit.h"

/* The place of a user, from 1; 0 if it is not in the line. */
size_t	claims_place(const struct edit_state *st, const char *user_id);

/* The first who has asked; NULL if nobody has. Valid until the line changes. */
const struct edit_claim *claims_first_asked(const struct edit_state *st);

/*
 * Puts a claim at the end. Who is in the line already keeps its place and its
 * time: its tab becomes the claim's, and it has asked if it had or now does.
 * Sets *changed if anything is another than before, and leaves it alone if
 * not. False: the line is full.
 */
bool	claims_add(struct edit_state *st, const struct edit_claim *claim,
	    bool *changed) MUSTCHECK;

/* False: was not in the line. */
bool	claims_remove(struct edit_state *st, const char *user_id);

/* Takes out everybody who has not asked. */
void	claims_keep_asked(struct edit_state *st);

#endif
