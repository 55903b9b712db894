/*
 * The pages of the package in which an editor says that it edits: part of the
 * rule book's state, and of nobody else's business. Any thread.
 */
#ifndef COLLABD_RULES_PAGES_H
#define COLLABD_RULES_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/edit.h"

/* The page, which is borrowed as all strings of a state, has sent a heartbeat;
 * it takes the place of the one that was silent for longest if there is none
 * left. NULL: one that is not told apart, nothing is noted. */
void	pages_note(struct edit_state *state, const char *id, int64_t now_us);
/* False: was not there. */
bool	pages_forget(struct edit_state *state, const char *id);
/* Whether another page than id has sent one after since_us. */
bool	pages_others_since(const struct edit_state *state, const char *id,
	    int64_t since_us);

#endif
