/*
 * What was changed, out of the change_message of a row of the admin's log:
 * since Django 1.10 a JSON list that construct_change_message() of
 * django/contrib/admin/utils.py writes, before it a sentence. Pure; any thread.
 */
#ifndef COLLABD_DJANGO_LOGMSG_H
#define COLLABD_DJANGO_LOGMSG_H

#include "base/buf.h"
#include "base/slice.h"

#define LOGMSG_MAX		8192	/* bytes of a message; whoever reads
					 * more cuts it here */
#define LOGMSG_TEXTS_MAX	20	/* further ones are left out */
#define LOGMSG_TEXT_MAX		100	/* bytes; a longer one is cut, and ends
					 * with an ellipsis */

/*
 * Appends a JSON array of texts: each changed field by its label; of an inline
 * that was changed NAME and the object in typographic quotes, then `: label`;
 * `+ ` or `- ` before the same of one that was added or deleted; an old
 * sentence as it is. Empty when the message says no more than the action does
 * ("", "added"), or is not UTF-8, or is a list that was cut so short that no
 * item is left.
 */
void	logmsg_add_texts(struct buf *b, struct slice message);

#endif
