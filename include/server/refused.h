/*
 * The page that a browser is shown whose form was not saved: who edits, and how
 * to come back to what was typed. A page of its own, without scripts, in the
 * languages of src/browser/refused/. Owns nothing; any thread.
 */
#ifndef COLLABD_SERVER_REFUSED_H
#define COLLABD_SERVER_REFUSED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "proto/reqhead.h"

/* Of one language. "{name}" in editing is who edits. */
struct refused_texts {
	const char	*title;
	const char	*editing;
	const char	*somebody;	/* in place of it if that is not known */
	const char	*back;
	const char	*again;
};

/* Side by side, English first; made from src/browser/refused/ by the build. */
extern const char *const refused_languages[];
extern const struct refused_texts refused_texts[];
extern const size_t refused_n;

/* The index of the language that a request wants. */
size_t	refused_language(const struct reqhead *head);
/*
 * Appends a whole response with this status. name is who edits, any text, or
 * NULL; head_only leaves the page out.
 */
void	refused_answer_add(struct buf *b, int status, size_t language,
	    const char *name, bool head_only);

#endif
