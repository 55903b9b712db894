/*
 * Primary keys in the admin's URLs: quote() and unquote() of
 * django/contrib/admin/utils.py, the same from 3.2 to 6.1. The admin's log has
 * a key as str() writes it, a page's URL and with it a room have it quoted.
 * Pure; any thread.
 */
#ifndef COLLABD_DJANGO_QUOTE_H
#define COLLABD_DJANGO_QUOTE_H

#include "base/buf.h"
#include "base/slice.h"

/* Appends the key as a segment of an admin URL has it, before it is
 * percent-encoded. At most three times as long. */
void	quote_add_key(struct buf *b, struct slice key);
/* Appends the key that a segment stands for. What quote_add_key() would not
 * have written passes as it is ("_zz", "_5f"). */
void	quote_add_unquoted(struct buf *b, struct slice segment);

#endif
